"""The engine's reports to an instance that change neither the role nor the engine."""

from ucarpd.addresses.scripts import DOWN, hook
from ucarpd.carp.actions import Report, State
from ucarpd.carp.params import IPAddress
from ucarpd.engine import Transition
from ucarpd.health.fitness import Fitness
from ucarpd.interface.interface import Interface
from ucarpd.log.role_messages import finding_text
from ucarpd.process.checking import Checking
from ucarpd.process.followers import Followers
from ucarpd.process.notes import OWN_OUTAGES
from ucarpd.process.removals import Removals
from ucarpd.process.shown import ShownInstance
from ucarpd.record.happening import Event
from ucarpd.record.keeper import Keeper, content_of


class ToldInstance(ShownInstance):
    """The part of an instance that passes such reports on to its other parts."""

    checking: Checking
    _fitness: Fitness
    _followers: Followers
    _interface: Interface
    _keeper: Keeper
    _removals: Removals

    def identity_changed(self) -> None:
        """Renew the record for the time after a crash, because a part of it has changed."""
        if self._engine is None or not self._engine.sources:
            return
        died = Transition(State.INIT, State.MASTER, "the daemon has died")
        down = hook(self.config, DOWN, died) if self.config.is_scripted else None
        counter = self._engine.next_counter
        sources, mac = self._engine.sources, self._interface.mac
        self._keeper.write(content_of(self.config, sources, mac, counter, down))

    def served(self) -> None:
        self._followers.served()

    def advertised(self, now: float) -> None:
        self._keeper.advertised(now)

    def sending(self, is_failing: bool) -> None:
        self._notes.sending(is_failing)
        self._fitness.sending(is_failing)

    def unserved(self, addresses: tuple[IPAddress, ...]) -> None:
        self._notes.unserved = addresses
        self._teller.event(Event.FINDING, self._log.unserved(addresses))
        self._host.changed()
        self._fitness.unserved(len(addresses), len(self.config.params().addresses))

    def contested(self) -> None:
        self._teller.event(Event.CONTESTED, "another host was also master, and has given way")

    def found(self, report: Report) -> None:
        self._notes.found(report)
        # An event would make the notify script, which may be the cause, do the same again.
        if report.finding not in OWN_OUTAGES:
            self._teller.event(Event.FINDING, finding_text(report), report.peer)
        self._host.changed()

    def probing(self) -> None:
        self.checking.ask_gateways()

    def address_removed(self, ip: IPAddress) -> None:
        """Another program has removed a virtual address of this master."""
        self._removals.note(ip)
        self._host.changed()

    def loss_counts(self) -> None:
        self._interface.tell_faults()
