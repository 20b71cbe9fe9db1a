"""The transitions of one virtual host: the latest one, and how many of each kind."""

from collections import Counter
from collections.abc import Callable

from ucarpd.carp.actions import State, StateChanged
from ucarpd.carp.why import Cause


class Course:
    """Times are in monotonic seconds of `clock`."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self.changed_at = clock()
        self.latest: StateChanged | None = None
        self.lasted = 0.0
        """Seconds for which it was in the state before the latest transition."""
        self.counts: Counter[tuple[State, Cause]] = Counter()
        """The transitions by new state and cause."""

    @property
    def duration(self) -> float:
        """Seconds for which it has been in its state."""
        return self._clock() - self.changed_at

    def note(self, change: StateChanged) -> None:
        self.lasted = self.duration
        self.changed_at += self.lasted
        self.latest = change
        self.counts[change.new, change.cause] += 1
