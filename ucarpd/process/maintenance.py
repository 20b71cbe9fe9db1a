"""The maintenance notes of the state directory: read beside the event loop, applied, and ended.

The end of a maintenance is a time of the wall clock, which may be set.  So while a maintenance with an
end holds, the clock is looked at every few seconds.
"""

import logging
import time
from collections.abc import Callable, Collection
from functools import partial
from pathlib import Path

from ucarpd.config import Looks
from ucarpd.linux.alarm import Alarm
from ucarpd.linux.worker import Worker
from ucarpd.log import lines
from ucarpd.process.instance import Instance
from ucarpd.process.patience import Patience
from ucarpd.record import maintenance
from ucarpd.record.maintenance import Notes

LOOK_AFTER = 10.0
"""Most seconds between two looks at the clock."""

Done = Callable[[list[str]], None]
"""Gets the names of the instances in maintenance, sorted."""


class Maintenance:
    """The notes as they were read last, without expired ones; `instances` are the running ones."""

    def __init__(
        self, directory: Path, disk: Worker, instances: Callable[[], Collection[Instance]]
    ) -> None:
        self._directory = directory
        self._disk = disk
        self._instances = instances
        self._notes = Notes()
        self._faults: tuple[str, ...] = ()
        self._is_reading = False
        self._waiting: list[Done] = []
        """For the reading that follows the present one."""
        self._alarm = Alarm()

    def read_first(self, patience: Patience) -> Callable[[], None]:
        """Read the notes, in a thread; return what applies them, before any instance runs."""

        def look() -> Looks[Notes]:
            notes: Notes = yield self._directory, partial(maintenance.read, self._directory)
            return notes

        try:
            return partial(self._take, patience.take(look()))
        except OSError as error:
            return partial(
                self._read_later if isinstance(error, TimeoutError) else self._failed, error
            )

    def _read_later(self, error: OSError) -> None:
        self._failed(error)
        self.read_again()

    def read_again(self, done: Done = lambda _names: None) -> None:
        """Read the notes beside the event loop and apply them, then call `done` in the loop.

        `done` is not called while the disk hangs, or if the process ends meanwhile.
        """
        self._waiting.append(done)
        if not self._is_reading:
            self._read()

    def concern(self, instance: Instance) -> None:
        """Apply the notes to an instance that is about to start."""
        notes = self._notes.about(instance.name)
        instance.maintain(notes)
        if any(note.until is not None for note in notes):
            self._set_timer()

    def stop(self) -> None:
        """Look at the clock no longer."""
        self._alarm.cancel()

    def _read(self) -> None:
        self._is_reading = True
        waiting, self._waiting = self._waiting, []

        def ended() -> None:
            self._is_reading = False
            names = sorted(each.name for each in self._instances() if self._notes.about(each.name))
            for done in waiting:
                done(names)
            if self._waiting:
                self._read()

        def done(notes: Notes) -> None:
            self._take(notes)
            ended()

        def failed(error: OSError) -> None:
            self._failed(error)
            ended()

        self._disk.do(lambda: maintenance.read(self._directory), done, failed)

    def _failed(self, error: OSError) -> None:
        """Keep the notes that were read before."""
        where = maintenance.directory_of(self._directory)
        self._complain(
            (f"cannot read the maintenance notes in {where}: {error.strerror or error}",)
        )

    def _take(self, notes: Notes) -> None:
        self._complain(notes.faults)
        self._notes = notes
        self._end_expired()
        for each in list(self._instances()):
            each.maintain(self._notes.about(each.name))
        self._set_timer()

    def _complain(self, faults: tuple[str, ...]) -> None:
        """Each fault has one line, until it is gone."""
        for fault in faults:
            if fault not in self._faults:
                lines.write(logging.WARNING, fault)
        self._faults = faults

    # -- the end of a maintenance ------------------------------------------------------------------

    def _set_timer(self) -> None:
        self.stop()
        notes = (note for each in self._instances() for note in self._notes.about(each.name))
        end = min((note.until for note in notes if note.until is not None), default=None)
        if end is not None:
            wait = min(max(0.0, end - time.time()), LOOK_AFTER)
            self._alarm.set(wait, self._look)

    def _look(self) -> None:
        self._take(self._notes._replace(faults=self._faults))

    def _end_expired(self) -> None:
        """Forget the notes that have expired, and remove their files."""
        now = time.time()
        expired = self._notes.ended(now)
        if expired:
            self._notes = self._notes.holding(now)
            self._disk.do(
                lambda: maintenance.remove_ended(self._directory, expired, now),
                lambda _nothing: None,
                lambda _error: None,  # It stays expired: the next reading also ignores it.
            )
