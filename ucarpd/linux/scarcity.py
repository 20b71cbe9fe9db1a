"""Errors that say all: file descriptors, memory or threads are lacking.

The command `ucarp` loads this first, so it imports nothing large.
"""

import errno

_SCARCE = {errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EAGAIN}


def scarcity(error: Exception) -> str:
    """Return what is lacking, in the kernel's words; empty if this is another error."""
    if isinstance(error, OSError) and error.errno in _SCARCE:
        return error.strerror or ""
    return ""
