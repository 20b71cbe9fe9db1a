"""The run directory, and the private one in it, where locks and records are.

Nothing in the private directory is open to others: a lock that any user could take would let any
user keep ucarpd from starting.
"""

import errno
import os
import stat
from pathlib import Path

DEFAULT_RUN_DIRECTORY = "/run/ucarpd"


def run_directory() -> Path:
    """Return the run directory; systemd names it in RUNTIME_DIRECTORY, the first of a list counts."""
    return Path(os.environ.get("RUNTIME_DIRECTORY", DEFAULT_RUN_DIRECTORY).split(":")[0])


def private_path(directory: Path) -> Path:
    """Return where the private directory of a run directory is, whether it exists or not."""
    return directory / "private"


def is_still_at(path: Path, descriptor: int) -> bool:
    """Whether the open file has this path: it may have been removed, or another one made there."""
    try:
        there = path.stat()
    except OSError:
        return False
    return os.path.samestat(there, os.fstat(descriptor))


def private_directory(directory: Path) -> Path:
    """Make the private directory where it is missing, and return it.

    Raises OSError if that fails, or if another user owns what is there.
    """
    path = private_path(directory)
    directory.mkdir(mode=0o755, parents=True, exist_ok=True)
    try:
        path.mkdir(mode=0o700)
    except FileExistsError:
        status = path.lstat()
        if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.geteuid():
            raise OSError(errno.EPERM, f"{path} is not a directory of ours: remove it") from None
        if stat.S_IMODE(status.st_mode) != 0o700:
            path.chmod(0o700)
    return path


def replace_file(path: Path, content: bytes) -> None:
    """Replace a file, or make it, for our user alone; a reader finds the old or the new one, whole.

    Blocks; raises OSError, which names the file.
    """
    new = path.with_name(f"{path.name}.new")
    try:
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        new.replace(path)
    except OSError as error:
        new.unlink(missing_ok=True)
        raise OSError(error.errno, f"cannot write {path}: {error.strerror}") from error
