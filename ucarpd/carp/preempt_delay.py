"""How long a host waits before it takes the role from a healthy master (rule B11).

The delay of the configuration counts from the start, from the return of the interface, and from the
moment when this host is healthy again: by then the spanning tree of the switch and the services of
this host are ready.

A host that loses the role through faults of its own again and again also waits: after the third
loss in ten minutes and each later one, longer each time, and five minutes at most.  Without that, a
link that flaps would move the role twice each time.
"""

FLAP_WINDOW = 600.0
"""Seconds within which losses of the role count together."""

BACK_OFF = (0.0, 0.0, 10.0, 20.0, 40.0, 80.0, 160.0, 300.0)
"""Seconds to wait after the first loss in the window, the second, and so on; the last repeats."""


class PreemptDelay:
    """Times are monotonic seconds."""

    def __init__(self) -> None:
        self._well_since = float("-inf")
        self._losses: tuple[float, ...] = ()

    def begin(self, now: float) -> None:
        """Note that the interface is ready, or that this host is healthy again."""
        self._well_since = now

    def role_lost(self, now: float) -> None:
        """Note that this host has stopped being MASTER because of a fault of its own."""
        self._losses = (*self._losses, now)[-len(BACK_OFF) :]

    def until(self, delay: float, now: float) -> float:
        """Return when the wait is over; `delay` is the seconds of the configuration."""
        losses = [at for at in self._losses if now - at < FLAP_WINDOW]
        back_off = BACK_OFF[len(losses) - 1] if losses else 0.0
        return self._well_since + max(delay, back_off)

    def is_on(self, delay: float, now: float) -> bool:
        """Return whether the wait is not over."""
        return bool(delay or self._losses) and now < self.until(delay, now)
