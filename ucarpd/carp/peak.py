"""The largest of many figures: of all, and of about the last minute."""

from collections import deque

SLICE = 10.0
"""Seconds after which the largest figure so far is put aside."""

SLICES = 6
"""Put-aside figures that count as recent."""


class Peak:
    """Figures come in the order of time, in monotonic seconds; the memory does not grow."""

    def __init__(self) -> None:
        self._worst = 0.0
        self._slices: deque[tuple[float, float]] = deque(maxlen=SLICES)
        self._current = 0.0
        self._ends = float("-inf")
        """When the current slice ends."""

    def note(self, figure: float, now: float) -> None:
        """Take in a figure, 0 or more.  This is called for each frame and timer."""
        if now >= self._ends:
            self._put_aside()
            self._ends = now + SLICE
        self._current = max(self._current, figure)

    def _put_aside(self) -> None:
        self._worst = max(self._worst, self._current)
        self._slices.append((self._ends, self._current))
        self._current = 0.0

    @property
    def worst(self) -> float | None:
        """The largest figure of all; None: there was none."""
        return max(self._worst, self._current) if self._slices else None

    def recent(self, now: float) -> float | None:
        """Return the largest figure of the last 60 to 70 seconds; None: there was none."""
        recent = SLICE * SLICES
        slices = (*self._slices, (self._ends, self._current))
        return max((figure for ends, figure in slices if now - ends < recent), default=None)
