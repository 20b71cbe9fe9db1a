"""What goes with a transition, by playbooks: taking over, leaving, and advertising in between."""

import pytest
from playbook import OURS, brought_to, host, play, tell, words

from ucarpd.carp import events
from ucarpd.carp.actions import SendAdvertisement, State

# -- leaving ------------------------------------------------------------------------------------------


def test_never_address_off_and_then_a_bow_out_twice():
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


def test_never_before_the_start():
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
        at 13.7: AdvertisementReceived 1/100 from 10.0.0.2 -> nothing
        at 13.8: AddressesReleased -> nothing
        until 19.5: deadlines -> nothing
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


def test_step_down_says_so_for_two_seconds_and_serves_on():
    """Nobody is there that could take over; the address stays."""
    play(
        brought_to(State.MASTER),
        """
        at 13.6: StepDownRequested -> SendAdvertisement 254/254 D255
        at 14.6: DeadlineReached -> SendAdvertisement 254/254 D255
        at 15.6: DeadlineReached -> SendAdvertisement 1/0, Report NOBODY_TOOK_OVER
        at 16.6: DeadlineReached -> SendAdvertisement 1/0
        """,
    )


def test_step_down_whoever_is_heard_then_gets_the_role():
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


def test_hold_down_neither_preemption_nor_a_slow_peer_ends_it():
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


def test_hold_down_outlasts_a_loss_of_the_link():
    play(
        stepped_down(),
        """
        at 13.7: InterfaceLost -> StateChanged BACKUP INIT
        at 13.8: InterfaceReady 10.0.0.1 -> StateChanged INIT BACKUP
        at 19.6: DeadlineReached -> StateChanged BACKUP MASTER, SendAdvertisement 1/0, AcquireAddresses
        """,
    )


def test_hold_down_ends_when_the_peer_bows_out():
    play(
        stepped_down(),
        "at 14.0: AdvertisementReceived 255/255 from 10.0.0.2 -> StateChanged BACKUP MASTER, SendAdvertisement 1/0, AcquireAddresses",
    )


def test_hold_down_goes_on_with_new_parameters():
    machine = stepped_down()
    play(machine, "at 13.7: ParamsChanged deadratio=2 -> nothing")
    assert machine.master_down_at == pytest.approx(19.6)


def test_hold_down_is_over_once_we_have_been_master_again():
    play(
        stepped_down(preempt=True),
        """
        at 13.7: AdvertisementReceived 255/255 from 10.0.0.2 -> StateChanged BACKUP MASTER, SendAdvertisement 1/0, AcquireAddresses
        at 13.8: AdvertisementReceived 0/128 from 10.0.0.3 -> StateChanged MASTER BACKUP, ReleaseAddresses
        at 13.9: AdvertisementReceived 255/255 from 10.0.0.3 -> StateChanged BACKUP MASTER, SendAdvertisement 1/0, AcquireAddresses
        """,
    )


def test_hold_down_a_rival_with_an_absurd_interval_does_not_stretch_it():
    """The interval is not signed; with 253 s one packet would bar us from serving for 25 minutes."""
    machine = brought_to(State.MASTER)
    tell(machine, "StepDownRequested", 13.6)
    tell(machine, "AdvertisementReceived 253/0 from 10.0.0.2", 13.65)
    assert machine.master_down_at == pytest.approx(13.65 + 6)


def test_taking_over_cancels_a_farewell():
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


# -- stopping -----------------------------------------------------------------------------------------


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
    """Without a bow-out too: nobody is to take over from them."""
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


def test_stop_when_a_peer_has_taken_over_before_the_bow_out():
    play(
        brought_to(State.MASTER),
        """
        at 13.6: StopRequested -> StateChanged MASTER INIT, ReleaseAddresses
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


# -- time ---------------------------------------------------------------------------------------------


def test_advertisements_lie_on_a_grid():
    """A wake-up that is a little late does not shift the ones after it."""
    machine = brought_to(State.MASTER)
    for second in range(14, 20):
        (action,) = machine.handle(events.DeadlineReached(), second + 0.01)
        assert words(action) == "SendAdvertisement 1/0"
        assert machine.advertise_at == second + 1


def test_a_late_wake_up_sends_one_advertisement_not_a_burst():
    play(
        brought_to(State.MASTER),
        """
        at 17.5: late DeadlineReached -> SendAdvertisement 1/0
        at 18.5: DeadlineReached -> SendAdvertisement 1/0
        at 20.5: late DeadlineReached -> SendAdvertisement 1/0
        at 21.5: DeadlineReached -> SendAdvertisement 1/0
        """,
    )


def test_announcements_slept_through_count_as_one():
    play(
        brought_to(State.BACKUP),
        """
        at 13.0: DeadlineReached -> StateChanged BACKUP MASTER, SendAdvertisement 1/0, AcquireAddresses
        at 13.0: AddressesAcquired -> AnnounceAddresses 10.0.0.100
        at 14.0: late DeadlineReached -> SendAdvertisement 1/0, AnnounceAddresses 10.0.0.100
        at 15.0: DeadlineReached -> SendAdvertisement 1/0
        at 16.0: DeadlineReached -> SendAdvertisement 1/0, AnnounceAddresses 10.0.0.100
        at 17.0: DeadlineReached -> SendAdvertisement 1/0
        """,
    )


def test_a_wake_up_too_early_does_nothing():
    machine = brought_to(State.BACKUP)
    assert machine.handle(events.DeadlineReached(), 12.999) == []
    assert machine.next_deadline() == 13.0


# -- counters -----------------------------------------------------------------------------------------


def counters(machine, count):
    """The counters of the next `count` advertisements."""
    sent = []
    while len(sent) < count:
        actions = machine.handle(events.DeadlineReached(), machine.next_deadline())
        sent += [action.counter for action in actions if isinstance(action, SendAdvertisement)]
    return sent


def ready(counter):
    machine = host(counter)
    machine.handle(events.InterfaceReady((OURS,)), 0.0)
    return machine


def test_the_counter_goes_on_from_where_it_starts():
    machine = ready(1000)
    assert machine.next_counter == 1000
    assert counters(machine, 3) == [1000, 1001, 1002]
    assert machine.next_counter == 1003


def test_a_farewell_takes_the_next_counter():
    machine = brought_to(State.MASTER)
    last = machine.sent_counters[-1]
    tell(machine, "StopRequested", 13.6)
    bow_out, *_ = machine.handle(events.AddressesReleased(), 13.7)
    assert bow_out.counter == last + 1
    assert machine.sent_counters[-1] == last + 1
