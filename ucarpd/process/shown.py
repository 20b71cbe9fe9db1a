"""An instance as operators see it: a note, a line in the log, and the reply of GetStatus."""

from collections.abc import Iterator
from typing import Any

from ucarpd.addresses.vmac import AddressOwner
from ucarpd.carp.actions import State
from ucarpd.config import Config
from ucarpd.engine import Engine
from ucarpd.log.messages import Journal
from ucarpd.process.checking import Checking
from ucarpd.process.exposure_watch import ExposureWatch
from ucarpd.process.host import Host
from ucarpd.process.moments import Moments
from ucarpd.process.notes import Lasting, Notes
from ucarpd.process.removals import Removals
from ucarpd.process.snapshot import of_instance
from ucarpd.process.standing import Standing
from ucarpd.process.status_line import details
from ucarpd.process.teller import Teller
from ucarpd.record.maintenance import Note
from ucarpd.scripts.runs import Runs


class ShownInstance:
    """The part of an instance that reads the other ones, and changes nothing."""

    checking: Checking
    config: Config
    exposure: ExposureWatch
    standing: Standing
    _addresses: AddressOwner
    _engine: Engine | None
    _host: Host
    _log: Journal
    _notes: Notes
    _removals: Removals
    _runs: Runs
    _teller: Teller

    @property
    def state(self) -> State:
        return self._engine.state if self._engine else State.INIT

    @property
    def name(self) -> str:
        return self.config.name

    @property
    def duration(self) -> float:
        """Seconds for which it has been in its state."""
        return self._teller.course.duration

    @property
    def maintenance(self) -> tuple[Note, ...]:
        """The maintenance notes that hold: the host's, and its own."""
        return self.standing.maintenance

    @property
    def note(self) -> str:
        """The unusual facts, for the text after the state; empty if there are none."""
        if self._engine is None:
            return ": to be started again after an internal error"
        if self.state is State.INIT:
            return f": waiting, {self._engine.reason}"
        less_fit = f"; less fit: {self.standing.demotion}" if self.standing.unfitness else ""
        exposed = f"; {self.exposure.trouble}" if self.exposure.trouble else ""
        if self.state is not State.MASTER:
            return less_fit + exposed
        notes = self._notes.of_master(self.config.is_scripted, self._log.wrong_digest_from)
        heard = next((f"; {text}" for _, _, text in self._log.heard_now()), "")
        return (notes or heard or less_fit) + exposed

    def report_status(self) -> None:
        """One line in ucarp's words, `MASTER on eth0 id 1`, and the details."""
        if self._engine is None:
            self._log.status("INIT", "to be started again after an internal error")
            return
        text = details(self.duration, self._engine, self.standing.unfitness, self.exposure.trouble)
        self._log.status(self.state.value, text)

    def snapshot(self, moments: Moments) -> dict[str, Any]:
        """Return what GetStatus says of it."""
        return of_instance(
            moments,
            config=self.config,
            engine=self._engine,
            missing=self._addresses.missing(),
            places=self._host.netlink,
            course=self._teller.course,
            runs=self._runs,
            standing=self.standing,
            checks=self.checking.listed(),
            findings=self._findings(moments),
            removed=self._removals.total,
        )

    def _findings(self, moments: Moments) -> Iterator[Lasting]:
        if self._engine is None:
            since = self._teller.course.changed_at
            yield Lasting("internal_error", since, "it will be started again")
        yield from self._notes.lasting(
            is_master=self.state is State.MASTER,
            is_scripted=self.config.is_scripted,
            is_mute=self.standing.fitness.is_mute,
            families=[source.version for source in self._engine.sources] if self._engine else (),
        )
        yield from self._removals.lasting()
        if wrong := self._log.wrong_digest():
            seconds, text = wrong
            yield Lasting("wrong_digest", moments.now - seconds, text)
        for finding, seconds, text in self._log.heard_now():
            yield Lasting(finding, moments.now - seconds, text)
        if self.exposure.trouble:
            yield Lasting("exposed", self.exposure.since, self.exposure.trouble)
