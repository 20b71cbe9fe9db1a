"""What is wrong with a configuration, in words for the person who wrote it."""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

_SHOWN = 60
"""Characters of a wrong value that are repeated to the operator."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault.  `line` counts from 1, and is None when no line is to blame."""

    path: Path
    line: int | None
    key: str | None
    text: str

    def __str__(self) -> str:
        where = place(self.path, self.line)
        return f"{where}: {self.key}: {self.text}" if self.key else f"{where}: {self.text}"


class ConfigError(Exception):
    """A file, or several, cannot be used.  `problems` holds every fault found, sorted by line."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(in_order(problems))
        super().__init__("\n".join(map(str, self.problems)))


def in_order(problems: Iterable[Problem]) -> list[Problem]:
    """Sorted by line; those without a line come last."""
    return sorted(problems, key=lambda problem: (problem.line is None, problem.line or 0))


def place(path: Path, line: int | None = None) -> str:
    """FILE or FILE:LINE."""
    # A file name may be any bytes; a log line may not.
    name = printable(os.fsencode(path).decode("utf-8", "backslashreplace"))
    return name if line is None else f"{name}:{line}"


def printable(text: str) -> str:
    """`text` with everything escaped that could upset a terminal or a log."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def got(value: str) -> str:
    """The end of a message that repeats the wrong value; never to be used for a secret."""
    shown = value if len(value) <= _SHOWN else value[:_SHOWN] + "…"
    return f"(got '{printable(shown)}')"
