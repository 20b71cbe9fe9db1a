"""The run directory, and the private directory in it, which holds locks and records.

Other users have no access to the private directory: with a lock, a user could keep ucarpd from
starting.
"""

import errno
import os
import stat
from contextlib import suppress
from functools import cache
from pathlib import Path

DEFAULT_RUN_DIRECTORY = "/run/ucarpd"


def run_directory() -> Path:
    """Return the run directory: the first one in systemd's RUNTIME_DIRECTORY, or the default."""
    return _path(os.environ.get("RUNTIME_DIRECTORY", DEFAULT_RUN_DIRECTORY).split(":")[0])


_path = cache(Path)
"""All virtual hosts keep one and the same path."""


@cache
def private_path(directory: Path) -> Path:
    """Return the path of the private directory of a run directory, whether it exists or not."""
    return directory / "private"


def control_path(directory: Path) -> Path:
    """Return the path of the directory of control sockets, whether it exists or not."""
    return directory / "ctl"


def is_still_at(path: Path | str, descriptor: int) -> bool:
    """Return whether the path is still the open file: the file may be removed or replaced."""
    try:
        there = os.stat(path)  # noqa: PTH116 - it may be a string
    except OSError:
        return False
    return os.path.samestat(there, os.fstat(descriptor))


def private_directory(directory: Path) -> Path:
    """Make the private directory if it is missing, and return its path.

    Raises OSError if that fails, or if another user owns the path.
    """
    path = private_path(directory)
    try:
        mode = mode_of_ours(path)
    except FileNotFoundError:
        make_readable(directory)
        path.mkdir(mode=0o700, exist_ok=True)
        mode = mode_of_ours(path)
    if mode != 0o700:
        path.chmod(0o700)
    return path


def make_readable(directory: Path) -> None:
    """Make a directory that all users may read, unless something is at its path.  Raises OSError."""
    with suppress(FileExistsError):
        directory.mkdir(parents=True)
        directory.chmod(0o755)  # Whatever the umask is.


def mode_of_ours(directory: Path) -> int:
    """Return the mode of a directory.  Raises OSError, also if it is another user's, or no directory."""
    status = os.lstat(directory)
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.geteuid():
        raise OSError(errno.EPERM, f"{directory} is not a directory of ours: remove it")
    return stat.S_IMODE(status.st_mode)


def replace_file(
    path: Path | str, content: bytes, mode: int = 0o600, *, is_durable: bool = False
) -> None:
    """Make or replace a file with exactly this mode; by default only our user can read it.

    A reader finds either the whole old file or the whole new one.  If `is_durable`, the new one is on
    the disk when this returns.  Blocks.  Raises OSError, which names the file.
    """
    new = f"{path}.new"
    try:
        descriptor = _make(new)
        try:
            while content:
                content = content[os.write(descriptor, content) :]
            if mode != 0o600:
                os.fchmod(descriptor, mode)  # Whatever the umask is.
            if is_durable:
                os.fsync(descriptor)
        finally:
            os.close(descriptor)
        os.replace(new, path)  # noqa: PTH105 - at a start it is done for each instance twice
    except OSError as error:
        with suppress(OSError):  # A read-only file system refuses that too.
            Path(new).unlink()
        raise OSError(error.errno, f"cannot write {path}: {error.strerror}") from error
    if is_durable:
        _synchronise(Path(path).parent)


def _synchronise(directory: Path) -> None:
    """Bring the names in a directory to the disk, if its file system can do that."""
    with suppress(OSError):
        descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _make(path: str) -> int:
    """Return a descriptor of a new file; what is at the path is removed.

    It is left over, or in a directory of another user, such as node_exporter's, a link to any file.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    try:
        return os.open(path, flags, 0o600)
    except FileExistsError:
        Path(path).unlink()
        return os.open(path, flags, 0o600)
