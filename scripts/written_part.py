"""A part of a page that a script writes, and nothing else in that page."""

import sys
from pathlib import Path
from typing import NamedTuple

PROJECT = Path(__file__).resolve().parent.parent


class WrittenPart(NamedTuple):
    """The part between the lines `begin` and `end` of a page, which follows `source`."""

    page: Path
    begin: str
    end: str
    source: str

    def main(self, content: str, usage: str | None) -> int:
        """Write the content into the page; with --check, only tell whether it is there."""
        words = sys.argv[1:]
        if words and words != ["--check"]:
            print(usage)
            return 0 if words in (["-h"], ["--help"]) else 2
        old = self.page.read_text(encoding="utf-8")
        before, _, rest = old.partition(self.begin)
        _, found, after = rest.partition(self.end)
        if not found:
            sys.exit(f"{self.page}: the marks around {self.source} are gone")
        new = f"{before}{self.begin}{content}{self.end}{after}"
        if not words:
            self.page.write_text(new, encoding="utf-8")
        elif new != old:
            script = f"scripts/{Path(sys.argv[0]).name}"
            print(f"{self.page} does not follow {self.source}: run {script}", file=sys.stderr)
            return 1
        return 0


def roff(text: str) -> str:
    """Plain text as roff."""
    text = text.replace("\\", "\\e").replace("-", "\\-").replace("'", "\\(aq")
    return f"\\&{text}" if text.startswith(".") else text
