"""Configuration files on disk: which there are, and their bytes."""

import os
import stat
from collections.abc import Callable
from fnmatch import fnmatchcase
from pathlib import Path

from ucarpd.config import near_files
from ucarpd.config.problems import ConfigError, Problem

_NOT_INSTANCES = (".*", "*.example", "*~", "*.bak", "*.dpkg-*", "*.rpm*", "*.ucf-*")
_LIMIT = 1 << 20
"""Bytes that are read of a file; a larger one is none of ours."""

Reader = Callable[[Path], bytes]
"""Returns the content of a file; raises OSError."""


def find_files(path: Path) -> list[Path]:
    """A file itself, or the `*.conf` of a directory, sorted, without what editors and dpkg leave.

    A directory named `web.conf` is among them, so that loading it says what is wrong.  Raises
    ConfigError when there is no such path or it may not be read.
    """
    try:
        if not stat.S_ISDIR(path.stat().st_mode):
            return [path]
        names = os.listdir(path)  # noqa: PTH208 - only the names are needed, to match patterns
    except OSError as error:
        text = why_not(error)
        if isinstance(error, FileNotFoundError):
            text += near_files.hint(path)
        raise ConfigError([Problem(path, None, None, text)]) from None
    return [
        path / name
        for name in sorted(names)
        if name.endswith(".conf") and not any(fnmatchcase(name, no) for no in _NOT_INSTANCES)
    ]


def read(path: Path) -> bytes:
    """The bytes of a regular file of at most 1 MiB; raises OSError for anything else."""
    # Without O_NONBLOCK a named pipe would hold the daemon up for ever.
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        mode = os.fstat(descriptor).st_mode
        if stat.S_ISDIR(mode):
            raise IsADirectoryError
        if not stat.S_ISREG(mode):
            raise OSError("is not a regular file")
        with open(descriptor, "rb", closefd=False) as file:
            content = file.read(_LIMIT + 1)
    finally:
        os.close(descriptor)
    if len(content) > _LIMIT:
        raise OSError(f"is larger than {_LIMIT} bytes")
    return content


def why_not(error: OSError) -> str:
    """Why a file cannot be read, in words that follow its name."""
    match error:
        case FileNotFoundError():
            return "does not exist"
        case IsADirectoryError():
            return "is a directory, not a file"
        case PermissionError():
            return "cannot be read: permission denied (are you root?)"
        case _:
            return error.strerror or str(error)
