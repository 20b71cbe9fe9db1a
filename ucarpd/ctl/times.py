"""Moments and durations, from the wire (RFC 3339 in UTC) to words.

`now` is in seconds since 1970.
"""

import time
from datetime import datetime


def seconds(moment: str) -> float:
    """Return an RFC 3339 time as seconds since 1970.  Raises ValueError."""
    return datetime.fromisoformat(moment).timestamp()


def local(moment: str, now: float) -> str:
    """Return a moment in the time zone of the reader; without the date if it is the day of `now`."""
    at = time.localtime(seconds(moment))
    is_today = at[:3] == time.localtime(now)[:3]
    return time.strftime("%H:%M:%S" if is_today else "%Y-%m-%d %H:%M:%S", at)


def duration(length: float) -> str:
    """Return a length in seconds in words, in its two largest units: `3 h 12 min`."""
    length = max(length, 0.0)
    if length < 10:
        return f"{length:.2f} s"
    whole = round(length)
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    if days:
        return f"{days} d {hours} h"
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def ago(moment: str, now: float) -> str:
    """Return how long ago a moment was; `now` is in seconds since 1970."""
    return f"{duration(now - seconds(moment))} ago"
