"""A timer of the event loop that can be set again and again."""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import TypeVarTuple

_Ts = TypeVarTuple("_Ts")


class Alarm:
    """Calls a function at the time that was set last, if it is not cancelled before.

    It may be set or cancelled in that call too.  Setting it raises RuntimeError without an event loop.
    """

    __slots__ = ("_timer",)

    def __init__(self) -> None:
        self._timer: asyncio.TimerHandle | None = None

    @property
    def at(self) -> float | None:
        """The monotonic second for which it is set, or None."""
        return None if self._timer is None else self._timer.when()

    def set(self, seconds: float, function: Callable[[*_Ts], object], *arguments: *_Ts) -> None:
        """Call `function` so many seconds from now, and not at the time that was set before."""
        self.set_at(asyncio.get_running_loop().time() + seconds, function, *arguments)

    def set_at(self, at: float, function: Callable[[*_Ts], object], *arguments: *_Ts) -> None:
        """Do the same at this monotonic second."""
        self.cancel()
        call = partial(function, *arguments)
        self._timer = asyncio.get_running_loop().call_at(at, self._ring, call)

    def cancel(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _ring(self, call: Callable[[], object]) -> None:
        self._timer = None
        call()
