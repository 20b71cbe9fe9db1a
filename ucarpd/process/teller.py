"""The one place that reports every event of an instance to its listeners."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable

from ucarpd.carp.actions import State, StateChanged
from ucarpd.carp.params import IPAddress
from ucarpd.carp.why import Cause
from ucarpd.record.happening import Event, Happening

Listener = Callable[[Happening], None]
"""A listener must return at once, and must not raise."""


class Course:
    """The transitions of one instance: the latest one, and how many of each kind.

    Times are in monotonic seconds.
    """

    def __init__(self) -> None:
        self._clock = asyncio.get_running_loop().time
        self.changed_at = self._clock()
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


class Teller:
    """Tells what happens to one instance, and notes its transitions in `course`.

    `unfitness` is the instance's place in the order of `ucarpd.carp.rank`.
    """

    def __init__(self, name: str, tell: Listener) -> None:
        self._name = name
        self._tell = tell
        self.state = State.INIT
        """The state in the last transition."""
        self.course = Course()
        self.unfitness = 0

    def transition(self, change: StateChanged) -> None:
        self._say(Event.TRANSITION, change.reason, change.new, change.peer)
        self.state = change.new
        self.course.note(change)

    def event(self, event: Event, reason: str, peer: IPAddress | None = None) -> None:
        """Something else has happened, for this reason, or has been found."""
        self._say(event, reason, self.state, peer)

    def _say(self, event: Event, reason: str, state: State, peer: IPAddress | None) -> None:
        self._tell(
            Happening(
                at=time.time(),
                instance=self._name,
                event=event,
                state=state.value,
                previous=self.state.value,
                lasted=self.course.duration,
                unfitness=self.unfitness,
                reason=reason,
                peer=str(peer or ""),
            )
        )
