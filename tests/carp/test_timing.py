"""Intervals in 1/256 s and in seconds."""

from collections import Counter

import pytest

from ucarpd.carp.timing import (
    SLOTS,
    advertisement_interval,
    interval_units,
    master_down_units,
    second_advertisement_at,
)


@pytest.mark.parametrize(
    ("advbase", "advskew", "units"),
    [
        (1, 0, 256),
        (1, 1, 257),
        (2, 128, 640),
        (0, 0, 1),  # OpenBSD: 1/256 s
        (0, 1, 1),
        (0, 2, 2),
        (254, 254, 65278),
        (255, 255, 65535),  # a bow-out
    ],
)
def test_advertisement_interval(advbase, advskew, units):
    assert interval_units(advbase, advskew) == units
    assert advertisement_interval(advbase, advskew) == units / 256


@pytest.mark.parametrize(
    ("advbase", "advskew", "deadratio", "seconds"),
    [
        (1, 0, 3, 3.0),
        (1, 64, 3, 3.25),  # the skew counts once, whatever the ratio
        (1, 128, 3, 3.5),
        (2, 64, 5, 10.25),
        (0, 64, 3, 0.75),  # with advbase 0 the interval is multiplied whole
        (0, 0, 3, 3 / 256),
        (0, 0, 2, 2 / 256),
    ],
)
def test_master_down_interval_of_our_own(advbase, advskew, deadratio, seconds):
    assert master_down_units(advbase, advskew, deadratio) == seconds * 256


@pytest.mark.parametrize(
    ("advbase", "advskew", "seconds"), [(1, 0, 3.0), (1, 100, 3 * 356 / 256), (0, 0, 3 / 256)]
)
def test_openbsd_multiplies_the_skew_too_since_2025(advbase, advskew, seconds):
    assert master_down_units(advbase, advskew, 3, as_openbsd=True) == seconds * 256


@pytest.mark.parametrize(
    ("now", "interval", "phase", "at", "because"),
    [
        (100.3, 1.0, 1.0, 101.3, "a virtual host by itself is on no grid"),
        (100.3, 1.0, 0.5, 100.75, "0.8 lies between 12/16 and 13/16"),
        (100.3, 1.0, 0.01, 100.3125, "the next point, if there is none up to the phase"),
        (100.0, 1.0, 0.999, 100.9375, "never later than an interval"),
        (100.0, 0.5, 0.5, 100.25, "the grid is finer for a shorter interval"),
    ],
)
def test_the_second_advertisement_of_a_master(now, interval, phase, at, because):
    assert second_advertisement_at(now, interval, phase) == at, because


def test_many_virtual_hosts_share_few_wake_ups():
    phases = [1 - place * 0.618 % 1 for place in range(1, 255)]
    times = Counter(
        second_advertisement_at(100.0 + place * 1e-4, 1.0, phase)
        for place, phase in enumerate(phases)
    )
    assert len(times) <= SLOTS + 1
    assert max(times.values()) <= 2 * 255 / SLOTS
