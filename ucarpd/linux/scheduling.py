"""Keeping the pages of this process in memory: it must never wait for a disk."""

import ctypes
import os

_MCL_CURRENT = 1
_MCL_FUTURE = 2


def lock_memory() -> None:
    """Lock all pages of the process, present and future, in memory.

    Raises OSError, for example if the limit (LimitMEMLOCK=) is too low.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mlockall(_MCL_CURRENT | _MCL_FUTURE):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
