"""What may be asked for."""

from enum import Enum
from ipaddress import ip_address
from typing import get_args

import pytest

from ucarpd.carp import actions


def test_every_action_is_a_member_of_the_union():
    """Or `assert_never` in the engine would not ask for it."""
    defined = {
        thing
        for thing in vars(actions).values()
        if isinstance(thing, type)
        and thing.__module__ == actions.__name__
        and not issubclass(thing, Enum)
    }
    assert set(get_args(actions.Action)) == defined


def test_the_states_have_the_names_that_every_implementation_logs():
    assert [state.value for state in actions.State] == ["INIT", "BACKUP", "MASTER"]


@pytest.mark.parametrize(
    ("addresses", "has_ipv6"),
    [([], False), (["10.0.0.100"], False), (["10.0.0.100", "fd00::1"], True)],
)
def test_which_announcements_have_ipv6_addresses(addresses, has_ipv6):
    action = actions.AnnounceAddresses(tuple(map(ip_address, addresses)))
    assert action.has_ipv6 is has_ipv6


def test_who_is_healthy_says_so():
    """Anything but 0 in byte 4 would make a healthy OpenBSD backup take over."""
    assert actions.SendAdvertisement(ip_address("10.0.0.1"), 1, 0, 7).demotion == 0
