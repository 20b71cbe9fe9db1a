"""The addresses go, the final advertisements follow, and the clients are told where to send."""

from ipaddress import ip_address

import pytest

from ucarpd.carp.actions import AnnounceAddresses, ReleaseAddresses
from ucarpd.carp.bow_out import FinalAdvertisements, bow_out_of
from ucarpd.carp.leaving import Leaving
from ucarpd.carp.rank import BOW_OUT, Stated
from ucarpd.carp.statement import Statement

GIVEN_UP = (ip_address("10.0.0.100"), ip_address("2001:db8::100"))
TOLD = [AnnounceAddresses(GIVEN_UP, at_successor=True)]
PARTING = Stated(1, 9, 0)


def serves(*, virtual=False, bows_out=False):
    stated = (255, 255) if bows_out else (1, 0)
    return Statement(ip_address("10.0.0.2"), *stated, from_virtual_mac=virtual)


def leaving(final=None):
    """Since 10.0."""
    host = Leaving()
    assert host.begin(final, GIVEN_UP) == [ReleaseAddresses()]
    assert host.is_releasing
    return host


def test_nothing_is_left_to_do_at_first():
    host = Leaving()
    assert host.is_over
    assert host.deadline is None
    assert host.take_final(10.0) is None
    assert host.successor_heard(serves(virtual=True)) == []
    assert host.released(10.0) == []


def test_a_release_that_gives_up_nothing():
    host = Leaving()
    assert host.release(at_start=True) == [ReleaseAddresses(at_start=True)]
    assert not host.is_over
    assert host.released(10.0) == []
    assert host.is_over


# -- the final advertisements ----------------------------------------------------------------------


def test_the_farewell_follows_the_release():
    host = leaving(FinalAdvertisements.bow_out(until=13.0))
    assert host.deadline is None
    assert host.take_final(10.1) is None
    host.released(10.2)
    assert host.deadline == 10.2
    assert host.take_final(10.2) == BOW_OUT
    assert not host.is_over
    assert host.take_final(host.deadline) == BOW_OUT
    assert host.is_over


def test_a_slow_script_holds_it_back_for_a_while_only():
    host = leaving(FinalAdvertisements.bow_out(until=13.0))
    host.addresses_off(12.0, 3.0)
    host.addresses_off(12.5, 3.0)
    assert host.deadline == 15.0
    assert host.take_final(15.0) == BOW_OUT
    assert host.take_final(15.05) == BOW_OUT
    assert not host.is_over
    host.released(40.0)
    assert host.is_over
    host = leaving(FinalAdvertisements.bow_out(until=13.0))
    host.addresses_off(12.0, 3.0)
    assert host.take_final(18.1) is None


@pytest.mark.parametrize(
    ("what", "is_dropped"),
    [
        (lambda host: host.interface_lost(False), True),
        (lambda host: host.interface_lost(True), False),
        (lambda host: host.cancel(), True),
        (lambda host: host.successor_heard(serves()), True),
        (lambda host: host.successor_heard(serves(bows_out=True)), False),
    ],
)
def test_when_a_bow_out_is_dropped(what, is_dropped):
    host = leaving(FinalAdvertisements.bow_out(until=13.0))
    what(host)
    host.released(10.2)
    assert (host.take_final(10.2) is None) is is_dropped


def test_a_parting_advertisement_is_for_the_successor():
    host = leaving(FinalAdvertisements.parting(PARTING, until=11.0, family=4))
    host.successor_heard(serves())
    host.released(10.2)
    assert host.take_final(10.2) == PARTING
    assert host.is_over


def test_the_bow_out_in_one_family():
    source = ip_address("fe80::1")
    sent = bow_out_of(source, 5)
    assert (sent.source, sent.advbase, sent.advskew, sent.counter) == (source, 255, 255, 5)
    assert sent.demotion == 255
    assert sent.is_final


# -- the clients -----------------------------------------------------------------------------------


def test_the_clients_are_told_once_when_our_address_is_off_and_a_kernel_serves():
    host = leaving()
    assert host.successor_heard(serves(virtual=True)) == []
    assert host.released(10.2) == TOLD
    assert host.successor_heard(serves(virtual=True)) == []
    host = leaving()
    assert host.released(10.2) == []
    assert host.successor_heard(serves(virtual=True, bows_out=True)) == []
    assert host.successor_heard(serves(virtual=True)) == TOLD
    assert host.released(10.4) == []


def test_they_are_told_while_the_script_is_still_at_work():
    host = leaving()
    assert host.successor_heard(serves(virtual=True)) == []
    assert host.addresses_off(10.1, 3.0) == TOLD


def test_a_successor_that_announces_the_addresses_itself_is_left_to_do_so():
    host = leaving()
    assert host.released(10.2) == []
    assert host.successor_heard(serves()) == []
    assert host.successor_heard(serves(virtual=True)) == []


def test_nobody_is_told_when_we_have_the_role_again():
    host = leaving()
    host.successor_heard(serves(virtual=True))
    host.cancel()
    assert host.released(10.2) == []
