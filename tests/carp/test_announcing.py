"""When the neighbours are told."""

from ucarpd.carp.announcing import AnnouncementSchedule


def started(now):
    schedule = AnnouncementSchedule()
    schedule.start(now)
    return schedule


def test_nothing_is_due_before_the_start():
    schedule = AnnouncementSchedule()
    assert schedule.deadline is None
    assert not schedule.take(1e9)
    assert schedule.last_at == float("-inf")


def test_a_short_burst_and_again_later():
    schedule = started(10.0)
    taken = [schedule.last_at]
    while schedule.deadline is not None:
        assert not schedule.take(schedule.deadline - 0.001)
        assert schedule.take(schedule.deadline)
        taken.append(schedule.last_at)
    assert taken == [10.0, 10.1, 10.3, 11.0, 13.0]


def test_those_slept_through_count_as_one():
    schedule = started(10.0)
    assert schedule.take(10.5)
    assert schedule.last_at == 10.5
    assert schedule.deadline == 11.0
    assert schedule.take(99.0)
    assert schedule.deadline is None


def test_a_new_start_replaces_the_old_plan():
    schedule = started(10.0)
    schedule.start(10.05)
    assert schedule.deadline == 10.15
