"""Receiving ARP and neighbour discovery on one interface, for all its virtual hosts.

While a virtual host is MASTER, other hosts that claim its addresses are heard; they are rare, and a
flood of them is read with pauses.  After a question its answers are heard for a moment.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable
from contextlib import suppress

from ucarpd.carp.actions import State
from ucarpd.carp.frame import virtual_mac
from ucarpd.carp.neighbours import Answered, Claim
from ucarpd.carp.params import Family, IPAddress
from ucarpd.carp.probe import ANSWERS_WITHIN
from ucarpd.interface.member import Member
from ucarpd.interface.refused_filter import FILTER_AGAIN_AFTER, write_refused
from ucarpd.linux.alarm import Alarm
from ucarpd.linux.neighbour_socket import NeighbourSocket
from ucarpd.linux.netlink import Lookups

CLAIMS_AT_ONCE = 64
PAUSE = 0.1
"""Packets that are read at once, and the seconds until the next ones are read."""

CHANGES_AFTER = 0.5
"""Seconds after which a change of the guarded addresses takes effect, together with the changes meanwhile.
A new master ignores claims for longer.
"""

MOST_ANSWERS = 8
"""Addresses up to which the kernel passes only answers about these.  A filter for more of them would
be made again for each of many virtual hosts that lose their master together.
"""


class Neighbours:
    """The sockets of one interface.

    `members` returns the virtual hosts of this interface.
    """

    def __init__(
        self, interface: str, links: Lookups, members: Callable[[], Iterable[Member]]
    ) -> None:
        self._interface = interface
        self._links = links
        self._members = members
        self._guarded: dict[IPAddress, Member] = {}
        """The addresses that are served here, and whose they are."""
        self._loop = asyncio.get_running_loop()
        self._guards: dict[Family, NeighbourSocket] = {}
        self._answers: dict[Family, NeighbourSocket] = {}
        self._pauses: defaultdict[Family, Alarm] = defaultdict(Alarm)
        self._change = Alarm()
        self._end = Alarm()
        self._again = Alarm()
        self._is_refused = False
        """Whether the kernel refuses a filter, which is in the log."""
        self._asked: dict[IPAddress, set[Answered]] = {}
        """Who waits for the answer about which address."""
        self._asked_at = 0.0
        """The monotonic second of the latest question."""
        self._heard: set[IPAddress] = set()
        """The addresses whose answers the kernel passes."""

    def open(self, families: Iterable[Family]) -> None:
        """Open the missing sockets."""
        for family in families:
            # If one cannot be opened, the sockets for advertisements report the same fault.
            with suppress(OSError):
                if family not in self._guards:
                    self._guards[family] = NeighbourSocket(self._interface, family)
                    self._loop.add_reader(self._guards[family], self._read_claims, family)
                if family not in self._answers:
                    self._answers[family] = NeighbourSocket(self._interface, family)
                    self._loop.add_reader(self._answers[family], self._read_answers, family)

    def change(self) -> None:
        """Note that a virtual host has another role, or other addresses."""
        if self._change.at is None:
            self._change.set(CHANGES_AFTER, self._set_guards)

    def expect(self, addresses: Collection[IPAddress], answered: Answered) -> None:
        """Pass on the next answer about each of these addresses, which are of one family."""
        for address in addresses:
            self._asked.setdefault(address, set()).add(answered)
        self._asked_at = self._loop.time()
        if self._end.at is None:
            self._end.set(ANSWERS_WITHIN, self._stop_expecting)
        if len(self._heard) <= MOST_ANSWERS and not self._heard.issuperset(addresses):
            self._heard.update(addresses)
            self._hear_answers()

    def close(self) -> None:
        for alarm in (*self._pauses.values(), self._change, self._end, self._again):
            alarm.cancel()
        self._is_refused = False
        for opened in (*self._guards.values(), *self._answers.values()):
            self._loop.remove_reader(opened)
            opened.close()
        for table in (self._guards, self._answers, self._asked, self._heard):
            table.clear()

    def _set_guards(self) -> None:
        self._change.cancel()
        masters = [each for each in self._members() if each.engine.state is State.MASTER]
        self._guarded = {ip: member for member in masters for ip in member.params.addresses}
        for family, guard in self._guards.items():
            self._choose(guard.hear_about, [ip for ip in self._guarded if ip.version == family])

    def _stop_expecting(self) -> None:
        remaining = self._asked_at + ANSWERS_WITHIN - self._loop.time()
        if remaining > 0:
            self._end.set(remaining, self._stop_expecting)
            return
        self._asked.clear()
        self._heard.clear()
        self._hear_answers()

    def _hear_answers(self) -> None:
        for family, each in self._answers.items():
            chosen = [ip for ip in self._heard if ip.version == family]
            self._choose(each.hear_answers, chosen if len(self._heard) <= MOST_ANSWERS else None)

    def _choose(
        self,
        hear: Callable[[Collection[IPAddress] | None], None],
        addresses: Collection[IPAddress] | None,
    ) -> None:
        """Set the filter of a socket; if the kernel refuses it, read all, and try again later."""
        try:
            hear(addresses)
        except OSError as error:
            with suppress(OSError):
                hear(None)
            if not self._is_refused:
                self._is_refused = True
                write_refused(self._interface, "ARP and neighbour advertisements", error)
            if self._again.at is None:
                self._again.set(FILTER_AGAIN_AFTER, self._choose_again)

    def _choose_again(self) -> None:
        self._set_guards()
        self._hear_answers()
        self._is_refused = self._again.at is not None

    def _read_claims(self, family: Family) -> None:
        guard = self._guards[family]
        self._loop.remove_reader(guard)
        self._pauses[family].set(PAUSE, self._resume, family)
        if claims := set(_waiting(guard)):
            own = self._links.macs()
            for claim in claims:
                self._hear(claim, own)

    def _hear(self, claim: Claim, own: Collection[bytes]) -> None:
        """Pass on a claim of another host; `own` are the MAC addresses of this one."""
        member = self._guarded.get(claim.address)
        if member is None or claim.is_echo or claim.mac in own:
            return
        if claim.mac != virtual_mac(member.config.vhid):
            member.engine.address_claimed(claim.address, claim.mac)

    def _resume(self, family: Family) -> None:
        self._loop.add_reader(self._guards[family], self._read_claims, family)

    def _read_answers(self, family: Family) -> None:
        for address, mac, _ in _waiting(self._answers[family]):
            for answered in self._asked.pop(address, ()):
                answered(address, mac)


def _waiting(opened: NeighbourSocket) -> list[Claim]:
    try:
        return opened.receive(CLAIMS_AT_ONCE)
    except OSError:
        # The interface is down or gone.  ucarpd reacts to the netlink event about that.
        return []
