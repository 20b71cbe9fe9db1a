"""What other hosts say about addresses, by ARP or neighbour discovery: unasked, or when probed."""

from collections.abc import Iterable

from ucarpd.carp.actions import Action
from ucarpd.carp.claims import Claims
from ucarpd.carp.events import AddressClaimed
from ucarpd.carp.params import IPAddress, Params
from ucarpd.carp.probe import Probe
from ucarpd.carp.timing import NEVER


class Answers:
    """The answers that come while a host stays in one state.

    A MASTER ignores claims until `settled_at`.  `probe` is the question that a BACKUP has asked its
    silent master; the MASTER that it becomes keeps it.
    """

    def __init__(self, settled_at: float = NEVER, probe: Probe | None = None) -> None:
        self.claims = Claims(settled_at)
        self.probe = probe

    def ask(self, late: IPAddress, params: Params, sources: Iterable[IPAddress]) -> list[Action]:
        """As BACKUP: probe the late master."""
        self.probe = Probe(late, params)
        return self.probe.ask(sources)

    def note(self, claim: AddressClaimed) -> None:
        """Note the answer to a probe."""
        if self.probe is not None:
            self.probe.answer(claim)

    def found(self, now: float) -> list[Action]:
        """As MASTER: report that the late master still serves, if that is news."""
        return self.probe.found(now) if self.probe is not None else []

    @property
    def has_found_master(self) -> bool:
        """Whether it is reported that the late master still serves."""
        return self.probe is not None and self.probe.deadline < NEVER

    def heard(self, source: IPAddress) -> list[Action]:
        """As MASTER: report that the late master is heard again, if that is news."""
        return self.probe.heard(source) if self.probe is not None else []

    def claimed(self, claim: AddressClaimed, now: float) -> None:
        """As MASTER: note that another host claims an address of ours, unless we have asked it."""
        if self.probe is None or not self.probe.is_answer(claim, now):
            self.claims.hear(claim.address, claim.mac, now)

    @property
    def deadline(self) -> float:
        """When `due` has something to do as MASTER."""
        if self.probe is None:
            return self.claims.deadline
        return min(self.claims.deadline, self.probe.deadline)

    def due(
        self,
        now: float,
        here: frozenset[IPAddress],
        sources: Iterable[IPAddress],
        *,
        has_rival: bool,
    ) -> list[Action]:
        """Return the actions of a MASTER whose time has come; see Claims.due and Probe.due."""
        actions = self.claims.due(now, here, has_rival=has_rival)
        return actions + self.probe.due(now, sources) if self.probe is not None else actions
