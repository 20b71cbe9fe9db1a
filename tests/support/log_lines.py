"""What is written to the log, line by line."""

import logging

from ucarpd import journal


class LogLines(logging.Handler):
    """Collects every line while it is entered."""

    def __init__(self) -> None:
        super().__init__()
        self._lines: list[str] = []

    def emit(self, record):
        self._lines.append(record.getMessage())

    def told(self):
        lines, self._lines = self._lines, []
        return lines

    def __enter__(self):
        self._before = journal.root.level, journal.root.propagate
        journal.root.setLevel(logging.INFO)
        journal.root.propagate = False
        journal.root.addHandler(self)
        return self

    def __exit__(self, *_error):
        journal.root.removeHandler(self)
        journal.root.level, journal.root.propagate = self._before
