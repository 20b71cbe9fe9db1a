"""Durations and moments as people type them."""

import time

import pytest

from ucarpd.ctl import typed_times
from ucarpd.ctl.failure import Failure


def local(*moment):
    """Seconds since 1970 of a date, and perhaps a time, in our time zone."""
    return time.mktime((*moment, *(0 for _ in range(8 - len(moment))), -1))


NOW = local(2026, 11, 26, 14, 30, 15)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90", 90),
        ("90s", 90),
        ("15m", 900),
        ("2h", 7200),
        ("1d", 86400),
        ("1w", 604800),
        ("1h30m", 5400),
        ("0", 0),
    ],
)
def test_durations(text, seconds):
    assert typed_times.duration(text) == seconds


@pytest.mark.parametrize("text", ["", "h", "2 h", "2hours", "-5", "1.5h", "2h30", "٣h", "1e3", "x"])
def test_what_is_no_duration(text):
    assert typed_times.duration(text) is None
    with pytest.raises(Failure, match="not a duration"):
        typed_times.end_after(text, NOW)


@pytest.mark.parametrize("text", ["0", "0h", "9999999d"])
def test_a_duration_has_limits(text):
    with pytest.raises(Failure, match="from one second to ten years"):
        typed_times.end_after(text, NOW)


def test_an_end():
    assert typed_times.end_after("2h", NOW) == NOW + 7200


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("today", local(2026, 11, 26)),
        ("yesterday", local(2026, 11, 25)),
        ("10m", local(2026, 11, 26, 14, 20, 15)),
        ("2026-11-25", local(2026, 11, 25)),
        ("2026-11-25 10:00", local(2026, 11, 25, 10)),
        ("2026-11-25T10:00:30", local(2026, 11, 25, 10, 0, 30)),
    ],
)
def test_moments_in_local_time(text, moment):
    assert typed_times.since(text, NOW) == moment


@pytest.mark.parametrize(("month", "day"), [(3, 29), (10, 25)])
def test_a_day_on_which_the_clocks_are_changed(month, day, monkeypatch):
    monkeypatch.setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3")
    time.tzset()
    try:
        now = local(2026, month, day, 12)
        assert typed_times.since("today", now) == local(2026, month, day)
        assert typed_times.since("yesterday", now) == local(2026, month, day - 1)
    finally:
        monkeypatch.undo()
        time.tzset()


@pytest.mark.parametrize("text", ["2026-11-25T10:00:00Z", "2026-11-25T12:00:00.000+02:00"])
def test_moments_of_rfc_3339(text):
    assert typed_times.since(text, NOW) == 1795600800.0


@pytest.mark.parametrize("text", ["noon", "", "2026-13-01", "yesterdays"])
def test_what_is_no_moment(text):
    with pytest.raises(Failure, match=f"--since {text}: not a time"):
        typed_times.since(text, NOW)
