"""A master's handling of its addresses, written as `method arguments at time -> actions`."""

from dataclasses import replace
from ipaddress import ip_address

import pytest

from ucarpd.carp.actions import (
    AcquireAddresses,
    AnnounceAddresses,
    ReassertAddresses,
    ReportUnserved,
)
from ucarpd.carp.held_addresses import LONGEST_RETRY, AnnouncementSchedule, HeldAddresses
from ucarpd.carp.params import Params
from ucarpd.carp.timing import NEVER

ONE, TWO, OTHER = map(ip_address, ("10.0.0.100", "10.0.0.101", "10.0.0.102"))
PARAMS = Params(vhid=1, addresses=(ONE, TWO), key=b"secret")
ALL = [AnnounceAddresses((ONE, TWO))]
AGAIN = [AcquireAddresses()]


def asked_for(**changes):
    """Asked for at 10.0, not here yet."""
    held = HeldAddresses(replace(PARAMS, **changes))
    assert held.acquire(10.0) == AGAIN
    assert held.deadline == NEVER
    return held


def all_here(**changes):
    """All here at 10.1, and announced for the last time at 13.1."""
    held = asked_for(**changes)
    assert held.acquired((), 10.1) == ALL
    for at in (10.2, 10.4, 11.1, 13.1):
        assert held.deadline == pytest.approx(at)
        assert held.due(at) == ALL
    assert held.deadline == NEVER
    return held


@pytest.fixture
def asked():
    return asked_for()


@pytest.fixture
def here():
    return all_here()


def test_addresses_that_a_script_adds_and_takes_away_again_are_no_success(asked):
    """Otherwise a host whose service does not start would keep the role for ever."""
    for at in (10.1, 11.1):
        assert asked.acquired((ONE, TWO), at, is_early=True) == ALL
        actions = asked.refused((), at + 0.5)
        asked.acquire(at + 0.8)
    assert actions == [ReportUnserved((ONE, TWO))]
    assert asked.acquired((), 12.0)[-1] == ReportUnserved(())


def test_nothing_is_announced_that_is_not_here(asked):
    assert asked.announce(10.05) == []
    assert asked.outdo_rival(99.0, 1.0) == []
    assert asked.due(99.0) == []


def test_what_came_is_announced_at_once_and_all_that_is_here_later(asked):
    assert asked.acquired((TWO,), 10.1) == [AnnounceAddresses((TWO,))]
    assert asked.due(10.2) == [AnnounceAddresses((TWO,))]
    assert asked.acquired((ONE,), 10.25) == [AnnounceAddresses((ONE,))]
    assert asked.due(10.35) == ALL


def test_each_address_counts_for_itself(asked):
    assert asked.acquired((ONE,), 10.1) == [AnnounceAddresses((ONE,))]
    assert asked.refused((TWO,), 10.1) == []
    assert asked.due(10.2) == [AnnounceAddresses((ONE,))]
    assert asked.due(10.31) == [*AGAIN]
    assert asked.acquired((ONE,), 10.32) == [AnnounceAddresses((ONE,))]
    assert asked.refused((TWO,), 10.32) == [ReportUnserved((TWO,))]
    # It keeps trying; a removal of the other address does not matter here.
    assert asked.removed(TWO, 10.33) == []
    assert asked.removed(ONE, 10.33) == []
    assert asked.acquired((ONE, TWO), 11.4) == [*ALL, ReportUnserved(())]


def test_a_refusal_is_followed_by_a_quick_attempt_and_then_by_pauses_that_grow(asked):
    now, pauses = 10.0, []
    for attempt in range(10):
        told = asked.refused((), now)
        assert told == ([ReportUnserved((ONE, TWO))] if attempt == 1 else [])
        pauses.append(asked.deadline - now)
        assert asked.due(asked.deadline - 0.01) == []
        now = asked.deadline
        assert asked.due(now) == AGAIN
        assert asked.deadline == NEVER
    assert pauses == pytest.approx([0.2, 1, 2, 4, 8, 16, 32, *[LONGEST_RETRY] * 3])


def test_an_attempt_that_hung_is_reported_at_once(asked):
    assert asked.refused((), 12.0, has_hung=True) == [ReportUnserved((ONE, TWO))]
    assert asked.deadline == 13.0


def test_after_a_success_the_pauses_are_short_again(asked):
    for at in (10.0, 10.2, 11.2):
        asked.refused((), at)
    assert asked.acquired((), 13.2) == [*ALL, ReportUnserved(())]
    asked.due(17.0)
    assert asked.refused((ONE,), 20.0) == []
    assert asked.deadline == pytest.approx(20.2)


def test_addresses_that_came_after_all_need_no_other_attempt(asked):
    asked.refused((), 10.2)
    asked.acquired((), 10.3)
    assert asked.due(11.2) == ALL


def test_an_address_that_is_taken_away_is_put_back_twice_quickly_and_then_once_a_second(here):
    """A program that sets up the interface often removes addresses twice."""
    assert here.removed(ONE, 20.0) == AGAIN
    assert here.removed(TWO, 20.1) == []
    assert here.deadline == 20.2
    assert here.due(20.2) == AGAIN
    assert here.removed(ONE, 20.3) == []
    for at in (21.2, 22.2):
        assert here.deadline == at
        assert here.due(at) == AGAIN
        assert here.removed(ONE, at + 0.1) == []
    assert here.due(23.2) == AGAIN
    # After two seconds in which it stayed this begins again.
    assert here.removed(ONE, 25.3) == AGAIN
    assert here.removed(ONE, 25.4) == []
    assert here.deadline == 25.5


def test_a_late_completion_does_not_cancel_what_a_removal_has_planned(here):
    """The attempt of 20.0 is reported as done at 20.15, after the address was removed again."""
    assert here.removed(ONE, 20.0) == AGAIN
    assert here.removed(ONE, 20.1) == []
    here.acquired((TWO,), 20.15)
    assert here.removed(ONE, 20.15) == []
    assert AcquireAddresses() in here.due(20.2)


def test_a_removal_before_the_second_attempt_is_reported_is_no_refusal(asked):
    """The first one was refused, and that no longer holds."""
    asked.refused((), 10.1)
    assert asked.removed(ONE, 10.2) == []
    assert asked.due(10.3) == AGAIN
    assert asked.removed(ONE, 10.31) == []
    assert asked.deadline == pytest.approx(11.3)
    assert asked.due(asked.deadline) == AGAIN


def test_an_address_of_somebody_else_is_none_of_our_business(here):
    assert here.removed(OTHER, 20.0) == []
    assert here.deadline == NEVER


def test_a_rival_is_outdone_once_an_interval(here):
    assert here.outdo_rival(14.09, 1.0) == []
    assert here.outdo_rival(14.1, 1.0) == ALL
    assert here.outdo_rival(15.0, 1.0) == []


def test_a_rival_that_comes_just_after_an_announcement_is_outdone_when_the_interval_is_over(here):
    """A host that wakes up has told the clients its MAC address, and gives way a moment later."""
    assert here.outdo_rival(13.5, 1.0) == []
    assert here.deadline == pytest.approx(14.1)
    assert here.due(14.05) == []
    assert here.due(14.1) == ALL
    assert here.deadline == pytest.approx(14.2)


def test_without_any_address_a_rival_is_not_outdone_and_no_deadline_stays_in_the_past(here):
    here.outdo_rival(13.5, 1.0)
    assert here.removed(ONE, 13.6) == AGAIN
    here.removed(TWO, 13.6)
    here.refused((), 13.7)
    assert here.due(14.1) == AGAIN
    assert here.deadline > 14.1


def test_what_is_announced_anyway_outdoes_a_rival(here):
    assert here.announce(20.0) == ALL
    assert here.outdo_rival(20.05, 1.0) == []
    for at in (20.1, 20.3, 21.0):
        assert here.due(at) == ALL
    assert here.deadline == pytest.approx(23.0)


def test_a_rival_that_is_gone_is_followed_by_one_assertion():
    here = all_here(reassert=True)
    here.outdo_rival(20.0, 1.0)
    here.outdo_rival(21.0, 1.0)
    assert ReassertAddresses() not in here.due(23.99)
    assert ReassertAddresses() in here.due(24.0)
    assert here.due(24.0) == []


def test_the_last_words_of_the_host_that_served_before_make_it_no_rival():
    here = all_here(reassert=True)
    here.outdo_rival(10.9, 1.0)
    assert ReassertAddresses() not in here.due(99.0)


def test_nobody_is_rivalled_by_a_host_that_has_nothing_yet():
    held = asked_for(reassert=True)
    held.outdo_rival(10.0, 1.0)
    assert held.deadline == NEVER


def test_announcements_go_on():
    held = all_here_with_repetition()
    at = held.deadline
    assert at == pytest.approx(20.1, abs=1.0)
    ask_twice = [AnnounceAddresses(PARAMS.addresses, asks=True)]
    assert [held.due(held.deadline) for _ in range(4)] == [ask_twice, ask_twice, ALL, ALL]


def all_here_with_repetition():
    held = HeldAddresses(replace(PARAMS, announce_interval=60.0), phase=0.5)
    held.acquire(10.0)
    held.acquired((), 10.1)
    held.due(13.1)
    return held


def test_what_was_taken_away_meanwhile_is_not_announced():
    held = all_here_with_repetition()
    assert held.removed(ONE, 13.2) == AGAIN
    assert held.due(held.deadline) == [AnnounceAddresses((TWO,), asks=True)]
    assert held.removed(TWO, 23.0) == AGAIN
    assert held.due(99.0) == []


# -- when it announces them ------------------------------------------------------------------------


def started(now, **options):
    schedule = AnnouncementSchedule(**options)
    schedule.start(now)
    return schedule


def taken_until(schedule, end):
    """The moments at which it announces, up to `end`."""
    taken = [schedule.last_at]
    while schedule.deadline <= end:
        assert not schedule.take(schedule.deadline - 0.001)
        assert schedule.take(schedule.deadline)
        taken.append(schedule.last_at)
    return taken


def test_nothing_is_due_before_the_start():
    schedule = AnnouncementSchedule(60.0)
    assert schedule.deadline == NEVER
    assert not schedule.take(1e9)
    assert schedule.last_at == float("-inf")


def test_a_short_burst_and_no_more_where_no_interval_is_set():
    assert taken_until(started(10.0), 1e9) == [10.0, 10.1, 10.3, 11.0, 13.0]


def test_those_who_took_over_together_share_its_wake_ups():
    schedules = [started(10.0 + n / 32 * 0.01) for n in range(32)]
    for after in (0.1, 0.3, 1.0, 3.0):
        due = {each.deadline for each in schedules}
        assert len(due) <= 2, f"{after} s after"
        assert all(each.take(10.0 + after + 0.01) for each in schedules)


def test_for_as_long_as_the_role_lasts():
    taken = taken_until(started(0.0, interval=60.0, phase=0.5), 600.0)
    assert taken[:5] == [0.0, 0.1, 0.3, 1.0, 3.0]
    assert taken[5:7] == pytest.approx([10.0, 30.0], rel=0.1)
    assert taken[7:] == pytest.approx([90.0 + 60.0 * n for n in range(9)], abs=6.0)


def test_the_virtual_hosts_of_a_process_are_spread():
    moments = [
        taken_until(started(0.0, interval=60.0, phase=(n + 1) / 255), 100.0)[-1] for n in range(255)
    ]
    assert len(set(moments)) > 200
    assert max(moments) - min(moments) == pytest.approx(12.0, abs=0.2)


def test_a_short_interval():
    taken = taken_until(started(0.0, interval=1.0), 34.0)
    assert taken[5:] == pytest.approx([10.0, 30.0, 31.0, 32.0, 33.0, 34.0], abs=0.11)
    assert taken == sorted(taken)


def test_those_slept_through_count_as_one():
    schedule = started(10.0)
    assert schedule.take(10.5)
    assert schedule.last_at == 10.5
    assert schedule.deadline == 11.0
    assert schedule.take(99.0)
    assert schedule.deadline == NEVER


def test_repetitions_slept_through_count_as_one():
    schedule = started(0.0, interval=60.0)
    assert schedule.take(1000.0)
    assert not schedule.take(1000.0)
    assert 1000.0 < schedule.deadline < 1072.0


def test_a_repetition_may_come_early_but_not_the_burst():
    schedule = started(0.0, interval=60.0)
    assert not schedule.take(0.05, early=1.0)
    assert schedule.take(3.0)
    due = schedule.deadline
    assert not schedule.take(due - 1.01, early=1.0)
    assert schedule.take(due - 0.99, early=1.0)
    assert schedule.deadline > due + 10.0


def test_a_new_start_replaces_the_old_plan():
    schedule = started(10.0)
    schedule.start(10.05)
    assert schedule.deadline == 10.15


def test_an_interval_of_a_reload_counts_from_now_on():
    schedule = started(0.0)
    assert schedule.take(99.0)
    schedule.set_interval(60.0)
    assert 99.0 < schedule.deadline < 160.0


@pytest.mark.parametrize("interval", [1.0, 10.0, 300.0])
def test_another_interval_of_a_reload_holds_at_once_even_after_a_year(interval):
    year = 365 * 86400.0
    schedule = started(0.0, interval=60.0)
    assert schedule.take(year)
    schedule.set_interval(interval)
    assert year < schedule.deadline <= year + 1.2 * interval
    assert schedule.take(schedule.deadline)
    assert schedule.deadline == pytest.approx(schedule.last_at + interval, abs=0.2 * interval)


def test_with_a_short_interval_none_is_left_out_for_being_early():
    schedule = started(0.0, interval=1.0)
    taken = [at for at in range(200) if schedule.take(float(at), early=1.0)]
    assert len([at for at in taken if at >= 100]) == 100


def test_a_reload_may_end_the_repetitions():
    schedule = started(0.0, interval=60.0)
    assert schedule.take(1000.0)
    schedule.set_interval(0.0)
    assert schedule.deadline == NEVER
