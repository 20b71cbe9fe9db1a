"""What happens when a host leaves, or is asked to step down?"""

import pytest
from playbook import brought_to, host, play, tell

from ucarpd.carp.actions import State


def test_rule_l1_address_off_and_then_a_bow_out_twice():
    """The host may not serve, heard or not, until the reason is gone; then it need not wait again."""
    play(
        brought_to(State.MASTER),
        """
        at 13.6: DemotionChanged 255 -> StateChanged MASTER BACKUP, ReleaseAddresses
        at 13.8: AddressesReleased -> SendAdvertisement 255/255 D255
        at 13.85: DeadlineReached -> SendAdvertisement 255/255 D255
        until 99.0: deadlines -> nothing
        at 99.0: AdvertisementReceived 255/255 from 10.0.0.2 -> nothing
        at 99.1: AdvertisementReceived 254/254 from 10.0.0.2 D255 -> nothing
        at 99.2: DemotionChanged 254 -> nothing
        at 99.3: DemotionChanged 255 -> nothing
        at 104.0: DemotionChanged 0 -> StateChanged BACKUP MASTER, SendAdvertisement 1/0, AcquireAddresses
        """,
    )


def test_rule_s1_a_host_that_may_not_serve_from_the_start():
    play(
        host(),
        """
        at 0.0: DemotionChanged 255 -> nothing
        at 1.0: InterfaceReady 10.0.0.1 -> StateChanged INIT BACKUP, ReleaseAddresses at_start
        at 1.1: AddressesReleased -> nothing
        until 99.0: deadlines -> nothing
        """,
    )


def test_the_bow_out_ends_when_another_master_is_heard():
    """One more could move the role once more."""
    play(
        brought_to(State.MASTER),
        """
        at 13.6: DemotionChanged 255 -> StateChanged MASTER BACKUP, ReleaseAddresses
        at 13.8: AddressesReleased -> SendAdvertisement 255/255 D255
        at 13.82: AdvertisementReceived 1/100 from 10.0.0.2 -> nothing
        until 19.5: deadlines -> nothing
        """,
    )


def test_the_bow_out_is_not_even_begun_when_another_master_is_heard():
    play(
        brought_to(State.MASTER),
        """
        at 13.6: DemotionChanged 255 -> StateChanged MASTER BACKUP, ReleaseAddresses
        at 13.7: AdvertisementReceived 0/100 from 10.0.0.2 -> nothing
        at 13.8: AddressesReleased -> nothing
        until 19.5: deadlines -> nothing
        """,
    )


def test_the_bow_out_is_begun_although_a_host_that_has_just_yielded_says_so():
    """What this host stated last counts, not its new demotion."""
    play(
        brought_to(State.MASTER),
        """
        at 13.6: DemotionChanged 255 -> StateChanged MASTER BACKUP, ReleaseAddresses
        at 13.7: AdvertisementReceived 1/100 from 10.0.0.2 -> nothing
        at 13.8: AddressesReleased -> SendAdvertisement 255/255 D255
        at 13.85: DeadlineReached -> SendAdvertisement 255/255 D255
        """,
    )


def test_a_late_release_is_not_followed_by_a_bow_out():
    play(
        brought_to(State.MASTER),
        """
        at 13.6: DemotionChanged 255 -> StateChanged MASTER BACKUP, ReleaseAddresses
        at 16.7: AddressesReleased -> nothing
        until 19.5: deadlines -> nothing
        """,
    )


def test_a_host_frozen_between_the_two_bow_outs_keeps_the_second():
    play(
        brought_to(State.MASTER),
        """
        at 13.6: DemotionChanged 255 -> StateChanged MASTER BACKUP, ReleaseAddresses
        at 13.8: AddressesReleased -> SendAdvertisement 255/255 D255
        at 17.0: late DeadlineReached -> nothing
        until 99.0: deadlines -> nothing
        """,
    )


def test_rule_l2_step_down_says_so_for_two_seconds_and_serves_on():
    """There is no host that could take over; the address stays."""
    play(
        brought_to(State.MASTER),
        """
        at 13.6: StepDownRequested -> SendAdvertisement 254/254 D255
        at 14.6: DeadlineReached -> SendAdvertisement 254/254 D255
        at 15.6: DeadlineReached -> SendAdvertisement 1/0, Report NOBODY_TOOK_OVER
        at 16.6: DeadlineReached -> SendAdvertisement 1/0
        """,
    )


def test_rule_m1_after_a_step_down_any_other_host_gets_the_role():
    """Silently: from a host that says to be less fit, every backup would take over."""
    play(
        brought_to(State.MASTER, preempt=True),
        """
        at 13.6: StepDownRequested -> SendAdvertisement 254/254 D255
        at 13.61: AdvertisementReceived 1/100 from 10.0.0.2 -> StateChanged MASTER BACKUP, ReleaseAddresses
        at 13.62: AddressesReleased -> nothing
        """,
    )


def stepped_down(**changes):
    """A BACKUP that has stepped down at 13.6, and stays away until 19.6."""
    machine = brought_to(State.MASTER, **changes)
    tell(machine, "StepDownRequested", 13.6)
    tell(machine, "AdvertisementReceived 1/100 from 10.0.0.2", 13.6)
    tell(machine, "AddressesReleased", 13.6)
    assert machine.state is State.BACKUP
    return machine


def test_rule_b9_neither_preemption_nor_a_slow_peer_ends_it():
    play(
        stepped_down(preempt=True),
        """
        at 13.72: AdvertisementReceived 1/100 from 10.0.0.2 -> nothing
        at 15.2: AdvertisementReceived 200/0 from 10.0.0.2 -> nothing
        at 16.2: AdvertisementReceived 254/240 from 10.0.0.2 D255 -> nothing
        at 19.55: AdvertisementReceived 1/100 from 10.0.0.2 -> nothing
        at 19.6: AdvertisementReceived 1/100 from 10.0.0.2 -> StateChanged BACKUP MASTER, SendAdvertisement 1/0, AcquireAddresses
        """,
    )


def test_rule_b9_outlasts_a_loss_of_the_link():
    play(
        stepped_down(),
        """
        at 13.7: InterfaceLost -> StateChanged BACKUP INIT
        at 13.8: InterfaceReady 10.0.0.1 -> StateChanged INIT BACKUP
        at 19.6: DeadlineReached -> StateChanged BACKUP MASTER, SendAdvertisement 1/0, AcquireAddresses
        """,
    )


def test_rule_b9_ends_when_the_peer_bows_out():
    play(
        stepped_down(),
        "at 14.0: AdvertisementReceived 255/255 from 10.0.0.2 -> StateChanged BACKUP MASTER, SendAdvertisement 1/0, AcquireAddresses",
    )


def test_rule_b9_goes_on_with_new_parameters():
    machine = stepped_down()
    play(machine, "at 13.7: ParamsChanged deadratio=2 -> nothing")
    assert machine.master_down_at == pytest.approx(19.6)


def test_rule_b9_is_over_once_we_have_been_master_again():
    play(
        stepped_down(preempt=True),
        """
        at 13.7: AdvertisementReceived 255/255 from 10.0.0.2 -> StateChanged BACKUP MASTER, SendAdvertisement 1/0, AcquireAddresses
        at 13.8: AdvertisementReceived 0/128 from 10.0.0.3 -> StateChanged MASTER BACKUP, ReleaseAddresses
        at 13.9: AdvertisementReceived 255/255 from 10.0.0.3 -> StateChanged BACKUP MASTER, SendAdvertisement 1/0, AcquireAddresses
        """,
    )


def test_rule_b9_a_rival_with_an_absurd_interval_does_not_stretch_it():
    """The interval is not signed; with 253 s one packet would bar us from serving for 25 minutes."""
    machine = brought_to(State.MASTER)
    tell(machine, "StepDownRequested", 13.6)
    tell(machine, "AdvertisementReceived 253/0 from 10.0.0.2", 13.65)
    assert machine.master_down_at == pytest.approx(13.65 + 6)


def test_taking_over_cancels_the_final_advertisements():
    for told in ([], ["at 13.65: AddressesReleased -> SendAdvertisement 255/255 D255"]):
        play(
            brought_to(State.MASTER),
            "\n".join(
                [
                    "at 13.6: DemotionChanged 255 -> StateChanged MASTER BACKUP, ReleaseAddresses",
                    *told,
                    "at 13.66: DemotionChanged 0 -> nothing",
                    "at 13.69: AdvertisementReceived 255/255 from 10.0.0.2 -> StateChanged BACKUP MASTER, SendAdvertisement 1/0, AcquireAddresses",
                    "at 14.69: DeadlineReached -> SendAdvertisement 1/0",
                ]
            ),
        )
