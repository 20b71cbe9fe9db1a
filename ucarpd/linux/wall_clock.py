"""Monotonic times of the kernel's time stamps, which are times of the wall clock."""

import time

_STEP = 0.1
"""Seconds by which the wall clock leaves the monotonic clock only if it is set: both are slewed alike."""


class WallClock:
    """The wall clock, compared with the monotonic clock at each `look`."""

    def __init__(self) -> None:
        self._lead, self._looked_at = _compare()
        """Seconds by which the wall clock is ahead, and the monotonic second of the last look."""
        self._set_at = self._looked_at
        """The monotonic second at which the clock was last found to have been set."""

    def look(self) -> float:
        """Compare the clocks, and return the monotonic second."""
        lead, now = _compare()
        if abs(lead - self._lead) > _STEP:
            self._set_at = now
        self._lead, self._looked_at = lead, now
        return now

    def monotonic(self, stamp: float) -> float:
        """Return the monotonic second of a stamp that was made before now.

        If the clock was set after that, the stamp does not show it, and this is now.
        """
        at = stamp - self._lead
        return at if self._set_at < at < self._looked_at else time.monotonic()


def _compare() -> tuple[float, float]:
    """Return the wall clock's lead and the monotonic second."""
    while True:
        before, wall_clock, now = time.monotonic(), time.time(), time.monotonic()
        # On a busy machine the process may have to wait in between.
        if now - before < _STEP / 2:
            return wall_clock - now, now
