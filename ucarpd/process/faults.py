"""The present faults: in words that follow the state of a master, and as a list."""

from collections.abc import Callable, Collection, Iterator
from ipaddress import IPv4Address, IPv6Address
from typing import NamedTuple

from ucarpd.carp.actions import Finding, Report
from ucarpd.carp.params import Family, IPAddress
from ucarpd.log.instance_lines import followed, listed


class Lasting(NamedTuple):
    """Something that is wrong and has not ended: a fixed word, and words for the operator.

    `since` is in monotonic seconds.
    """

    finding: str
    since: float
    text: str


OWN_OUTAGES = {
    Finding.LOST_EACH_TIME: (
        "interface_lost",
        "the interface is lost each time that this host becomes MASTER, by a script, the card, or its cable",
    ),
    Finding.NOT_REASSERTED: (
        "cut_off",
        "another host took over while a script of this host kept the interface down",
    ),
}
"""Each finding about a script of ours that takes the interface down, with word and text."""


class Faults:
    """The engine's reports for as long as they hold; `clock` returns monotonic seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._unserved: tuple[IPAddress, ...] = ()
        self._unserved_since = 0.0
        self._refusal = ""
        """Why they cannot be added."""
        self._rivals: dict[IPAddress, float] = {}
        self._silent: dict[Family, float] = {}
        self._sending_since: float | None = None
        self._claims: dict[IPAddress, tuple[float, bytes]] = {}
        self._answering: dict[IPAddress, float] = {}
        self._others: dict[str, Lasting] = {}

    def set(self, finding: str, text: str) -> None:
        """Note something that lasts, in a fixed word and for the operator; an empty text ends it."""
        before = self._others.pop(finding, None)
        if text:
            since = before.since if before else self._clock()
            self._others[finding] = Lasting(finding, since, text)

    def unserved(self, addresses: tuple[IPAddress, ...], why: str = "") -> None:
        """Note the virtual addresses that cannot be put in place, and why; none: all can."""
        if not self._unserved:
            self._unserved_since = self._clock()
        self._unserved, self._refusal = addresses, why

    def sending(self, is_failing: bool) -> None:
        """Note that advertisements do not get out, or do again."""
        if not is_failing:
            self._sending_since = None
        elif self._sending_since is None:
            self._sending_since = self._clock()

    def found(self, report: Report) -> None:
        """Note a finding that lasts, or its end."""
        match report:
            case Report(
                Finding.RIVAL_STAYS | Finding.RIVAL_STAYS_TIED | Finding.RIVAL_APART, peer
            ) if peer is not None:
                self._rivals.setdefault(peer, self._clock())
            case Report(Finding.RIVAL_GONE, peer) if peer is not None:
                self._rivals.pop(peer, None)
            case Report(Finding.ADDRESS_CLAIMED, address=IPv4Address() | IPv6Address() as ip):
                self._claims[ip] = self._clock(), report.mac
            case Report(Finding.CLAIM_OVER, address=IPv4Address() | IPv6Address() as ip):
                self._claims.pop(ip, None)
            case Report(Finding.MASTER_ANSWERS, peer) if peer is not None:
                self._answering[peer] = self._clock()
            case Report(Finding.MASTER_HEARD | Finding.MASTER_QUIET, peer) if peer is not None:
                self._answering.pop(peer, None)
            case Report(Finding.FAMILY_SILENT, family=family) if family is not None:
                self._silent.setdefault(family, self._clock())
            case Report(Finding.FAMILY_HEARD, family=family) if family is not None:
                self._silent.pop(family, None)
            case Report(Finding.LOST_EACH_TIME | Finding.NOT_REASSERTED as finding):
                self.set(*OWN_OUTAGES[finding])

    def state_changed(self) -> None:
        """Forget what belongs to the term that has ended: what other hosts do, and our scripts."""
        self._rivals.clear()
        self._claims.clear()
        self._answering.clear()
        self._silent.clear()
        for finding, _ in OWN_OUTAGES.values():
            self.set(finding, "")

    def of_master(self, is_scripted: bool, wrong_digest_from: IPAddress | None) -> str:
        """Return the note of a master; empty if all is well."""
        if self._unserved:
            return f", but {self._why_unserved(is_scripted)}, and no other host takes over"
        if self._rivals:
            return f"; {followed(tuple(self._rivals), 'is')} master too"
        if wrong_digest_from is not None:
            return f"; {wrong_digest_from} is also master, and its digest is wrong"
        if self._answering:
            return f"; {listed(tuple(self._answering))} still answers, its advertisements are lost"
        if self._claims:
            return f"; another host answers for {listed(tuple(self._claims))}"
        return ""

    def lasting(
        self, *, is_master: bool, is_scripted: bool, is_mute: bool, families: Collection[Family]
    ) -> Iterator[Lasting]:
        """Yield the present faults.

        `is_mute`: this host is less fit because advertisements did not get out.  `families` are the
        ones that it has a source address in.
        """
        if self._unserved and is_master:
            yield Lasting("unserved", self._unserved_since, self._why_unserved(is_scripted))
        if self._sending_since is not None and (is_master or is_mute):
            yield Lasting("sending_fails", self._sending_since, "advertisements do not get out")
        yield from self._others.values()
        for peer, since in self._rivals.items():
            yield Lasting("another_master", since, f"{peer} is MASTER too")
        for peer, since in self._answering.items():
            text = f"{peer} still answers, also for a virtual address: its advertisements are lost"
            yield Lasting("advertisements_lost", since, text)
        for address, (since, mac) in self._claims.items():
            text = f"another host answers for {address}: {mac.hex(':')}"
            yield Lasting("address_claimed", since, text)
        for family, since in self._silent.items():
            if family in families:
                text = f"IPv{family} advertisements of the master are lost, others arrive"
                yield Lasting("family_silent", since, text)

    def _why_unserved(self, is_scripted: bool) -> str:
        if is_scripted:
            return "its up-script has not succeeded"
        why = f": {self._refusal}" if self._refusal else ""
        return f"cannot add {listed(self._unserved)}{why}"
