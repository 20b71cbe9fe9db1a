"""Which host serves after the faults that every administrator knows?"""

from ipaddress import ip_address

import pytest
from segment import Cost, Segment
from station import DUAL, Station, ours

from ucarpd.carp.params import DemoteStyle


def pair(*sources, **changes):
    segment = Segment(seed=1)
    stations = [segment.add(Station(ours(**changes), ip_address(source))) for source in sources]
    for station in stations:
        station.start()
    return segment, *stations


def test_equals_that_start_together_have_one_master():
    segment, one, other = pair("10.0.0.1", "10.0.0.2")
    segment.run(until=3.1)
    assert segment.masters() == [one]
    segment.run(until=60.0)
    assert segment.masters() == [one]
    assert not other.holds_addresses


@pytest.mark.parametrize("sources", [("10.0.1.1", "10.0.0.2"), ("10.0.0.2", "10.0.1.1")])
def test_a_partition_that_heals_leaves_the_lower_reversed_address(sources):
    segment, *stations = pair(*sources)
    segment.run(until=10.0)
    segment.divide([0, 1])
    segment.run(until=20.0)
    assert segment.masters() == stations
    segment.heal()
    segment.run(until=21.1)
    (master,) = segment.masters()
    assert str(master.source) == "10.0.1.1"
    segment.run(until=60.0)
    assert segment.masters() == [master]


def test_a_crash_is_made_up_for_within_three_intervals():
    segment, master, backup = pair("10.0.0.1", "10.0.0.2")
    segment.run(until=10.5)
    assert segment.masters() == [master]
    master.kill()
    segment.run(until=12.9)
    assert segment.masters() == []
    segment.run(until=13.1)
    assert segment.masters() == [backup]


def test_the_better_one_of_two_backups_alone_takes_over_from_a_slower_master():
    """Its master-down interval is over first in the kernels too."""
    segment = Segment(seed=1)
    *backups, master = (
        segment.add(Station(ours(advskew=skew), ip_address(f"10.0.0.{9 - number}")))
        for number, skew in enumerate((0, 50, 100))
    )
    master.start()
    segment.run(until=5.0)
    for station in backups:
        station.start()
    segment.run(until=10.5)
    master.kill()
    segment.cost = cost = Cost(segment)
    segment.run(until=20.0)
    assert segment.masters() == backups[:1]
    assert cost.transitions == 1


def test_a_stop_moves_the_role_at_once():
    segment, master, backup = pair("10.0.0.1", "10.0.0.2")
    segment.run(until=10.5)
    master.stop()
    segment.run(until=10.52)
    assert segment.masters() == [backup]
    assert not master.holds_addresses
    segment.run(until=10.7)
    assert master.machine is None


def test_a_step_down_moves_the_role_and_it_stays_there():
    segment, master, backup = pair("10.0.0.1", "10.0.0.2")
    segment.run(until=10.5)
    master.step_down()
    segment.run(until=10.52)
    assert segment.masters() == [backup]
    segment.run(until=60.0)
    assert segment.masters() == [backup]


def test_a_step_down_with_nobody_else_there_moves_nothing():
    segment, alone = pair("10.0.0.1")
    segment.run(until=10.5)
    alone.step_down()
    settled_at = segment.changed_at
    segment.run(until=60.0)
    assert segment.masters() == [alone]
    assert segment.changed_at == settled_at
    assert "10.0.0.1 reports NOBODY_TOOK_OVER" in "\n".join(segment.log)


def test_with_three_hosts_a_bow_out_moves_the_role_once():
    """Both backups take over; the tie is broken, and the second bow-out is not sent any more."""
    segment, master, *_ = pair("10.0.0.1", "10.0.0.2", "10.0.0.3")
    segment.run(until=10.5)
    master.step_down()
    segment.run(until=10.55)
    (new,) = segment.masters()
    assert str(new.source) == "10.0.0.2"
    settled_at = segment.changed_at
    segment.run(until=60.0)
    assert segment.changed_at == settled_at


@pytest.mark.parametrize("leave", ["stop", "step_down", "demote 240", "demote 255"])
def test_with_five_hosts_the_role_moves_to_the_best_one_alone(leave):
    """This holds once they know each other; at first no host can know whose turn it is."""
    segment = Segment(seed=1)
    for number, advskew in enumerate((0, 50, 100, 150, 200), start=1):
        boot = ours(advskew=advskew, preempt=True)
        segment.add(Station(boot, ip_address(f"10.0.0.{number}"))).start()
    best, second, *_ = segment.stations
    segment.run(until=10.0)
    best.stop()
    segment.run(until=15.0)
    best.start()
    segment.run(until=25.0)
    assert segment.masters() == [best]
    segment.cost = cost = Cost(segment)
    what, *amount = leave.split()
    getattr(best, what)(*map(int, amount))
    segment.run(until=25.7)
    assert segment.masters() == [second]
    assert cost.transitions == 2
    assert cost.two_holders <= 0.012


DUAL_ONE = ("10.0.0.1", "fe80::2")
DUAL_OTHER = ("10.0.0.2", "fe80::1")
"""The one wins a tie in IPv4, and would lose it in IPv6."""


def dual_pair(**changes):
    segment = Segment(seed=1)
    stations = [
        segment.add(Station(ours(addresses=DUAL, **changes), *map(ip_address, sources)))
        for sources in (DUAL_ONE, DUAL_OTHER)
    ]
    for station in stations:
        station.start()
    return segment, *stations


def test_dual_stack_a_partition_that_heals_leaves_the_winner_in_ipv4():
    segment, one, other = dual_pair()
    segment.keeps_order = True
    segment.run(until=10.0)
    segment.divide([0, 1])
    segment.run(until=20.0)
    assert segment.masters() == [one, other]
    segment.heal()
    segment.run(until=21.1)
    assert segment.masters() == [one]
    segment.run(until=60.0)
    assert segment.masters() == [one]


def test_dual_stack_the_role_moves_once():
    segment, master, backup = dual_pair()
    segment.run(until=10.5)
    assert segment.masters() == [master]
    master.step_down()
    segment.run(until=10.6)
    assert segment.masters() == [backup]
    settled_at = segment.changed_at
    segment.run(until=60.0)
    assert segment.changed_at == settled_at


def test_dual_stack_a_filter_for_one_family_moves_nothing_and_is_told():
    segment, one, other = dual_pair()
    segment.run(until=10.5)
    settled_at = segment.changed_at
    other.filter((6,))
    segment.run(until=60.0)
    segment.heal()
    segment.run(until=65.0)
    assert segment.masters() == [one]
    assert segment.changed_at == settled_at
    told = [line.partition(" ")[2] for line in segment.log if "reports" in line]
    assert told == ["10.0.0.2 reports FAMILY_SILENT", "10.0.0.2 reports FAMILY_HEARD"]


def test_dual_stack_two_masters_that_hear_each_other_in_ipv6_alone():
    """Ties are decided there then, and the winner is the one that IPv4 would not have chosen."""
    segment, one, other = dual_pair()
    other.filter((4,))
    segment.divide([0, 1])
    segment.run(until=10.0)
    assert segment.masters() == [one, other]
    segment.divide([0, 0])
    segment.run(until=11.1)
    assert segment.masters() == [other]


def test_dual_stack_a_partition_that_heals_first_in_ipv6():
    """The loser of the tie in IPv6 would win it in IPv4, which is back when it has yielded."""
    segment, one, other = dual_pair()
    other.filter((4,))
    segment.divide([0, 1])
    segment.run(until=10.0)
    segment.divide([0, 0])
    while one.is_master:
        segment.run(until=segment.now + 0.001)
    segment.heal()
    settled_at = segment.changed_at
    segment.run(until=60.0)
    assert segment.masters() == [other]
    assert segment.changed_at == settled_at


@pytest.mark.parametrize("style", DemoteStyle)
@pytest.mark.parametrize("preempt", [False, True])
def test_a_master_that_is_demoted_hands_over_at_once(style, preempt):
    segment, master, backup = pair("10.0.0.1", "10.0.0.2", demote_style=style, preempt=preempt)
    segment.run(until=10.5)
    master.demote(50)
    segment.run(until=10.55)
    assert segment.masters() == [backup]
    settled_at = segment.changed_at
    segment.run(until=60.0)
    assert segment.changed_at == settled_at
    backup.demote(100)
    segment.run(until=60.05)
    assert segment.masters() == [master]
    segment.run(until=120.0)
    assert segment.masters() == [master]


def test_openbsd_demoted_backups_beside_a_slow_master_let_it_be():
    """They would take over by rule B4 and give the role back by M1, at every advertisement."""
    segment = Segment(seed=1)
    slow = segment.add(
        Station(ours(advbase=4, demote_style=DemoteStyle.OPENBSD), ip_address("10.0.0.1"))
    )
    for number in (2, 3, 4):
        station = segment.add(
            Station(ours(demote_style=DemoteStyle.OPENBSD), ip_address(f"10.0.0.{number}"))
        )
        station.demotion = 1
    for station in segment.stations:
        station.start()
    segment.run(until=30.0)
    assert segment.masters() == [slow]
    settled_at = segment.changed_at
    segment.run(until=120.0)
    assert segment.changed_at == settled_at
