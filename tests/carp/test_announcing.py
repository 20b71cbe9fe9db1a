"""When the neighbours are told."""

import pytest

from ucarpd.carp.announcing import AnnouncementSchedule


def started(now, **options):
    schedule = AnnouncementSchedule(**options)
    schedule.start(now)
    return schedule


def taken_until(schedule, end):
    """The moments at which it announces, up to `end`."""
    taken = [schedule.last_at]
    while schedule.deadline is not None and schedule.deadline <= end:
        assert not schedule.take(schedule.deadline - 0.001)
        assert schedule.take(schedule.deadline)
        taken.append(schedule.last_at)
    return taken


def test_nothing_is_due_before_the_start():
    schedule = AnnouncementSchedule(60.0)
    assert schedule.deadline is None
    assert not schedule.take(1e9)
    assert schedule.last_at == float("-inf")


def test_a_short_burst_and_no_more_where_no_interval_is_set():
    assert taken_until(started(10.0), 1e9) == [10.0, 10.1, 10.3, 11.0, 13.0]


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
    assert schedule.deadline is None


def test_repetitions_slept_through_count_as_one():
    schedule = started(0.0, interval=60.0)
    assert schedule.take(1000.0)
    assert not schedule.take(1000.0)
    assert 1000.0 < schedule.deadline < 1072.0


def test_a_new_start_replaces_the_old_plan():
    schedule = started(10.0)
    schedule.start(10.05)
    assert schedule.deadline == 10.15


def test_an_interval_of_a_reload_counts_from_now_on():
    schedule = started(0.0)
    assert schedule.take(99.0)
    schedule.interval = 60.0
    assert schedule.take(99.0)
    assert 99.0 < schedule.deadline < 160.0
