"""What happens when ucarpd stops?"""

import pytest
from playbook import brought_to, host, play

from ucarpd.carp.actions import State


def test_stop_of_a_master_bows_out_and_then_finishes():
    play(
        brought_to(State.MASTER),
        """
        at 13.6: StopRequested -> StateChanged MASTER INIT, ReleaseAddresses
        at 13.7: InterfaceReady 10.0.0.1 -> nothing
        at 13.8: AddressesReleased -> SendAdvertisement 255/255 D255
        at 13.85: DeadlineReached -> SendAdvertisement 255/255 D255, Finish
        until 99.0: deadlines -> nothing
        """,
    )


def test_stop_of_a_master_that_is_to_leave_its_addresses_in_place():
    """There is no bow-out either: no host must take over from them."""
    play(
        brought_to(State.MASTER, release_on_stop=False),
        """
        at 13.6: StopRequested -> StateChanged MASTER INIT, Finish
        """,
    )


def test_stop_does_not_wait_for_a_release_that_a_takeover_has_made_void():
    play(
        brought_to(State.MASTER, release_on_stop=False),
        """
        at 13.6: AdvertisementReceived 0/9 from 10.0.0.2 -> StateChanged MASTER BACKUP, ReleaseAddresses
        at 13.7: AdvertisementReceived 255/255 from 10.0.0.2 -> StateChanged BACKUP MASTER, SendAdvertisement 1/0, AcquireAddresses
        at 13.8: StopRequested -> StateChanged MASTER INIT, Finish
        """,
    )


def test_stop_finishes_once():
    play(
        brought_to(State.BACKUP),
        """
        at 10.5: StopRequested -> StateChanged BACKUP INIT, Finish
        at 10.6: InterfaceLost -> nothing
        at 10.7: AdvertisementReceived 1/0 from 10.0.0.2 -> nothing
        """,
    )


@pytest.mark.parametrize(
    ("at", "heard"), [(13.7, "0/100"), (16.0, "1/100")], ids=["it preempts", "we were silent"]
)
def test_stop_when_a_peer_has_taken_over_before_the_bow_out(at, heard):
    play(
        brought_to(State.MASTER),
        f"""
        at 13.6: StopRequested -> StateChanged MASTER INIT, ReleaseAddresses
        at {at}: AdvertisementReceived {heard} from 10.0.0.2 -> nothing
        at 16.1: AddressesReleased -> Finish
        """,
    )


@pytest.mark.parametrize("heard", ["1/100", "1/0"], ids=["it is worse", "it has lost a tie"])
def test_a_host_that_has_just_yielded_does_not_replace_the_bow_out(heard):
    """It took over at the same time, and its scripts delayed its parting advertisement."""
    play(
        brought_to(State.MASTER),
        f"""
        at 13.6: StopRequested -> StateChanged MASTER INIT, ReleaseAddresses
        at 13.7: AdvertisementReceived {heard} from 10.0.0.2 -> nothing
        at 13.8: AddressesReleased -> SendAdvertisement 255/255 D255
        at 13.85: DeadlineReached -> SendAdvertisement 255/255 D255, Finish
        """,
    )


def test_a_worse_host_that_was_offered_the_role_does_replace_the_bow_out():
    play(
        brought_to(State.MASTER),
        """
        at 13.6: StepDownRequested -> SendAdvertisement 254/254 D255
        at 13.65: StopRequested -> StateChanged MASTER INIT, ReleaseAddresses
        at 13.7: AdvertisementReceived 1/100 from 10.0.0.2 -> nothing
        at 13.8: AddressesReleased -> Finish
        """,
    )


def test_stop_when_a_peer_has_taken_over_between_the_two_bow_outs():
    play(
        brought_to(State.MASTER),
        """
        at 13.6: StopRequested -> StateChanged MASTER INIT, ReleaseAddresses
        at 13.8: AddressesReleased -> SendAdvertisement 255/255 D255
        at 13.81: AdvertisementReceived 255/255 from 10.0.0.2 -> nothing
        at 13.82: AdvertisementReceived 1/100 from 10.0.0.2 -> Finish
        """,
    )


def test_stop_when_the_interface_goes_before_the_bow_out():
    play(
        brought_to(State.MASTER),
        """
        at 13.6: StopRequested -> StateChanged MASTER INIT, ReleaseAddresses
        at 13.7: InterfaceLost -> nothing
        at 13.8: AddressesReleased -> Finish
        """,
    )


def test_stop_when_only_the_source_address_goes_before_the_bow_out():
    play(
        brought_to(State.MASTER),
        """
        at 13.6: StopRequested -> StateChanged MASTER INIT, ReleaseAddresses
        at 13.7: InterfaceLost can_send -> nothing
        at 13.8: AddressesReleased -> SendAdvertisement 255/255 D255
        at 13.85: DeadlineReached -> SendAdvertisement 255/255 D255, Finish
        """,
    )


def test_stop_of_a_backup_during_its_bow_out_finishes_it_first():
    play(
        brought_to(State.MASTER),
        """
        at 13.6: DemotionChanged 255 -> StateChanged MASTER BACKUP, ReleaseAddresses
        at 13.7: StopRequested -> StateChanged BACKUP INIT
        at 13.8: AddressesReleased -> SendAdvertisement 255/255 D255
        at 13.85: DeadlineReached -> SendAdvertisement 255/255 D255, Finish
        """,
    )


def test_stop_while_the_addresses_of_an_earlier_run_are_being_cleared():
    play(
        host(),
        """
        at 0.0: InterfaceReady 10.0.0.1 -> StateChanged INIT BACKUP, ReleaseAddresses at_start
        at 0.1: StopRequested -> StateChanged BACKUP INIT
        at 0.2: AddressesReleased -> Finish
        """,
    )


def test_stop_before_the_interface_was_ever_there():
    play(host(), "at 0.0: StopRequested -> Finish")
