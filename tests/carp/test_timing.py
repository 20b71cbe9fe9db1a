"""Intervals in 1/256 s and in seconds."""

from collections import Counter

import pytest

from ucarpd.carp.timing import (
    SLOTS,
    advertisement_interval,
    demoted_advskew,
    interval_units,
    master_down_interval,
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
    ("advskew", "demotion", "demoted"),
    [
        (0, 0, 0),
        (100, 0, 100),
        (0, 240, 240),  # what FreeBSD adds for a link that is down
        (14, 240, 254),
        (15, 240, 254),  # 255 is for bow-outs
        (254, 1, 254),
        (254, 9999, 254),
        (100, -40, 60),  # FreeBSD's number has a sign
        (100, -101, 0),
    ],
)
def test_demoted_advskew(advskew, demotion, demoted):
    assert demoted_advskew(advskew, demotion) == demoted


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
    assert master_down_interval(advbase, advskew, deadratio) == seconds


@pytest.mark.parametrize(
    ("peer_units", "seconds", "because"),
    [
        (0, 3.0, "no peer was heard"),
        (128, 3.0, "a faster peer does not shorten the wait"),
        (256, 3.0, "an equal one does not change it"),
        (257, 3 * 257 / 256, "three intervals of a slower peer are longer"),
        (510, 3 * 510 / 256, "advskew 254: one lost advertisement must not depose it"),
        (768, 9.0, "the slowest peer that rule B4 puts up with"),
        (769, 3.0, "rule B4 would take over from this one"),
        (65535, 3.0, "a bow-out states no interval at all"),
    ],
)
def test_master_down_interval_after_hearing_a_peer(peer_units, seconds, because):
    assert master_down_interval(1, 0, 3, peer_units) == seconds, because


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


def test_a_slow_peer_that_is_better_all_the_same_is_waited_for():
    """It is less demoted; taking over from it would last until its next advertisement."""
    assert master_down_interval(1, 0, 3, 769, peer_is_better=True) == 3 * 769 / 256
    assert master_down_interval(1, 0, 3, 256, peer_is_better=True) == 3.0
