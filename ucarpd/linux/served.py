"""Which addresses and routes the masters of this host serve, so that no process removes another one's.

All processes share a file in the private directory.  To serve an address is to hold a lock (fcntl(2)) on
one byte of it, whose number stands for the address; one more says that the process has served it.  Several
processes may hold a lock, none waits for it, and however a process ends, the kernel takes its locks away.
A process that leaves first drops its own lock and then looks for others: of two that leave together, at
least the later one finds none.
"""

import fcntl
import os
import struct
from contextlib import suppress
from pathlib import Path
from zlib import crc32

from ucarpd.linux.namespace import network_namespace
from ucarpd.linux.run_directory import is_still_at, private_directory, private_path

_NAME = "served"

_FLOCK = struct.Struct("hhqqi4x")
"""The kernel's struct flock: type, whence, start, length, process."""


class Served:
    """What this process serves: one for each process, not for use by several threads at once.

    If another one for the same file were closed, all locks of the process would be dropped.
    Without a `directory`, the run directory, or if the file cannot be opened, nobody serves anything.
    """

    def __init__(self, directory: Path | None = None) -> None:
        self._directory = directory
        self._descriptor: int | None = None
        self._places: set[int] = set()

    def add(self, device: str, what: bytes) -> None:
        """Note that this process serves an address (packed), or a route, on the device."""
        with suppress(OSError):
            for place in (_place(device, what), _place(*_once(device, what))):
                self._places.add(place)
                _hold(self._file(), place)

    def drop(self, device: str, what: bytes) -> int | None:
        """Note that this process does not serve it any more; return what `by_another` returns."""
        with suppress(OSError):
            place = _place(device, what)
            self._places.discard(place)
            fcntl.lockf(self._file(), fcntl.LOCK_UN, 1, place)
        return self.by_another(device, what)

    def by_another(self, device: str, what: bytes) -> int | None:
        """Return the process that also serves it; 0 if that is in another container."""
        with suppress(OSError):
            asked = _FLOCK.pack(fcntl.F_WRLCK, os.SEEK_SET, _place(device, what), 1, 0)
            kind, *_, pid = _FLOCK.unpack(fcntl.fcntl(self._file(), fcntl.F_GETLK, asked))
            return None if kind == fcntl.F_UNLCK else int(pid)
        return None

    def may_leave(self, device: str, what: bytes) -> bool:
        """Return whether another process has served it, and still runs: it may be removing it now.

        Any thread may ask.  False if this process has not served anything itself.
        """
        return self._descriptor is not None and self.by_another(*_once(device, what)) is not None

    def renew(self) -> None:
        """Make the file again if it was removed while this process serves.  Raises OSError."""
        former, directory = self._descriptor, self._directory
        if former is None or directory is None:
            return
        if not is_still_at(private_path(directory) / _NAME, former):
            self._descriptor = _open(directory)
            # If this is the same file after all, closing the former descriptor drops all locks.
            os.close(former)
            for place in self._places:
                _hold(self._descriptor, place)

    def close(self) -> None:
        """End all that this process serves."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _file(self) -> int:
        if self._descriptor is None:
            if self._directory is None:
                raise FileNotFoundError
            self._descriptor = _open(self._directory)
        return self._descriptor


def _open(directory: Path) -> int:
    path = private_directory(directory) / _NAME
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


def _hold(file: int, place: int) -> None:
    fcntl.lockf(file, fcntl.LOCK_SH | fcntl.LOCK_NB, 1, place)


def _once(device: str, what: bytes) -> tuple[str, bytes]:
    """Return what stands for having served it: no device has such a name."""
    return f"once on {device}", what


def _place(device: str, what: bytes) -> int:
    """Return a byte of the file; two IPv4 addresses of a device never have the same one."""
    where = f"{network_namespace()} {device}".encode(errors="surrogateescape")
    return (crc32(where) >> 1) << 32 | crc32(what)
