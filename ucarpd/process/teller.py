"""Where everything that happens to an instance is told, once."""

import asyncio
import time
from collections.abc import Callable

from ucarpd.carp.actions import State
from ucarpd.carp.params import IPAddress
from ucarpd.record.happening import Event, Happening

Listener = Callable[[Happening], None]
"""A listener must return at once, and must not raise."""


class Teller:
    """Tells what happens to one instance, and knows how long it has been in its state.

    `unfitness` is the instance's place in the order of `ucarpd.carp.rank`.
    """

    def __init__(self, name: str, tell: Listener) -> None:
        self._loop = asyncio.get_running_loop()
        self._name = name
        self._tell = tell
        self._state = State.INIT
        self._changed_at = self._loop.time()
        self.unfitness = 0

    @property
    def duration(self) -> float:
        """Seconds for which the instance has been in its state."""
        return self._loop.time() - self._changed_at

    def transition(self, new: State, reason: str, peer: IPAddress | None = None) -> None:
        """The instance is in state `new` now, for a reason that `peer` may have given."""
        self._say(Event.TRANSITION, reason, new, peer)
        self._state = new
        self._changed_at = self._loop.time()

    def event(self, event: Event, reason: str, peer: IPAddress | None = None) -> None:
        """Something else has happened, for this reason, or has been found."""
        self._say(event, reason, self._state, peer)

    def _say(self, event: Event, reason: str, state: State, peer: IPAddress | None) -> None:
        self._tell(
            Happening(
                at=time.time(),
                instance=self._name,
                event=event,
                state=state.value,
                previous=self._state.value,
                lasted=self.duration,
                unfitness=self.unfitness,
                reason=reason,
                peer=str(peer or ""),
            )
        )
