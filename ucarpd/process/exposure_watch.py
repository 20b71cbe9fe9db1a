"""Finding exposed files of one virtual host, outside the event loop, and logging them."""

import asyncio
from collections.abc import Callable
from functools import partial

from ucarpd.config import Config, exposure
from ucarpd.config.exposure import Exposure
from ucarpd.config.problems import place
from ucarpd.linux.file_worker import FileWorker
from ucarpd.log.instance_lines import InstanceLines


class ExposureWatch:
    """A watch that logs each exposure once, and calls `changed` if `trouble` may have changed.

    `files` looks at them.
    """

    def __init__(self, log: InstanceLines, changed: Callable[[], None], files: FileWorker) -> None:
        self._log = log
        self._changed = changed
        self._files = files
        self._is_looking = False
        self._again: Config | None = None
        """The configuration whose files come after the present look."""
        self._told: set[Exposure] = set()
        self.trouble = ""
        """The files that 0.3 will refuse, for the status line; empty if there are none."""
        self.since = 0.0
        """When there was trouble first, in monotonic seconds."""

    def look(self, config: Config) -> None:
        """Check the file of this configuration, and the files that it names, now."""
        if self._is_looking:
            self._again = config  # A file system that hangs gets no second thread.
            return
        self._is_looking = True
        # If no thread can be started, the next start or reload checks again.
        self._files.do(
            partial(exposure.find, config),
            self._found,
            lambda _error: self._ended(),
            partial(self._hangs, config),
        )

    def _hangs(self, config: Config) -> None:
        self._log.warning(
            "cannot look for files that users other than root can change: the file system of"
            f" {place(config.path)}, or of a file that it names, does not answer"
        )

    def _ended(self) -> None:
        self._is_looking = False
        if self._again is not None:
            config, self._again = self._again, None
            self.look(config)

    def _found(self, found: list[Exposure]) -> None:
        self._ended()
        for each in found:
            if each not in self._told:
                (self._log.error if each.is_error else self._log.warning)(str(each.problem))
        self._told = set(found)
        files = dict.fromkeys(place(each.file) for each in found if each.is_error)
        if not self.trouble:
            self.since = asyncio.get_running_loop().time()
        self.trouble = f"users other than root can change {', '.join(files)}" if files else ""
        self._changed()
