"""The state machine, by playbooks (see `playbook.py` for how to read them)."""

from dataclasses import replace
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from playbook import (
    OURS,
    SECOND,
    VIRTUAL,
    brought_to,
    event,
    future,
    host,
    params,
    play,
    tell,
    words,
)

from ucarpd.carp import events
from ucarpd.carp.actions import SendAdvertisement, State, StateChanged
from ucarpd.carp.machine import REMEMBERED_COUNTERS, VirtualHost

# -- every event in every state -----------------------------------------------------------------------

IGNORED = "nothing, and nothing has changed"

EVERY_EVENT = [
    # event                                      in INIT, in BACKUP, in MASTER
    (
        "InterfaceReady 10.0.0.1",
        "StateChanged INIT BACKUP, ReleaseAddresses at_start",
        IGNORED,
        IGNORED,
    ),
    (
        "InterfaceLost",
        IGNORED,
        "StateChanged BACKUP INIT",
        "StateChanged MASTER INIT, ReleaseAddresses",
    ),
    (
        "HardwareAddressChanged",
        IGNORED,
        IGNORED,
        "AnnounceAddresses 10.0.0.100",
    ),
    (
        "AdvertisementReceived 1/0 from 10.0.0.2",
        IGNORED,
        "nothing",
        "AnnounceAddresses 10.0.0.100",
    ),
    (
        "DeadlineReached",
        IGNORED,
        IGNORED,
        IGNORED,
    ),
    (
        "AddressesAcquired",
        IGNORED,
        "ReleaseAddresses",
        "AnnounceAddresses 10.0.0.100",
    ),
    (
        "AcquireFailed",
        IGNORED,
        IGNORED,
        "nothing",
    ),
    (
        "AddressesReleased",
        IGNORED,
        IGNORED,
        IGNORED,
    ),
    (
        "AddressRemoved 10.0.0.100",
        IGNORED,
        IGNORED,
        "AcquireAddresses",
    ),
    (
        "ParamsChanged advskew=100",
        "nothing",
        "nothing",
        "SendAdvertisement 1/100",
    ),
    (
        "DemotionChanged 240",
        "nothing",
        "nothing",
        "StateChanged MASTER BACKUP, ReleaseAddresses",
    ),
    (
        "StepDownRequested",
        IGNORED,
        IGNORED,
        "StateChanged MASTER BACKUP, ReleaseAddresses",
    ),
    (
        "StopRequested",
        "Finish",
        "StateChanged BACKUP INIT, Finish",
        "StateChanged MASTER INIT, ReleaseAddresses",
    ),
]


def everything(machine):
    """All that the machine shows, and what it will do if left alone."""
    return (
        machine.state,
        machine.sources,
        machine.params,
        machine.advertise_at,
        machine.master_down_at,
        machine.next_deadline(),
        list(machine.sent_counters),
        future(machine),
    )


@pytest.mark.parametrize(
    ("state", "what", "expected"),
    [
        (state, what, expected)
        for what, *columns in EVERY_EVENT
        for state, expected in zip(State, columns, strict=True)
    ],
)
def test_every_event_in_every_state(state, what, expected):
    """More than a second after the last announcement, and before any deadline."""
    machine = brought_to(state)
    now = 13.6 if state is State.MASTER else 10.1
    before = everything(machine)
    actions = machine.handle(event(what, machine), now)
    if expected == IGNORED:
        assert actions == []
        assert everything(machine) == before
    else:
        assert (", ".join(map(words, actions)) or "nothing") == expected
        assert actions or everything(machine) != before


def test_the_table_has_every_event():
    assert [type(event(what, host())) for what, *_ in EVERY_EVENT] == list(get_args(events.Event))


@pytest.mark.parametrize("state", State)
def test_an_event_that_nobody_thought_of_is_a_bug(state):
    with pytest.raises(AssertionError, match="no event"):
        brought_to(state).handle("no event", 13.6)


def test_a_state_that_nobody_thought_of_is_a_bug():
    machine = host()
    machine.state = "FAULT"
    with pytest.raises(AssertionError, match="FAULT"):
        machine.handle(events.DeadlineReached(), 1.0)


@pytest.mark.parametrize(
    ("state", "judge"), [(State.BACKUP, "judge_as_backup"), (State.MASTER, "judge_as_master")]
)
def test_a_verdict_that_nobody_thought_of_is_a_bug(monkeypatch, state, judge):
    monkeypatch.setattr(f"ucarpd.carp.machine.{judge}", lambda *_, **__: "M5")
    machine = brought_to(state)
    with pytest.raises(AssertionError, match="M5"):
        machine.handle(event("AdvertisementReceived 1/0 from 10.0.0.2"), 13.6)


# -- taking over --------------------------------------------------------------------------------------


def test_start_and_takeover():
    """Nobody advertises; the advertisement goes out before the addresses are asked for."""
    play(
        host(),
        """
        at 0.0: InterfaceReady 10.0.0.1 -> StateChanged INIT BACKUP, ReleaseAddresses at_start
        at 0.2: AddressesReleased -> nothing
        at 3.0: DeadlineReached -> StateChanged BACKUP MASTER, SendAdvertisement 1/0, AcquireAddresses
        at 3.5: AddressesAcquired -> AnnounceAddresses 10.0.0.100
        at 3.6: DeadlineReached -> AnnounceAddresses 10.0.0.100
        at 3.8: DeadlineReached -> AnnounceAddresses 10.0.0.100
        at 4.0: DeadlineReached -> SendAdvertisement 1/0
        at 4.5: DeadlineReached -> AnnounceAddresses 10.0.0.100
        at 5.0: DeadlineReached -> SendAdvertisement 1/0
        at 6.0: DeadlineReached -> SendAdvertisement 1/0
        at 6.5: DeadlineReached -> AnnounceAddresses 10.0.0.100
        until 60.0: deadlines -> 54 SendAdvertisement 1/0
        """,
    )


def test_a_master_that_is_heard_is_left_alone():
    play(
        host(),
        """
        at 0.0: InterfaceReady 10.0.0.1 -> StateChanged INIT BACKUP, ReleaseAddresses at_start
        at 0.1: AddressesReleased -> nothing
        at 1.0: AdvertisementReceived 1/0 from 10.0.0.2 -> nothing
        at 2.0: AdvertisementReceived 1/0 from 10.0.0.2 -> nothing
        at 4.9: AdvertisementReceived 1/0 from 10.0.0.2 -> nothing
        at 7.9: DeadlineReached -> StateChanged BACKUP MASTER, SendAdvertisement 1/0, AcquireAddresses
        """,
    )


def test_the_wait_is_the_longer_of_our_own_and_three_of_the_peers_intervals():
    machine = brought_to(State.BACKUP, advbase=1, advskew=0)
    for advertised, expected in (
        ("1/0", 3.0),
        ("0/64", 3.0),
        ("1/254", 3 * 510 / 256),
        ("2/128", 7.5),
        ("3/0", 9.0),
    ):
        tell(machine, f"AdvertisementReceived {advertised} from 10.0.0.2", 11.0)
        assert machine.master_down_at == 11.0 + expected


def test_preemption():
    play(
        brought_to(State.BACKUP, preempt=True),
        """
        at 10.5: AdvertisementReceived 1/0 from 10.0.0.2 -> nothing
        at 11.0: AdvertisementReceived 1/1 from 10.0.0.2 -> StateChanged BACKUP MASTER, SendAdvertisement 1/0, AcquireAddresses
        """,
    )


def test_a_peer_that_is_too_slow():
    play(
        brought_to(State.BACKUP),
        """
        at 10.5: AdvertisementReceived 3/0 from 10.0.0.2 -> nothing
        at 11.0: AdvertisementReceived 3/1 from 10.0.0.2 -> StateChanged BACKUP MASTER, SendAdvertisement 1/0, AcquireAddresses
        """,
    )


def test_a_peer_that_bows_out():
    play(
        brought_to(State.BACKUP),
        """
        at 10.5: AdvertisementReceived 1/0 from 10.0.0.2 -> nothing
        at 11.0: AdvertisementReceived 255/255 from 10.0.0.2 -> StateChanged BACKUP MASTER, SendAdvertisement 1/0, AcquireAddresses
        at 11.05: AdvertisementReceived 255/255 from 10.0.0.2 -> nothing
        """,
    )


def test_a_bow_out_of_a_host_that_has_been_followed_already_moves_nothing():
    """The second copy may reach us after we have heard, and lost to, the new master."""
    play(
        brought_to(State.BACKUP),
        """
        at 10.5: AdvertisementReceived 1/0 from 10.0.0.2 -> nothing
        at 11.0: AdvertisementReceived 1/50 from 10.0.0.3 -> nothing
        at 11.05: AdvertisementReceived 255/255 from 10.0.0.2 -> nothing
        at 12.0: AdvertisementReceived 255/255 from 10.0.0.3 -> StateChanged BACKUP MASTER, SendAdvertisement 1/0, AcquireAddresses
        """,
    )


def test_a_bow_out_that_rule_b3_does_not_see_is_no_reason_to_wait_longer():
    """With advbase 86 and more; the stated 256 s are not the peer's interval."""
    machine = brought_to(State.BACKUP, advbase=86)
    play(machine, "at 10.5: AdvertisementReceived 255/255 from 10.0.0.2 -> nothing")
    assert machine.master_down_at == 10.5 + 3 * 86


# -- two masters ----------------------------------------------------------------------------------------


def test_rule_m1_parting_advertisement_after_the_release():
    play(
        brought_to(State.MASTER, advskew=100),
        """
        at 13.6: AdvertisementReceived 1/0 from 10.0.0.2 -> StateChanged MASTER BACKUP, ReleaseAddresses
        at 14.0: AddressesReleased -> SendAdvertisement 1/100
        at 14.6: AdvertisementReceived 1/0 from 10.0.0.2 -> nothing
        """,
    )


def test_rule_m1_the_parting_advertisement_is_dropped_when_the_release_took_too_long():
    """It would be an advertisement of a slower master at a time when the matter is settled."""
    machine = play(
        brought_to(State.MASTER, advskew=128),
        """
        at 13.6: AdvertisementReceived 1/0 from 10.0.0.2 -> StateChanged MASTER BACKUP, ReleaseAddresses
        at 15.2: AddressesReleased -> nothing
        """,
    )
    assert machine.next_deadline() == machine.master_down_at


def test_rule_m1_we_wait_a_whole_master_down_interval_for_the_winner():
    play(
        brought_to(State.MASTER, advskew=128),
        """
        at 13.6: AdvertisementReceived 1/0 from 10.0.0.2 -> StateChanged MASTER BACKUP, ReleaseAddresses
        at 13.7: AddressesReleased -> SendAdvertisement 1/128
        at 17.1: DeadlineReached -> StateChanged BACKUP MASTER, SendAdvertisement 1/128, AcquireAddresses
        """,
    )


def test_rule_m2_the_neighbours_are_told_again_but_not_for_every_packet():
    play(
        brought_to(State.MASTER),
        """
        at 13.6: AdvertisementReceived 1/100 from 10.0.0.2 -> AnnounceAddresses 10.0.0.100
        at 13.65: AdvertisementReceived 1/100 from 10.0.0.2 -> nothing
        at 13.7: DeadlineReached -> AnnounceAddresses 10.0.0.100
        at 13.9: DeadlineReached -> AnnounceAddresses 10.0.0.100
        at 14.0: DeadlineReached -> SendAdvertisement 1/0
        at 14.6: DeadlineReached -> AnnounceAddresses 10.0.0.100
        at 14.9: AdvertisementReceived 1/100 from 10.0.0.2 -> nothing
        until 16.5: deadlines -> 2 SendAdvertisement 1/0
        at 16.6: DeadlineReached -> AnnounceAddresses 10.0.0.100
        until 18.0: deadlines -> 2 SendAdvertisement 1/0
        at 18.1: AdvertisementReceived 1/100 from 10.0.0.2 -> AnnounceAddresses 10.0.0.100
        """,
    )


def test_rule_m2_addresses_that_are_not_there_yet_are_not_announced():
    play(
        brought_to(State.BACKUP),
        """
        at 13.0: DeadlineReached -> StateChanged BACKUP MASTER, SendAdvertisement 1/0, AcquireAddresses
        at 13.1: AdvertisementReceived 1/100 from 10.0.0.2 -> nothing
        at 13.2: HardwareAddressChanged -> nothing
        at 13.3: AddressesAcquired -> AnnounceAddresses 10.0.0.100
        """,
    )


def test_rule_m3_silent_yield_and_return_after_one_and_a_half_intervals():
    """The winner may be a BSD that yielded to us in the same moment."""
    play(
        brought_to(State.MASTER, advbase=2),
        """
        at 13.6: AdvertisementReceived 2/0 from 10.0.0.0 -> StateChanged MASTER BACKUP, ReleaseAddresses
        at 13.7: AddressesReleased -> nothing
        at 16.6: DeadlineReached -> StateChanged BACKUP MASTER, SendAdvertisement 2/0, AcquireAddresses
        """,
    )


def test_rule_m3_when_the_winner_goes_on_we_wait_as_ever():
    play(
        brought_to(State.MASTER),
        """
        at 13.6: AdvertisementReceived 1/0 from 10.0.0.0 -> StateChanged MASTER BACKUP, ReleaseAddresses
        at 13.7: AddressesReleased -> nothing
        at 14.6: AdvertisementReceived 1/0 from 10.0.0.0 -> nothing
        at 17.6: DeadlineReached -> StateChanged BACKUP MASTER, SendAdvertisement 1/0, AcquireAddresses
        """,
    )


def test_rule_m4_we_win_the_tie():
    play(
        brought_to(State.MASTER),
        """
        at 13.6: AdvertisementReceived 1/0 from 10.0.0.2 -> AnnounceAddresses 10.0.0.100
        """,
    )


def test_one_source_address_on_two_hosts_the_lower_counter_wins():
    for counter, state in (("#1", State.BACKUP), ("#999999", State.MASTER)):
        machine = brought_to(State.MASTER, counter=5000)
        tell(machine, f"AdvertisementReceived 1/0 from {OURS} {counter}", 13.6)
        assert machine.state is state


# -- leaving ------------------------------------------------------------------------------------------


def test_step_down_bow_out_twice_after_the_release_and_hold_down():
    """We stay away for two master-down intervals, and then serve again if nobody else does."""
    play(
        brought_to(State.MASTER),
        """
        at 13.6: StepDownRequested -> StateChanged MASTER BACKUP, ReleaseAddresses
        at 13.8: AddressesReleased -> SendAdvertisement 255/255
        at 13.85: DeadlineReached -> SendAdvertisement 255/255
        at 19.6: DeadlineReached -> StateChanged BACKUP MASTER, SendAdvertisement 1/0, AcquireAddresses
        """,
    )


def test_step_down_the_bow_out_ends_when_another_master_is_heard():
    """One more could move the role once more."""
    play(
        brought_to(State.MASTER),
        """
        at 13.6: StepDownRequested -> StateChanged MASTER BACKUP, ReleaseAddresses
        at 13.8: AddressesReleased -> SendAdvertisement 255/255
        at 13.82: AdvertisementReceived 1/100 from 10.0.0.2 -> nothing
        until 19.5: deadlines -> nothing
        """,
    )


def test_step_down_the_bow_out_is_not_even_begun_when_another_master_is_heard():
    play(
        brought_to(State.MASTER),
        """
        at 13.6: StepDownRequested -> StateChanged MASTER BACKUP, ReleaseAddresses
        at 13.7: AdvertisementReceived 1/100 from 10.0.0.2 -> nothing
        at 13.8: AddressesReleased -> nothing
        until 19.5: deadlines -> nothing
        """,
    )


def test_step_down_a_late_release_is_not_followed_by_a_bow_out():
    play(
        brought_to(State.MASTER),
        """
        at 13.6: StepDownRequested -> StateChanged MASTER BACKUP, ReleaseAddresses
        at 16.7: AddressesReleased -> nothing
        until 19.5: deadlines -> nothing
        """,
    )


def test_step_down_a_host_frozen_between_the_two_bow_outs_keeps_the_second():
    play(
        brought_to(State.MASTER),
        """
        at 13.6: StepDownRequested -> StateChanged MASTER BACKUP, ReleaseAddresses
        at 13.8: AddressesReleased -> SendAdvertisement 255/255
        at 17.0: late DeadlineReached -> nothing
        at 19.6: DeadlineReached -> StateChanged BACKUP MASTER, SendAdvertisement 1/0, AcquireAddresses
        """,
    )


def test_hold_down_neither_preemption_nor_a_slow_peer_ends_it():
    play(
        brought_to(State.MASTER, preempt=True),
        """
        at 13.6: StepDownRequested -> StateChanged MASTER BACKUP, ReleaseAddresses
        at 13.7: AddressesReleased -> SendAdvertisement 255/255
        at 13.72: AdvertisementReceived 1/100 from 10.0.0.2 -> nothing
        at 15.2: AdvertisementReceived 200/0 from 10.0.0.2 -> nothing
        at 19.55: AdvertisementReceived 1/100 from 10.0.0.2 -> nothing
        at 19.6: AdvertisementReceived 1/100 from 10.0.0.2 -> StateChanged BACKUP MASTER, SendAdvertisement 1/0, AcquireAddresses
        """,
    )


def test_hold_down_outlasts_a_loss_of_the_link():
    play(
        brought_to(State.MASTER),
        """
        at 13.6: StepDownRequested -> StateChanged MASTER BACKUP, ReleaseAddresses
        at 13.7: InterfaceLost -> StateChanged BACKUP INIT
        at 13.8: InterfaceReady 10.0.0.1 -> StateChanged INIT BACKUP
        at 19.6: DeadlineReached -> StateChanged BACKUP MASTER, SendAdvertisement 1/0, AcquireAddresses
        """,
    )


def test_hold_down_ends_when_the_peer_bows_out():
    play(
        brought_to(State.MASTER),
        """
        at 13.6: StepDownRequested -> StateChanged MASTER BACKUP, ReleaseAddresses
        at 13.7: AddressesReleased -> SendAdvertisement 255/255
        at 13.72: AdvertisementReceived 1/100 from 10.0.0.2 -> nothing
        at 14.0: AdvertisementReceived 255/255 from 10.0.0.2 -> StateChanged BACKUP MASTER, SendAdvertisement 1/0, AcquireAddresses
        """,
    )


def test_hold_down_is_over_once_we_have_been_master_again():
    play(
        brought_to(State.MASTER, preempt=True),
        """
        at 13.6: StepDownRequested -> StateChanged MASTER BACKUP, ReleaseAddresses
        at 13.7: AdvertisementReceived 255/255 from 10.0.0.2 -> StateChanged BACKUP MASTER, SendAdvertisement 1/0, AcquireAddresses
        at 13.8: AdvertisementReceived 0/128 from 10.0.0.3 -> StateChanged MASTER BACKUP, ReleaseAddresses
        at 13.9: AdvertisementReceived 1/100 from 10.0.0.2 -> StateChanged BACKUP MASTER, SendAdvertisement 1/0, AcquireAddresses
        """,
    )


def test_hold_down_a_rival_with_an_absurd_interval_does_not_stretch_it():
    """The interval is not signed; with 254 s one packet would bar us from serving for 25 minutes."""
    machine = play(
        brought_to(State.MASTER),
        """
        at 13.6: AdvertisementReceived 254/0 from 10.0.0.2 -> AnnounceAddresses 10.0.0.100
        at 13.65: StepDownRequested -> StateChanged MASTER BACKUP, ReleaseAddresses
        at 13.68: AdvertisementReceived 254/0 from 10.0.0.2 -> nothing
        """,
    )
    assert machine.master_down_at == pytest.approx(13.65 + 6)


def test_taking_over_cancels_a_farewell():
    play(
        brought_to(State.MASTER),
        """
        at 13.6: StepDownRequested -> StateChanged MASTER BACKUP, ReleaseAddresses
        at 13.7: AdvertisementReceived 255/255 from 10.0.0.2 -> StateChanged BACKUP MASTER, SendAdvertisement 1/0, AcquireAddresses
        at 13.8: AddressesReleased -> nothing
        at 14.7: DeadlineReached -> SendAdvertisement 1/0
        """,
    )


def test_taking_over_between_the_two_bow_outs_cancels_the_second():
    play(
        brought_to(State.MASTER),
        """
        at 13.6: StepDownRequested -> StateChanged MASTER BACKUP, ReleaseAddresses
        at 13.7: AddressesReleased -> SendAdvertisement 255/255
        at 13.72: AdvertisementReceived 255/255 from 10.0.0.2 -> StateChanged BACKUP MASTER, SendAdvertisement 1/0, AcquireAddresses
        at 14.72: DeadlineReached -> SendAdvertisement 1/0
        """,
    )


# -- stopping -----------------------------------------------------------------------------------------


def test_stop_of_a_master_bows_out_and_then_finishes():
    play(
        brought_to(State.MASTER),
        """
        at 13.6: StopRequested -> StateChanged MASTER INIT, ReleaseAddresses
        at 13.7: InterfaceReady 10.0.0.1 -> nothing
        at 13.8: AddressesReleased -> SendAdvertisement 255/255
        at 13.85: DeadlineReached -> SendAdvertisement 255/255, Finish
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
        at 13.6: StepDownRequested -> StateChanged MASTER BACKUP, ReleaseAddresses
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
        at 13.8: AddressesReleased -> SendAdvertisement 255/255
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
        at 13.8: AddressesReleased -> SendAdvertisement 255/255
        at 13.85: DeadlineReached -> SendAdvertisement 255/255, Finish
        """,
    )


def test_stop_of_a_backup_during_its_bow_out_finishes_it_first():
    play(
        brought_to(State.MASTER),
        """
        at 13.6: StepDownRequested -> StateChanged MASTER BACKUP, ReleaseAddresses
        at 13.7: StopRequested -> StateChanged BACKUP INIT
        at 13.8: AddressesReleased -> SendAdvertisement 255/255
        at 13.85: DeadlineReached -> SendAdvertisement 255/255, Finish
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


# -- the interface ------------------------------------------------------------------------------------


def test_lost_as_master_no_bow_out_would_get_out():
    play(
        brought_to(State.MASTER),
        """
        at 13.6: InterfaceLost -> StateChanged MASTER INIT, ReleaseAddresses
        at 13.7: AddressesReleased -> nothing
        until 99.0: deadlines -> nothing
        at 99.0: InterfaceReady 10.0.0.1 -> StateChanged INIT BACKUP
        at 102.0: DeadlineReached -> StateChanged BACKUP MASTER, SendAdvertisement 1/0, AcquireAddresses
        """,
    )


def test_lost_as_master_but_a_bow_out_still_gets_out():
    play(
        brought_to(State.MASTER),
        """
        at 13.6: InterfaceLost can_send -> StateChanged MASTER INIT, ReleaseAddresses
        at 13.7: AddressesReleased -> SendAdvertisement 255/255
        at 13.75: DeadlineReached -> SendAdvertisement 255/255
        until 99.0: deadlines -> nothing
        """,
    )


def test_rule_b2_the_preferred_host_takes_back_what_it_lost_with_its_link():
    """Two hosts whose files differ in UCARP_PREEMPT alone; also when only its address was gone."""
    for lost in ("InterfaceLost", "InterfaceLost can_send"):
        machine = play(
            brought_to(State.MASTER, preempt=True),
            f"at 13.6: {lost} -> StateChanged MASTER INIT, ReleaseAddresses",
        )
        play(
            machine,
            """
            at 20.0: InterfaceReady 10.0.0.1 -> StateChanged INIT BACKUP
            at 20.5: AdvertisementReceived 1/0 from 10.0.0.2 -> StateChanged BACKUP MASTER, SendAdvertisement 1/0, AcquireAddresses
            """,
        )


def test_rule_b2_is_spent_once_it_has_been_master_again():
    play(
        brought_to(State.MASTER, preempt=True),
        """
        at 13.6: InterfaceLost -> StateChanged MASTER INIT, ReleaseAddresses
        at 20.0: InterfaceReady 10.0.0.1 -> StateChanged INIT BACKUP
        at 23.0: DeadlineReached -> StateChanged BACKUP MASTER, SendAdvertisement 1/0, AcquireAddresses
        at 23.1: AdvertisementReceived 0/9 from 10.0.0.2 -> StateChanged MASTER BACKUP, ReleaseAddresses
        at 23.13: AdvertisementReceived 1/0 from 10.0.0.2 -> nothing
        """,
    )


def test_lost_during_the_bow_out():
    for lost, bow_outs in (
        ("InterfaceLost", "nothing"),
        ("InterfaceLost can_send", "1 SendAdvertisement 255/255"),
    ):
        play(
            brought_to(State.MASTER),
            f"""
            at 13.6: StepDownRequested -> StateChanged MASTER BACKUP, ReleaseAddresses
            at 13.7: AddressesReleased -> SendAdvertisement 255/255
            at 13.72: {lost} -> StateChanged BACKUP INIT
            until 99.0: deadlines -> {bow_outs}
            """,
        )


def test_a_peer_from_before_the_loss_is_forgotten():
    """Its interval would stretch the wait, and it may be long gone."""
    play(
        brought_to(State.BACKUP),
        """
        at 10.5: AdvertisementReceived 3/0 from 10.0.0.2 -> nothing
        at 11.0: InterfaceLost -> StateChanged BACKUP INIT
        at 20.0: InterfaceReady 10.0.0.1 -> StateChanged INIT BACKUP
        at 23.0: DeadlineReached -> StateChanged BACKUP MASTER, SendAdvertisement 1/0, AcquireAddresses
        """,
    )


def test_what_an_earlier_run_left_behind_is_cleared_once():
    play(
        host(),
        """
        at 0.0: InterfaceReady 10.0.0.1 -> StateChanged INIT BACKUP, ReleaseAddresses at_start
        at 0.1: AddressesReleased -> nothing
        at 0.2: InterfaceLost -> StateChanged BACKUP INIT
        at 0.3: InterfaceReady 10.0.0.1 -> StateChanged INIT BACKUP
        at 0.4: InterfaceLost can_send -> StateChanged BACKUP INIT
        """,
    )


@pytest.mark.parametrize("state", [State.BACKUP, State.MASTER])
def test_a_new_source_address_is_used_from_the_next_advertisement_on(state):
    machine = brought_to(state)
    deadline = machine.next_deadline()
    play(machine, "at 10.0: InterfaceReady 10.0.0.9 -> nothing")
    sent = machine.handle(events.DeadlineReached(), deadline)
    assert [str(a.source) for a in sent if isinstance(a, SendAdvertisement)] == ["10.0.0.9"]


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


@pytest.mark.parametrize(
    ("start", "sent"),
    [
        (1, [1, 2, 3]),
        (0, [1, 2, 3]),
        (2**64 - 2, [2**64 - 2, 2**64 - 1, 1]),
        (2**64, [1, 2, 3]),
        (2**64 + 5, [5, 6, 7]),
    ],
)
def test_counters_go_up_wrap_and_are_never_zero(start, sent):
    """OpenBSD drops counter 0 as a replay as long as it has not advertised itself."""
    assert counters(ready(start), 3) == sent


def test_a_farewell_takes_the_next_counter():
    machine = brought_to(State.MASTER)
    last = machine.sent_counters[-1]
    machine.handle(events.StepDownRequested("why not"), 13.6)
    (bow_out,) = machine.handle(events.AddressesReleased(), 13.7)
    assert bow_out.counter == last + 1
    assert machine.sent_counters[-1] == last + 1


def test_the_latest_counters_are_remembered():
    machine = ready(100)
    sent = counters(machine, 20)
    assert list(machine.sent_counters) == sent[-REMEMBERED_COUNTERS:]


# -- the addresses ------------------------------------------------------------------------------------


def test_addresses_that_somebody_removed_are_put_back_at_most_once_a_second():
    play(
        brought_to(State.MASTER),
        """
        at 13.6: AddressRemoved 10.0.0.100 -> AcquireAddresses
        at 13.62: AddressesAcquired 10.0.0.100 -> AnnounceAddresses 10.0.0.100
        at 13.65: AddressRemoved 10.0.0.100 -> nothing
        at 13.7: AddressRemoved 10.0.0.100 -> nothing
        until 14.5: deadlines -> 2 AnnounceAddresses 10.0.0.100, 1 SendAdvertisement 1/0
        at 14.6: DeadlineReached -> AcquireAddresses
        at 14.61: AddressesAcquired 10.0.0.100 -> AnnounceAddresses 10.0.0.100
        """,
    )


def test_an_address_of_somebody_else_is_none_of_our_business():
    play(brought_to(State.MASTER), "at 13.6: AddressRemoved 10.0.0.55 -> nothing")


def test_our_own_removal_heard_late_is_not_taken_for_somebody_elses():
    """MASTER, BACKUP and MASTER again; the kernel's word of our release comes after all that."""
    play(
        brought_to(State.MASTER),
        """
        at 13.6: StepDownRequested -> StateChanged MASTER BACKUP, ReleaseAddresses
        at 13.7: AdvertisementReceived 255/255 from 10.0.0.2 -> StateChanged BACKUP MASTER, SendAdvertisement 1/0, AcquireAddresses
        at 13.8: AddressRemoved 10.0.0.100 -> nothing
        until 16.0: deadlines -> 2 SendAdvertisement 1/0
        """,
    )


def test_an_address_that_comes_up_out_of_place_is_taken_off():
    """By a script's belated work, or by hand; but not while a release is under way."""
    play(
        brought_to(State.BACKUP),
        """
        at 10.5: AddressesAcquired 10.0.0.100 -> ReleaseAddresses
        at 10.6: AddressesAcquired 10.0.0.100 -> nothing
        at 10.7: AddressesReleased -> nothing
        at 10.8: InterfaceLost -> StateChanged BACKUP INIT
        at 10.9: AddressesAcquired 10.0.0.100 -> ReleaseAddresses
        at 11.0: AddressesReleased -> nothing
        """,
    )


def test_a_refused_address_is_tried_again_every_second():
    play(
        brought_to(State.BACKUP, advbase=10),
        """
        at 40.0: DeadlineReached -> StateChanged BACKUP MASTER, SendAdvertisement 10/0, AcquireAddresses
        at 40.2: AcquireFailed -> nothing
        at 41.2: DeadlineReached -> AcquireAddresses
        at 41.3: AcquireFailed -> nothing
        at 42.3: DeadlineReached -> AcquireAddresses
        at 42.4: AddressesAcquired -> AnnounceAddresses 10.0.0.100
        until 49.0: deadlines -> 4 AnnounceAddresses 10.0.0.100
        """,
    )


def test_addresses_that_came_after_all_are_not_tried_again():
    play(
        brought_to(State.BACKUP, advbase=10),
        """
        at 40.0: DeadlineReached -> StateChanged BACKUP MASTER, SendAdvertisement 10/0, AcquireAddresses
        at 40.2: AcquireFailed -> nothing
        at 40.5: AddressesAcquired -> AnnounceAddresses 10.0.0.100
        until 49.0: deadlines -> 4 AnnounceAddresses 10.0.0.100
        """,
    )


def test_leaving_ends_the_retries_and_the_announcements():
    play(
        brought_to(State.BACKUP),
        """
        at 13.0: DeadlineReached -> StateChanged BACKUP MASTER, SendAdvertisement 1/0, AcquireAddresses
        at 13.1: AddressesAcquired -> AnnounceAddresses 10.0.0.100
        at 13.15: AcquireFailed -> nothing
        at 13.18: AdvertisementReceived 1/0 from 10.0.0.0 -> StateChanged MASTER BACKUP, ReleaseAddresses
        at 13.3: AddressesReleased -> nothing
        until 14.6: deadlines -> nothing
        """,
    )


def test_only_what_came_is_announced_at_first_and_all_of_it_later():
    play(
        brought_to(State.MASTER, addresses=(VIRTUAL, SECOND)),
        """
        at 13.6: AddressRemoved 10.0.0.101 -> AcquireAddresses
        at 13.62: AddressesAcquired 10.0.0.101 -> AnnounceAddresses 10.0.0.101
        at 13.72: DeadlineReached -> AnnounceAddresses 10.0.0.100 10.0.0.101
        """,
    )


# -- new parameters -------------------------------------------------------------------------------------


def test_params_changed_keeps_a_master_and_makes_the_new_interval_known_at_once():
    play(
        brought_to(State.MASTER),
        """
        at 13.6: ParamsChanged advbase=2 -> SendAdvertisement 2/0
        at 15.6: DeadlineReached -> SendAdvertisement 2/0
        at 16.0: ParamsChanged deadratio=5 -> nothing
        at 17.6: DeadlineReached -> SendAdvertisement 2/0
        """,
    )


def test_params_changed_moves_the_deadline_of_a_backup():
    machine = brought_to(State.BACKUP)
    for change, now, deadline in (
        ("deadratio=5", 11.0, 15.0),
        ("deadratio=3", 11.1, 13.0),
        ("advskew=128", 11.2, 13.5),
        ("deadratio=2", 13.4, 13.4),  # it has passed already: now
    ):
        play(machine, f"at {now}: ParamsChanged {change} -> nothing")
        assert machine.master_down_at == deadline, change


def test_params_changed_does_not_stretch_the_short_wait_after_a_silent_yield():
    machine = brought_to(State.MASTER)
    tell(machine, "AdvertisementReceived 1/0 from 9.0.0.1", 13.6)
    assert machine.master_down_at == pytest.approx(15.1)
    play(machine, "at 13.7: ParamsChanged deadratio=9 -> nothing")
    assert machine.master_down_at == pytest.approx(15.1)
    play(machine, "at 14.6: AdvertisementReceived 1/0 from 9.0.0.1 -> nothing")
    assert machine.master_down_at == pytest.approx(14.6 + 9.0)


def test_params_changed_does_not_end_the_hold_down():
    machine = play(
        brought_to(State.MASTER),
        """
        at 13.6: StepDownRequested -> StateChanged MASTER BACKUP, ReleaseAddresses
        at 13.7: ParamsChanged deadratio=2 -> nothing
        """,
    )
    assert machine.master_down_at == pytest.approx(19.6)


def test_params_changed_before_the_start():
    play(
        host(),
        """
        at 0.0: ParamsChanged advbase=2 -> nothing
        at 1.0: InterfaceReady 10.0.0.1 -> StateChanged INIT BACKUP, ReleaseAddresses at_start
        at 1.1: AddressesReleased -> nothing
        at 7.0: DeadlineReached -> StateChanged BACKUP MASTER, SendAdvertisement 2/0, AcquireAddresses
        """,
    )


# -- words for the operator -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "told", "reason", "peer"),
    [
        (
            State.INIT,
            ["at 0.0: InterfaceReady 10.0.0.1"],
            "ready with source 10.0.0.1",
            None,
        ),
        (
            State.BACKUP,
            ["at 13.0: DeadlineReached"],
            "no advertisement heard for 3.00 s",
            None,
        ),
        (
            State.BACKUP,
            ["at 10.5: AdvertisementReceived 1/0 from 10.0.0.2", "at 13.5: DeadlineReached"],
            "no advertisement from 10.0.0.2 for 3.00 s",
            "10.0.0.2",
        ),
        (
            State.BACKUP,
            ["at 10.5: AdvertisementReceived 255/255 from 10.0.0.2"],
            "10.0.0.2 bowed out",
            "10.0.0.2",
        ),
        (
            State.BACKUP,
            ["at 10.5: AdvertisementReceived 4/128 from 10.0.0.2"],
            "10.0.0.2 is too slow to wait for: it advertises every 4.50 s, this host every 1.00 s",
            "10.0.0.2",
        ),
        (
            State.MASTER,
            ["at 13.6: AdvertisementReceived 0/128 from 10.0.0.2"],
            "10.0.0.2 is preferred: it advertises every 0.50 s, this host every 1.00 s",
            "10.0.0.2",
        ),
        (
            State.MASTER,
            ["at 13.6: AdvertisementReceived 1/0 from 10.0.0.0"],
            "10.0.0.0 wins the tie: it advertises every 1.00 s, this host every 1.00 s",
            "10.0.0.0",
        ),
        (
            State.MASTER,
            ["at 13.6: AdvertisementReceived 0/128 from 10.0.0.2", "at 16.6: DeadlineReached"],
            "no advertisement from 10.0.0.2 for 3.00 s",
            "10.0.0.2",
        ),
        (
            State.MASTER,
            ["at 13.6: StepDownRequested", "at 19.6: DeadlineReached"],
            "no other host has taken over within 6.00 s",
            None,
        ),
        (State.MASTER, ["at 13.6: InterfaceLost"], "no carrier", None),
        (State.BACKUP, ["at 10.5: InterfaceLost"], "no carrier", None),
        (State.MASTER, ["at 13.6: StepDownRequested"], "the operator wants it", None),
        (State.MASTER, ["at 13.6: StopRequested"], "the operator wants it", None),
        (State.BACKUP, ["at 10.5: StopRequested"], "the operator wants it", None),
    ],
)
def test_reasons(state, told, reason, peer):
    machine = brought_to(state)
    for line in told:
        when, what = line.removeprefix("at ").split(": ")
        actions = tell(machine, what, float(when))
    assert isinstance(actions[0], StateChanged)
    assert actions[0].reason == reason
    assert (str(actions[0].peer) if actions[0].peer else None) == peer


def test_the_reason_for_coming_back_after_a_step_down():
    """Nobody took over, or somebody did and fell silent: two findings for the operator."""
    for heard, reason in (
        ("", "no other host has taken over within 6.00 s"),
        ("AdvertisementReceived 1/0 from 10.0.0.2", "no advertisement from 10.0.0.2 for 5.90 s"),
    ):
        machine = brought_to(State.MASTER)
        tell(machine, "StepDownRequested", 13.6)
        if heard:
            tell(machine, heard, 13.7)
        (change, *_) = tell(machine, "DeadlineReached", 19.6)
        assert change.reason == reason


def test_the_reason_for_taking_the_role_back():
    machine = brought_to(State.MASTER, preempt=True)
    tell(machine, "InterfaceLost", 13.6)
    tell(machine, "InterfaceReady 10.0.0.1", 20.0)
    (change, *_) = tell(machine, "AdvertisementReceived 1/0 from 10.0.0.2", 20.5)
    assert change.reason == "taking the role back from 10.0.0.2"


def test_the_reason_for_preempting():
    machine = brought_to(State.BACKUP, preempt=True)
    changed, *_ = tell(machine, "AdvertisementReceived 1/64 from 10.0.0.2", 10.5)
    assert changed.reason == (
        "preempting 10.0.0.2: it advertises every 1.25 s, this host every 1.00 s"
    )


# -- whatever happens -----------------------------------------------------------------------------------

ADDRESSES = st.sampled_from(["10.0.0.0", "10.0.0.1", "10.0.0.2"])
EVENTS = st.one_of(
    st.sampled_from([what for what, *_ in EVERY_EVENT if not what.startswith("Advert")]),
    st.just("InterfaceLost can_send"),
    st.builds("DeadlineReached".format),
    st.builds(
        "AdvertisementReceived {}/{} from {} #{}".format,
        st.sampled_from([0, 1, 2, 4, 255]),
        st.sampled_from([0, 100, 255]),
        ADDRESSES,
        st.integers(0, 2**64 - 1),
    ),
)
PARAMS = st.builds(
    params,
    advbase=st.sampled_from([0, 1, 2, 100]),
    advskew=st.sampled_from([0, 1, 254]),
    preempt=st.booleans(),
    release_on_stop=st.booleans(),
)


@given(PARAMS, st.lists(st.tuples(EVENTS, st.floats(0, 10)), max_size=40))
def test_any_events_in_any_order(configured, told):
    """Nothing raises; a transition comes first; nothing is sent twice in one go; time goes on."""
    machine = VirtualHost(configured, 1)
    now = 0.0
    for what, later in told:
        if what == "DeadlineReached":
            now = max(now, machine.next_deadline() or now)
        else:
            now += later
        before = machine.state
        actions = machine.handle(event(what, machine), now)
        transitions = [action for action in actions if isinstance(action, StateChanged)]
        assert transitions == actions[: len(transitions)]
        assert [(t.old, t.new) for t in transitions] == (
            [(before, machine.state)] if before is not machine.state else []
        )
        assert sum(isinstance(action, SendAdvertisement) for action in actions) <= 1
        if what == "DeadlineReached":
            assert machine.next_deadline() is None or machine.next_deadline() > now


def test_the_machine_keeps_nothing_of_the_params_it_was_given_before():
    machine = brought_to(State.MASTER)
    changed = replace(machine.params, advskew=100)
    machine.handle(events.ParamsChanged(changed), 13.6)
    assert machine.params is changed
