"""The state of one health check: unknown, good or failed.

A check has failed after `fall` failures in a row, and is good again after `rise` successes.  Before
its first verdict it is unknown; the first success makes it good at once.

A check that fails again and again is damped: after its failure it does not count as good before a
pause has passed without one.  The first failure costs no pause; each further one within ten minutes
doubles it, up to five minutes.  A check that bars its host from serving is not damped: it may follow
what elects one host, and no other host serves while this one waits.
"""

from collections import deque
from enum import Enum

FLAP_WINDOW = 600.0
"""Seconds within which failures count together."""

PAUSES = (0.0, 10.0, 20.0, 40.0, 80.0, 160.0, 300.0)
"""Seconds without a failure after the first fall in the window, the second, and so on."""


class CheckState(Enum):
    UNKNOWN = "unknown"
    GOOD = "good"
    FAILED = "failed"


class CheckHistory:
    """The results of one check.  Times are monotonic seconds; `rise` and `fall` are at least 1."""

    def __init__(self, rise: int, fall: int, now: float) -> None:
        self.state = CheckState.UNKNOWN
        self.since = now
        self.reason = "not run yet"
        """The last line of the latest result that agrees with the state."""
        self.is_damped = True
        self._rise = rise
        self._fall = fall
        self._in_a_row = 0
        """Results in a row that disagree with the state."""
        self._failed_at = float("-inf")
        self._falls: deque[float] = deque(maxlen=len(PAUSES))

    def note(self, is_good: bool, reason: str, now: float) -> bool:
        """Take in a result with its last line; return whether the state has changed."""
        if not is_good:
            self._failed_at = now
        agrees = self.state is (CheckState.GOOD if is_good else CheckState.FAILED)
        self._in_a_row = 0 if agrees else self._in_a_row + 1
        if agrees or self.state is CheckState.UNKNOWN:
            self.reason = reason
        if agrees or (not is_good and self._in_a_row < self._fall):
            return False
        if self.state is CheckState.FAILED and not self._may_rise(now):
            return False
        self._enter(CheckState.GOOD if is_good else CheckState.FAILED, reason, now)
        return True

    @property
    def good_at(self) -> float | None:
        """When it counts as good again if nothing fails meanwhile; None: no pause is the reason."""
        if self.state is not CheckState.FAILED or self._in_a_row < self._rise:
            return None
        return self._failed_at + self._pause

    @property
    def _pause(self) -> float:
        if not self.is_damped:
            return 0.0
        falls = [at for at in self._falls if self.since - at < FLAP_WINDOW]
        return PAUSES[len(falls) - 1]

    def _may_rise(self, now: float) -> bool:
        return self._in_a_row >= self._rise and now >= self._failed_at + self._pause

    def _enter(self, state: CheckState, reason: str, now: float) -> None:
        self.state, self.since, self.reason, self._in_a_row = state, now, reason, 0
        if state is CheckState.FAILED:
            self._falls.append(now)
