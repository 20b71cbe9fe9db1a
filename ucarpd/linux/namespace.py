"""The namespaces of this process."""

import os


def network_namespace() -> int:
    """Return the inode that identifies this process's network namespace."""
    return os.stat("/proc/self/ns/net").st_ino  # noqa: PTH116 - pathlib makes nothing simpler


def process_namespace() -> int:
    """Return the inode that identifies the namespace of process ids, such as a container's own."""
    return os.stat("/proc/self/ns/pid").st_ino  # noqa: PTH116
