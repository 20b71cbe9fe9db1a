"""How late the timers of this process come, because the machine or a neighbour on it is busy."""

from bisect import bisect_right

from ucarpd.carp.peak import Peak

BOUNDS = (0.001, 0.01, 0.1)
"""Seconds after which a wake-up counts as late, as quite late, and as too late to rely on."""


class Lateness:
    """Counts all wake-ups of a process; its memory does not grow."""

    def __init__(self) -> None:
        self._peak = Peak()
        self._counts = [0] * (len(BOUNDS) + 1)
        """By the number of bounds that they reached."""

    def note(self, seconds: float, now: float) -> None:
        """A timer came at `now`, `seconds` after it was due."""
        self._counts[bisect_right(BOUNDS, seconds)] += 1
        if seconds > self._peak.current or now >= self._peak.ends:
            self._peak.note(seconds, now)

    @property
    def latest(self) -> float:
        """The delay of the latest timer of all, in seconds."""
        return self._peak.worst or 0.0

    def recent(self, now: float) -> float:
        """Return the delay of the latest timer of the last minute, in seconds."""
        return self._peak.recent(now) or 0.0

    def __str__(self) -> str:
        late = ", ".join(
            f"{sum(self._counts[reached:])} late by {1000 * bound:g} ms or more"
            for reached, bound in enumerate(BOUNDS, start=1)
        )
        return f"{sum(self._counts)} timers: {late}; the latest by {1000 * self.latest:.1f} ms"
