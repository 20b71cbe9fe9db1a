"""Standard input, output and error of a program that was started without them."""

import os


def open_standard_files() -> None:
    """Open /dev/null for each missing one: scripts write to standard error, so it must be no file of ours."""
    for descriptor in (0, 1, 2):
        try:
            os.fstat(descriptor)
        except OSError:
            # The lowest free one is taken.
            os.open(os.devnull, os.O_RDWR)
            os.set_inheritable(descriptor, True)
