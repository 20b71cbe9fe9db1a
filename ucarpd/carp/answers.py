"""What other hosts say about addresses, by ARP or neighbour discovery: unasked, or when probed."""

from collections.abc import Iterable

from ucarpd.carp.actions import Action
from ucarpd.carp.claims import Claims
from ucarpd.carp.events import AddressClaimed
from ucarpd.carp.params import IPAddress, Params
from ucarpd.carp.probe import Probe


class Answers:
    """The answers that come while a host stays in one state.

    A MASTER ignores claims until `settled_at`.  `probe` is the question that a BACKUP has asked its
    silent master; the MASTER that it becomes keeps it.
    """

    def __init__(self, settled_at: float = float("inf"), probe: Probe | None = None) -> None:
        self.claims = Claims(settled_at)
        self.probe = probe

    def ask(self, late: IPAddress, params: Params, sources: Iterable[IPAddress]) -> list[Action]:
        """As BACKUP: probe the late master."""
        self.probe = Probe(late, params, sources)
        return self.probe.ask()

    def note(self, claim: AddressClaimed) -> None:
        """Note the answer to a probe."""
        if self.probe is not None:
            self.probe.answer(claim)

    def found(self) -> list[Action]:
        """As MASTER: report that the late master still serves, if that is news."""
        return self.probe.found() if self.probe is not None else []

    def heard(self, source: IPAddress) -> list[Action]:
        """As MASTER: report that the late master is heard again, if that is news."""
        return self.probe.heard(source) if self.probe is not None else []
