"""The largest of many figures: of all, and of about the last minute."""

SLICE = 10.0
"""Seconds after which the largest figure so far is put aside."""

SLICES = 6
"""Put-aside figures that count as recent."""


class Peak:
    """Figures come in the order of time, in monotonic seconds; the memory does not grow.

    A figure below `current` and before `ends` need not be noted: it changes nothing.
    """

    def __init__(self) -> None:
        self.current = 0.0
        """The largest figure of the current slice."""
        self.ends = float("-inf")
        """When the current slice ends."""
        self._worst = 0.0
        self._slices: tuple[tuple[float, float], ...] = ()

    def note(self, figure: float, now: float) -> None:
        """Take in a figure, 0 or more."""
        if now >= self.ends:
            self._worst = max(self._worst, self.current)
            self._slices = (*self._slices, (self.ends, self.current))[-SLICES:]
            self.current, self.ends = 0.0, now + SLICE
        self.current = max(self.current, figure)

    @property
    def worst(self) -> float | None:
        """The largest figure of all; None: there was none."""
        return max(self._worst, self.current) if self._slices else None

    def recent(self, now: float) -> float | None:
        """Return the largest figure of the last 60 to 70 seconds; None: there was none."""
        recent = SLICE * SLICES
        slices = (*self._slices, (self.ends, self.current))
        return max((figure for ends, figure in slices if now - ends < recent), default=None)
