"""The log, line by line."""

import logging

from ucarpd.log import lines


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
        self._before = lines.root.level, lines.root.propagate
        lines.root.setLevel(logging.INFO)
        lines.root.propagate = False
        lines.root.addHandler(self)
        return self

    def __exit__(self, *_error):
        lines.root.removeHandler(self)
        lines.root.level, lines.root.propagate = self._before
