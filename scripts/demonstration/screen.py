"""Lines for a person; on a terminal there is a status line below them, updated in place."""

import os
import shutil
import sys
import textwrap

from demonstration.scenario import OTHER, PREFERRED

COLOURS = {PREFERRED: "32", OTHER: "36", "nobody": "31;1", "step": "1"}
"""Terminal codes, by the subject of a line."""


class Screen:
    """Standard output, a terminal or not."""

    def __init__(self) -> None:
        plain = "NO_COLOR" in os.environ or os.environ.get("TERM", "dumb") == "dumb"
        self.is_live = sys.stdout.isatty() and not plain
        self._status = ""

    def line(self, text: str = "", indent: int = 0, style: str = "") -> None:
        """Write a line, folded on a terminal; the folds are indented."""
        if self.is_live:
            width = max(shutil.get_terminal_size().columns, indent + 40)
            folded = textwrap.wrap(text, width, subsequent_indent=" " * indent)
            text = "\n".join(self.colour(line, style) for line in folded)
            self._put(f"\r\x1b[K{text}\n{self._status}")
        else:
            self._put(f"{text}\n")

    def status(self, before: str, name: str, after: str, strip: str) -> None:
        """Replace the status line, with as much of the end of the strip as has room."""
        if self.is_live:
            width = shutil.get_terminal_size().columns
            room = width - 1 - len(before) - len(name) - len(after)
            text = before + self.colour(name, name)
            if room > 0:
                text += after + strip[-room:]
            if text != self._status:
                self._status = text
                self._put(f"\r{text}\x1b[K")

    def end_status(self) -> None:
        if self._status:
            self._status = ""
            self._put("\r\x1b[K")

    def colour(self, text: str, style: str) -> str:
        code = COLOURS.get(style) if self.is_live else None
        return f"\x1b[{code}m{text}\x1b[0m" if code else text

    @staticmethod
    def _put(text: str) -> None:
        sys.stdout.write(text)
        sys.stdout.flush()
