"""Keeps the pages of this process in memory, so that none has to come from a disk first."""

import ctypes
import os

_MCL_CURRENT = 1
_MCL_FUTURE = 2


def lock_memory() -> None:
    """Keep all pages, those to come as well.  Raises OSError, as beyond the limit LimitMEMLOCK=."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mlockall(_MCL_CURRENT | _MCL_FUTURE):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
