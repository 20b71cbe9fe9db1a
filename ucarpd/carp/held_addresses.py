"""The virtual addresses of a master: wanted, here, announced, and put back if they are removed.

It lives as long as its host is MASTER; a new one is made each time that the role is taken.

Each address is handled by itself.  An address that is here is announced.  A refused address is
tried again, once quickly and then after growing pauses.  When the quick attempt has also failed,
the machine reports it, so that a host that can serve may take the role.  A removed address is put
back at once, a second time quickly, because a program that sets up the interface often removes it
twice, and then at most once a second.  A completed job never cancels the retry that a later removal
has planned: the job says which addresses are here and which were refused, and every other address
counts as removed.

A single gratuitous ARP can be lost, or reach a switch port that does not forward yet.  So it is
repeated in a short burst.  A switch can also forget, a virtual machine can move, and a port that
runs spanning tree stays closed for longer than any burst; a router keeps a wrong ARP entry for
hours.  So a master repeats it for as long as it is master.

Soon after the burst it also asks twice who has the addresses.  A host that has one by mistake may
never announce it, but it answers.  By then the scripts of the former master have ended.
"""

from ucarpd.carp.actions import (
    AcquireAddresses,
    Action,
    AnnounceAddresses,
    Finding,
    ReassertAddresses,
    Report,
    ReportUnserved,
)
from ucarpd.carp.params import IPAddress, Params
from ucarpd.carp.timing import NEVER, UNITS_PER_SECOND, earlier, master_down_units

REACQUIRE_INTERVAL = 1.0
"""The least number of seconds between attempts to put back a removed address, from the third on."""

QUICK_RETRY = 0.2
"""Seconds before the second attempt to put an address that was refused or removed."""

LONGEST_RETRY = 60.0
"""Seconds between the later attempts at most; they begin with one second and double."""

SHORT_RETRY = 10.0
"""Seconds after the last attempt, at most, if the interface has changed meanwhile; not fewer, since a
script that fails may itself be what changes it.
"""

BURST = (0.1, 0.3, 1.0, 3.0)
"""Seconds after the first announcement at which it is repeated."""

AFTERWARDS = (10.0, 30.0)
"""Seconds at which it is repeated before the regular repetitions begin."""

JITTER = 0.2
"""The part of an interval over which the virtual hosts of a process are spread."""

MOST_EARLY = 1.0
"""Seconds by which a regular repetition comes early at most, to share the wake-up of an
advertisement, which costs more than the announcement.
"""

GOLDEN_RATIO = (5**0.5 - 1) / 2


class HeldAddresses:
    """The addresses of `params`, as far as a master has them; each method returns actions.

    `phase` is the share of its Phase.
    """

    def __init__(self, params: Params, phase: float = 1.0) -> None:
        self._announcements = AnnouncementSchedule(phase=phase)
        self._here: set[IPAddress] = set()
        self._refused: set[IPAddress] = set()
        self._reported: tuple[IPAddress, ...] = ()
        self._failures = 0
        self._acquired_at = 0.0
        self._pause = QUICK_RETRY
        """The least number of seconds between the last attempt and one to put back an address."""
        self._taken_at = NEVER
        self._reacquire_at = self._rival_gone_at = self._outdo_at = NEVER
        self.cut_offs = 0
        """How often a script has cut this host off for so long that another one may have taken over."""
        self.configure(params)

    def configure(self, params: Params) -> None:
        """Take over the values that a reload may change without a restart."""
        self._addresses = params.addresses
        self._patience = (
            master_down_units(params.advbase, params.advskew, params.deadratio) / UNITS_PER_SECOND
        )
        self._announcements.set_interval(params.announce_interval)
        self._reasserts = params.reassert

    @property
    def here(self) -> frozenset[IPAddress]:
        """The addresses that are served now."""
        return frozenset(self._here)

    @property
    def deadline(self) -> float:
        """When `due` has something to do."""
        at = earlier(self._reacquire_at, self._announcements.deadline)
        return earlier(at, earlier(self._rival_gone_at, self._outdo_at))

    def acquire(self, now: float) -> list[Action]:
        # Later attempts in a row are one interval apart.
        is_first = now - self._acquired_at > 2 * REACQUIRE_INTERVAL
        self._pause = QUICK_RETRY if is_first else REACQUIRE_INTERVAL
        self._acquired_at = now
        self._taken_at = min(self._taken_at, now)
        self._reacquire_at = NEVER
        return [AcquireAddresses()]

    def acquired(
        self, addresses: tuple[IPAddress, ...], now: float, *, is_early: bool = False
    ) -> list[Action]:
        """Note that `addresses` are here now; empty means all.  Early ones are no success yet: a
        script may find that its service does not start, and take them away again.
        """
        came = addresses or self._addresses
        self._here.update(came)
        if is_early:
            return self.announce(now, came)
        self._refused.difference_update(came)
        if self._here.issuperset(self._addresses):
            self._failures = 0
            self._reacquire_at = NEVER
        better = self._report() if self._reported else []
        return [*self.announce(now, came), *better]

    def refused(
        self, addresses: tuple[IPAddress, ...], now: float, *, has_hung: bool = False
    ) -> list[Action]:
        """Note that `addresses` cannot be put here now; empty means all.  An attempt that hung is
        not repeated at once.
        """
        self._refused = set(addresses or self._addresses)
        self._here -= self._refused
        self._failures = max(self._failures + 1, 2 if has_hung else 1)
        is_first = self._failures == 1
        pause = QUICK_RETRY if is_first else min(2.0 ** (self._failures - 2), LONGEST_RETRY)
        self._reacquire_at = now + pause
        return [] if is_first else self._report()

    def try_again(self, now: float) -> None:
        """Cut a long pause short, because the interface has changed: the cause may be gone."""
        if self._reacquire_at < NEVER:
            self._reacquire_at = min(self._reacquire_at, max(now, self._acquired_at + SHORT_RETRY))

    def removed(self, address: IPAddress, now: float) -> list[Action]:
        """Put it back at once, a second time quickly, and then at most once a second.

        After a refusal the next attempt is planned anyway, unless it is over: the address was removed
        before the attempt was reported.
        """
        is_planned = address in self._refused and self._reacquire_at < NEVER
        if address not in self._addresses or is_planned:
            return []
        self._here.discard(address)
        self._reacquire_at = max(now, self._acquired_at + self._pause)
        return self.due(now)

    def announce(self, now: float, addresses: tuple[IPAddress, ...] = ()) -> list[Action]:
        """Announce `addresses` (empty: all that are here) now, and all of them again later."""
        self._outdo_at = NEVER
        addresses = addresses or self._all_here()
        if not addresses:
            return []
        self._announcements.start(now)
        return [AnnounceAddresses(addresses)]

    def outdo_rival(self, now: float, interval: float) -> list[Action]:
        """Announce again, as its gratuitous ARP may have misled the neighbours; once an interval.
        A rival that comes sooner after an announcement is outdone when the interval is over.

        When it has been silent for a master-down interval, the work of its up-script outside the
        segment must also be undone, unless that would cut us off, and bring the rival back.  A host
        from which we have just taken the role is no rival until after its parting advertisement.
        """
        if self._here and self._reasserts and now - self._taken_at > interval:
            self._rival_gone_at = now + self._patience
        next_at = self._announcements.last_at + interval
        if now >= next_at:
            return self.announce(now)
        self._outdo_at = next_at
        return []

    def due(self, now: float, early: float = 0.0, *, may_ask: bool = True) -> list[Action]:
        """Return the actions whose time has come; a regular repetition may come `early` seconds
        before its time.  `may_ask`: no other host is known to answer for the addresses.
        """
        actions: list[Action] = []
        if now >= self._reacquire_at:
            actions += self.acquire(now)
        if now >= self._rival_gone_at:
            self._rival_gone_at = NEVER
            actions.append(
                Report(Finding.NOT_REASSERTED) if self.cut_offs > 1 else ReassertAddresses()
            )
        asks = may_ask and self._announcements.is_soon_after_burst
        if self._announcements.take(now, early) and (here := self._all_here()):
            self._outdo_at = NEVER
            actions.append(AnnounceAddresses(here, asks=asks))
        if now >= self._outdo_at:
            actions += self.announce(now)
        return actions

    def _report(self) -> list[Action]:
        """Report the addresses that are refused, if that is news."""
        refused = tuple(ip for ip in self._addresses if ip in self._refused)
        if refused == self._reported:
            return []
        self._reported = refused
        return [ReportUnserved(refused)]

    def _all_here(self) -> tuple[IPAddress, ...]:
        return tuple(ip for ip in self._addresses if ip in self._here)


class AnnouncementSchedule:
    """The repetitions still to come.

    `interval` is in seconds: 0 ends them with the burst.  `phase`, above 0 and up to 1, spreads the
    virtual hosts that were promoted together.
    """

    def __init__(self, interval: float = 0.0, phase: float = 1.0) -> None:
        self.last_at = float("-inf")
        self.deadline = NEVER
        """When the next announcement is due."""
        self._interval = interval
        self._phase = phase
        self._started_at = 0.0
        self._burst: tuple[float, ...] = ()
        self._repetitions = 0

    @property
    def is_soon_after_burst(self) -> bool:
        """Whether the next announcement is the first or second one after the burst."""
        return not self._burst and self._repetitions < len(AFTERWARDS)

    def set_interval(self, interval: float) -> None:
        """Change the interval of the repetitions that are still to come."""
        if interval != self._interval:
            self._interval = interval
            self._repetitions = self._number_after(self.last_at)
            self._plan()

    def start(self, now: float) -> None:
        """Note that the first announcement goes out at `now`; plan the others."""
        self.last_at = self._started_at = now
        # Virtual hosts that took over together share a wake-up, though their addresses came one by one.
        self._burst = tuple(round(now + after, 2) for after in BURST)
        self._repetitions = 0
        self._plan()

    def take(self, now: float, early: float = 0.0) -> bool:
        """Return whether an announcement is due; several that were slept through count as one.

        After the burst one is also due that would be due `early` seconds from now.
        """
        until = now if self._burst else now + min(early, self._interval / 2)
        if until < self.deadline:
            return False
        self._burst = tuple(at for at in self._burst if at > until)
        if self._interval and until >= self._repetition_at(self._repetitions):
            self._repetitions = self._number_after(until)
        self.last_at = now
        self._plan()
        return True

    def _plan(self) -> None:
        if self._burst:
            self.deadline = self._burst[0]
        elif self._interval and self.last_at >= self._started_at:
            self.deadline = self._repetition_at(self._repetitions)
        else:
            self.deadline = NEVER

    def _number_after(self, time: float) -> int:
        """Return the number of the first repetition after this time, as far as it is known yet."""
        if not self._interval:
            return 0
        beyond = (time - self._started_at - AFTERWARDS[-1]) / self._interval
        # The jitter moves each by less than an interval.
        number = max(0, int(beyond) + len(AFTERWARDS) - 2) if beyond > 0 else 0
        while self._repetition_at(number) <= time:
            number += 1
        return number

    def _repetition_at(self, number: int) -> float:
        beyond = number - len(AFTERWARDS) + 1
        after = AFTERWARDS[min(number, len(AFTERWARDS) - 1)] + max(0, beyond) * self._interval
        turn = (self._phase + number * GOLDEN_RATIO) % 1
        return self._started_at + after + JITTER * min(after, self._interval) * (turn - 0.5)
