"""How late the timers of this process come, because the machine or a neighbour on it is busy."""

BOUNDS = (0.001, 0.01, 0.1)
"""Seconds after which a wake-up counts as late, as quite late, and as too late to rely on."""


class Lateness:
    """Counts all wake-ups of a process; its memory does not grow."""

    def __init__(self) -> None:
        self.count = 0
        self.latest = 0.0
        self._beyond = [0] * len(BOUNDS)

    def note(self, seconds: float) -> None:
        """A timer came `seconds` after it was due."""
        self.count += 1
        self.latest = max(self.latest, seconds)
        for place, bound in enumerate(BOUNDS):
            if seconds < bound:
                break
            self._beyond[place] += 1

    def __str__(self) -> str:
        late = ", ".join(
            f"{count} late by {1000 * bound:g} ms or more"
            for bound, count in zip(BOUNDS, self._beyond, strict=True)
        )
        return f"{self.count} timers: {late}; the latest by {1000 * self.latest:.1f} ms"
