"""What happens when a down-script is slow?"""

from playbook import brought_to, play

from ucarpd.carp.actions import State


def test_a_slow_down_script_holds_the_bow_out_back_for_a_while():
    play(
        brought_to(State.MASTER),
        """
        at 13.6: StopRequested -> StateChanged MASTER INIT, ReleaseAddresses
        at 15.0: AddressesOff -> nothing
        at 15.1: AddressesOff -> nothing
        at 18.0: DeadlineReached -> SendAdvertisement 255/255 D255
        at 18.05: DeadlineReached -> SendAdvertisement 255/255 D255
        at 40.0: AddressesReleased -> Finish
        """,
    )


def test_a_quick_down_script_is_waited_for():
    play(
        brought_to(State.MASTER),
        """
        at 13.6: StopRequested -> StateChanged MASTER INIT, ReleaseAddresses
        at 13.7: AddressesOff -> nothing
        at 14.5: AddressesReleased -> SendAdvertisement 255/255 D255
        at 14.55: DeadlineReached -> SendAdvertisement 255/255 D255, Finish
        """,
    )


def test_a_bow_out_that_waits_for_a_down_script_may_be_void():
    play(
        brought_to(State.MASTER),
        """
        at 13.6: StopRequested -> StateChanged MASTER INIT, ReleaseAddresses
        at 15.0: AddressesOff -> nothing
        at 16.7: AdvertisementReceived 1/50 from 10.0.0.2 -> nothing
        at 40.0: AddressesReleased -> Finish
        """,
    )
