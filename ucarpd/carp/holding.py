"""The virtual addresses of a master: wanted, here, announced, and put back when somebody takes them.

It lives as long as its host is MASTER; a new one is made each time that the role is taken.

Each address counts for itself.  One that is here is announced.  One that is refused is tried again,
once quickly and then after pauses that grow; when the quick attempt has failed too, the owner is told,
so that a host that can serve may take the role.  One that somebody removes is put back at most once a
second.  A completed job never cancels what a later removal has planned: the job says which addresses
are here and which were refused, and whatever is in neither list counts as removed.
"""

from ucarpd.carp.actions import (
    AcquireAddresses,
    Action,
    AnnounceAddresses,
    ReassertAddresses,
    ReportUnserved,
)
from ucarpd.carp.announcing import AnnouncementSchedule
from ucarpd.carp.params import IPAddress, Params
from ucarpd.carp.timing import UNITS_PER_SECOND, master_down_units

REACQUIRE_INTERVAL = 1.0
"""Seconds at least between two attempts to put back what somebody removes."""

QUICK_RETRY = 0.2
"""Seconds before the second attempt to put an address that was refused."""

LONGEST_RETRY = 60.0
"""Seconds between the later attempts at most; they begin with one second and double."""


class Holding:
    """What a master does about the addresses of `params`; each method answers with what to do.

    `phase` is that of VirtualHost.
    """

    def __init__(self, params: Params, phase: float = 1.0) -> None:
        self._announcements = AnnouncementSchedule(phase=phase)
        self._here: set[IPAddress] = set()
        self._refused: set[IPAddress] = set()
        self._reported: tuple[IPAddress, ...] = ()
        self._failures = 0
        self._acquired_at = 0.0
        self._taken_at = float("inf")
        self._reacquire_at: float | None = None
        self._rival_gone_at: float | None = None
        self._outdo_at: float | None = None
        self.configure(params)

    def configure(self, params: Params) -> None:
        """Take over what a reload may change without a new start."""
        self._addresses = params.addresses
        self._patience = (
            master_down_units(params.advbase, params.advskew, params.deadratio) / UNITS_PER_SECOND
        )
        self._announcements.interval = params.announce_interval
        self._reasserts = params.reassert

    @property
    def deadline(self) -> float | None:
        """When `due` has something to do; None for never."""
        candidates = (
            self._reacquire_at,
            self._announcements.deadline,
            self._rival_gone_at,
            self._outdo_at,
        )
        return min((at for at in candidates if at is not None), default=None)

    def acquire(self, now: float) -> list[Action]:
        self._acquired_at = now
        self._taken_at = min(self._taken_at, now)
        self._reacquire_at = None
        return [AcquireAddresses()]

    def acquired(self, addresses: tuple[IPAddress, ...], now: float) -> list[Action]:
        """They are here; `addresses` are those that came, empty means all."""
        came = addresses or self._addresses
        self._here.update(came)
        self._refused.difference_update(came)
        if self._here.issuperset(self._addresses):
            self._failures = 0
            self._reacquire_at = None
        better = self._report() if self._reported else []
        return [*better, *self.announce(now, came)]

    def refused(
        self, addresses: tuple[IPAddress, ...], now: float, *, has_hung: bool = False
    ) -> list[Action]:
        """They cannot be put here now; empty means all.  An attempt that hung is not repeated first."""
        self._refused = set(addresses or self._addresses)
        self._here -= self._refused
        self._failures = max(self._failures + 1, 2 if has_hung else 1)
        is_first = self._failures == 1
        pause = QUICK_RETRY if is_first else min(2.0 ** (self._failures - 2), LONGEST_RETRY)
        self._reacquire_at = now + pause
        return [] if is_first else self._report()

    def removed(self, address: IPAddress, now: float) -> list[Action]:
        """Somebody took it away: back at once, but do not fight more than once a second."""
        if address not in self._addresses or address in self._refused:
            return []
        self._here.discard(address)
        self._reacquire_at = max(now, self._acquired_at + REACQUIRE_INTERVAL)
        return self.due(now)

    def announce(self, now: float, addresses: tuple[IPAddress, ...] = ()) -> list[Action]:
        """Announce `addresses` (empty: all that are here) now, and all of them again later."""
        addresses = addresses or self._all_here()
        if not addresses:
            return []
        self._outdo_at = None
        self._announcements.start(now)
        return [AnnounceAddresses(addresses)]

    def outdo_rival(self, now: float, interval: float) -> list[Action]:
        """Announce again, as its gratuitous ARP may have misled the neighbours; once an interval.
        A rival that comes sooner after an announcement is outdone when the interval is over.

        When it has been silent for a dead interval, what its up-script has done outside the segment
        is to be undone as well.  What the host says from which we have just taken the role, up to its
        parting advertisement, makes it no rival.
        """
        if self._here and self._reasserts and now - self._taken_at > interval:
            self._rival_gone_at = now + self._patience
        next_at = self._announcements.last_at + interval
        if now >= next_at:
            return self.announce(now)
        self._outdo_at = next_at
        return []

    def due(self, now: float) -> list[Action]:
        """What the time has come for."""
        actions: list[Action] = []
        if self._reacquire_at is not None and now >= self._reacquire_at:
            actions += self.acquire(now)
        if self._rival_gone_at is not None and now >= self._rival_gone_at:
            self._rival_gone_at = None
            actions.append(ReassertAddresses())
        if self._announcements.take(now) and (here := self._all_here()):
            self._outdo_at = None
            actions.append(AnnounceAddresses(here))
        if self._outdo_at is not None and now >= self._outdo_at:
            actions += self.announce(now)
        return actions

    def _report(self) -> list[Action]:
        """Tell which addresses are refused, if that is news."""
        refused = tuple(ip for ip in self._addresses if ip in self._refused)
        if refused == self._reported:
            return []
        self._reported = refused
        return [ReportUnserved(refused)]

    def _all_here(self) -> tuple[IPAddress, ...]:
        return tuple(ip for ip in self._addresses if ip in self._here)
