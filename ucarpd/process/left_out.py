"""Virtual hosts that another process runs or clears at present, but perhaps not for long.

A file may move from one process to another that reloads at the same moment, and a dead process may be
being cleared.
"""

import logging
from collections.abc import Callable

from ucarpd.config import Config
from ucarpd.config.problems import place
from ucarpd.linux.alarm import Alarm
from ucarpd.linux.lock import AlreadyRunning
from ucarpd.log import lines

PAUSE = 1.0
"""Seconds between two attempts to start them."""

ATTEMPTS = 30
"""By default a down-script has so many seconds."""


class LeftOut:
    """Tries for a while to start them; `start` raises AlreadyRunning."""

    def __init__(self, start: Callable[[Config], None]) -> None:
        self._start = start
        self._alarm = Alarm()
        self._left: list[Config] = []
        self._attempts = 0

    def add(self, config: Config, error: AlreadyRunning, *, is_usual: bool) -> None:
        """Log that it could not be started, and try again unless another process runs the same file.

        `is_usual`: to the service that takes the remaining files, that is the normal course.
        """
        lines.write(logging.INFO if is_usual else logging.ERROR, str(error))
        if error.path != place(config.path):
            self._left.append(config)
            self._alarm.set(PAUSE, self._try)

    def forget(self) -> None:
        """The files are read again, or the process ends."""
        self._alarm.cancel()
        self._left.clear()
        self._attempts = 0

    def _try(self) -> None:
        self._attempts += 1
        left, self._left = self._left, []
        for each in left:
            try:
                self._start(each)
            except AlreadyRunning as error:
                if error.path == place(each.path):
                    continue  # As in `add`: it has been started again.
                if self._attempts < ATTEMPTS:
                    self._left.append(each)
                else:
                    lines.write(logging.ERROR, f"{error}; left out until the next reload")
        if self._left:
            self._alarm.set(PAUSE, self._try)
