"""What happens with addresses of both families?"""

from ipaddress import ip_address

import pytest
from playbook import DUAL, OURS, OURS6, VIRTUAL6, dual, host, play, tell

from ucarpd.carp import events
from ucarpd.carp.actions import State
from ucarpd.carp.peers import SOURCES


def test_dual_stack_start_and_takeover():
    """Every period has an advertisement in each family, with consecutive counters."""
    machine = play(
        host(**DUAL),
        """
        at 0.0: InterfaceReady 10.0.0.1 fe80::1 -> StateChanged INIT BACKUP, ReleaseAddresses at_start
        at 0.2: AddressesReleased -> nothing
        at 3.0: DeadlineReached -> StateChanged BACKUP MASTER, SendAdvertisement 1/0, SendAdvertisement 1/0 IPv6, AcquireAddresses
        at 3.5: AddressesAcquired -> AnnounceAddresses 10.0.0.100 2001:db8::100
        until 3.9: deadlines -> 2 AnnounceAddresses 10.0.0.100 2001:db8::100
        at 4.0: DeadlineReached -> SendAdvertisement 1/0, SendAdvertisement 1/0 IPv6
        at 4.5: DeadlineReached -> AnnounceAddresses 10.0.0.100 2001:db8::100
        at 5.0: DeadlineReached -> SendAdvertisement 1/0, SendAdvertisement 1/0 IPv6
        """,
    )
    assert list(machine.sent_counters) == [1000, 1001, 1002, 1003, 1004, 1005]
    sent = machine.handle(events.DeadlineReached(), 6.0)
    assert [(a.source, a.counter) for a in sent] == [(OURS, 1006), (OURS6, 1007)]


def test_ipv6_alone():
    play(
        host(addresses=(VIRTUAL6,)),
        """
        at 0.0: InterfaceReady fe80::1 -> StateChanged INIT BACKUP, ReleaseAddresses at_start
        at 0.2: AddressesReleased -> nothing
        at 1.0: AdvertisementReceived 1/0 from fe80::2 -> nothing
        at 4.0: DeadlineReached -> StateChanged BACKUP MASTER, SendAdvertisement 1/0 IPv6, AcquireAddresses
        at 4.1: AddressesAcquired -> AnnounceAddresses 2001:db8::100
        at 4.15: AdvertisementReceived 1/0 from fe80::2 -> SendAdvertisement 1/0 IPv6
        at 4.17: AdvertisementReceived 1/0 from fe80:: -> StateChanged MASTER BACKUP, ReleaseAddresses
        at 4.2: AddressesReleased -> SendAdvertisement 1/0 IPv6
        at 5.67: DeadlineReached -> StateChanged BACKUP MASTER, SendAdvertisement 1/0 IPv6, AcquireAddresses
        at 5.7: DemotionChanged 255 -> StateChanged MASTER BACKUP, ReleaseAddresses
        at 5.8: AddressesReleased -> SendAdvertisement 255/255 IPv6 D255
        at 5.85: DeadlineReached -> SendAdvertisement 255/255 IPv6 D255
        """,
    )


def test_an_advertisement_of_either_family_is_enough_to_yield():
    for source, family in (("10.0.0.2", ""), ("fe80::2", " IPv6")):
        play(
            dual(State.MASTER, advskew=100),
            f"""
            at 13.6: AdvertisementReceived 1/0 from {source} -> StateChanged MASTER BACKUP, ReleaseAddresses
            at 13.7: AddressesReleased -> SendAdvertisement 1/100{family}
            """,
        )


def test_dual_stack_step_down_says_so_and_holds_both_timers():
    machine = play(
        dual(State.MASTER),
        """
        at 13.6: StepDownRequested -> SendAdvertisement 254/254 D255
        at 13.6: AdvertisementReceived 1/0 from 10.0.0.2 -> StateChanged MASTER BACKUP, ReleaseAddresses
        at 13.7: AdvertisementReceived 1/0 from fe80::2 -> nothing
        at 14.0: AddressesReleased -> nothing
        """,
    )
    assert machine.master_down_at == pytest.approx(19.6)
    play(
        machine,
        """
        at 19.5: AdvertisementReceived 1/0 from 10.0.0.2 -> Report FAMILY_SILENT IPv6
        at 19.55: AdvertisementReceived 1/0 from fe80::2 -> Report FAMILY_HEARD IPv6
        at 22.55: DeadlineReached -> StateChanged BACKUP MASTER, SendAdvertisement 1/0, SendAdvertisement 1/0 IPv6, AcquireAddresses
        """,
    )


@pytest.mark.parametrize(
    ("what", "said"),
    [("StepDownRequested", "254/254"), ("DemotionChanged 2", "254/2")],
)
def test_the_role_is_offered_in_one_family_first(what, said):
    """In the other one it would come too late to a BSD that has just yielded to another BSD."""
    play(
        dual(State.MASTER),
        f"""
        at 13.6: {what} -> SendAdvertisement {said} D255
        at 13.65: DeadlineReached -> SendAdvertisement {said} D255, SendAdvertisement {said} IPv6 D255
        at 14.65: DeadlineReached -> SendAdvertisement {said} D255, SendAdvertisement {said} IPv6 D255
        """,
    )


def test_two_copies_of_a_bow_out_go_out_in_each_family():
    play(
        dual(State.MASTER),
        """
        at 13.6: StopRequested -> StateChanged MASTER INIT, ReleaseAddresses
        at 13.8: AddressesReleased -> SendAdvertisement 255/255 D255
        at 13.85: DeadlineReached -> SendAdvertisement 255/255 D255, SendAdvertisement 255/255 IPv6 D255
        at 13.9: DeadlineReached -> SendAdvertisement 255/255 D255, SendAdvertisement 255/255 IPv6 D255, Finish
        """,
    )


@pytest.mark.parametrize(
    ("peers", "first"),
    [(("10.0.0.2",), ""), (("fe80::2",), " IPv6"), (("fe80::2", "10.0.0.2"), "")],
)
def test_the_role_is_offered_first_in_the_family_of_the_unicast_peers(peers, first):
    machine = dual(State.MASTER, peers=tuple(map(ip_address, peers)))
    play(
        machine,
        f"""
        at 13.6: StepDownRequested -> SendAdvertisement 254/254{first} D255
        at 13.65: DeadlineReached -> SendAdvertisement 254/254 D255, SendAdvertisement 254/254 IPv6 D255
        at 13.7: StopRequested -> StateChanged MASTER INIT, ReleaseAddresses
        at 13.8: AddressesReleased -> SendAdvertisement 255/255{first} D255
        """,
    )


def test_an_offer_delays_no_advertisement_that_is_due_sooner():
    play(
        dual(State.MASTER, advbase=0, advskew=10),
        f"""
        at 13.5: DemotionChanged 2 -> SendAdvertisement 254/2 D255
        at {13.5 + 10 / 256}: DeadlineReached -> SendAdvertisement 254/2 D255, SendAdvertisement 254/2 IPv6 D255
        """,
    )


@pytest.mark.parametrize("source", ["10.0.0.2", "fe80::2"])
def test_the_bow_out_ends_when_a_master_is_heard_in_either_family(source):
    play(
        dual(State.MASTER),
        f"""
        at 13.6: DemotionChanged 255 -> StateChanged MASTER BACKUP, ReleaseAddresses
        at 13.8: AddressesReleased -> SendAdvertisement 255/255 D255
        at 13.82: AdvertisementReceived 1/100 from {source} -> nothing
        until 19.5: deadlines -> nothing
        """,
    )


@pytest.mark.parametrize(("first", "other"), [("10.0.0.2", "fe80::2"), ("fe80::2", "10.0.0.2")])
def test_a_peer_that_bows_out_in_both_families_is_followed_once(first, other):
    play(
        dual(State.BACKUP),
        f"""
        at 10.5: AdvertisementReceived 1/0 from {other} -> nothing
        at 10.5: AdvertisementReceived 1/0 from {first} -> nothing
        at 11.0: AdvertisementReceived 255/255 from {first} -> StateChanged BACKUP MASTER, SendAdvertisement 1/0, SendAdvertisement 1/0 IPv6, AcquireAddresses
        at 11.0: AdvertisementReceived 255/255 from {other} -> nothing
        at 11.05: AdvertisementReceived 255/255 from {first} -> nothing
        at 11.05: AdvertisementReceived 255/255 from {other} -> nothing
        """,
    )


def test_rule_b0_late_bow_outs_in_both_families():
    play(
        dual(State.BACKUP),
        """
        at 10.5: AdvertisementReceived 1/0 from 10.0.0.2 -> nothing
        at 10.5: AdvertisementReceived 1/0 from fe80::2 -> nothing
        at 11.0: AdvertisementReceived 1/50 from 10.0.0.3 -> nothing
        at 11.0: AdvertisementReceived 1/50 from fe80::3 -> nothing
        at 11.05: AdvertisementReceived 255/255 from 10.0.0.2 -> nothing
        at 11.05: AdvertisementReceived 255/255 from fe80::2 -> nothing
        at 12.0: AdvertisementReceived 255/255 from fe80::3 -> StateChanged BACKUP MASTER, SendAdvertisement 1/0, SendAdvertisement 1/0 IPv6, AcquireAddresses
        """,
    )


def test_sources_invented_in_one_family_may_displace_the_master_of_the_other_one():
    """The memory of sources is bounded; an unfit backup still waits for a master that it forgot."""
    machine = dual(State.BACKUP)
    tell(machine, "DemotionChanged 240", 10.4)
    tell(machine, "AdvertisementReceived 254/9 from 10.0.0.2 D255", 10.5)
    for number in range(SOURCES):
        tell(machine, f"AdvertisementReceived 1/0 from fe80::{number + 2:x}", 10.6)
    assert ip_address("10.0.0.2") not in {peer.newest.source for peer in machine.peers}
    assert machine.master_down_at == 10.6 + 3.0 + 240 / 256


@pytest.mark.parametrize(("winner", "family"), [("10.0.0.0", ""), ("fe80::", " IPv6")])
def test_the_winner_of_a_tie_is_told_in_the_family_in_which_it_has_won(winner, family):
    """In the other one it might lose; then both would yield."""
    play(
        dual(State.MASTER),
        f"""
        at 13.6: AdvertisementReceived 1/0 from {winner} -> StateChanged MASTER BACKUP, ReleaseAddresses
        at 13.7: AddressesReleased -> SendAdvertisement 1/0{family}
        at 15.1: DeadlineReached -> StateChanged BACKUP MASTER, SendAdvertisement 1/0, SendAdvertisement 1/0 IPv6, AcquireAddresses
        """,
    )


def test_new_source_addresses_of_both_families():
    machine = dual(State.MASTER)
    sent = tell(machine, "InterfaceReady 10.0.0.9 fe80::9", 13.6)
    assert [str(action.source) for action in sent] == ["10.0.0.9", "fe80::9"]


def test_what_was_heard_is_forgotten_in_both_families():
    play(
        dual(State.BACKUP),
        """
        at 10.5: AdvertisementReceived 3/0 from 10.0.0.2 -> nothing
        at 10.5: AdvertisementReceived 3/0 from fe80::2 -> nothing
        at 11.0: InterfaceLost -> StateChanged BACKUP INIT
        at 20.0: InterfaceReady 10.0.0.1 fe80::1 -> StateChanged INIT BACKUP
        at 23.0: DeadlineReached -> StateChanged BACKUP MASTER, SendAdvertisement 1/0, SendAdvertisement 1/0 IPv6, AcquireAddresses
        """,
    )
