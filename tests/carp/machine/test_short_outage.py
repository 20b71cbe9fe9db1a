"""What does a cable cost that is lost for a moment?"""

import pytest
from playbook import brought_to, demoted, play, tell, words

from ucarpd.carp.actions import State


def test_rule_l3_a_link_that_is_back_in_time_costs_nothing():
    """The last advertisement left at 13.0: the first backup could time out at 16.0."""
    play(
        brought_to(State.MASTER),
        """
        at 13.6: InterfaceLost may_return -> nothing
        at 13.7: InterfaceLost may_return -> nothing
        at 13.88: InterfaceReady 10.0.0.1 -> SendAdvertisement 1/0, AnnounceAddresses 10.0.0.100
        until 14.87: deadlines -> 2 AnnounceAddresses 10.0.0.100
        at 14.88: DeadlineReached -> SendAdvertisement 1/0, AnnounceAddresses 10.0.0.100
        """,
    )


def test_rule_l3_a_link_that_is_not_back_in_time_ends_the_role():
    play(
        brought_to(State.MASTER, preempt=True),
        """
        at 13.6: InterfaceLost may_return -> nothing
        at 14.0: DeadlineReached -> nothing
        at 14.1: ParamsChanged advskew=9 -> nothing
        at 14.2: StepDownRequested -> nothing
        at 15.0: DeadlineReached -> StateChanged MASTER INIT, ReleaseAddresses
        at 15.1: AddressesReleased -> nothing
        at 15.2: InterfaceReady 10.0.0.1 -> StateChanged INIT BACKUP
        at 15.3: AdvertisementReceived 1/9 from 10.0.0.2 -> StateChanged BACKUP MASTER, SendAdvertisement 1/9, AcquireAddresses
        """,
    )


def test_rule_l3_a_link_that_flaps_is_outlasted_once_in_a_while():
    play(
        brought_to(State.MASTER),
        """
        at 13.6: InterfaceLost may_return -> nothing
        at 13.7: InterfaceReady 10.0.0.1 -> SendAdvertisement 1/0, AnnounceAddresses 10.0.0.100
        at 13.75: InterfaceLost may_return -> StateChanged MASTER INIT, ReleaseAddresses
        """,
    )


def test_rule_l4_other_losses_are_not_outlasted():
    play(
        brought_to(State.MASTER),
        """
        at 13.6: InterfaceLost may_return -> nothing
        at 13.7: InterfaceLost -> StateChanged MASTER INIT, ReleaseAddresses
        """,
    )


def test_a_frame_that_came_before_the_link_was_lost_moves_no_role():
    """As BACKUP without a link this host would take over when the silence ends."""
    play(
        brought_to(State.MASTER),
        """
        at 13.6: InterfaceLost may_return -> nothing
        at 13.61: AdvertisementReceived 0/200 from 10.0.0.2 -> nothing
        at 14.0: DeadlineReached -> nothing
        at 15.0: DeadlineReached -> StateChanged MASTER INIT, ReleaseAddresses
        """,
    )


def test_who_may_serve_again_after_an_outage_listens_first():
    play(
        brought_to(State.MASTER),
        """
        at 13.6: InterfaceLost may_return -> nothing
        at 13.7: DemotionChanged 255 -> StateChanged MASTER INIT, ReleaseAddresses
        at 13.8: AddressesReleased -> nothing
        at 33.0: InterfaceReady 10.0.0.1 -> StateChanged INIT BACKUP
        at 33.1: DemotionChanged 0 -> nothing
        at 36.0: DeadlineReached -> StateChanged BACKUP MASTER, SendAdvertisement 1/0, AcquireAddresses
        """,
    )


@pytest.mark.parametrize("leaves", ["StopRequested", "DemotionChanged 255"])
def test_who_leaves_while_there_is_no_link_says_nothing(leaves):
    machine = brought_to(State.MASTER)
    play(machine, "at 13.6: InterfaceLost may_return -> nothing")
    change, *_ = tell(machine, leaves, 13.7)
    assert change.old is State.MASTER
    told = tell(machine, "AddressesReleased", 13.8)
    assert [words(action) for action in told] == (["Finish"] if "Stop" in leaves else [])


@pytest.mark.parametrize(
    ("heard", "until", "because"),
    [
        ("1/128", 3.0, "its own backup may be the first to time out"),
        ("2/0", 4.0, "no shorter than our own"),
        ("254/9", 4.0, "no interval at all"),
        ("255/255", 4.0, "no interval at all"),
        ("0/100 2/9", 4.0, "its file had another interval before"),
        ("1/128 254/9", 3.0, "it may be fit again"),
    ],
)
def test_rule_l3_the_shortest_interval_of_any_host_counts(heard, until, because):
    machine = brought_to(State.BACKUP, advbase=2, advskew=0)
    for number, stated in enumerate(heard.split()):
        tell(machine, f"AdvertisementReceived {stated} from 10.0.0.9 #{number}", 10.1 + number / 5)
    if machine.state is State.BACKUP:
        tell(machine, "DeadlineReached", machine.master_down_at)
    advertised_at = machine.advertise_at - 2.0
    tell(machine, "InterfaceLost may_return", advertised_at + 1.0)
    while machine.state is State.MASTER:
        lost_at = machine.next_deadline()
        tell(machine, "DeadlineReached", lost_at)
    assert lost_at == pytest.approx(advertised_at + until), because


def test_rule_l3_a_master_that_is_less_fit_may_outlast_an_outage():
    machine = demoted(240, State.MASTER, advbase=5)
    play(machine, "at 13.6: InterfaceLost may_return -> nothing")
    play(
        machine,
        "at 13.9: InterfaceReady 10.0.0.1 -> SendAdvertisement 254/240 D255, AnnounceAddresses 10.0.0.100",
    )


def test_a_source_that_is_back_in_time_costs_nothing():
    play(
        brought_to(State.MASTER),
        """
        at 13.6: InterfaceLost can_send may_return -> nothing
        at 13.9: InterfaceReady 10.0.0.1 -> SendAdvertisement 1/0
        at 14.9: DeadlineReached -> SendAdvertisement 1/0
        """,
    )


def test_a_source_that_is_not_back_in_time_ends_the_role_with_a_bow_out():
    play(
        brought_to(State.MASTER),
        """
        at 13.6: InterfaceLost can_send may_return -> nothing
        at 14.0: DeadlineReached -> nothing
        at 15.0: DeadlineReached -> StateChanged MASTER INIT, ReleaseAddresses
        at 15.1: AddressesReleased -> SendAdvertisement 255/255 D255
        """,
    )


def test_a_host_that_stops_without_a_source_bows_out():
    play(
        brought_to(State.MASTER),
        """
        at 13.6: InterfaceLost can_send may_return -> nothing
        at 13.7: StopRequested -> StateChanged MASTER INIT, ReleaseAddresses
        at 13.8: AddressesReleased -> SendAdvertisement 255/255 D255
        """,
    )


def test_a_bow_out_does_not_end_the_role_of_a_master_without_a_source():
    machine = brought_to(State.MASTER)
    play(machine, "at 13.6: InterfaceLost can_send may_return -> nothing")
    tell(machine, "AdvertisementReceived 255/255 from 10.0.0.9 D255", 13.7)
    assert machine.state is State.MASTER


@pytest.mark.parametrize("heard", ["1/0", "1/200"])
def test_a_rival_ends_the_role_of_a_master_without_a_source(heard):
    """As BACKUP it would take over later from an address that it does not have."""
    machine = brought_to(State.MASTER)
    play(machine, "at 13.6: InterfaceLost can_send may_return -> nothing")
    change, *_ = tell(machine, f"AdvertisementReceived {heard} from 10.0.0.2", 13.7)
    assert (change.old, change.new) == (State.MASTER, State.INIT)
    assert tell(machine, "AddressesReleased", 13.8) == []
