"""Finding out that another version of ucarpd is installed than the one that this process runs."""

import logging
import re
from collections.abc import Callable
from pathlib import Path

import ucarpd
from ucarpd.control.wording import outdated
from ucarpd.linux.alarm import Alarm
from ucarpd.linux.worker import Worker
from ucarpd.log import lines

LOOK_AFTER = 60.0
"""Seconds between two looks."""


class InstalledVersion:
    """A watch that logs when another version is installed, and calls `changed` when `note` changes.

    The thread of `disk` looks at the file of the package.
    """

    def __init__(self, disk: Worker, changed: Callable[[], None]) -> None:
        self._disk = disk
        self._changed = changed
        self._found = ucarpd.__version__
        """By the last look."""
        self.note = ""
        """The end of the status line; empty if the installed version runs."""
        self._alarm = Alarm()
        self._alarm.set(LOOK_AFTER, self._look)
        self.stop = self._alarm.cancel

    def _look(self) -> None:
        # If the disk hangs, this is the last look until it answers.
        self._disk.do(_installed, self._tell, lambda _error: self._tell(self._found))

    def _tell(self, found: str) -> None:
        self._alarm.set(LOOK_AFTER, self._look)
        before, self._found = self._found, found
        if found != before:
            return  # The upgrade is under way, and restarts this process if the files are good.
        text = outdated(ucarpd.__version__, found)
        note = "" if found == ucarpd.__version__ else f"; {text}"
        if note != self.note:
            self.note = note
            if note:
                advice = "restart it when `ucarpd check` finds no fault"
                lines.write(logging.WARNING, f"this process {text}: {advice}")
            self._changed()


def _installed() -> str:
    """Return the version in the file of the package.  Raises OSError."""
    text = Path(ucarpd.__file__).read_text(encoding="utf-8")
    found = re.search(r'^__version__ = "(.+)"$', text, re.MULTILINE)
    return found[1] if found else ucarpd.__version__
