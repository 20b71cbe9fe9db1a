"""Wall-clock times of monotonic moments, as a status has them."""

import time


class Moments:
    """The wall clock as it is at monotonic second `now`, when it says `wall`, in seconds of the epoch.

    So after a step of the wall clock, every moment has the time that the new clock would have shown.
    """

    def __init__(self, now: float, wall: float) -> None:
        self.now = now
        self._offset = wall - now
        self._seconds: dict[int, str] = {}
        """Hundreds of moments are in the same few seconds, and each is slow to word."""

    def at(self, moment: float) -> str:
        """Return a monotonic second as RFC 3339 in UTC, with milliseconds."""
        second, millisecond = divmod(round((moment + self._offset) * 1000), 1000)
        text = self._seconds.get(second)
        if text is None:
            text = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second))
            self._seconds[second] = text
        return f"{text}.{millisecond:03d}Z"
