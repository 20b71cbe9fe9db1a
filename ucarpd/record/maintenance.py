"""Notes by which an operator takes this host, or one virtual host on it, out of service for a while.

They are files in the state directory, `maintenance/host.json` and `maintenance/NAME.instance.json`,
so they hold while no ucarpd runs, and survive a reboot.  `ucarpctl` writes them; ucarpd reads them,
and removes expired ones.  Times are seconds of the epoch.
"""

import json
import os
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

from ucarpd.linux.regular_file import open_regular
from ucarpd.linux.run_directory import make_readable, replace_file
from ucarpd.record.happening import rfc3339

LEVELS = ("maintenance", "never")
"""Serve only if no healthy host does; do not serve at all."""

HOST = "host"
INSTANCE = "instance"
"""The scopes of a note."""

_VERSION = 1
_OF_HOST = "host.json"
_OF_INSTANCE = ".instance.json"
_LONGEST = 64 * 1024
"""Bytes of the longest file that is read."""


class Note(NamedTuple):
    """One maintenance: its level, who began it, when and why.  Without `until` it has no end."""

    level: str
    since: float
    until: float | None = None
    by: str = ""
    reason: str = ""
    scope: str = HOST

    def has_ended(self, now: float) -> bool:
        """Return whether it is over at `now`, in seconds of the epoch."""
        return self.until is not None and now >= self.until

    def to_status(self) -> dict[str, Any]:
        """Return it as the status shows it: a `Maintenance` of the Varlink interface."""
        return {
            "level": self.level,
            "scope": self.scope,
            "since": rfc3339(self.since),
            "until": None if self.until is None else rfc3339(self.until),
            "by": self.by or None,
            "reason": self.reason or None,
        }

    def __str__(self) -> str:
        is_last_resort = self.level == LEVELS[0]
        words = ["serves only if no healthy host does" if is_last_resort else "does not serve"]
        words.append(f"since {in_words(self.since)}")
        if self.until is not None:
            words.append(f"until {in_words(self.until)}")
        if self.by:
            words.append(f"by {self.by}")
        return ", ".join(words) + (f": {self.reason}" if self.reason else "")


class Notes(NamedTuple):
    """All notes, and a text about each file that cannot be used."""

    of_host: Note | None = None
    of_instances: dict[str, Note] = {}  # noqa: RUF012 - never changed
    faults: tuple[str, ...] = ()

    def about(self, name: str) -> tuple[Note, ...]:
        """Return the notes that hold for this instance: the host's, and its own."""
        return tuple(note for note in (self.of_host, self.of_instances.get(name)) if note)

    def ended(self, now: float) -> tuple[str | None, ...]:
        """Return whose notes have expired at `now`: the host's (None), or an instance's."""
        of_all: list[tuple[str | None, Note | None]] = [(None, self.of_host)]
        of_all += self.of_instances.items()
        return tuple(whose for whose, note in of_all if note and note.has_ended(now))

    def holding(self, now: float) -> "Notes":
        """Return them without the notes that have expired at `now`."""
        over = self.ended(now)
        return self._replace(
            of_host=None if None in over else self.of_host,
            of_instances={
                name: note for name, note in self.of_instances.items() if name not in over
            },
        )


def in_words(at: float) -> str:
    """Return a second of the epoch as local time."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(at))


def read(directory: Path) -> Notes:
    """Read the notes in this state directory, also expired ones.

    A file that cannot be used is left out, and named among the faults.  Blocks.  Raises OSError if
    the directory exists and cannot be read.
    """
    try:
        names = sorted(os.listdir(directory_of(directory)))  # noqa: PTH208 - only names are needed
    except (FileNotFoundError, NotADirectoryError):
        return Notes()
    of_host, of_instances, faults = None, {}, []
    for name in names:
        is_of_host = name == _OF_HOST
        if not is_of_host and not name.endswith(_OF_INSTANCE):
            continue
        path = directory_of(directory) / name
        try:
            note = _read(path, HOST if is_of_host else INSTANCE)
        except FileNotFoundError:
            continue  # Maintenance has just ended.
        except (OSError, ValueError) as error:
            why = error.strerror if isinstance(error, OSError) else error
            faults.append(f"{path}: this maintenance note is ignored: {why}")
            continue
        if is_of_host:
            of_host = note
        else:
            of_instances[name.removesuffix(_OF_INSTANCE)] = note
    return Notes(of_host, of_instances, tuple(faults))


def write(directory: Path, instance: str | None, note: Note) -> Path:
    """Write the note of the host (None) or of an instance, and return its path.

    When this returns, the note is on the disk.  Blocks.  Raises OSError.
    """
    where = directory_of(directory)
    for each in (directory, where):
        make_readable(each)
    said = {"version": _VERSION, **note._asdict()}
    del said["scope"]
    path = path_of(directory, instance)
    replace_file(path, f"{json.dumps(said)}\n".encode(), 0o644, is_durable=True)
    return path


def remove(directory: Path, instance: str | None) -> bool:
    """End the maintenance of the host (None) or of an instance; return whether there was a note.

    Blocks.  Raises OSError.
    """
    try:
        path_of(directory, instance).unlink()
    except (FileNotFoundError, NotADirectoryError):
        return False
    return True


def remove_ended(directory: Path, instances: Iterable[str | None], now: float) -> None:
    """Remove the notes of the host (None) and of these instances that have expired at `now`.

    A new note that has replaced an expired one stays.  Blocks.  Raises OSError.
    """
    for each in instances:
        path = path_of(directory, each)
        try:
            if _read(path, HOST).has_ended(now):
                path.unlink()
        except (FileNotFoundError, ValueError):
            continue


def path_of(directory: Path, instance: str | None) -> Path:
    """Return the path of the host's note (None), or of an instance's."""
    return directory_of(directory) / (_OF_HOST if instance is None else f"{instance}{_OF_INSTANCE}")


def directory_of(directory: Path) -> Path:
    """Return where the notes are in this state directory."""
    return directory / "maintenance"


def _read(path: Path, scope: str) -> Note:
    """Raises OSError or ValueError."""
    with os.fdopen(open_regular(path), "rb") as file:
        content = file.read(_LONGEST + 1)
    if len(content) > _LONGEST:
        raise ValueError("it is too long")
    try:
        said: Any = json.loads(content)
    except (ValueError, RecursionError):
        raise ValueError("it is damaged") from None
    if not isinstance(said, dict):
        raise ValueError("it is damaged")  # noqa: TRY004 - one kind of error for bad content
    if said.get("version") != _VERSION:
        raise ValueError(
            f"its version is {said.get('version')!r:.40}, this ucarpd knows {_VERSION}"
        )
    if said.get("level") not in LEVELS:
        raise ValueError(f"its level is {said.get('level')!r:.40}, not {' or '.join(LEVELS)}")
    until = said.get("until")
    return Note(
        level=said["level"],
        since=_time(said.get("since"), "since"),
        until=None if until is None else _time(until, "until"),
        by=one_line(said.get("by")),
        reason=one_line(said.get("reason")),
        scope=scope,
    )


def _time(said: object, key: str) -> float:
    """Return a second of the epoch that `in_words` can show."""
    if isinstance(said, (int, float)) and not isinstance(said, bool) and 0 <= said < 1e11:
        return float(said)
    raise ValueError(f"its {key} is {said!r:.40}, not a time in seconds")


def one_line(said: object) -> str:
    """Return a text as one printable line, for the log and for terminals."""
    text = said if isinstance(said, str) else ""
    return "".join(char if char.isprintable() else " " for char in text)[:500]
