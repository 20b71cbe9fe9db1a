"""Limits on repeated lines: a flood or a lasting fault must not fill the log."""

from collections.abc import Container

from ucarpd.carp.params import IPAddress
from ucarpd.carp.receive import Dropped, DropReason

REPEAT_AFTER = 60.0
"""Seconds for which dropped packets of the same source and reason are not reported again."""

SELDOM = 3600.0
"""The same for faults that do not end by themselves, and for other vhids: a second pair of hosts on
the segment is no fault.
"""

LINES_PER_MINUTE = 10
"""Most lines about dropped packets in a minute, however many sources a forger invents."""

FAULT_PERIODS = (60.0, 600.0, 3600.0)
"""Seconds between two lines about a lasting fault; the last pause repeats."""

FAULT_FORGOTTEN_AFTER = 120.0
"""Seconds without the fault after which the next one counts as new."""


class _Fault:
    def __init__(self, now: float) -> None:
        self.told_at = self.seen_at = now
        self.lines = 1
        self.passed_over = 0


class LastingFaults:
    """Limiter for lasting faults: it admits a line at once, after 1 and 10 minutes, then hourly."""

    def __init__(self) -> None:
        self._faults: dict[str, _Fault] = {}

    def admit(self, fault: str, now: float) -> int | None:
        """Return None for no line, else how often the fault came since the last line; first 0.

        `now` is in seconds.
        """
        known = self._faults.get(fault)
        if known is None or now - known.seen_at > FAULT_FORGOTTEN_AFTER:
            self._faults[fault] = _Fault(now)
            return 0
        known.seen_at = now
        known.passed_over += 1
        if now - known.told_at < FAULT_PERIODS[min(known.lines, len(FAULT_PERIODS)) - 1]:
            return None
        passed_over, known.passed_over = known.passed_over, 0
        known.told_at = now
        known.lines += 1
        return passed_over

    def end(self, prefix: str) -> bool:
        """Forget the faults with this prefix, which are over; return whether there were any."""
        over = [fault for fault in self._faults if fault.startswith(prefix)]
        for fault in over:
            del self._faults[fault]
        return bool(over)


class DropLimiter:
    """Limiter for reports of dropped packets.  Its memory does not grow with a flood.

    Packets that come for a reason in `seldom` are reported once an hour.
    """

    def __init__(self, seldom: Container[DropReason]) -> None:
        self._seldom = seldom
        self._reported: dict[tuple[IPAddress | None, DropReason], tuple[float, int]] = {}
        self._minute_began = float("-inf")
        self._lines_left = 0

    def admit(self, dropped: Dropped, now: float) -> int | None:
        """Return None for no line, else how many packets of this kind had no line since the last.

        `now` is in seconds.
        """
        if now - self._minute_began >= REPEAT_AFTER:
            self._minute_began = now
            self._lines_left = LINES_PER_MINUTE
            self._forget(now)
        kind = dropped.source, dropped.reason
        known = self._reported.get(kind)
        if known is not None and now - known[0] < self._repeat_after(dropped.reason):
            self._reported[kind] = (known[0], known[1] + 1)
            return None
        if not self._lines_left:
            return None
        self._lines_left -= 1
        self._reported[kind] = (now, 0)
        return known[1] if known else 0

    def _forget(self, now: float) -> None:
        """Drop old entries; they stay for twice the silent time, so a count is not lost."""
        self._reported = {
            kind: known
            for kind, known in self._reported.items()
            if now - known[0] < 2 * self._repeat_after(kind[1])
        }

    def _repeat_after(self, reason: DropReason) -> float:
        return SELDOM if reason in self._seldom else REPEAT_AFTER
