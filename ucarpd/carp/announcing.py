"""When to tell the neighbours where the virtual addresses are.

A single gratuitous ARP can be lost, or come before a switch port forwards; so it is repeated in a
short burst and again later.  ucarp and OpenBSD repeat it once, with the third advertisement.
"""

from collections import deque

ANNOUNCE_AFTER = (0.1, 0.3, 1.0, 3.0)
"""Seconds after the first announcement at which it is repeated."""


class AnnouncementSchedule:
    """The repetitions still to come."""

    def __init__(self) -> None:
        self._due: deque[float] = deque()
        self.last_at = float("-inf")

    @property
    def deadline(self) -> float | None:
        return self._due[0] if self._due else None

    def start(self, now: float) -> None:
        """The first announcement goes out at `now`; plan the others."""
        self.last_at = now
        self._due = deque(now + after for after in ANNOUNCE_AFTER)

    def take(self, now: float) -> bool:
        """Whether an announcement is due; several that were slept through count as one."""
        if not self._due or now < self._due[0]:
            return False
        while self._due and now >= self._due[0]:
            self._due.popleft()
        self.last_at = now
        return True
