"""Finds out whether a directory is on a file system that hangs, such as one on a dead NFS server.

A process that waits for such a file system cannot be interrupted.
"""

import _thread  # `threading` would cost `ucarpd clear` time, while no host answers.
import os
from contextlib import suppress
from pathlib import Path

PATIENCE = 3.0
"""Seconds after which a look counts as one that hangs."""


def hangs(directory: Path) -> bool:
    """Return whether reading the directory, in another thread, takes too long."""
    is_read = _thread.allocate_lock()
    is_read.acquire()

    def read() -> None:
        try:
            os.listdir(directory)  # noqa: PTH208 - its names do not matter
        except OSError:
            return  # It answers, if only by an error.
        finally:
            is_read.release()

    with suppress(RuntimeError):  # If there is no thread left, the caller waits instead.
        _thread.start_new_thread(read, ())
        return not is_read.acquire(timeout=PATIENCE)
    return False
