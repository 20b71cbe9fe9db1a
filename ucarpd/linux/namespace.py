"""The network namespace of this process."""

import os


def network_namespace() -> int:
    """Return the inode that identifies this process's network namespace."""
    return os.stat("/proc/self/ns/net").st_ino  # noqa: PTH116 - pathlib makes nothing simpler
