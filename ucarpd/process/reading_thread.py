"""The thread that reads the files; the end of the process does not wait for it."""

import asyncio
import logging
from collections.abc import Callable, Collection, Sequence
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from ucarpd import config
from ucarpd.config import Config
from ucarpd.linux.worker import Worker
from ucarpd.log import lines
from ucarpd.process import reading
from ucarpd.process.patience import Patience
from ucarpd.process.reading import Reading

_T = TypeVar("_T")


class ReadingThread:
    """Reads the files of `paths`, one reading at a time."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self._paths = paths
        self._loop = asyncio.get_running_loop()
        self._patience = Patience()
        self._result: asyncio.Future[Any] | None = None

    async def at_start(self, more: Callable[[Patience], _T]) -> tuple[Reading, _T] | None:
        """Return the files for a start, and what `more` has read; None if `end` was called."""

        def waiting(path: Path) -> None:
            text = f"waiting, {config.silence(path)}"
            self._loop.call_soon_threadsafe(lines.write, logging.WARNING, text)

        def read() -> tuple[Reading, _T]:
            found = reading.at_start(self._paths, self._patience, waiting)
            return found, more(self._patience)

        return await self._read(read)

    async def at_reload(self, running: Collection[Config]) -> Reading | None:
        """Return the files for a reload; None if `end` was called."""
        return await self._read(partial(reading.at_reload, self._paths, self._patience, running))

    def end(self) -> None:
        """Wait no longer for the present reading."""
        if self._result is not None and not self._result.done():
            self._result.set_result(None)

    async def _read(self, read: Callable[[], _T]) -> _T | None:
        self._result = result = self._loop.create_future()

        def done(found: _T) -> None:
            if not result.done():
                result.set_result(found)

        def failed(error: OSError) -> None:
            if not result.done():
                result.set_exception(error)

        worker = Worker("reading")
        worker.do(read, done, failed)
        worker.end()
        found: _T | None = await result
        return found
