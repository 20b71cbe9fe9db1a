"""When a health check has failed, and when it is good again."""

import pytest

from ucarpd.health.check_state import CheckHistory, CheckState

UNKNOWN, GOOD, FAILED = CheckState.UNKNOWN, CheckState.GOOD, CheckState.FAILED


def history(results="", rise=2, fall=3):
    """One after these results, one a second: `g` is good, `b` is bad."""
    made = CheckHistory(rise, fall, 0.0)
    for second, result in enumerate(results, 1):
        made.note(result == "g", f"{result}{second}", float(second))
    return made


@pytest.mark.parametrize(
    ("results", "state", "because"),
    [
        ("", UNKNOWN, "it has not run"),
        ("g", GOOD, "the first success counts"),
        ("bb", UNKNOWN, "it may be a slow start"),
        ("bbg", GOOD, "the first success counts"),
        ("bbb", FAILED, "three in a row"),
        ("gbb", GOOD, "two in a row"),
        ("gbbgbb", GOOD, "never three in a row"),
        ("gbbb", FAILED, "three in a row"),
        ("gbbbg", FAILED, "one success"),
        ("gbbbgbg", FAILED, "never two in a row"),
        ("gbbbgg", GOOD, "two in a row"),
    ],
)
def test_the_state_after_some_results(results, state, because):
    assert history(results).state is state, because


def test_since_when_and_why():
    made = history()
    assert (made.reason, made.since) == ("not run yet", 0.0)
    assert not made.note(False, "connection refused", 1.0)
    assert (made.state, made.reason, made.since) == (UNKNOWN, "connection refused", 0.0)
    assert not made.note(False, "connection refused", 2.0)
    assert made.note(False, "timed out", 3.0)
    assert (made.reason, made.since) == ("timed out", 3.0)
    assert not made.note(True, "OK", 4.0)
    assert made.reason == "timed out", "it still counts as failed"
    assert made.note(True, "fine", 5.0)
    assert (made.reason, made.since) == ("fine", 5.0)


def fall_again(made, at):
    for second in range(3):
        made.note(False, "no", at + second)
    return at + 2


@pytest.mark.parametrize(
    ("falls", "pause"), [(1, 0), (2, 10), (3, 20), (4, 40), (5, 80), (6, 160), (7, 300)]
)
def test_a_check_that_fails_again_and_again_stays_failed_for_longer(falls, pause):
    made = history("g")
    at = 10.0
    for _ in range(falls):
        failed_at = fall_again(made, at)
        made.note(True, "yes", failed_at + 1)
        at = failed_at + 1
        while made.state is FAILED:
            at = max(at + 1, made.good_at or 0.0)
            made.note(True, "yes", at)
    assert at == failed_at + max(pause, 2)


def test_the_end_of_the_pause_is_shown_once_nothing_else_is_missing():
    assert history("gbb").good_at is None, "it has not failed"
    made = history("gbbbggbbb")
    assert made.good_at is None
    made.note(True, "yes", 10.0)
    assert made.good_at is None, "one more success is needed in any case"
    made.note(True, "yes", 11.0)
    assert (made.state, made.good_at) == (FAILED, 19.0)
    made.note(False, "no", 12.0)
    assert made.good_at is None
    made.note(True, "yes", 13.0)
    made.note(True, "yes", 21.9)
    assert made.state is FAILED, "the pause counts from the last failure"
    assert made.note(True, "yes", 22.0)
    assert made.good_at is None


def test_failures_of_long_ago_cost_nothing():
    made = history("gbbbgg")
    failed_at = fall_again(made, 700.0)
    made.note(True, "yes", failed_at + 1)
    assert made.note(True, "yes", failed_at + 2)
