"""Doing something as another user than root."""

import os
import sys
from contextlib import contextmanager

from lab import PROJECT

# The checkout may be in a home directory that other users may not enter.
UCARPD_AS_NOBODY = (
    *("sh", "-c", 'mount --bind "$0" /mnt && exec "$@"', str(PROJECT)),
    *("setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", "--"),
    *("env", "PYTHONPATH=/mnt", sys.executable.replace(str(PROJECT), "/mnt"), "-m", "ucarpd"),
)
"""The first words of a command of ucarpd, for a process with mounts of its own."""


@contextmanager
def as_nobody():
    """Another user than root, or this user if it is another one."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)
