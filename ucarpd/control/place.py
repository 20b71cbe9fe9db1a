"""The place of the control socket in the file system, and who may connect to it.

Reading is for root and the group ucarpd.  The directory belongs to this group, so no other
user finds a socket at all.
"""

import os
import socket
from contextlib import suppress
from pathlib import Path

from ucarpd.linux.group import group_id
from ucarpd.linux.namespace import process_namespace
from ucarpd.linux.run_directory import control_path, make_readable, mode_of_ours

DIRECTORY_MODE = 0o2750
"""The most that is allowed.  With the set-group-ID bit, new sockets belong to the group of the directory.

systemd-tmpfiles sets that bit, because strict.conf forbids ucarpd to change the group of a file.
"""

QUEUE = 256
"""Clients that wait until the server accepts them; the kernel lets further ones wait to connect."""


class Place:
    """The path of this process's socket in a run directory.  Its methods block for a moment."""

    def __init__(self, directory: Path, groups: Path = Path("/etc/group")) -> None:
        self._directory = control_path(directory)
        self._groups = groups
        self._made: tuple[int, ...] = ()
        self.path = self._directory / f"{os.getpid()}.sock"

    def open(self) -> socket.socket:
        """Return a new listening socket at the path.  Raises OSError, which names the path.

        The socket has its group and mode before a client can see it.
        """
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            gid = group_id(self._groups)
            self._make_directory(gid)
            self.path = self._free_path()
            new = self.path.with_suffix(".new")
            new.unlink(missing_ok=True)
            listener.bind(str(new))
            listener.listen(QUEUE)
            new.chmod(0o660 if _give(new, gid) else 0o600)
            self._made = _identity(new)
            new.replace(self.path)
        except OSError as error:
            listener.close()
            text = f"cannot make the control socket {self.path}: {error.strerror or error}"
            raise OSError(error.errno, text) from error
        return listener

    def is_in_place(self) -> bool:
        """Return whether clients find the socket that was opened last, with its group and mode.

        Also put the group and the mode of the directory right.  Raises OSError.
        """
        try:
            self._mend_directory(group_id(self._groups))
            return _identity(self.path) == self._made
        except FileNotFoundError:
            return False

    def remove(self) -> None:
        """Remove the socket, if it is there and ours."""
        with suppress(OSError):
            if _identity(self.path) == self._made:
                self.path.unlink()

    def remove_stale(self) -> None:
        """Remove sockets of processes that have died.  Raises OSError."""
        for path in self._directory.glob("*.sock"):
            if path != self.path and not _is_served(path):
                path.unlink(missing_ok=True)

    def _free_path(self) -> Path:
        """Return the path for a new socket.

        In a run directory that containers share, another process may have the same number.
        """
        usual = self._directory / f"{os.getpid()}.sock"
        with suppress(FileNotFoundError):
            if _identity(usual)[:2] != self._made[:2] and _is_served(usual):
                return self._directory / f"{os.getpid()}-{process_namespace()}.sock"
        return usual

    def _make_directory(self, gid: int | None) -> None:
        make_readable(self._directory.parent)
        with suppress(FileExistsError):
            self._directory.mkdir(mode=0o700)
            self._directory.chmod(0o750)  # whatever the umask
        self._mend_directory(gid)

    def _mend_directory(self, gid: int | None) -> None:
        """Take away rights beyond DIRECTORY_MODE, and set the group."""
        mode = mode_of_ours(self._directory)
        if mode & ~DIRECTORY_MODE:
            self._directory.chmod(mode & DIRECTORY_MODE)
        _give(self._directory, gid)


def _is_served(path: Path) -> bool:
    """Return whether a process serves this socket, or has just removed it."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        client.setblocking(False)
        try:
            client.connect(str(path))
        except ConnectionRefusedError:
            return False
        except OSError:
            return True  # Its queue is full, or it has just gone.
    return True


def _give(path: Path, gid: int | None) -> bool:
    """Give a file to a group; return whether it belongs to it."""
    if gid is None:
        return False
    if path.lstat().st_gid != gid:
        try:
            os.chown(path, -1, gid)
        except PermissionError:
            return False
    return True


def _identity(path: Path) -> tuple[int, ...]:
    status = path.lstat()
    return status.st_dev, status.st_ino, status.st_mode, status.st_gid
