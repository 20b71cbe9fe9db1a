"""A virtual host from the view of its interface, with the last report to it."""

from collections.abc import Callable, Collection, Iterable, Mapping

from ucarpd.carp.params import Family, IPAddress, Params
from ucarpd.carp.rank import DOWN_AMOUNT
from ucarpd.config import Config
from ucarpd.engine import Engine
from ucarpd.interface.readiness import NotReady, Ready
from ucarpd.interface.sources import Source
from ucarpd.log.messages import Journal

Demote = Callable[[Mapping[str, int], Collection[Family]], None]
"""A function that takes reasons, each with its demotion, 1 to 255; 0: the reason no longer holds.

It gets all that changes together: a fault that another one replaces must not count beside it.  Then
come the families that the present faults keep this host from.
"""


class Member:
    """The link between interface and engine: it reports the interface's state to the engine.

    `demote` gets the faults that affect only this virtual host.
    """

    def __init__(self, config: Config, engine: Engine, log: Journal, demote: Demote) -> None:
        self.engine = engine
        self.log = log
        self._demote = demote
        self._sources: tuple[Source, ...] = ()
        self._faults: tuple[str, ...] = ()
        self._misfits: set[str] = set()
        """What has been logged."""
        self.configure(config)

    def configure(self, config: Config) -> None:
        self.config: Config = config
        self.params: Params = config.params()

    @property
    def own(self) -> tuple[IPAddress, ...]:
        """The source addresses of its advertisements."""
        return tuple(source.ip for source in self._sources)

    @property
    def served_families(self) -> Collection[Family]:
        """The families of its addresses; those beside the digest may have another one."""
        return {ip.version for ip in self.params.addresses}

    def tell(self, readiness: Ready | NotReady) -> None:
        match readiness:
            case Ready(sources, faults):
                self._log_sources(sources)
                self._sources = sources
                self.engine.interface_ready(self.own)
                self.demote_for(faults)
            case NotReady(reason, can_send, may_return):
                self._sources = ()
                self.engine.interface_lost(reason, can_send, may_return)
                # The role has ended, so the faults of single families do not matter.
                self.demote_for(())

    def _log_sources(self, sources: tuple[Source, ...]) -> None:
        before = {source.ip.version: source for source in self._sources}
        for source in sources:
            last = before.get(source.ip.version)
            if last is not None and last.ip != source.ip:
                self.log.source_changed(last.ip, source.ip)
            if source.interface != self.config.interface and source != last:
                self.log.source_elsewhere(source.ip, source.interface)

    def tell_misfits(self, texts: Iterable[str]) -> None:
        """Log what may not do what its author expects, each text once."""
        for text in texts:
            if text not in self._misfits:
                self._misfits.add(text)
                self.log.warning(text)

    def demote_for(self, faults: tuple[str, ...]) -> None:
        """Demote the virtual host for these faults, and no longer for earlier ones."""
        before, self._faults = self._faults, faults
        if faults != before:
            lost = set(self.params.families) - {ip.version for ip in self.own} if faults else set()
            self._demote(dict.fromkeys(before, 0) | dict.fromkeys(faults, DOWN_AMOUNT), lost)
