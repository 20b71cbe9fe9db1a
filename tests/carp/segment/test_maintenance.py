"""Is the role moved once at most, whatever an operator and a fault come to?"""

from ipaddress import ip_address

import pytest
from schedules import last_lines
from segment import Cost, Segment
from station import Station, ours

from ucarpd.carp.rank import MAINTENANCE, NEVER

FAILING = 240


def cluster(*files):
    segment = Segment(seed=7)
    stations = [
        segment.add(Station(ours(**changes), ip_address(f"10.0.0.{number}")))
        for number, changes in enumerate(files, start=1)
    ]
    for each in stations:
        each.start()
        segment.run(segment.now + 5.0)
    assert segment.masters() == [stations[0]]
    segment.cost = Cost(segment)
    return segment, stations


@pytest.mark.parametrize("preempt", [False, True])
@pytest.mark.parametrize("pause", [0.001, 0.5, 5.0])
@pytest.mark.parametrize(
    "reasons",
    [
        (FAILING, MAINTENANCE),
        (MAINTENANCE, FAILING + 1, MAINTENANCE),
        (FAILING, NEVER),
        (MAINTENANCE, NEVER, MAINTENANCE),
    ],
)
def test_two_reasons_move_the_role_once(reasons, pause, preempt):
    segment, (one, other) = cluster({"preempt": preempt}, {"preempt": preempt, "advskew": 100})
    for reason in reasons:
        one.demote(reason)
        segment.run(segment.now + pause)
    segment.run(segment.now + 30.0)
    assert segment.masters() == [other]
    assert segment.cost.transitions == 2, last_lines(segment)
    assert max(segment.cost.no_holder, segment.cost.two_holders) <= 0.03
    one.demote(0)
    segment.run(segment.now + 30.0)
    assert segment.masters() == [one if preempt else other]
    assert segment.cost.transitions == (4 if preempt else 2), last_lines(segment)


def test_a_host_in_maintenance_serves_where_the_others_are_gone():
    segment, (one, other) = cluster({}, {})
    one.demote(MAINTENANCE)
    segment.run(segment.now + 5.0)
    assert segment.masters() == [other]
    other.kill()
    segment.run(segment.now + 5.0)
    assert one in segment.masters()
    one.demote(NEVER)
    segment.run(segment.now + 60.0)
    assert one not in segment.masters()
    assert not one.holds_addresses
