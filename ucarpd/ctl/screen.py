"""The output of a command: its width and colours, for a terminal, a pipe or a file."""

import os
import sys
from collections.abc import Iterator, Sequence
from typing import NamedTuple

BAD, WARN, GOOD, DIM, BOLD, PLAIN = "bad", "warn", "good", "dim", "bold", ""

_CODES = {BAD: "1;31", WARN: "33", GOOD: "32", DIM: "2", BOLD: "1"}

_BAR = 10

_LABEL = 13
"""Columns for the label of a paragraph."""


class Cell(NamedTuple):
    """A text with its style."""

    text: str
    style: str = PLAIN

    @property
    def printable(self) -> str:
        """The text without control characters for the terminal."""
        return "".join(each if each.isprintable() else "?" for each in self.text)


class Screen(NamedTuple):
    """Without a width, as in a pipe, no line is broken."""

    width: int | None = None
    has_colour: bool = False

    def paint(self, text: str, style: str = PLAIN) -> str:
        """Return the text in its colour, without control characters for the terminal."""
        text = Cell(text).printable
        if not text or not self.has_colour or style not in _CODES:
            return text
        return f"\x1b[{_CODES[style]}m{text}\x1b[0m"

    def padded(self, cell: Cell, width: int) -> str:
        """Return the text in its colour, and blanks up to this width."""
        return self.paint(cell.text, cell.style) + " " * (width - len(cell.text))

    def paragraph(self, cell: Cell, indent: int = 0, first: int | None = None) -> Iterator[str]:
        """Yield the lines of a text, indented; the first one by `first`, if that is given."""
        lines = self._broken(cell.text, indent)
        for place, line in enumerate(lines):
            margin = indent if place or first is None else first
            yield " " * margin + self.paint(line, cell.style)

    def labelled(self, label: str, cells: Sequence[Cell]) -> Iterator[str]:
        """Yield the lines of several texts, one below the other, with a label before the first one."""
        for place, cell in enumerate(cells):
            lines = list(self.paragraph(cell, _LABEL, first=0))
            shown = "" if place else label
            yield self.paint(f"{shown:{_LABEL}}", DIM if shown else PLAIN) + lines[0]
            yield from lines[1:]

    def _broken(self, text: str, indent: int) -> list[str]:
        if self.width is None or len(text) + indent <= self.width:
            return [text]
        import textwrap

        width = max(self.width - indent, 20)
        return textwrap.wrap(text, width, break_on_hyphens=False) or [""]


def of_standard_output() -> Screen:
    """Return the screen that standard output is."""
    if not sys.stdout.isatty():
        return Screen()
    import shutil

    return Screen(shutil.get_terminal_size().columns, has_colour())


def has_colour() -> bool:
    """Return whether a terminal gets colours; NO_COLOR and TERM=dumb turn them off."""
    return not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def columns(
    screen: Screen, rows: Sequence[Sequence[Cell]], header: Sequence[str]
) -> tuple[list[str], int]:
    """Return a line for the header and for each row, and how many columns each line fills."""
    table = [[Cell(text, DIM) for text in header], *rows]
    widths = [max(len(row[place].text) for row in table) for place in range(len(header))]
    lines = [
        "  ".join(screen.padded(cell, width) for cell, width in zip(row, widths, strict=True))
        for row in table
    ]
    return lines, sum(widths) + 2 * (len(widths) - 1)


def bar(part: float) -> str:
    """Return a bar for a part of a whole, such as `[####......]  41 %`."""
    filled = round(min(max(part, 0.0), 1.0) * _BAR)
    return f"[{'#' * filled}{'.' * (_BAR - filled)}] {100 * part:3.0f} %"
