"""The guard of a master's addresses against other hosts that claim them.

A gratuitous ARP packet of another host misleads every client that hears it, until this master
announces the address again.  The master does so at once, but with growing pauses while the claims
continue, because the other host may do the same.

A claim says nothing while the role moves: the old or the new master also announces.  An
advertisement of a host that takes over is on the wire before its announcement, but may be read
later, so even the quick answer waits for a moment.  If another master is heard, `rivals` reports
it, and the advertisements settle the matter, unless it is apart: in a family where this host has
no source address.  The answer of a late master to our question (`probe`) is no claim.
"""

from ucarpd.carp.actions import Action, AnnounceAddresses, Finding, Report
from ucarpd.carp.params import IPAddress
from ucarpd.carp.probe import ANSWERS_WITHIN
from ucarpd.carp.timing import NEVER

ANSWER_AFTER = 0.02
"""Seconds between a first claim and the announcement that corrects it."""

FIRST_PAUSE = 1.0
LONGEST_PAUSE = 8.0
"""Seconds between two such announcements; the pause doubles while the claims continue."""

TELL_AFTER = 1.0
"""Seconds after which a claim is reported, if the role has not moved."""

LEAST_WAIT = 1.0
"""The least number of seconds in which a new master ignores claims: hosts with short intervals also
have slow programs.
"""

QUIET = 60.0
"""Seconds without a claim after which this host asks for the address; if no host answers, the matter
is over.
"""


class _Claim:
    def __init__(self, mac: bytes, heard_at: float, tell_at: float) -> None:
        self.mac = mac
        self.heard_at = heard_at
        self.tell_at = tell_at
        self.is_told = False
        self.asked_at: float | None = None
        """When this host has asked for the address, since the last claim."""

    @property
    def deadline(self) -> float:
        if not self.is_told:
            return self.tell_at
        return self.heard_at + QUIET if self.asked_at is None else self.asked_at + ANSWERS_WITHIN


class Claims:
    """The claims of one term as MASTER, which ignores them before `begins_at`.

    Times are monotonic seconds.
    """

    def __init__(self, begins_at: float = NEVER) -> None:
        self.deadline = NEVER
        """When `due` has something to do."""
        self._begins_at = begins_at
        self._claims: dict[IPAddress, _Claim] = {}
        self._wrong: set[IPAddress] = set()
        """Addresses to announce at `_answer_at`."""
        self._answer_at = NEVER
        self._answered_at = float("-inf")
        self._pause = FIRST_PAUSE

    def hear(self, address: IPAddress, mac: bytes, now: float) -> None:
        """Note that another host claims `address`."""
        if now < self._begins_at:
            return
        claim = self._claims.get(address)
        if claim is None:
            claim = self._claims[address] = _Claim(mac, now, now + TELL_AFTER)
        claim.heard_at, claim.asked_at = now, None
        self._wrong.add(address)
        if self._answer_at == NEVER:
            self._answer_at = max(now + ANSWER_AFTER, self._answered_at + self._pause)
        self._plan()

    def due(self, now: float, here: frozenset[IPAddress], *, has_rival: bool) -> list[Action]:
        """Return the actions whose time has come.

        `here` are the addresses that this host serves.  `has_rival`: another master is heard.
        """
        actions: list[Action] = []
        if now >= self._answer_at:
            self._answer_at = NEVER
            wrong = tuple(ip for ip in self._claims if ip in self._wrong & here)
            self._wrong.clear()
            if wrong and not has_rival:
                is_fight = now - self._answered_at < 2 * self._pause
                self._pause = min(2 * self._pause, LONGEST_PAUSE) if is_fight else FIRST_PAUSE
                self._answered_at = now
                actions.append(AnnounceAddresses(wrong))
        for address, claim in list(self._claims.items()):
            if now < claim.deadline:
                continue
            if claim.is_told and claim.asked_at is None and not has_rival and address in here:
                claim.asked_at = now
                actions.append(AnnounceAddresses((address,), asks=True))
                continue
            if claim.is_told or has_rival:
                del self._claims[address]
            if claim.is_told:
                actions.append(Report(Finding.CLAIM_OVER, address=address, mac=claim.mac))
            elif not has_rival:
                claim.is_told = True
                found = Report(Finding.ADDRESS_CLAIMED, address=address, mac=claim.mac)
                actions.append(found)
        self._plan()
        return actions

    def _plan(self) -> None:
        self.deadline = min([self._answer_at, *(each.deadline for each in self._claims.values())])
