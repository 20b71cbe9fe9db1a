"""The history of the instances: NAME.jsonl in `history/` of the state directory, one event a line.

A file that has grown to `LARGEST` becomes NAME.jsonl.1, and replaces the former one.  Nothing is
synchronised: if the power fails, the last lines may be lost or torn, and readers skip them.
"""

import errno
import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from ucarpd.linux.group import group_id
from ucarpd.linux.regular_file import open_regular
from ucarpd.linux.run_directory import make_readable
from ucarpd.record.happening import Happening

LARGEST = 256 * 1024
"""Bytes after which a new file is begun."""

_SUFFIX = ".jsonl"
_OLDER = ".1"

_TIME = len('{"at": "1970-01-01T00:00:00.000Z"')


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


def read_older(directory: Path, name: str) -> list[Happening]:
    """Return the events in the older file of an instance, without torn and damaged lines.

    Raises OSError if the file exists and cannot be read.
    """
    try:
        with os.fdopen(open_regular(files_of(directory, name)[0]), "rb") as file:
            return list(parsed(file.read()))
    except (FileNotFoundError, NotADirectoryError):
        return []


class Tail:
    """The events of an instance's present file and of its successors."""

    def __init__(self, directory: Path, name: str) -> None:
        self._older, self._present = files_of(directory, name)
        self._identity: tuple[int, bytes] | None = None
        self._offset = 0
        """Up to here the file has been read."""

    def new(self) -> list[Happening]:
        """Return the events since the last call, at first all of the file.

        Raises OSError if the file exists and cannot be read.
        """
        content = b""
        try:
            with os.fdopen(open_regular(self._present), "rb") as file:
                identity = _identity(file)
                if self._identity not in {None, identity}:
                    content = self._end_of_former()
                    self._offset = 0
                self._identity = identity
                content += self._read(file)
        except (FileNotFoundError, NotADirectoryError):
            return []
        return list(parsed(content))

    def _end_of_former(self) -> bytes:
        """Return the unread events of the file that was the present one."""
        try:
            with os.fdopen(open_regular(self._older), "rb") as file:
                return self._read(file) if _identity(file) == self._identity else b""
        except FileNotFoundError:
            return b""

    def _read(self, file: BinaryIO) -> bytes:
        """Return the whole lines that are new."""
        file.seek(self._offset)
        lines = file.read()
        lines = lines[: lines.rfind(b"\n") + 1]
        self._offset += len(lines)
        return lines


def _identity(file: BinaryIO) -> tuple[int, bytes]:
    """Return the number of a file and the time of its first event: numbers are used again."""
    return os.fstat(file.fileno()).st_ino, file.read(_TIME)


def parsed(content: bytes) -> Iterator[Happening]:
    """Yield the events in these lines, without torn and damaged lines."""
    for line in content.split(b"\n"):
        try:
            yield Happening.from_json(line)
        except ValueError:
            continue


def append(directory: Path, lines: Mapping[str, str]) -> None:
    """Add whole lines to the files of these instances.  Blocks.

    Raises the first OSError after all others are written.
    """
    group, errors = _make(directory).st_gid, []
    for name, text in lines.items():
        try:
            _append(*files_of(directory, name), text, group)
        except OSError as error:
            errors.append(error)
    if errors:
        raise errors[0]


def _append(older: Path, path: Path, text: str, group: int) -> None:
    with _Appending(path) as file:
        if not file.size or file.size + len(text) <= LARGEST:
            file.write(text, group)
            return
    path.replace(older)
    with _Appending(path) as file:
        file.write(text, group)


class _Appending:
    """A file open for appending, of `size` bytes."""

    def __init__(self, path: Path) -> None:
        flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW
        self._descriptor = open_regular(path, flags)
        self._status = os.fstat(self._descriptor)
        self.size = self._status.st_size

    def __enter__(self) -> "_Appending":
        return self

    def __exit__(self, *_error: object) -> None:
        os.close(self._descriptor)

    def write(self, lines: str, group: int) -> None:
        if self._status.st_gid != group:
            with suppress(PermissionError):
                os.fchown(self._descriptor, -1, group)
        if stat.S_IMODE(self._status.st_mode) != 0o640:
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
        make_readable(directory)
        path.mkdir(mode=0o700, exist_ok=True)
    status = path.stat()
    if status.st_gid == 0 and (group := group_id()) is not None:
        with suppress(PermissionError):
            os.chown(path, -1, group)
            path.chmod(0o2750)
    return path.stat()
