"""Finding the users other than root with the means to change the file at a path.

They can write or own the file, or they can replace it because they can write or own a directory on
its path.  Access control lists are covered as far as the file mode shows them.
"""

import os
import shlex
import stat
from collections.abc import Collection, Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from ucarpd.config.problems import place

ROOTS_GROUP = 0
STAFF = 50
"""Debian's group staff, which may be allowed to write below /usr/local."""

_BY_OTHERS = stat.S_IWGRP | stat.S_IWOTH
"""The bits that let users other than its owner write."""

_MOST_LINKS = 40
"""Symbolic links that the kernel follows for one path."""


class Weakness(NamedTuple):
    """A way to change a file.  `text` names the user, `command` is the remedy.

    `is_grave` is False for the groups root and staff, whose members are trusted.
    """

    path: Path
    text: str
    command: str
    is_grave: bool
    is_directory: bool


def find(path: Path, trusted: Collection[int], known: int = 0) -> list[Weakness]:
    """Return each way in which users not `trusted` can change the file, from / to the file.

    The mode bits `known` of the file itself are reported elsewhere.  If the file is missing or
    inaccessible, only the directories before it are checked.
    """
    found: dict[Weakness, None] = {}
    with suppress(OSError):  # The code that reads the file reports this error.
        for step, status in _steps(path):
            bits = ~0 if stat.S_ISDIR(status.st_mode) else ~known
            found |= dict.fromkeys(_weaknesses(step, status, trusted, bits))
    return list(found)


def _steps(path: Path) -> Iterator[tuple[str, os.stat_result]]:
    """Yield each directory on the path and the file, without links.  Raises OSError.

    A link is included only in a directory like /tmp, in which its owner can replace it.  They are no
    Path: a start takes the steps of each file.
    """
    here = ""  # The root directory.
    status = _status("/")
    yield "/", status
    left = list(reversed(path.absolute().parts[1:]))
    links = 0
    while left:
        name = left.pop()
        step = here.rpartition("/")[0] if name == ".." else f"{here}/{name}"
        is_shared = _is_sticky(status) and status.st_mode & _BY_OTHERS
        status_of_step = _status(step or "/")
        if not stat.S_ISLNK(status_of_step.st_mode):
            yield step or "/", status_of_step
            here, status = step, status_of_step
            continue
        links += 1
        if links > _MOST_LINKS:
            return
        if is_shared:
            yield step, status_of_step
        target = Path(step).readlink()
        if target.is_absolute():
            here, status = "", _status("/")
        left += reversed([part for part in target.parts if part != "/"])


def _weaknesses(
    step: str, status: os.stat_result, trusted: Collection[int], bits: int
) -> Iterator[Weakness]:
    is_directory = stat.S_ISDIR(status.st_mode)
    is_link = stat.S_ISLNK(status.st_mode)

    def weakness(who: str, command: str, is_grave: bool) -> Weakness:
        path = Path(step)
        name = f"the directory {place(path)}" if is_directory else place(path)
        command = f"{command} {shlex.quote(place(path))}"
        return Weakness(path, f"{who} {name}", command, is_grave, is_directory)

    if status.st_uid not in trusted:
        command = "chown -h root" if is_link else "chown root"
        yield weakness(f"user {status.st_uid} owns", command, True)
    if is_link or (is_directory and _is_sticky(status)):
        return  # In a sticky directory users can change only their own files.
    mode = status.st_mode & bits
    if mode & stat.S_IWOTH:
        command = "chmod go-w" if mode & stat.S_IWGRP else "chmod o-w"
        yield weakness("every user can write", command, True)
    elif mode & stat.S_IWGRP:
        is_grave = status.st_gid not in {ROOTS_GROUP, STAFF}
        yield weakness(f"group {status.st_gid} can write", "chmod g-w", is_grave)


def _is_sticky(status: os.stat_result) -> bool:
    return bool(status.st_mode & stat.S_ISVTX)


def _status(path: str) -> os.stat_result:
    return os.lstat(path)
