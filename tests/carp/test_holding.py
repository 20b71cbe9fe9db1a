"""What a master does about its addresses, told as `method arguments at time -> actions`."""

from ipaddress import ip_address

import pytest

from ucarpd.carp.actions import AcquireAddresses, AnnounceAddresses
from ucarpd.carp.holding import Holding

ONE, TWO, OTHER = map(ip_address, ("10.0.0.100", "10.0.0.101", "10.0.0.102"))
ALL = [AnnounceAddresses((ONE, TWO))]
AGAIN = [AcquireAddresses()]


@pytest.fixture
def asked():
    """Asked for at 10.0, not here yet."""
    holding = Holding((ONE, TWO))
    assert holding.acquire(10.0) == AGAIN
    assert holding.deadline is None
    return holding


@pytest.fixture
def here(asked):
    """All here at 10.1, and announced for the last time at 13.1."""
    assert asked.acquired((), 10.1) == ALL
    for at in (10.2, 10.4, 11.1, 13.1):
        assert asked.deadline == pytest.approx(at)
        assert asked.due(at) == ALL
    assert asked.deadline is None
    return asked


def test_nothing_is_announced_that_is_not_here(asked):
    assert asked.announce(10.05) == []
    assert asked.outdo_rival(99.0, 1.0) == []
    assert asked.removed(ONE, 10.05) == []
    assert asked.due(99.0) == []


def test_what_came_is_announced_at_once_and_all_of_it_later(asked):
    assert asked.acquired((TWO,), 10.1) == [AnnounceAddresses((TWO,))]
    assert asked.due(10.2) == ALL


def test_a_refusal_is_followed_by_another_attempt(asked):
    assert asked.refused(10.2) == []
    assert asked.deadline == 11.2
    assert asked.due(11.1) == []
    assert asked.due(11.2) == AGAIN
    assert asked.deadline is None


def test_addresses_that_came_after_all_need_no_other_attempt(asked):
    asked.refused(10.2)
    asked.acquired((), 10.3)
    assert asked.due(11.2) == ALL


def test_an_address_that_is_taken_away_is_put_back_at_most_once_a_second(here):
    assert here.removed(ONE, 20.0) == AGAIN
    assert here.removed(TWO, 20.1) == []
    assert here.deadline == 21.0
    assert here.due(21.0) == AGAIN


def test_an_address_of_somebody_else_is_none_of_our_business(here):
    assert here.removed(OTHER, 20.0) == []
    assert here.deadline is None


def test_a_rival_is_outdone_once_an_interval(here):
    assert here.outdo_rival(14.09, 1.0) == []
    assert here.outdo_rival(14.1, 1.0) == ALL
    assert here.outdo_rival(15.0, 1.0) == []
