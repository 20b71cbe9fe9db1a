"""The network namespace of this process."""

import os
from functools import cache


@cache
def network_namespace() -> int:
    """Return the inode that identifies the network namespace; this process never changes it."""
    return os.stat("/proc/self/ns/net").st_ino  # noqa: PTH116 - pathlib makes nothing simpler
