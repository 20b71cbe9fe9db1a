"""One timer of the event loop for the deadlines of all engines of a process.

A wake-up of the process costs as much as several advertisements, so one wake-up does all that is
due.  And a backup moves its deadline with each advertisement that it receives: here that mostly
only sets a number, while a timer of the event loop would be cancelled and made again.
"""

import asyncio
from collections.abc import Callable
from heapq import heappop, heappush, heapreplace
from itertools import count
from math import inf, nextafter

MOVED = 1.5
"""If the first deadline moves by more seconds than this, the next wake-up moves with it, so that it
does not come in vain.
"""

WORTH_IT = 0.1
"""The least number of seconds by which a wake-up is moved; less costs more than it saves."""


class Timer:
    """The timer; it belongs to the running event loop."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._queue: list[tuple[float, int, Deadline]] = []
        """By time; the number decides between equal times.

        An entry may be older than its deadline, which has been moved to a later time or cancelled.
        """
        self._numbers = count()
        self._handle: asyncio.TimerHandle | None = None
        self._rings_at = inf
        self.earliest = -inf
        """None is due earlier than after the last wake-up: one that stays in the past must not keep the
        loop.
        """

    def deadline(self, call: Callable[[], None]) -> "Deadline":
        """Return a deadline, not set yet, that calls `call`."""
        return Deadline(self, next(self._numbers), call)

    def enqueue(self, deadline: "Deadline", at: float) -> None:
        deadline.queued_at = at
        heappush(self._queue, (at, deadline.number, deadline))
        if at < self._rings_at:
            self._wake_up_at(at)

    def moved(self, deadline: "Deadline", at: float) -> None:
        """Move the wake-up if this deadline is now, with `at`, much later than its entry, the first one."""
        # The entry of a deadline that is being called keeps its place until the call ends.
        if self._handle is None or self._queue[0][2] is not deadline:
            return
        # The others in front follow with their own next advertisement.
        heapreplace(self._queue, (at, deadline.number, deadline))
        deadline.queued_at = at
        if self._queue[0][0] - self._rings_at > WORTH_IT:
            self._wake_up_at(self._queue[0][0])

    def _wake_up_at(self, at: float) -> None:
        if self._handle is not None:
            self._handle.cancel()
        self._rings_at = at
        self._handle = self._loop.call_at(at, self._ring)

    def _ring(self) -> None:
        # The event loop calls up to one tick of its clock too early.
        now = max(self._loop.time(), self._rings_at)
        # A report of a defect names the callback of a handle only if that is not cancelled.
        self._handle = None
        self.earliest = nextafter(now, inf)
        try:
            # The loop's next turn, with the sockets, comes before what falls due meanwhile.
            self._call_all(now)
        finally:
            self._rings_at = inf
            if self._queue:
                self._wake_up_at(self._queue[0][0])

    def _call_all(self, now: float) -> None:
        """Call all deadlines up to `now`, and bring the front of the queue up to date."""
        queue = self._queue
        while queue:
            at, number, deadline = queue[0]
            if at > now and at == deadline.at:
                return
            if at != deadline.queued_at:
                heappop(queue)  # Another entry, for an earlier time, has taken its place.
                continue
            if deadline.at is not None and deadline.at <= now:
                deadline.at = None
                deadline.call()  # It mostly sets the deadline again.
            deadline.queued_at = deadline.at
            if deadline.at is None:
                heappop(queue)
            else:
                heapreplace(queue, (deadline.at, number, deadline))


class Deadline:
    """One deadline; `at` is its monotonic second, or None if it is not set."""

    __slots__ = ("_timer", "at", "call", "number", "queued_at")

    def __init__(self, timer: Timer, number: int, call: Callable[[], None]) -> None:
        self._timer = timer
        self.number = number
        self.call = call
        self.at: float | None = None
        self.queued_at: float | None = None
        """The time of its entry in the queue."""

    def set(self, at: float | None) -> None:
        """Set it to this monotonic second, in place of an earlier one; None cancels it."""
        if at is not None and at < self._timer.earliest:
            at = self._timer.earliest
        self.at, queued_at = at, self.queued_at
        if at is None:
            return
        if queued_at is None or at < queued_at:
            self._timer.enqueue(self, at)
        elif at - queued_at > MOVED:
            self._timer.moved(self, at)
