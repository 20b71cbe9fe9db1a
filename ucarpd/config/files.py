"""Configuration files on disk: finding and reading them."""

import os
import stat
from collections.abc import Callable
from pathlib import Path

from ucarpd.config import environment, near_files
from ucarpd.config.problems import ConfigError, Problem, place

_LIMIT = 1 << 20
"""Largest accepted file, in bytes; a larger one is no configuration file."""
_PART = 1 << 14
"""Bytes that are read at once."""

Reader = Callable[[Path], bytes]
"""A function that returns the content of a file; it raises OSError."""


def find_files(path: Path) -> list[Path]:
    """Return a file itself, or the sorted `*.conf` of a directory.

    Hidden files are skipped.  A directory named `web.conf` is included, and loading it reports the
    fault; so is `path` itself if it has such a name and no files.  Raises ConfigError if the path
    is missing or unreadable.
    """
    if environment.is_environment(path):
        return [path]
    try:
        if not stat.S_ISDIR(path.stat().st_mode):
            return [path]
        names = os.listdir(path)  # noqa: PTH208 - only the names are needed, to match patterns
    except OSError as error:
        text = why_not(error)
        if isinstance(error, FileNotFoundError):
            text += near_files.hint(path)
        raise ConfigError([Problem(path, None, None, text)]) from None
    found = [
        path / name for name in sorted(names) if name.endswith(".conf") and not name.startswith(".")
    ]
    return [path] if not found and path.name.endswith(".conf") else found


def read(path: Path) -> bytes:
    """Return the bytes of a regular file of at most 1 MiB; raise OSError for anything else."""
    if environment.is_environment(path):
        return environment.content(path)
    # Without O_NONBLOCK, opening a named pipe would block for ever.
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        status = os.fstat(descriptor)
        if stat.S_ISDIR(status.st_mode):
            raise IsADirectoryError
        if not stat.S_ISREG(status.st_mode):
            raise OSError("is not a regular file")
        content = b""
        # Not read(_LIMIT): Python would allocate as much, and keep a page of it for each file.
        while part := os.read(descriptor, _PART):
            content += part
            # Not st_size: a file of /proc has none.
            if len(content) > _LIMIT:
                raise OSError(f"is larger than {_LIMIT} bytes")
        return content
    finally:
        os.close(descriptor)


def why_not(error: OSError) -> str:
    """Return why a file cannot be read, in words that follow its name."""
    match error:
        case FileNotFoundError():
            missing = Path(error.filename or "")
            if missing.is_symlink():
                return f"is a link to {place(missing.readlink())}, which does not exist"
            return "does not exist"
        case IsADirectoryError():
            return "is a directory, not a file"
        case PermissionError():
            return "cannot be read: permission denied (are you root?)"
        case _:
            return error.strerror or str(error)
