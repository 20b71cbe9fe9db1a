"""A virtual host as the interface sees it that it runs on, and what it has been told."""

from collections.abc import Callable

from ucarpd.carp.params import IPAddress, Params
from ucarpd.carp.rank import DOWN_AMOUNT
from ucarpd.config import Config
from ucarpd.engine import Engine
from ucarpd.interface.readiness import NotReady, Ready
from ucarpd.interface.sources import Source
from ucarpd.log.messages import Journal

Demote = Callable[[str, int], None]
"""Takes a reason, and by how much it makes the host less fit; 0: no longer."""


class Member:
    """Passes on to the engine what the interface has found out.

    `demote` is told what makes this virtual host alone less fit.
    """

    def __init__(self, config: Config, engine: Engine, log: Journal, demote: Demote) -> None:
        self.engine = engine
        self.log = log
        self._demote = demote
        self._sources: tuple[Source, ...] = ()
        self._faults: tuple[str, ...] = ()
        self.configure(config)

    def configure(self, config: Config) -> None:
        self.config: Config = config
        self.params: Params = config.params()

    @property
    def own(self) -> tuple[IPAddress, ...]:
        """The addresses that it advertises from."""
        return tuple(source.ip for source in self._sources)

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
                # Its role has ended; it is not less fit as well.
                self.demote_for(())

    def _log_sources(self, sources: tuple[Source, ...]) -> None:
        before = {source.ip.version: source for source in self._sources}
        for source in sources:
            last = before.get(source.ip.version)
            if last is not None and last.ip != source.ip:
                self.log.source_changed(last.ip, source.ip)
            if source.interface != self.config.interface and source != last:
                self.log.source_elsewhere(source.ip, source.interface)

    def demote_for(self, faults: tuple[str, ...]) -> None:
        """Only these faults make it less fit from now on."""
        before, self._faults = self._faults, faults
        for fault in faults:
            if fault not in before:
                self._demote(fault, DOWN_AMOUNT)
        for fault in before:
            if fault not in faults:
                self._demote(fault, 0)
