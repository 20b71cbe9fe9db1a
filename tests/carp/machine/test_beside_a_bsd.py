"""What happens beside a BSD kernel, which advertises from the virtual MAC address?"""

import pytest
from playbook import brought_to, demoted, dual, play, tell, words

from ucarpd.carp.actions import State


def test_clients_are_told_the_virtual_mac_by_a_host_that_yields():
    """The kernel is master already, and announces nothing, whatever it hears from us now."""
    play(
        brought_to(State.MASTER, advskew=100),
        """
        at 13.6: AdvertisementReceived 1/0 from 10.0.0.2 at_virtual_mac -> StateChanged MASTER BACKUP, ReleaseAddresses
        at 13.7: AddressesReleased -> AnnounceAddresses 10.0.0.100 at_successor
        at 14.6: AdvertisementReceived 1/0 from 10.0.0.2 at_virtual_mac -> nothing
        """,
    )


def test_clients_are_told_it_although_a_worse_host_says_that_it_has_yielded():
    """It took over at the same time, and its scripts delayed its parting advertisement."""
    play(
        brought_to(State.MASTER, advskew=100),
        """
        at 13.6: AdvertisementReceived 1/0 from 10.0.0.2 at_virtual_mac -> StateChanged MASTER BACKUP, ReleaseAddresses
        at 13.65: AdvertisementReceived 1/200 from 10.0.0.3 -> nothing
        at 13.7: AddressesReleased -> AnnounceAddresses 10.0.0.100 at_successor
        """,
    )


@pytest.mark.parametrize(
    ("leaves", "state"), [("DemotionChanged 255", "BACKUP"), ("StopRequested", "INIT")]
)
def test_clients_are_told_the_virtual_mac_by_a_host_that_bows_out(leaves, state):
    """FreeBSD sends no neighbour advertisement when it takes over."""
    machine = play(
        dual(State.MASTER),
        f"""
        at 13.6: {leaves} -> StateChanged MASTER {state}, ReleaseAddresses
        at 13.7: AddressesReleased -> SendAdvertisement 255/255 D255
        """,
    )
    announced, *end = tell(machine, "AdvertisementReceived 1/0 from fe80::2 at_virtual_mac", 13.702)
    assert words(announced) == "AnnounceAddresses 10.0.0.100 2001:db8::100 at_successor"
    assert [words(action) for action in end] == (["Finish"] if state == "INIT" else [])


def test_clients_are_told_it_although_the_kernel_is_heard_only_after_the_last_bow_out():
    play(
        brought_to(State.MASTER),
        """
        at 13.6: DemotionChanged 255 -> StateChanged MASTER BACKUP, ReleaseAddresses
        at 13.7: AddressesReleased -> SendAdvertisement 255/255 D255
        at 13.75: DeadlineReached -> SendAdvertisement 255/255 D255
        at 14.7: AdvertisementReceived 1/0 from 10.0.0.2 at_virtual_mac -> AnnounceAddresses 10.0.0.100 at_successor
        """,
    )


def test_clients_are_told_the_virtual_mac_by_a_host_that_steps_down():
    for first in ("StepDownRequested", "HardwareAddressChanged"):
        machine = brought_to(State.MASTER, advskew=100)
        tell(machine, first, 13.55)
        tell(machine, "AdvertisementReceived 1/0 from 10.0.0.2 at_virtual_mac", 13.6)
        told = tell(machine, "AddressesReleased", 13.7)
        assert [words(each) for each in told] == ["AnnounceAddresses 10.0.0.100 at_successor"]


def test_at_the_virtual_mac_address_nobody_has_to_be_told():
    play(
        brought_to(State.MASTER, advskew=100, virtual_mac=True),
        """
        at 13.6: AdvertisementReceived 1/0 from 10.0.0.2 at_virtual_mac -> StateChanged MASTER BACKUP, ReleaseAddresses
        at 13.7: AddressesReleased -> nothing
        """,
    )


def test_a_host_of_ours_that_looks_like_a_kernel_is_left_to_announce_itself():
    """With UCARP_SRCMAC=virtual alone, nobody receives frames for the virtual MAC address."""
    play(
        brought_to(State.MASTER, advskew=100, source_mac_is_virtual=True),
        """
        at 13.6: AdvertisementReceived 1/0 from 10.0.0.2 at_virtual_mac -> StateChanged MASTER BACKUP, ReleaseAddresses
        at 13.7: AddressesReleased -> SendAdvertisement 1/100
        """,
    )


def test_a_kernel_that_wins_is_sent_no_parting_advertisement():
    """Another one that preempts would take the role from it, and an OpenBSD that is demoted yield.

    From the virtual MAC address every host of ours speaks too, and these announce themselves then.
    """
    for ours, parting in (({}, []), ({"source_mac_is_virtual": True}, ["SendAdvertisement 1/100"])):
        machine = brought_to(State.MASTER, advskew=100, virtual_mac=True, **ours)
        tell(machine, "AdvertisementReceived 1/0 from 10.0.0.2 at_virtual_mac", 13.6)
        assert [words(each) for each in tell(machine, "AddressesReleased", 13.7)] == parting


@pytest.mark.parametrize(
    ("heard", "ours", "state", "because"),
    [
        ("1/0 from 10.0.0.2 D1", {}, "MASTER", "it yields to every host that is not demoted"),
        ("1/0 from 10.0.0.2", {}, "BACKUP", "it is not demoted"),
        ("1/0 from 10.0.0.2 D1", {"advbase": 3}, "BACKUP", "it would not wait for us"),
        ("0/20 from 10.0.0.2 D1", {}, "BACKUP", "nor would this one"),
    ],
)
def test_rule_m7_an_openbsd_that_is_demoted_yields_to_us(heard, ours, state, because):
    """If both yielded, no host would serve for three intervals."""
    machine = brought_to(State.MASTER, **{"advskew": 100} | ours)
    told = tell(machine, f"AdvertisementReceived {heard} at_virtual_mac", 13.6)
    assert machine.state is State(state), because
    if state == "MASTER":
        assert words(told[0]) == "SendAdvertisement 1/100"


def test_rule_m7_is_not_for_a_host_that_is_less_fit():
    machine = demoted(1, State.MASTER)
    tell(machine, "AdvertisementReceived 1/0 from 10.0.0.2 D1 at_virtual_mac", 13.6)
    assert machine.state is State.BACKUP


def test_a_master_that_yields_silently_is_left_its_turn():
    """A kernel is sent no parting advertisement, from which a third host would know (rule T1)."""
    play(
        brought_to(State.BACKUP, advskew=100),
        """
        at 10.5: AdvertisementReceived 1/50 from 10.0.0.3 -> nothing
        at 11.0: AdvertisementReceived 1/0 from 10.0.0.2 at_virtual_mac -> nothing
        at 12.5: AdvertisementReceived 1/0 from 10.0.0.2 at_virtual_mac -> nothing
        at 14.1: AdvertisementReceived 255/255 from 10.0.0.2 at_virtual_mac -> nothing
        at 14.101: AdvertisementReceived 1/50 from 10.0.0.3 -> nothing
        """,
    )


def test_what_is_said_after_giving_up_the_role_is_no_word_of_a_master():
    """From the virtual MAC address it would draw that back to our switch port."""
    machine = brought_to(State.MASTER, advskew=100, virtual_mac=True, source_mac_is_virtual=True)
    (sent,) = tell(machine, "DeadlineReached", machine.next_deadline())
    assert not sent.is_final
    tell(machine, "AdvertisementReceived 1/0 from 10.0.0.2", 15.2)
    (parting,) = tell(machine, "AddressesReleased", 15.3)
    assert parting.is_final


def test_rule_m4_a_tie_is_not_given_away_to_a_kernel_that_yields():
    play(
        brought_to(State.MASTER),
        "at 13.6: AdvertisementReceived 1/0 from 10.0.0.0 at_virtual_mac -> SendAdvertisement 1/0, AnnounceAddresses 10.0.0.100",
    )
