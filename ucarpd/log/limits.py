"""How often the same thing is written: a flood or a fault that lasts must not fill the log."""

from dataclasses import dataclass

from ucarpd.carp.params import IPAddress
from ucarpd.carp.receive import Dropped, DropReason

REPEAT_AFTER = 60.0
"""Seconds for which a dropped packet of one source and reason is not reported again."""

SELDOM = 3600.0
"""The same for another vhid, since a second pair of hosts on the segment is no fault, and for what
does not go away by itself.
"""

LINES_PER_MINUTE = 10
"""Lines about dropped packets at most, whatever number of sources a forger invents."""

FAULT_PERIODS = (60.0, 600.0, 3600.0)
"""Seconds between two lines about a fault that lasts; the last one repeats."""

FAULT_FORGOTTEN_AFTER = 120.0
"""Seconds without the fault after which it is a new one."""


@dataclass(slots=True)
class _Fault:
    told_at: float
    seen_at: float
    lines: int = 1
    passed_over: int = 0


class LastingFaults:
    """Decides when a fault that goes on is written: at once, after a minute, ten minutes, each hour."""

    def __init__(self) -> None:
        self._faults: dict[str, _Fault] = {}

    def admit(self, fault: str, now: float) -> int | None:
        """None: say nothing.  Otherwise how many times it came since the last line; 0 at first."""
        known = self._faults.get(fault)
        if known is None or now - known.seen_at > FAULT_FORGOTTEN_AFTER:
            self._faults[fault] = _Fault(now, now)
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
        """The faults that begin so are over; whether there were any."""
        over = [fault for fault in self._faults if fault.startswith(prefix)]
        for fault in over:
            del self._faults[fault]
        return bool(over)


_SELDOM = {DropReason.BAD_VHID, DropReason.MISTYPED_VHID, DropReason.VRRP}


class DropLimiter:
    """Decides which dropped packets are reported.  Its memory does not grow with a flood."""

    def __init__(self) -> None:
        self._reported: dict[tuple[IPAddress | None, DropReason], tuple[float, int]] = {}
        self._minute_began = float("-inf")
        self._lines_left = 0

    def admit(self, dropped: Dropped, now: float) -> int | None:
        """None: say nothing.  Otherwise how many of its kind were passed over in between."""
        if now - self._minute_began >= REPEAT_AFTER:
            self._minute_began = now
            self._lines_left = LINES_PER_MINUTE
            self._forget(now)
        kind = dropped.source, dropped.reason
        known = self._reported.get(kind)
        if known is not None and now - known[0] < _repeat_after(dropped.reason):
            self._reported[kind] = (known[0], known[1] + 1)
            return None
        if not self._lines_left:
            return None
        self._lines_left -= 1
        self._reported[kind] = (now, 0)
        return known[1] if known else 0

    def _forget(self, now: float) -> None:
        """Drop what is old; kept twice as long as it is silenced, so that a count is not lost."""
        self._reported = {
            kind: known
            for kind, known in self._reported.items()
            if now - known[0] < 2 * _repeat_after(kind[1])
        }


def _repeat_after(reason: DropReason) -> float:
    return SELDOM if reason in _SELDOM else REPEAT_AFTER
