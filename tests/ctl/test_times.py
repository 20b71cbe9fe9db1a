"""Moments and durations in words."""

import pytest
from fake_process import NOW

from ucarpd.ctl import times


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-0.1, "0.00 s"),
        (0.61, "0.61 s"),
        (9.99, "9.99 s"),
        (10, "10 s"),
        (59.6, "1 min 0 s"),
        (61, "1 min 1 s"),
        (3599.4, "59 min 59 s"),
        (3600 * 3 + 720, "3 h 12 min"),
        (86400 * 2 + 3600 * 3, "2 d 3 h"),
    ],
)
def test_a_duration_has_its_two_largest_units(seconds, words):
    assert times.duration(seconds) == words


@pytest.mark.parametrize(
    ("moment", "shown"),
    [
        ("2026-11-26T01:30:00.000Z", "01:30:00"),
        ("2026-11-25T20:48:00.125Z", "2026-11-25 20:48:00"),
    ],
)
def test_a_moment_of_today_needs_no_date(moment, shown):
    assert times.local(moment, NOW) == shown


def test_how_long_ago():
    assert times.ago("2026-11-25T23:59:59.000Z", NOW) == "1.00 s ago"
