"""Finding exposed files of one virtual host, outside the event loop, and logging them."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from ucarpd.config import exposure
from ucarpd.config.exposure import Exposure
from ucarpd.config.problems import place


class Log(Protocol):
    def warning(self, text: str) -> None: ...
    def error(self, text: str) -> None: ...


class ExposureWatch:
    """A watch that logs each exposure once, and calls `changed` if `trouble` may have changed."""

    def __init__(self, log: Log, changed: Callable[[], None]) -> None:
        self._log = log
        self._changed = changed
        self._told: set[Exposure] = set()
        self._latest: asyncio.Future[list[Exposure]] | None = None
        """The search that was begun last."""
        self.trouble = ""
        """The files that 0.3 will refuse, for the status line; empty if there are none."""
        self.since = 0.0
        """When there was trouble first, in monotonic seconds."""

    def look(self, path: Path) -> None:
        """Check the configuration file `path` and the files that it names now."""
        loop = asyncio.get_running_loop()
        try:
            search = loop.run_in_executor(None, exposure.find, path)
        except RuntimeError:
            return  # No thread can be started; the next start or reload checks again.
        self._latest = search
        search.add_done_callback(self._found)

    def _found(self, search: "asyncio.Future[list[Exposure]]") -> None:
        if search.cancelled() or search is not self._latest:
            return
        found = search.result()
        for each in found:
            if each not in self._told:
                (self._log.error if each.is_error else self._log.warning)(str(each.problem))
        self._told = set(found)
        files = dict.fromkeys(place(each.file) for each in found if each.is_error)
        if not self.trouble:
            self.since = asyncio.get_running_loop().time()
        self.trouble = f"others than root can change {', '.join(files)}" if files else ""
        self._changed()
