"""Do hosts of other makes and ours agree on one master?"""

from ipaddress import ip_address

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from other_makes import BsdPeer, OpenBsdPeer, UcarpPeer
from schedules import (
    CLOCK_RATES,
    DELAYS,
    SCHEDULES,
    STACKS,
    assert_settled,
    build,
    last_lines,
    recover,
    suffer,
    time_to_converge,
)
from segment import LATEST, Segment
from station import Station, ours

from ucarpd.carp.params import DemoteStyle, TieBreak

INTERVALS = {"equal": (0, 0), "we are faster": (0, 100), "we are slower": (100, 0)}


@pytest.mark.parametrize("intervals", INTERVALS)
@pytest.mark.parametrize("their_source", ["10.0.0.1", "10.0.0.3"])
@pytest.mark.parametrize("peer", [BsdPeer, OpenBsdPeer, UcarpPeer])
@settings(max_examples=15)
@given(offset=st.floats(0, 1), seed=st.integers(0, 2**32 - 1), delay=DELAYS)
def test_two_masters_of_different_makes(peer, their_source, intervals, offset, seed, delay):
    """They meet at any phase, also with advertisements that cross; one is left, and it is stable."""
    our_skew, their_skew = INTERVALS[intervals]
    segment = Segment(seed, delay)
    one = segment.add(Station(ours(advskew=our_skew), ip_address("10.0.0.2")))
    two = segment.add(
        Station(lambda counter: peer(counter, advskew=their_skew), ip_address(their_source))
    )
    segment.divide([0, 1])
    one.start()
    segment.run(until=offset)
    two.start()
    segment.run(until=10.0)
    assert segment.masters() == [one, two]

    segment.heal()
    segment.longest_gap = 0.0
    interval = max(one.interval, two.interval)
    segment.run(until=20.0)
    (master,) = segment.masters()
    assert segment.changed_at <= segment.first_heard_at + 2 * interval, last_lines(segment)
    if intervals == "equal":
        assert segment.longest_gap <= 1.5 * interval + delay[1] + 1e-6, last_lines(segment)
    else:
        assert segment.longest_gap == 0, last_lines(segment)
        assert (master is one) == (intervals == "we are faster")
    segment.run(until=60.0)
    assert segment.masters() == [master]


MAKES = st.sampled_from(
    [
        # what they are, and how we are configured beside them
        (BsdPeer, {}),
        (BsdPeer, {"tiebreak": TieBreak.YIELD}),
        (OpenBsdPeer, {}),
        (OpenBsdPeer, {"demote_style": DemoteStyle.OPENBSD}),
        (OpenBsdPeer, {"demote_style": DemoteStyle.OPENBSD, "tiebreak": TieBreak.YIELD}),
    ]
)


@settings(max_examples=40)
@given(
    skews=st.lists(st.sampled_from([0, 1, 100]), min_size=1, max_size=3, unique=True),
    their_skew=st.sampled_from([0, 1, 100]),
    make=MAKES,
    addresses=STACKS,
    delay=st.sampled_from([(0.0001, 0.001), (0.001, 0.02)]),
    schedule=SCHEDULES,
    seed=st.integers(0, 2**32 - 1),
    rates=CLOCK_RATES,
)
def test_any_faults_beside_a_host_of_another_make(
    *, skews, their_skew, make, addresses, delay, schedule, seed, rates
):
    """One host is a kernel; each may be demoted in its own way.

    Two equal kernels, or two equal hosts of ours with TieBreak.YIELD, would yield to each other
    again and again while their timers run in step; hence one kernel, and no two of ours alike.
    """
    make, configured = make
    hosts = [{"advskew": skew} for skew in skews]
    peers = [(make, {"advskew": their_skew})]
    jobs = [(0.01, 0.01)] * 5
    segment = build(
        hosts, jobs, delay, seed, peers=peers, rates=rates, addresses=addresses, **configured
    )
    suffer(segment, schedule)
    recover(segment)
    segment.run(segment.now + LATEST + 2 * time_to_converge(segment))
    assert_settled(segment)


def test_an_equal_bsd_and_we_do_not_yield_to_each_other_in_the_same_moment():
    """It would win the tie, but yields by itself: the clients stay where they are."""
    segment = Segment(seed=1, delay=(0.05, 0.05))
    one = segment.add(Station(ours(), ip_address("10.0.0.2")))
    two = segment.add(Station(BsdPeer, ip_address("10.0.0.1")))
    segment.divide([0, 1])
    one.start()
    two.start()
    segment.run(until=9.5)
    segment.heal()
    segment.longest_gap = 0.0
    segment.run(until=20.0)
    assert segment.masters() == [one]
    assert segment.longest_gap == 0
