"""Does a fault that hosts notice by their health checks move the role once, and not to and fro?"""

from functools import partial
from ipaddress import ip_address

import pytest
from checked_station import CheckedStation
from other_makes import UcarpPeer
from schedules import last_lines
from segment import Cost, Segment
from station import Station, ours

NAMES = ("web", "db", "disk")
PHASES = (0.1, 0.4, 0.7)
RANKED_BY = {
    # the files of the master, and of the other host
    "nothing": ({}, {}),
    "ADVSKEW": ({"advskew": 0}, {"advskew": 100}),
    "ADVBASE": ({"advbase": 1}, {"advbase": 2}),
    "the other way round": ({"advskew": 100}, {"advskew": 0}),
}
PREEMPTS = {
    "both": (True, True),
    "the master": (True, False),
    "none": (False, False),
}
COSTS = {
    "alike": (240, 240, 240),
    "growing": (50, 100, 200),
}


def checks(number, order, costs, offset=0.0):
    """The first checks by name, with phases in this order."""
    return {NAMES[i]: (PHASES[order[i]] + offset, COSTS[costs][i]) for i in range(number)}


def pair(ranked_by, preempts, one_checks, other_checks):
    """Two hosts; the first one is master."""
    segment = Segment(seed=3)
    hosts = [
        segment.add(
            CheckedStation(ours(**changes, preempt=preempt), ip_address(f"10.0.0.{number}"), each)
        )
        for number, changes, preempt, each in zip(
            (1, 2),
            RANKED_BY[ranked_by],
            PREEMPTS[preempts],
            (one_checks, other_checks),
            strict=True,
        )
    ]
    hosts[0].start()
    segment.run(until=8.0)
    # A host that preempts would take the role now, and another one serves when the fault comes.
    hosts[1].start()
    segment.run(until=20.05)
    return segment, hosts


ORDERS = {1: [(0,)], 2: [(0, 1), (1, 0)], 3: [(0, 1, 2), (2, 1, 0), (1, 2, 0)]}


def moves(segment, hosts, failing, seconds=30.0):
    """How often the role moves when the checks of the hosts fail so; at the end one serves, calmly."""
    segment.cost = cost = Cost(segment)
    for host, names in zip(hosts, failing, strict=True):
        host.failing = set(names)
    segment.run(segment.now + seconds)
    assert len(segment.masters()) == 1, last_lines(segment)
    assert segment.now - segment.changed_at > seconds / 2, last_lines(segment)
    return cost.transitions / 2


@pytest.mark.parametrize("ranked_by", RANKED_BY)
@pytest.mark.parametrize("preempts", PREEMPTS)
@pytest.mark.parametrize(("costs", "most"), [("alike", 1), ("growing", 2)])
@pytest.mark.parametrize("number", [1, 2, 3])
def test_a_backend_that_two_hosts_share(*, ranked_by, preempts, costs, most, number):
    """It dies, and returns, noticed in each order: to the other host, and at most back once."""
    for order in ORDERS[number]:
        segment, hosts = pair(
            ranked_by,
            preempts,
            checks(number, range(number), costs, 0.05),
            checks(number, order, costs, 0.25),
        )
        assert moves(segment, hosts, (NAMES, NAMES)) <= most, last_lines(segment)
        assert moves(segment, hosts, ((), ())) <= 1, last_lines(segment)


@pytest.mark.parametrize("preempt", [True, False])
def test_a_service_that_fails_on_one_host_of_three_checks(preempt):
    """The role goes to the healthy host at the first failure, and back only by preemption."""
    segment, hosts = pair(
        "ADVSKEW",
        "both" if preempt else "none",
        checks(3, (2, 1, 0), "alike"),
        checks(3, (0, 1, 2), "alike"),
    )
    one, other = hosts
    assert segment.masters() == [one]
    assert moves(segment, hosts, (NAMES, ())) == 1
    assert segment.masters() == [other]
    assert moves(segment, hosts, ((), ())) == preempt


@pytest.mark.parametrize("preempt", [True, False])
@pytest.mark.parametrize("skews", [(0, 0), (0, 100), (100, 0)])
def test_beside_ucarp(*, preempt, skews):
    """It has no checks, so it serves whenever this host is failing."""
    segment = Segment(seed=3)
    own = segment.add(
        CheckedStation(
            ours(advskew=skews[0], preempt=True), ip_address("10.0.0.1"), checks(2, (0, 1), "alike")
        )
    )
    other = segment.add(
        Station(partial(UcarpPeer, advskew=skews[1], preempt=preempt), ip_address("10.0.0.2"))
    )
    own.start()
    segment.run(until=8.0)
    other.start()
    segment.run(until=20.05)
    assert moves(segment, [own], [NAMES]) <= 1
    assert segment.masters() == [other]
    assert moves(segment, [own], [()]) == (skews == (0, 100)), last_lines(segment)


def test_a_check_that_bars_every_host_leaves_nobody_and_ends():
    one, other = ({"leader": (phase, None)} for phase in (0.1, 0.4))
    segment, hosts = pair("nothing", "none", one, other)
    for host in hosts:
        host.failing = {"leader"}
    segment.run(segment.now + 10.0)
    assert segment.masters() == []
    hosts[1].failing = set()
    segment.run(segment.now + 10.0)
    assert segment.masters() == [hosts[1]]


def test_a_host_that_is_not_tested_yet_does_not_take_the_role_and_lose_it_again():
    """It is preferred, its service does not run, and its checks take their time."""
    segment = Segment(seed=3)
    late = segment.add(
        CheckedStation(
            ours(preempt=True), ip_address("10.0.0.1"), {"web": (5.0, 240)}, rise=1, fall=3
        )
    )
    serving = segment.add(
        CheckedStation(ours(advskew=100), ip_address("10.0.0.2"), {"web": (0.1, 240)})
    )
    serving.start()
    segment.run(until=10.05)
    late.failing = {"web"}
    late.start()
    segment.cost = cost = Cost(segment)
    segment.run(until=40.0)
    assert segment.masters() == [serving]
    late.failing = set()
    segment.run(until=60.0)
    assert segment.masters() == [late]
    assert cost.transitions == 2


def test_a_service_that_flaps_moves_the_role_less_and_less():
    """Ten seconds up, ten seconds down, on a host that preempts: without damping 60 moves."""
    segment, hosts = pair("ADVSKEW", "both", checks(1, (0,), "alike"), checks(1, (0,), "alike"))
    segment.cost = cost = Cost(segment)
    for _ in range(30):
        for names in ({"web"}, set()):
            hosts[0].failing = names
            segment.run(segment.now + 10.0)
    assert segment.masters() == [hosts[1]]
    assert cost.transitions / 2 <= 5, last_lines(segment)
