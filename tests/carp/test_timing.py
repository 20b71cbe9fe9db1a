"""Intervals in 1/256 s and in seconds."""

from collections import Counter

import pytest

from ucarpd.carp.timing import (
    ALONE,
    HOSTS_IN_A_SLOT,
    MOST_SLOTS,
    Phase,
    advertisement_interval,
    interval_units,
    master_down_units,
    second_advertisement_at,
    slots_of,
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
    ("now", "interval", "share", "slots", "at", "because"),
    [
        (100.3, 1.0, 1.0, 16, 101.3, "a virtual host by itself is on no grid"),
        (100.3, 1.0, 0.5, 16, 100.75, "0.8 lies between 12/16 and 13/16"),
        (100.3, 1.0, 0.01, 16, 100.3125, "the next point, if there is none up to the share"),
        (100.0, 1.0, 0.999, 16, 100.9375, "never later than an interval"),
        (100.0, 0.5, 0.5, 16, 100.25, "the grid is finer for a shorter interval"),
        (100.3, 1.0, 0.5, 1, 101.0, "a few virtual hosts share one point"),
        (100.0, 1.0, 0.5, 1, 101.0, "an interval later, if the promotion was on the point"),
    ],
)
def test_the_second_advertisement_of_a_master(now, interval, share, slots, at, because):
    assert second_advertisement_at(now, interval, Phase(share, slots)) == at, because
    assert second_advertisement_at(now, interval, ALONE) == now + interval


@pytest.mark.parametrize(
    ("hosts", "slots"), [(0, 1), (1, 1), (32, 1), (33, 2), (255, 8), (512, 16), (4000, 16)]
)
def test_slots_follow_the_number_of_virtual_hosts(hosts, slots):
    assert slots_of(hosts) == slots


@pytest.mark.parametrize("hosts", [16, 64, 255, 999])
def test_many_virtual_hosts_share_few_wake_ups(hosts):
    slots = slots_of(hosts)
    shares = [1 - place * 0.618 % 1 for place in range(1, hosts)]
    times = Counter(
        second_advertisement_at(100.0 + place * 1e-5, 1.0, Phase(share, slots))
        for place, share in enumerate(shares)
    )
    assert len(times) <= slots + 1 <= MOST_SLOTS + 1
    assert max(times.values()) <= 2 * max(HOSTS_IN_A_SLOT, hosts / slots)
