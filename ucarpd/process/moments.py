"""Wall-clock times of monotonic moments, as a status has them."""

import asyncio
import time
from functools import lru_cache


class Moments:
    """The wall clock as it is at monotonic second `now`, when it says `wall`, in seconds of the epoch.

    So after a step of the wall clock, every moment has the time that the new clock would have shown.
    """

    def __init__(self, now: float, wall: float) -> None:
        self.now = now
        self._offset = wall - now

    @classmethod
    def at_present(cls, loop: asyncio.AbstractEventLoop) -> "Moments":
        return cls(loop.time(), time.time())

    def at(self, moment: float) -> str:
        """Return a monotonic second as RFC 3339 in UTC, with milliseconds."""
        second, millisecond = divmod(round((moment + self._offset) * 1000), 1000)
        return f"{_second(second)}.{millisecond:03d}Z"


@lru_cache(maxsize=1024)
def _second(second: int) -> str:
    """Return a second of the epoch in words: that is slow, and many moments share a second."""
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second))
