"""A link or a source address that is lost for a moment."""

import pytest

from ucarpd.carp.events import InterfaceLost
from ucarpd.carp.outage import EARLY, LONGEST, MEMORY, TIMES, Outage
from ucarpd.carp.verdicts import OwnVerdict

NO_CARRIER = InterfaceLost("no carrier", may_return=True)
NO_SOURCE = InterfaceLost("no source", can_send=True, may_return=True)


def lose(outage, lost, now, missed_at=11.0):
    return outage.lost(lost, now, missed_at=missed_at, master_down_interval=3.0)


@pytest.mark.parametrize(
    ("now", "missed_at", "verdict", "because"),
    [
        (10.0, 11.0, OwnVerdict.OUTLAST, "it may be back in time"),
        (10.0, 10.0, OwnVerdict.LEAVE_LOST, "it is too late already"),
        (12.9, 14.0, OwnVerdict.LEAVE_LOST, "the last one was a moment ago"),
        (13.0, 14.0, OwnVerdict.OUTLAST, "the last one was a master-down interval ago"),
    ],
)
def test_when_it_may_be_outlasted(now, missed_at, verdict, because):
    outage = Outage()
    if now > 10.0:
        assert lose(outage, NO_SOURCE, 10.0) is OwnVerdict.OUTLAST
        outage.end()
    assert lose(outage, NO_CARRIER, now, missed_at) is verdict, because
    lasts = verdict is OwnVerdict.OUTLAST
    assert outage.until == (missed_at if lasts else None)
    assert outage.reason == ("no carrier" if lasts else outage.reason)


def test_an_end_is_an_end():
    outage = Outage()
    lose(outage, NO_CARRIER, 10.0)
    outage.end()
    assert outage.until is None


def test_the_latest_loss_tells_whether_a_bow_out_gets_out():
    outage = Outage()
    lose(outage, NO_SOURCE, 10.0)
    assert (outage.reason, outage.can_send) == ("no source", True)
    lose(outage, NO_CARRIER, 10.5)
    assert (outage.reason, outage.can_send, outage.until) == ("no carrier", False, 11.0)


@pytest.mark.parametrize(
    ("lost_after", "pause", "verdict"),
    [
        (EARLY - 0.1, 100.0, OwnVerdict.SIT_OUT),
        (EARLY, 100.0, OwnVerdict.LEAVE_LOST),
        (EARLY - 0.1, MEMORY / TIMES, OwnVerdict.LEAVE_LOST),
    ],
)
def test_what_counts_as_lost_each_time(lost_after, pause, verdict):
    outage = Outage()
    for number in range(TIMES + 1):
        taken_at = number * pause
        outage.role_taken(taken_at, taken_at - pause)
        last = lose(outage, InterfaceLost("down"), taken_at + lost_after, 0.0)
        if number < TIMES:
            assert last is OwnVerdict.LEAVE_LOST
            outage.role_lost()
            outage.end()
    assert last is verdict
    sat_out = verdict is OwnVerdict.SIT_OUT
    assert outage.until == (taken_at + lost_after + LONGEST if sat_out else None)


def test_a_loss_late_in_a_term_is_none_of_those():
    outage = Outage()
    for taken_at in (0.0, 100.0, 200.0, 300.0):
        outage.role_taken(taken_at, taken_at - 100.0)
        lost_after = 0.1 if taken_at < 300.0 else EARLY
        last = lose(outage, InterfaceLost("down"), taken_at + lost_after, 0.0)
        outage.role_lost()
        outage.end()
    assert last is OwnVerdict.LEAVE_LOST


@pytest.mark.parametrize(
    ("serves", "verdict"), [(EARLY, OwnVerdict.LEAVE_LOST), (EARLY - 0.1, OwnVerdict.SIT_OUT)]
)
def test_a_term_that_goes_well_shows_that_it_is_not_lost_each_time(serves, verdict):
    outage = Outage()
    advertised_at = 0.0
    for number in range(TIMES + 2):
        taken_at = 100.0 * number
        outage.role_taken(taken_at, advertised_at)
        if number == 1:
            advertised_at = taken_at + serves
            outage.end()
            continue
        last = lose(outage, InterfaceLost("down"), taken_at + 0.1, 0.0)
        if number <= TIMES:
            outage.role_lost()
            outage.end()
    assert last is verdict


def test_an_interface_that_was_waited_for_is_still_lost_each_time():
    outage = Outage()
    for number in range(TIMES + 2):
        taken_at = 100.0 * number
        outage.role_taken(taken_at, taken_at - 20.0)
        last = lose(outage, InterfaceLost("down"), taken_at + 0.1, 0.0)
        if last is OwnVerdict.SIT_OUT:
            outage.take_news()
        else:
            outage.role_lost()
        outage.end()
    assert last is OwnVerdict.SIT_OUT
