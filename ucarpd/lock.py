"""One lock for each instance, so that no two processes run the same virtual host."""

import fcntl
import os
from pathlib import Path

DEFAULT_RUN_DIRECTORY = "/run/ucarpd"


class AlreadyRunning(Exception):
    """Another process has this instance; the message names it."""


class InstanceLock:
    """Held from construction to `release`, or to the death of the process.

    Raises AlreadyRunning, or OSError where the directory cannot be written.
    """

    def __init__(self, name: str, directory: Path) -> None:
        directory.mkdir(mode=0o755, parents=True, exist_ok=True)
        self._path = directory / f"{name}.lock"
        self._fd = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            # The kernel lets go of it however we end, so a file that is left behind says nothing.
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            pid = os.pread(self._fd, 32, 0).decode("ascii", "replace").strip()
            os.close(self._fd)
            raise AlreadyRunning(
                f"{name} is already run by process {pid or 'unknown'} (lock {self._path})"
            ) from None
        os.ftruncate(self._fd, 0)
        os.pwrite(self._fd, f"{os.getpid()}\n".encode(), 0)

    def release(self) -> None:
        os.ftruncate(self._fd, 0)
        os.close(self._fd)


def run_directory() -> Path:
    """Where locks are; systemd names it in RUNTIME_DIRECTORY, the first of a list counts."""
    return Path(os.environ.get("RUNTIME_DIRECTORY", DEFAULT_RUN_DIRECTORY).split(":")[0])


def is_held(name: str, directory: Path) -> bool:
    """Whether a process has this instance, without touching the lock.

    True as well where that cannot be found out.
    """
    try:
        inode = (directory / f"{name}.lock").stat().st_ino
        locks = Path("/proc/locks").read_text(encoding="ascii")
    except FileNotFoundError:
        return False
    except OSError:
        return True
    return any("FLOCK" in line and f":{inode} " in line for line in locks.splitlines())
