"""The history of the instances: NAME.jsonl in `history/` of the state directory, one event a line.

A file that has grown to `LARGEST` becomes NAME.jsonl.1, and the one of before is gone.  Nothing is
synchronised: if the power fails, the last lines may be lost or torn, and readers skip them.
"""

import errno
import grp
import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from ucarpd.record.happening import Happening

LARGEST = 256 * 1024
"""Bytes after which a new file is begun."""

GROUP = "ucarpd"
"""The group whose members may read the history."""

_SUFFIX = ".jsonl"
_OLDER = ".1"


def history_directory(directory: Path) -> Path:
    """Return where the files are in this state directory."""
    return directory / "history"


def files_of(directory: Path, name: str) -> tuple[Path, Path]:
    """Return the older and the present file of an instance, whether they exist or not."""
    present = history_directory(directory) / f"{name}{_SUFFIX}"
    return present.with_name(present.name + _OLDER), present


def names(directory: Path) -> list[str]:
    """Return the instances that have a history, sorted.

    Raises OSError if the directory exists and cannot be read.
    """
    try:
        found = os.listdir(history_directory(directory))  # noqa: PTH208 - only names are needed
    except (FileNotFoundError, NotADirectoryError):
        return []
    plain = (name.removesuffix(_OLDER) for name in found)
    return sorted({name.removesuffix(_SUFFIX) for name in plain if name.endswith(_SUFFIX)})


def read(directory: Path, name: str) -> Iterator[Happening]:
    """Yield the events of an instance, the oldest one first, without torn and damaged lines.

    Raises OSError if a file exists and cannot be read.
    """
    for path in files_of(directory, name):
        try:
            content = path.read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            continue
        yield from parsed(content)


def parsed(content: bytes) -> Iterator[Happening]:
    """Yield the events in these lines, without torn and damaged lines."""
    for line in content.split(b"\n"):
        try:
            yield Happening.from_json(line)
        except ValueError:
            continue


def append(directory: Path, name: str, lines: str) -> None:
    """Add whole lines to the file of an instance.  Blocks.  Raises OSError."""
    older, path = files_of(directory, name)
    where = _make(directory)
    with _Appending(path) as file:
        if not file.size or file.size + len(lines) <= LARGEST:
            file.write(lines, where.st_gid)
            return
    path.replace(older)
    with _Appending(path) as file:
        file.write(lines, where.st_gid)


class _Appending:
    """A file open for appending, of `size` bytes."""

    def __init__(self, path: Path) -> None:
        flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        self._descriptor = os.open(path, flags, 0o640)
        self.size = os.fstat(self._descriptor).st_size

    def __enter__(self) -> "_Appending":
        return self

    def __exit__(self, *_error: object) -> None:
        os.close(self._descriptor)

    def write(self, lines: str, group: int) -> None:
        status = os.fstat(self._descriptor)
        if status.st_gid != group:
            with suppress(PermissionError):
                os.fchown(self._descriptor, -1, group)
        if stat.S_IMODE(status.st_mode) != 0o640:
            os.fchmod(self._descriptor, 0o640)
        is_torn = self.size and os.pread(self._descriptor, 1, self.size - 1) != b"\n"
        content = ("\n" * bool(is_torn) + lines).encode()
        if os.write(self._descriptor, content) < len(content):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _make(directory: Path) -> os.stat_result:
    """Make the directory if it is missing; return its status.

    Its files are for root, and for the group if it exists.
    """
    path = history_directory(directory)
    if not path.is_dir():
        directory.mkdir(mode=0o755, exist_ok=True)
        path.mkdir(mode=0o700, exist_ok=True)
    status = path.stat()
    if status.st_gid == 0 and (group := _group()) is not None:
        with suppress(PermissionError):
            os.chown(path, -1, group)
            path.chmod(0o2750)
    return path.stat()


def _group() -> int | None:
    try:
        return grp.getgrnam(GROUP).gr_gid
    except KeyError:
        return None
