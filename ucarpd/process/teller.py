"""The one place that reports every event of an instance to its listeners."""

import asyncio
import time
from collections.abc import Callable

from ucarpd.carp.actions import State, StateChanged
from ucarpd.carp.params import IPAddress
from ucarpd.process.course import Course
from ucarpd.record.happening import Event, Happening

Listener = Callable[[Happening], None]
"""A listener must return at once, and must not raise."""


class Teller:
    """Tells what happens to one instance, and notes its transitions in `course`.

    `unfitness` is the instance's place in the order of `ucarpd.carp.rank`.
    """

    def __init__(self, name: str, tell: Listener) -> None:
        self._name = name
        self._tell = tell
        self.state = State.INIT
        """The state in the last transition."""
        self.course = Course(asyncio.get_running_loop().time)
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
