"""Reasons why a program cannot be run: those found before its start, and the errors of the start."""

import errno
import stat
from pathlib import Path

CANNOT_EXECUTE = 126
NOT_FOUND = 127
"""Exit status of a script that could not be run, as in a shell."""


def refusal(script: Path) -> str | None:
    """Return why a script cannot be run, or None if it can."""
    obstacle = obstacle_of(script)
    return obstacle[1] if obstacle else None


def obstacle_of(script: Path) -> tuple[int, str] | None:
    """Return the exit status and the reason if a script cannot be run, otherwise None."""
    try:
        status = script.stat()
    except FileNotFoundError:
        return NOT_FOUND, "it does not exist"
    except OSError as error:
        return CANNOT_EXECUTE, error.strerror or str(error)
    if not stat.S_ISREG(status.st_mode):
        return CANNOT_EXECUTE, "it is not a file"
    if status.st_mode & stat.S_IWOTH:
        return CANNOT_EXECUTE, f"it is writable by others (chmod o-w {script})"
    if not status.st_mode & 0o111:
        return CANNOT_EXECUTE, f"it is not executable (chmod +x {script})"
    return None


def why_not_executed(error: Exception) -> str:
    """Return the words for an error of the start of a program that is there and executable."""
    if not isinstance(error, OSError):
        return repr(error)
    match error.errno:
        case errno.ENOENT:
            text = "the interpreter named in its first line does not exist"
            return f"{text} (or does the file have DOS line ends?)"
        case errno.ENOEXEC:
            first_line = "does its first line name an interpreter, such as #!/bin/sh?"
            return f"{error.strerror} ({first_line})"
        case errno.EACCES:
            where = "is its file system mounted noexec, or its interpreter not executable?"
            return f"{error.strerror} ({where})"
        case _:
            return error.strerror or str(error)
