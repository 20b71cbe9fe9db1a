"""Durations and moments as people type them.  `now` is in seconds since 1970."""

import re
from datetime import datetime, timedelta

from ucarpd.ctl.failure import Failure

_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}

LONGEST = 3660 * 86400
"""Seconds, ten years: a longer duration is a typing error."""


def duration(text: str) -> float | None:
    """Return seconds for a text such as 90, 90s, 15m, 2h, 1d or 1h30m; None if it is none of these."""
    if not re.fullmatch(r"\d{1,9}|(\d{1,9}[smhdw])+", text, re.ASCII):
        return None
    return float(sum(int(n) * _SECONDS[unit] for n, unit in re.findall(r"(\d+)([smhdw]?)", text)))


def end_after(text: str, now: float) -> float:
    """Return the moment, like `now`, that is `text` later.  Raises Failure."""
    length = duration(text)
    if length is None:
        raise Failure(
            f"--for {text}: not a duration: type a number with s, m, h or d, such as 90s or 2h"
        )
    if not 0 < length <= LONGEST:
        raise Failure(f"--for {text}: from one second to ten years")
    return now + length


def since(text: str, now: float) -> float:
    """Return a moment in the past, like `now`; the text is local time if it has no zone.

    It is a duration before `now`, `today`, `yesterday`, a date, or a date and time.  Raises Failure.
    """
    length = duration(text)
    if length is not None:
        return now - length
    # Without the present offset from UTC, which may have begun after midnight.
    here = datetime.fromtimestamp(now).astimezone().replace(tzinfo=None)
    midnight = here.replace(hour=0, minute=0, second=0, microsecond=0)
    if text == "today":
        return midnight.timestamp()
    if text == "yesterday":
        return (midnight - timedelta(days=1)).timestamp()
    try:
        return datetime.fromisoformat(text).timestamp()
    except (ValueError, OverflowError):
        raise Failure(
            f"--since {text}: not a time: type a duration such as 10m, 2h or 3d, today, yesterday, "
            'a date such as 2026-11-25, or a time such as "2026-11-25 14:30"'
        ) from None
