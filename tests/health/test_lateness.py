"""The statistics of wake-ups."""

from ucarpd.health.lateness import Lateness


def test_nothing_yet():
    assert str(Lateness()) == (
        "0 timers: 0 late by 1 ms or more, 0 late by 10 ms or more, 0 late by 100 ms or more; "
        "the latest by 0.0 ms"
    )


def test_each_bound_counts_what_is_beyond_it():
    lateness = Lateness()
    for seconds in (0.0, 0.0009, 0.001, 0.005, 0.25, 0.01, 0.0999):
        lateness.note(seconds, 10.0)
    assert (lateness.latest, lateness.recent(60.0), lateness.recent(99.0)) == (0.25, 0.25, 0.0)
    assert str(lateness) == (
        "7 timers: 5 late by 1 ms or more, 3 late by 10 ms or more, 1 late by 100 ms or more; "
        "the latest by 250.0 ms"
    )


def test_a_smaller_delay_is_the_latest_when_a_larger_one_is_long_ago():
    lateness = Lateness()
    lateness.note(0.25, 10.0)
    lateness.note(0.1, 25.0)
    assert (lateness.recent(25.0), lateness.recent(90.0)) == (0.25, 0.1)
