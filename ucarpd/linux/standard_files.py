"""Standard input, output and error of a program that was started without them."""

import os


def open_standard_files() -> None:
    """No file of ours may become standard error, into which scripts write."""
    for descriptor in (0, 1, 2):
        try:
            os.fstat(descriptor)
        except OSError:
            # The lowest free one is taken.
            os.open(os.devnull, os.O_RDWR)
            os.set_inheritable(descriptor, True)
