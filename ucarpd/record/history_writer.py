"""Writing the history beside the event loop, a moment after the events."""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path

from ucarpd.linux.worker import Worker
from ucarpd.log import lines
from ucarpd.record import history
from ucarpd.record.happening import Happening

MOST_WAITING = 1000
"""Events that wait for a slow disk; more of them are lost, except the first ones of each instance."""

LEAST_OF_EACH = 10
"""Events of an instance that may wait in any case: thousands may start, and take over, at once."""


class HistoryWriter:
    """A listener that writes what happens to the history in the state directory.

    A disk that fails or hangs costs events: the log says so once, and how many when it works again.
    """

    def __init__(self, directory: Path, disk: Worker) -> None:
        self._loop = asyncio.get_running_loop()
        self._directory = directory
        self._disk = disk
        self._waiting: dict[str, list[Happening]] = {}
        """By instance."""
        self._number = 0
        """How many wait."""
        self._is_due = False
        self._is_writing = False
        self._has_failed = False
        self._lost = 0

    def tell(self, happening: Happening) -> None:
        """Write this event soon, after the work that it may cause."""
        waiting = self._waiting.setdefault(happening.instance, [])
        if self._number >= MOST_WAITING and len(waiting) >= LEAST_OF_EACH:
            self._lost += 1
            return
        waiting.append(happening)
        self._number += 1
        if not self._is_due:
            self._is_due = True
            self._loop.call_later(lines.AFTER_THE_WORK, self._flush)

    async def finish(self, patience: float) -> None:
        """Write the waiting events and end, within `patience` seconds."""
        self._write()
        await self._disk.finish(patience)

    def _flush(self) -> None:
        self._is_due = False
        if not self._is_writing:  # A hung disk gets no second job.
            self._write()

    def _write(self) -> None:
        events, self._waiting = self._waiting, {}
        number, self._number = self._number, 0
        if events:
            self._is_writing = True
            self._disk.do(
                lambda: _append(self._directory, events),
                self._written,
                lambda error: self._failed(error, number),
            )

    def _written(self, _nothing: None) -> None:
        if self._lost:
            lines.write(logging.WARNING, f"the history lacks {self._lost} events")
        self._has_failed = False
        self._lost = 0
        self._go_on()

    def _failed(self, error: OSError, events: int) -> None:
        if not self._has_failed:
            why = error.strerror or error
            where = history.history_directory(self._directory)
            lines.write(logging.WARNING, f"cannot write the history in {where}: {why}")
        self._has_failed = True
        self._lost += events
        self._go_on()

    def _go_on(self) -> None:
        self._is_writing = False
        self._flush()


def _append(directory: Path, events: Mapping[str, Sequence[Happening]]) -> None:
    texts = {name: "".join(f"{each.to_json()}\n" for each in of) for name, of in events.items()}
    history.append(directory, texts)
