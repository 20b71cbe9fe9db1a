"""The virtual addresses of a master: wanted, here, announced, and put back when somebody takes them.

It lives as long as its host is MASTER; a new one is made each time that the role is taken.
"""

from ucarpd.carp.actions import AcquireAddresses, Action, AnnounceAddresses
from ucarpd.carp.announcing import AnnouncementSchedule
from ucarpd.carp.params import IPAddress

REACQUIRE_INTERVAL = 1.0
"""Seconds at least between two attempts to put the addresses in place."""


class Holding:
    """What a master does about its `addresses`; each method answers with what is to be done."""

    def __init__(self, addresses: tuple[IPAddress, ...]) -> None:
        self._addresses = addresses
        self._are_here = False
        self._acquired_at = 0.0
        self._reacquire_at: float | None = None
        self._announcements = AnnouncementSchedule()

    @property
    def deadline(self) -> float | None:
        """When `due` has something to do; None for never."""
        candidates = (self._reacquire_at, self._announcements.deadline)
        return min((at for at in candidates if at is not None), default=None)

    def acquire(self, now: float) -> list[Action]:
        self._acquired_at = now
        self._reacquire_at = None
        return [AcquireAddresses()]

    def acquired(self, addresses: tuple[IPAddress, ...], now: float) -> list[Action]:
        """They are here; `addresses` are those that came, empty means all."""
        self._reacquire_at = None
        self._are_here = True
        return self.announce(now, addresses)

    def refused(self, now: float) -> list[Action]:
        self._reacquire_at = now + REACQUIRE_INTERVAL
        return []

    def removed(self, address: IPAddress, now: float) -> list[Action]:
        """Somebody took it away: back at once, but do not fight more than once a second."""
        if not self._are_here or address not in self._addresses:
            return []
        self._reacquire_at = max(now, self._acquired_at + REACQUIRE_INTERVAL)
        return self.due(now)

    def announce(self, now: float, addresses: tuple[IPAddress, ...] = ()) -> list[Action]:
        """Announce `addresses` (empty: all of them) now, and all of them again later."""
        if not self._are_here:
            return []
        self._announcements.start(now)
        return [AnnounceAddresses(addresses or self._addresses)]

    def outdo_rival(self, now: float, interval: float) -> list[Action]:
        """Announce again, as its gratuitous ARP may have misled the neighbours; once an interval."""
        return self.announce(now) if now - self._announcements.last_at >= interval else []

    def due(self, now: float) -> list[Action]:
        """What the time has come for."""
        actions: list[Action] = []
        if self._reacquire_at is not None and now >= self._reacquire_at:
            actions += self.acquire(now)
        if self._announcements.take(now):
            actions.append(AnnounceAddresses(self._addresses))
        return actions
