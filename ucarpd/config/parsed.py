"""A parsed file before it becomes a Config: its values, each checked alone, and its faults."""

import re
from pathlib import Path
from typing import Any, NamedTuple

from ucarpd.config import foreign_words, key_hints, look_alikes, types
from ucarpd.config.key import Key
from ucarpd.config.keys import BY_NAME, DEFAULTS, KEYS, PREFIX, family_of
from ucarpd.config.lines import Line
from ucarpd.config.problems import Problem, got
from ucarpd.config.secret_names import is_secret


class Given(NamedTuple):
    """A value in the file: the written name, the line, the text and the parsed value."""

    name: str
    line: int
    text: str
    meaning: Any


class Draft:
    """The values and faults of a file found so far.

    `problems` holds all faults.  `written` holds the lines by the name in the file; the last of
    several lines wins, as in bash.  `given` holds the values by canonical key, without empty ones;
    `members` holds the keys of each family, by the name in the file.
    `faulty` holds the canonical keys whose fault is already reported, to report it only once.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.problems: list[Problem] = []
        self.written: dict[str, Line] = {}
        self.given: dict[str, Given] = {}
        self.members: dict[str, Given] = {}
        self.faulty: set[str] = set()
        self._comments: list[Line] = []

    def refuse(self, line: int | None, name: str | None, text: str) -> None:
        self.problems.append(Problem(self.path, line, name, text))
        if name in BY_NAME:
            self.faulty.add(BY_NAME[name].name)

    def meaning(self, name: str) -> Any:
        """Return the value of the canonical key `name`, from the file or by default."""
        return self.given[name].meaning if name in self.given else DEFAULTS[name]

    def take(self, lines: list[Line]) -> None:
        """Parse the lines of the file."""
        for line in lines:
            if line.fault:
                self.refuse(line.number, line.name, line.fault)
            elif line.name is not None and line.value is not None:
                self.written[line.name] = line
            elif line.name in BY_NAME:
                self.faulty.add(BY_NAME[line.name].name)
            else:
                self._comments.append(line)
        for name, line in self.written.items():
            if name.startswith(PREFIX) and name not in BY_NAME and not family_of(name):
                self._refuse_unknown(name, line)
        present = {BY_NAME[name].name for name in self.written if name in BY_NAME}
        for key in KEYS:
            if key.is_family:
                self._take_family(key)
            elif key.required or key.name in present:
                self._take_key(key)

    def _refuse_unknown(self, name: str, line: Line) -> None:
        fault = key_hints.unknown(name, line.value or "")
        if fault is None:
            return
        self.refuse(line.number, name, fault)
        meant = foreign_words.meaning(name)
        key = meant.key if meant else foreign_words.nearest(name)
        if key in BY_NAME and line.value:
            # It is not also reported as missing.
            self.faulty.add(key)

    def _take_key(self, key: Key) -> None:
        first: Given | None = None
        for line in self.lines_of(key.name):
            given = self._parse(key, line) if line.value else None
            if given is None or first is None:
                first = first or given
            elif given.meaning != first.meaning:
                other = f"{first.name} in line {first.line}"
                shown = "" if key.secret else f" {got(given.text)}"
                text = f"differs from {other}, which means the same: keep one of them{shown}"
                self.refuse(line.number, line.name, text)
        if first is not None:
            self.given[key.name] = first
        elif key.required and not key.secret and key.name not in self.faulty:
            self.miss(key)

    def _take_family(self, key: Key) -> None:
        members = []
        for name, line in self.written.items():
            family = family_of(name)
            given = self._parse(key, line) if line.value and family and family[0] is key else None
            if given is not None and family is not None:
                self.members[name] = given._replace(meaning=given.meaning._replace(name=family[1]))
                members.append(self.members[name])
        if members:
            meaning = tuple(each.meaning for each in members)
            self.given[key.name] = members[0]._replace(meaning=meaning)

    def lines_of(self, name: str) -> list[Line]:
        """Return the lines that set the canonical key `name`, by any alias, empty ones included."""
        lines = (self.written[each] for each in BY_NAME[name].names if each in self.written)
        return sorted(lines, key=lambda line: line.number)

    def miss(self, key: Key) -> None:
        """Report that a required key has no value."""
        if empty := self.lines_of(key.name):
            self.refuse(empty[0].number, empty[0].name, f"missing: it has no value ({key.kind})")
        elif foreign := self._without_prefix(key):
            self.faulty.add(key.name)
            text = f"{key.name} is missing, and this key is unknown: write {key.name}=…"
            self.refuse(foreign.number, foreign.name, text)
        elif comment := self._as_comment(key):
            text = "missing: this line is a comment, because it begins with #"
            self.refuse(comment.number, key.name, text)
        else:
            self.refuse(None, key.name, f"missing: add {key.name}=… ({key.kind})")

    def _without_prefix(self, key: Key) -> Line | None:
        """Return the line that seems to set `key` by its name in another kind of file."""
        for name, line in self.written.items():
            meant = foreign_words.meaning(name)
            if meant and meant.key == key.name and line.value:
                return line
        return None

    def _as_comment(self, key: Key) -> Line | None:
        """Return the last comment that would set `key`."""
        pattern = rf"\s*#[\s#]*{key.name}\s*=\s*[^\s#]"
        return next(
            (each for each in reversed(self._comments) if re.match(pattern, each.text)), None
        )

    def _parse(self, key: Key, line: Line) -> Given | None:
        assert line.name is not None
        assert line.value is not None
        text = line.value
        try:
            types.require_no_controls(text)
            return Given(line.name, line.number, text, key.parse(text))
        except ValueError as error:
            if other := _other_key(text, has_options=key.is_family):
                # It may be a password: the value is not repeated.
                fault = f"{other}=… is on this line too: write each key on a line of its own"
                self.refuse(line.number, line.name, fault)
                if other in BY_NAME:
                    self.faulty.add(BY_NAME[other].name)
                return None
            # A password may stand where the path of its file should, or before the @ of a URL.
            is_file = key.name == "UCARP_PASSFILE"
            is_hidden = key.secret or is_file or re.search(r"/.*@", text)
            fault = re.sub(r"[^\s']*@[^\s']*", "…", str(error)) if is_hidden else str(error)
            shown = "" if is_hidden else f"{_remark(text)} {got(text)}"
            self.refuse(line.number, line.name, f"{fault}{shown}")
            return None


def _other_key(value: str, *, has_options: bool) -> str | None:
    """Return the key that a value swallowed with the end of its line; None if there is none.

    The options of a check have the form of foreign keys.
    """
    names = re.findall(r"(UCARP_\w+)=", value)
    names += [] if has_options else re.findall(r"(?<![^\s;,])(\w+)=", value)
    return next((name for name in names if name in BY_NAME or is_secret(name)), None)


def _remark(text: str) -> str:
    """Say that nothing is expanded or continued, or name the first letter that only looks like an
    ASCII letter; empty if nothing of that helps.
    """
    if "$" in text or "{{" in text:
        return "; ucarpd expands no variables"
    if text.endswith("\\"):
        return "; a value ends with its line"
    strange = look_alikes.strange(text)
    return f"; {strange}" if strange and look_alikes.latin(text).isascii() else ""
