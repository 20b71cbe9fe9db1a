"""When to tell the neighbours where the virtual addresses are.

A single gratuitous ARP can be lost, or reach a switch port that does not forward yet.  So it is
repeated in a short burst.  A switch can also forget, a virtual machine can move, and a port that runs
spanning tree stays closed for longer than any burst; a router keeps a wrong ARP entry for hours.  So
a master repeats it for as long as it is master.
"""

from collections import deque

BURST = (0.1, 0.3, 1.0, 3.0)
"""Seconds after the first announcement at which it is repeated."""

AFTERWARDS = (10.0, 30.0)
"""Seconds at which it is repeated before the regular repetitions begin."""

JITTER = 0.2
"""The part of an interval over which the virtual hosts of a process are spread."""

GOLDEN_RATIO = (5**0.5 - 1) / 2


class AnnouncementSchedule:
    """The repetitions still to come.

    `interval` is in seconds: 0 ends them with the burst.  `phase`, above 0 and up to 1, spreads the
    virtual hosts that were promoted together.
    """

    def __init__(self, interval: float = 0.0, phase: float = 1.0) -> None:
        self.interval = interval
        self.last_at = float("-inf")
        self._phase = phase
        self._started_at = 0.0
        self._burst: deque[float] = deque()
        self._repetitions = 0

    @property
    def deadline(self) -> float | None:
        if self._burst:
            return self._burst[0]
        if not self.interval or self.last_at < self._started_at:
            return None
        return self._repetition_at(self._repetitions)

    def start(self, now: float) -> None:
        """The first announcement goes out at `now`; plan the others."""
        self.last_at = self._started_at = now
        self._burst = deque(now + after for after in BURST)
        self._repetitions = 0

    def take(self, now: float) -> bool:
        """Whether an announcement is due; several that were slept through count as one."""
        deadline = self.deadline
        if deadline is None or now < deadline:
            return False
        while self._burst and now >= self._burst[0]:
            self._burst.popleft()
        while self.interval and now >= self._repetition_at(self._repetitions):
            self._repetitions += 1
        self.last_at = now
        return True

    def _repetition_at(self, number: int) -> float:
        beyond = number - len(AFTERWARDS) + 1
        after = AFTERWARDS[min(number, len(AFTERWARDS) - 1)] + max(0, beyond) * self.interval
        turn = (self._phase + number * GOLDEN_RATIO) % 1
        return self._started_at + after + JITTER * min(after, self.interval) * (turn - 0.5)
