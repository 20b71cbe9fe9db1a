"""Faults of a configuration, in words for its author."""

import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from ucarpd.config import environment

_SHOWN = 60
"""Characters of a wrong value that a message repeats at most."""


class Problem(NamedTuple):
    """One fault.  `line` counts from 1; None: the fault has no line."""

    path: Path
    line: int | None
    key: str | None
    text: str

    def __str__(self) -> str:
        where = place(self.path, self.line)
        text = self.text
        if environment.is_environment(self.path):
            text = re.sub(" in line [0-9]+", "", text)
        return f"{where}: {self.key}: {text}" if self.key else f"{where}: {text}"


class ConfigError(Exception):
    """One or more files cannot be used.  `problems` holds all faults, sorted by line."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(in_order(problems))
        super().__init__("\n".join(map(str, self.problems)))


def in_order(problems: Iterable[Problem]) -> list[Problem]:
    """Return the problems sorted by line; problems without a line come last."""
    return sorted(problems, key=lambda problem: (problem.line is None, problem.line or 0))


def place(path: Path, line: int | None = None) -> str:
    """Return FILE or FILE:LINE; for the environment, which has no lines, the word for it."""
    if environment.is_environment(path):
        return environment.WORD
    # A file name may have any bytes, a log line may not.
    name = printable(os.fsencode(path).decode("utf-8", "backslashreplace"))
    return name if line is None else f"{name}:{line}"


def printable(text: str) -> str:
    """Return `text` with all characters escaped that could upset a terminal or a log."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def got(value: str) -> str:
    """Return the end of a message, with the wrong value; never use it for a secret."""
    shown = value if len(value) <= _SHOWN else value[:_SHOWN] + "…"
    return f"(got '{printable(shown)}')"
