"""The exit statuses of the command, other than 0.

A module without imports: `clear` is done before anything else would be loaded.
"""

EXIT_LEFT_OVER = 1
"""`clear` could not remove something."""

EXIT_NOT_RELOADED = 1
"""The process that should reload is not there."""

EXIT_INCOMPLETE = 1
"""A file that `import` has made has to be completed by hand."""

EXIT_INTERNAL_ERROR = 1
EXIT_USAGE = 2

EXIT_ALL_RUN_ELSEWHERE = 75
EXIT_NO_PERMISSION = 77
EXIT_CONFIG = 78
"""EX_TEMPFAIL, EX_NOPERM and EX_CONFIG of sysexits.h."""
