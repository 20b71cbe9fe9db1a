"""Doing something as another user than root."""

import importlib
import os
import pkgutil
import sys
from contextlib import contextmanager, suppress
from functools import cache

from lab import PROJECT

import ucarpd

# The checkout may be in a home directory that other users may not enter.
UCARPD_AS_NOBODY = (
    *("sh", "-c", 'mount --bind "$0" /mnt && exec "$@"', str(PROJECT)),
    *("setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", "--"),
    *("env", "PYTHONPATH=/mnt", sys.executable.replace(str(PROJECT), "/mnt"), "-m", "ucarpd"),
)
"""The first words of a command of ucarpd, for a process with mounts of its own."""


@cache
def _import_all():
    """Many modules are imported when they are needed; the checkout may be one that only root can read."""
    for module in pkgutil.walk_packages(ucarpd.__path__, "ucarpd."):
        if not module.name.endswith("__main__"):
            with suppress(ImportError):  # An optional package is missing.
                importlib.import_module(module.name)


@contextmanager
def as_nobody():
    """Another user than root, or this user if it is another one."""
    if os.geteuid() != 0:
        yield
        return
    _import_all()
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)
