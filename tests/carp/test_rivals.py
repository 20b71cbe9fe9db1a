"""Other masters, as a master hears them that does not yield."""

from ipaddress import ip_address

import pytest

from ucarpd.carp.actions import Finding, Report
from ucarpd.carp.contender import Contender
from ucarpd.carp.rivals import RIVALS, Rivals

RIVAL = ip_address("10.0.0.2")


def contender(source, units=256):
    return Contender(units, ip_address(source))


OWN = contender("10.0.0.1")
WORSE, EQUAL = contender("10.0.0.2", 257), contender("10.0.0.2")


@pytest.fixture
def rivals():
    return Rivals()


@pytest.mark.parametrize(
    ("peer", "times", "told_at", "because"),
    [
        (WORSE, [10.0, 11.0, 12.0, 13.0], 12.0, "the third one, once"),
        (WORSE, [10.0, 10.1, 10.2, 10.49, 11.0], None, "duplicates, and what was under way"),
        (contender("10.0.0.2", 768), [10.0, 10.4, 13.0, 16.0], 16.0, "its own pace"),
        (contender("10.0.0.2", 65264), [10.0, 11.0, 12.0], 12.0, "254 is no pace"),
    ],
)
def test_a_rival_that_stays_is_told(*, rivals, peer, times, told_at, because):
    told = [(at, each) for at in times for each in rivals.hear(OWN, peer, at, 1.0)]
    expected = [] if told_at is None else [(told_at, Report(Finding.RIVAL_STAYS, RIVAL))]
    assert told == expected, because


def test_invented_ones_that_take_turns_are_told_up_to_a_number(rivals):
    """Each is silent before the next ones come."""

    def told(turn, at):
        sources = [contender(f"10.1.{turn}.{n}", 257) for n in range(RIVALS)]
        rivals.gone(at, 1.0)
        times = (at, at + 1.0, at + 2.0)
        return sum(len(rivals.hear(OWN, each, now, 1.0)) for now in times for each in sources)

    turns = [(turn, 10.0 + 10.0 * turn) for turn in range(8)]
    assert [told(*each) for each in turns] == [RIVALS, 0, 0, 0, 0, 0, RIVALS, 0]


def test_an_equal_that_stays_is_told_as_one(rivals):
    told = [each for at in (10.0, 11.0, 12.0) for each in rivals.hear(OWN, EQUAL, at, 1.0)]
    assert told == [Report(Finding.RIVAL_STAYS_TIED, RIVAL)]


def test_it_is_answered_once_an_interval(rivals):
    assert not rivals.is_to_be_answered(RIVAL, 10.0, 1.0)
    rivals.hear(OWN, WORSE, 10.0, 1.0)
    assert rivals.is_to_be_answered(RIVAL, 10.0, 1.0)
    assert not rivals.is_to_be_answered(RIVAL, 10.9, 1.0)
    assert rivals.is_to_be_answered(RIVAL, 11.0, 1.0)


def test_a_rival_apart_is_no_rival_that_settles_the_matter(rivals):
    """Until we have a source address in its family again."""
    rivals.hear(None, WORSE, 10.0, 1.0)
    assert not rivals.are_heard(10.1, 1.0)
    rivals.hear(OWN, WORSE, 11.0, 1.0)
    assert rivals.are_heard(11.1, 1.0)


def test_it_is_over_after_three_intervals_of_silence(rivals):
    for at in (10.0, 11.0, 12.0):
        rivals.hear(OWN, WORSE, at, 1.0)
    rivals.hear(OWN, contender("10.0.0.3", 300), 12.0, 1.0)
    assert rivals.gone(15.0, 1.0) == []
    assert rivals.gone(15.1, 1.0) == [Report(Finding.RIVAL_GONE, RIVAL)]
    assert rivals.gone(16.0, 1.0) == []
    assert not rivals.is_to_be_answered(ip_address("10.0.0.3"), 16.0, 1.0)


@pytest.mark.parametrize(
    ("others", "at", "has_outstayed", "because"),
    [
        ([], 12.9, False, "we are the lowest: three intervals"),
        ([], 13.0, True, "we are the lowest: three intervals"),
        (["10.0.0.0"], 15.9, False, "the second: six"),
        (["10.0.0.0"], 16.0, True, "the second: six"),
        (["fe80::"], 13.0, True, "another family does not count"),
        (["10.0.0.9"], 13.0, True, "nor does a higher one"),
    ],
)
def test_equals_yield_in_turn(*, rivals, others, at, has_outstayed, because):
    for each in ["10.0.0.2", *others]:
        rivals.hear(OWN, contender(each), 10.0, 1.0)
    assert rivals.has_outstayed(OWN, EQUAL, at, 1.0) is has_outstayed, because


def test_the_turn_counts_from_when_it_became_our_equal(rivals):
    rivals.hear(OWN, WORSE, 10.0, 1.0)
    rivals.hear(OWN, EQUAL, 20.0, 1.0)
    assert not rivals.has_outstayed(OWN, EQUAL, 22.9, 1.0)
    assert rivals.has_outstayed(OWN, EQUAL, 23.0, 1.0)


def test_an_equal_that_was_silent_has_not_stayed(rivals):
    """It has yielded, and a script has delayed its parting advertisement."""
    rivals.hear(OWN, EQUAL, 10.0, 1.0)
    rivals.hear(OWN, EQUAL, 13.1, 1.0)
    assert not rivals.has_outstayed(OWN, EQUAL, 13.1, 1.0)


def test_an_equal_of_which_one_advertisement_is_lost_has_stayed(rivals):
    for at in (10.0, 12.0, 13.0):
        rivals.hear(OWN, EQUAL, at, 1.0)
    assert rivals.has_outstayed(OWN, EQUAL, 13.0, 1.0)


def test_a_worse_one_in_between_takes_no_turn(rivals):
    rivals.hear(OWN, contender("10.0.0.0", 300), 10.0, 1.0)
    rivals.hear(OWN, EQUAL, 10.0, 1.0)
    assert rivals.has_outstayed(OWN, EQUAL, 13.0, 1.0)


def test_the_memory_is_bounded(rivals):
    for number in range(RIVALS + 3):
        rivals.hear(OWN, contender(f"10.0.1.{number}"), 10.0, 1.0)
    last = contender(f"10.0.1.{RIVALS + 2}")
    assert not rivals.is_to_be_answered(last.source, 10.0, 1.0)
    assert not rivals.has_outstayed(OWN, last, 99.0, 1.0)
