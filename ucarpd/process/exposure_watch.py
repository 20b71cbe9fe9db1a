"""Finding exposed files of virtual hosts, outside the event loop, and logging them."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Protocol

from ucarpd.config import Config, exposure
from ucarpd.config.exposure import Exposure
from ucarpd.config.problems import place
from ucarpd.linux.worker import Worker


class Log(Protocol):
    def warning(self, text: str) -> None: ...
    def error(self, text: str) -> None: ...


class ExposureWatch:
    """A watch that logs each exposure once, and calls `changed` if `trouble` may have changed."""

    def __init__(self, log: Log, changed: Callable[[], None]) -> None:
        self._log = log
        self._changed = changed
        self._told: set[Exposure] = set()
        self.trouble = ""
        """The files that 0.3 will refuse, for the status line; empty if there are none."""
        self.since = 0.0
        """When there was trouble first, in monotonic seconds."""

    def found(self, found: list[Exposure]) -> None:
        """Take in what is exposed now."""
        for each in found:
            if each not in self._told:
                (self._log.error if each.is_error else self._log.warning)(str(each.problem))
        self._told = set(found)
        files = dict.fromkeys(place(each.file) for each in found if each.is_error)
        if not self.trouble:
            self.since = asyncio.get_running_loop().time()
        self.trouble = f"others than root can change {', '.join(files)}" if files else ""
        self._changed()


def look(worker: Worker, watched: Sequence[tuple[ExposureWatch, Config]]) -> None:
    """Let the thread look at each configuration file, and at the files that it names."""

    def found(each: list[list[Exposure]]) -> None:
        for (watch, _), exposures in zip(watched, each, strict=True):
            watch.found(exposures)

    # If no thread can be started, the next start or reload checks again.
    with suppress(RuntimeError):
        worker.do(
            lambda: [exposure.find(config) for _, config in watched], found, lambda _error: None
        )
