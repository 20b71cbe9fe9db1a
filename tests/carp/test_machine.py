"""The state machine, by playbooks (see `playbook.py` for how to read them)."""

import subprocess
import sys
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from every_event import EVERY_EVENT, IGNORED
from playbook import (
    OURS,
    OURS6,
    SECOND,
    VIRTUAL,
    VIRTUAL6,
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
from ucarpd.carp.held_addresses import HeldAddresses
from ucarpd.carp.machine import VirtualHost
from ucarpd.carp.params import DemoteStyle, TieBreak
from ucarpd.carp.rank import NEVER

# -- every event in every state -----------------------------------------------------------------------

def everything(machine):
    """All that the machine shows, and what it will do if left alone, or once it is ready."""
    later = deepcopy(machine)
    if later.state is State.INIT:
        later.handle(event("InterfaceReady 10.0.0.1"), 20.0)
    return (
        machine.state,
        machine.sources,
        machine.params,
        machine.advertise_at,
        machine.master_down_at,
        machine.next_deadline(),
        list(machine.sent_counters),
        future(machine),
        future(later),
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


def test_the_table_in_the_architecture_page_is_this_one():
    """`scripts/state-table` writes it."""
    project = Path(__file__).resolve().parents[2]
    subprocess.run([sys.executable, project / "scripts" / "state-table", "--check"], check=True)


@pytest.mark.parametrize("state", State)
def test_an_event_that_nobody_thought_of_is_a_bug(state):
    with pytest.raises(AssertionError, match="no event"):
        brought_to(state).handle("no event", 13.6)


def test_a_state_that_nobody_thought_of_is_a_bug():
    machine = host()
    machine.state = "FAULT"
    with pytest.raises(AssertionError, match="FAULT"):
        machine.handle(events.DeadlineReached(), 1.0)


def test_a_verdict_that_nobody_thought_of_is_a_bug(monkeypatch):
    monkeypatch.setattr("ucarpd.carp.hearing.judge_as_master", lambda *_, **__: "M9")
    machine = brought_to(State.MASTER)
    with pytest.raises(AssertionError, match="M9"):
        machine.handle(event("AdvertisementReceived 1/0 from 10.0.0.2"), 13.6)


BROKEN = [
    # rule, state, what is wrong
    (1, State.MASTER, lambda machine: setattr(machine, "advertise_at", None)),
    (1, State.BACKUP, lambda machine: setattr(machine, "advertise_at", 99.0)),
    (2, State.BACKUP, lambda machine: machine._master_down.disarm()),
    (2, State.INIT, lambda machine: machine._master_down.arm_all(13.0)),
    (3, State.BACKUP, lambda machine: setattr(machine, "_held", HeldAddresses(machine.params))),
    (4, State.MASTER, lambda machine: machine._leaving.release()),
    (5, State.MASTER, lambda machine: setattr(machine._master_down, "not_before", 99.0)),
    (6, State.MASTER, lambda machine: machine._set_rank(replace(machine._rank, demotion=NEVER))),
    (7, State.BACKUP, lambda machine: setattr(machine._outage, "until", 99.0)),
    (7, State.BACKUP, lambda machine: setattr(machine, "_step_down_until", 99.0)),
    (7, State.MASTER, lambda machine: setattr(machine, "_step_down_until", 99.0)),
    (8, State.BACKUP, lambda machine: setattr(machine, "_started", False)),
    (8, State.MASTER, lambda machine: setattr(machine._hearing, "sources", ())),
    (9, State.BACKUP, lambda machine: setattr(machine, "_stopping", True)),
]


@pytest.mark.parametrize(("rule", "state", "wrong"), BROKEN)
def test_a_machine_that_breaks_one_of_its_rules_is_a_bug(rule, state, wrong):
    machine = brought_to(state)
    wrong(machine)
    with pytest.raises(AssertionError, match=f"rule {rule}"):
        machine.handle(events.AddressesOff(), 13.6)


def test_it_tells_whether_the_addresses_are_on_their_way_off():
    machine = brought_to(State.MASTER)
    assert not machine.is_releasing
    tell(machine, "InterfaceLost", 13.6)
    assert machine.is_releasing
    tell(machine, "AddressesReleased", 13.7)
    assert not machine.is_releasing


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


def test_a_bow_out_is_followed_whatever_the_arithmetic():
    """With advbase 86 and more its 256 s are shorter than our own master-down interval."""
    play(
        brought_to(State.BACKUP, advbase=86),
        "at 10.5: AdvertisementReceived 255/255 from 10.0.0.2 -> StateChanged BACKUP MASTER, SendAdvertisement 86/0, AcquireAddresses",
    )


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
    """Nor is every packet answered."""
    play(
        brought_to(State.MASTER),
        """
        at 13.6: AdvertisementReceived 1/100 from 10.0.0.2 -> SendAdvertisement 1/0, AnnounceAddresses 10.0.0.100
        at 13.65: AdvertisementReceived 1/100 from 10.0.0.2 -> nothing
        at 13.7: DeadlineReached -> AnnounceAddresses 10.0.0.100
        at 13.9: DeadlineReached -> AnnounceAddresses 10.0.0.100
        at 14.0: DeadlineReached -> SendAdvertisement 1/0
        at 14.5: AdvertisementReceived 1/100 from 10.0.0.2 -> nothing
        at 14.6: DeadlineReached -> AnnounceAddresses 10.0.0.100
        until 16.5: deadlines -> 2 SendAdvertisement 1/0
        at 16.6: DeadlineReached -> AnnounceAddresses 10.0.0.100
        until 18.0: deadlines -> 2 SendAdvertisement 1/0
        at 18.1: AdvertisementReceived 1/99 from 10.0.0.2 -> SendAdvertisement 1/0, AnnounceAddresses 10.0.0.100
        """,
    )


def test_rule_m2_the_answer_is_limited_for_each_rival_by_itself():
    play(
        brought_to(State.MASTER),
        """
        at 13.6: AdvertisementReceived 1/100 from 10.0.0.2 -> SendAdvertisement 1/0, AnnounceAddresses 10.0.0.100
        at 13.61: AdvertisementReceived 1/100 from 10.0.0.3 -> SendAdvertisement 1/0
        at 13.62: AdvertisementReceived 1/100 from 10.0.0.2 -> nothing
        """,
    )


def test_rule_m2_who_bows_out_needs_no_answer():
    play(
        brought_to(State.MASTER),
        "at 13.6: AdvertisementReceived 255/255 from 10.0.0.2 -> AnnounceAddresses 10.0.0.100",
    )


def test_rule_m2_addresses_that_are_not_there_yet_are_not_announced():
    play(
        brought_to(State.BACKUP),
        """
        at 13.0: DeadlineReached -> StateChanged BACKUP MASTER, SendAdvertisement 1/0, AcquireAddresses
        at 13.1: AdvertisementReceived 1/100 from 10.0.0.2 -> SendAdvertisement 1/0
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
        at 13.6: AdvertisementReceived 1/0 from 10.0.0.2 -> SendAdvertisement 1/0, AnnounceAddresses 10.0.0.100
        """,
    )


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
        at 13.7: AddressesReleased -> SendAdvertisement 255/255 D255
        at 13.75: DeadlineReached -> SendAdvertisement 255/255 D255
        until 99.0: deadlines -> nothing
        """,
    )


def test_rule_b3_the_preferred_host_takes_back_what_it_lost_with_its_link():
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


def test_rule_b3_is_spent_once_it_has_been_master_again():
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
        ("InterfaceLost can_send", "1 SendAdvertisement 255/255 D255"),
    ):
        play(
            brought_to(State.MASTER),
            f"""
            at 13.6: DemotionChanged 255 -> StateChanged MASTER BACKUP, ReleaseAddresses
            at 13.7: AddressesReleased -> SendAdvertisement 255/255 D255
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


def test_a_new_source_address_is_used_from_the_next_advertisement_on():
    machine = brought_to(State.BACKUP)
    play(machine, "at 10.1: InterfaceReady 10.0.0.9 -> nothing")
    sent = machine.handle(events.DeadlineReached(), machine.next_deadline())
    assert [str(a.source) for a in sent if isinstance(a, SendAdvertisement)] == ["10.0.0.9"]


def test_a_master_advertises_a_new_source_address_at_once():
    """A bow-out from there would not be believed by who has never heard it."""
    machine = brought_to(State.MASTER)
    (sent,) = tell(machine, "InterfaceReady 10.0.0.9", 13.6)
    assert str(sent.source) == "10.0.0.9"
    play(machine, "at 13.7: InterfaceReady 10.0.0.9 -> nothing")


# -- the addresses ------------------------------------------------------------------------------------


def test_addresses_that_somebody_removed_are_put_back_at_most_once_a_second():
    play(
        brought_to(State.MASTER),
        """
        at 13.6: AddressRemoved 10.0.0.100 -> AcquireAddresses
        at 13.62: AddressesAcquired 10.0.0.100 -> AnnounceAddresses 10.0.0.100
        at 13.65: AddressRemoved 10.0.0.100 -> nothing
        at 13.7: AddressRemoved 10.0.0.100 -> nothing
        until 14.5: deadlines -> 1 SendAdvertisement 1/0
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
        at 13.6: AdvertisementReceived 0/9 from 10.0.0.2 -> StateChanged MASTER BACKUP, ReleaseAddresses
        at 13.7: AdvertisementReceived 255/255 from 10.0.0.2 -> StateChanged BACKUP MASTER, SendAdvertisement 1/0, AcquireAddresses
        at 13.8: AddressRemoved 10.0.0.100 -> nothing
        at 13.9: AddressesAcquired -> AnnounceAddresses 10.0.0.100
        until 16.0: deadlines -> 3 AnnounceAddresses 10.0.0.100, 2 SendAdvertisement 1/0
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


def test_a_refused_address_is_tried_again_and_the_second_failure_is_reported():
    play(
        brought_to(State.BACKUP, advbase=10),
        """
        at 40.0: DeadlineReached -> StateChanged BACKUP MASTER, SendAdvertisement 10/0, AcquireAddresses
        at 40.2: AcquireFailed -> nothing
        at 40.4: DeadlineReached -> AcquireAddresses
        at 40.5: AcquireFailed -> ReportUnserved 10.0.0.100
        at 41.5: DeadlineReached -> AcquireAddresses
        at 41.6: AddressesAcquired -> ReportUnserved, AnnounceAddresses 10.0.0.100
        until 49.0: deadlines -> 4 AnnounceAddresses 10.0.0.100
        """,
    )


def test_addresses_that_came_after_all_are_not_tried_again():
    play(
        brought_to(State.BACKUP, advbase=10),
        """
        at 40.0: DeadlineReached -> StateChanged BACKUP MASTER, SendAdvertisement 10/0, AcquireAddresses
        at 40.2: AcquireFailed -> nothing
        at 40.3: AddressesAcquired -> AnnounceAddresses 10.0.0.100
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


def test_a_rival_that_is_gone_is_followed_by_one_assertion():
    play(
        brought_to(State.MASTER, reassert=True),
        """
        at 13.6: AdvertisementReceived 1/50 from 10.0.0.2 -> SendAdvertisement 1/0, AnnounceAddresses 10.0.0.100
        until 16.5: deadlines -> 3 AnnounceAddresses 10.0.0.100, 3 SendAdvertisement 1/0
        at 16.6: DeadlineReached -> ReassertAddresses, AnnounceAddresses 10.0.0.100
        at 16.7: AddressesAcquired -> AnnounceAddresses 10.0.0.100
        """,
    )


def test_a_slow_down_script_holds_the_bow_out_back_for_a_dead_interval_after_the_address_is_off():
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


def test_a_bow_out_that_waits_for_the_down_script_is_dropped_when_another_host_serves():
    play(
        brought_to(State.MASTER),
        """
        at 13.6: StopRequested -> StateChanged MASTER INIT, ReleaseAddresses
        at 15.0: AddressesOff -> nothing
        at 16.7: AdvertisementReceived 1/50 from 10.0.0.2 -> nothing
        at 40.0: AddressesReleased -> Finish
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
        ("deadratio=2", 13.4, 12.5),  # it has passed already: now
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


def test_params_changed_a_master_puts_up_the_new_addresses_and_announces_all():
    """The digest covers the same as before; only then is this a change without a restart."""
    play(
        brought_to(State.MASTER),
        """
        at 13.6: ParamsChanged addresses=10.0.0.100+10.0.0.101 -> AcquireAddresses
        at 13.62: AddressesAcquired -> AnnounceAddresses 10.0.0.100 10.0.0.101
        at 13.72: DeadlineReached -> AnnounceAddresses 10.0.0.100 10.0.0.101
        at 13.8: AddressRemoved 10.0.0.101 -> nothing
        until 14.5: deadlines -> 1 AnnounceAddresses 10.0.0.100, 1 SendAdvertisement 1/0
        at 14.6: DeadlineReached -> AcquireAddresses
        """,
    )


def test_params_changed_an_address_that_is_no_longer_ours_is_not_put_back():
    play(
        brought_to(State.MASTER, addresses=(VIRTUAL, SECOND)),
        """
        at 13.6: ParamsChanged addresses=10.0.0.100 -> AcquireAddresses
        at 13.61: AddressRemoved 10.0.0.101 -> nothing
        at 13.62: AddressesAcquired -> AnnounceAddresses 10.0.0.100
        at 13.63: AddressRemoved 10.0.0.101 -> nothing
        """,
    )


def test_params_changed_the_new_interval_first_and_then_the_new_addresses():
    play(
        brought_to(State.MASTER),
        """
        at 13.6: ParamsChanged advskew=9 addresses=10.0.0.101 -> SendAdvertisement 1/9, AcquireAddresses
        at 13.7: AddressesAcquired -> AnnounceAddresses 10.0.0.101
        """,
    )


def test_params_changed_a_backup_serves_the_new_addresses_when_its_time_comes():
    play(
        brought_to(State.BACKUP),
        """
        at 10.5: ParamsChanged addresses=10.0.0.100+10.0.0.101 -> nothing
        at 13.0: DeadlineReached -> StateChanged BACKUP MASTER, SendAdvertisement 1/0, AcquireAddresses
        at 13.1: AddressesAcquired -> AnnounceAddresses 10.0.0.100 10.0.0.101
        """,
    )


# -- both families --------------------------------------------------------------------------------------

DUAL = {"addresses": (VIRTUAL, VIRTUAL6)}


def dual(state, **changes):
    return brought_to(state, (OURS, OURS6), **(DUAL | changes))


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


def test_one_family_without_a_source_is_neither_sent_nor_heard():
    play(
        host(**DUAL),
        """
        at 0.0: InterfaceReady 10.0.0.1 -> StateChanged INIT BACKUP, ReleaseAddresses at_start
        at 0.1: AddressesReleased -> nothing
        at 1.0: AdvertisementReceived 1/0 from 10.0.0.2 -> nothing
        at 1.0: AdvertisementReceived 1/0 from fe80::2 -> nothing
        at 4.0: DeadlineReached -> StateChanged BACKUP MASTER, SendAdvertisement 1/0, AcquireAddresses
        at 4.1: AdvertisementReceived 0/1 from fe80::2 -> nothing
        """,
    )


def test_a_family_that_loses_its_source_as_backup_moves_nothing():
    play(
        host(**DUAL),
        """
        at 0.0: InterfaceReady 10.0.0.1 fe80::1 -> StateChanged INIT BACKUP, ReleaseAddresses at_start
        at 0.1: AddressesReleased -> nothing
        at 1.0: AdvertisementReceived 1/0 from 10.0.0.2 -> nothing
        at 1.0: AdvertisementReceived 1/0 from fe80::2 -> nothing
        at 2.0: InterfaceReady 10.0.0.1 -> nothing
        at 3.9: AdvertisementReceived 1/0 from 10.0.0.2 -> nothing
        at 5.0: InterfaceReady 10.0.0.1 fe80::1 -> nothing
        at 6.8: AdvertisementReceived 1/0 from 10.0.0.2 -> nothing
        at 9.8: DeadlineReached -> StateChanged BACKUP MASTER, SendAdvertisement 1/0, SendAdvertisement 1/0 IPv6, AcquireAddresses
        """,
    )


def test_a_master_goes_on_in_the_family_that_is_left():
    play(
        host(**DUAL),
        """
        at 0.0: InterfaceReady 10.0.0.1 fe80::1 -> StateChanged INIT BACKUP, ReleaseAddresses at_start
        at 0.1: AddressesReleased -> nothing
        at 3.0: DeadlineReached -> StateChanged BACKUP MASTER, SendAdvertisement 1/0, SendAdvertisement 1/0 IPv6, AcquireAddresses
        at 3.5: InterfaceReady 10.0.0.1 -> SendAdvertisement 1/0
        at 4.5: DeadlineReached -> SendAdvertisement 1/0
        at 4.6: InterfaceReady 10.0.0.1 fe80::1 -> SendAdvertisement 1/0, SendAdvertisement 1/0 IPv6
        at 5.6: DeadlineReached -> SendAdvertisement 1/0, SendAdvertisement 1/0 IPv6
        """,
    )


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
        at 4.2: AddressesReleased -> nothing
        at 5.67: DeadlineReached -> StateChanged BACKUP MASTER, SendAdvertisement 1/0 IPv6, AcquireAddresses
        at 5.7: DemotionChanged 255 -> StateChanged MASTER BACKUP, ReleaseAddresses
        at 5.8: AddressesReleased -> SendAdvertisement 255/255 IPv6 D255
        at 5.85: DeadlineReached -> SendAdvertisement 255/255 IPv6 D255
        """,
    )


@pytest.mark.parametrize(
    ("heard", "silent", "family"), [("10.0.0.2", "fe80::2", 6), ("fe80::2", "10.0.0.2", 4)]
)
def test_the_silence_of_one_family_alone_moves_nothing_and_is_told(heard, silent, family):
    """A master that is heard in one family serves, whatever a switch does with the other one."""
    machine = play(
        dual(State.BACKUP),
        f"""
        at 10.5: AdvertisementReceived 1/0 from {silent} -> nothing
        at 10.6: AdvertisementReceived 1/0 from {heard} -> nothing
        at 13.4: AdvertisementReceived 1/0 from {heard} -> nothing
        at 13.6: AdvertisementReceived 1/0 from {heard} -> Report FAMILY_SILENT IPv{family}
        at 14.6: AdvertisementReceived 1/0 from {heard} -> nothing
        at 14.7: AdvertisementReceived 1/0 from {silent} -> Report FAMILY_HEARD IPv{family}
        at 14.8: AdvertisementReceived 1/0 from {silent} -> nothing
        """,
    )
    changed, *sent = tell(machine, "DeadlineReached", 17.8)
    assert (changed.new, str(changed.peer)) == (State.MASTER, silent)
    assert changed.reason == f"no advertisement from {silent} for 3.00 s"
    assert [a.family for a in sent if isinstance(a, SendAdvertisement)] == [4, 6]


def test_a_family_that_was_never_heard():
    machine = dual(State.BACKUP)
    play(
        machine,
        """
        at 12.5: AdvertisementReceived 1/0 from 10.0.0.2 -> nothing
        at 13.5: AdvertisementReceived 1/0 from 10.0.0.2 -> Report FAMILY_SILENT IPv6
        """,
    )
    changed, *_ = tell(machine, "DeadlineReached", 16.5)
    assert changed.reason == "no advertisement from 10.0.0.2 for 3.00 s"


def test_each_family_has_its_own_wait():
    """The longest counts."""
    machine = dual(State.BACKUP)
    play(machine, "at 10.5: AdvertisementReceived 1/254 from fe80::2 -> nothing")
    assert machine.master_down_at == 10.5 + 3 * 510 / 256
    play(machine, "at 11.0: AdvertisementReceived 1/0 from 10.0.0.2 -> nothing")
    assert machine.master_down_at == 10.5 + 3 * 510 / 256
    play(machine, "at 13.4: AdvertisementReceived 1/0 from 10.0.0.2 -> nothing")
    assert machine.master_down_at == 10.5 + 3 * 510 / 256
    play(machine, "at 14.5: AdvertisementReceived 1/0 from 10.0.0.2 -> nothing")
    assert machine.master_down_at == 17.5


def test_an_advertisement_of_either_family_is_enough_to_yield():
    for source in ("10.0.0.2", "fe80::2"):
        play(
            dual(State.MASTER, advskew=100),
            f"""
            at 13.6: AdvertisementReceived 1/0 from {source} -> StateChanged MASTER BACKUP, ReleaseAddresses
            at 13.7: AddressesReleased -> SendAdvertisement 1/100, SendAdvertisement 1/100 IPv6
            """,
        )


def test_a_tie_is_decided_in_ipv4_while_it_is_heard():
    """Our IPv4 address wins, our IPv6 address would lose: with both deciding, both would yield."""
    play(
        dual(State.MASTER),
        """
        at 13.6: AdvertisementReceived 1/0 from 10.0.0.2 -> SendAdvertisement 1/0, SendAdvertisement 1/0 IPv6, AnnounceAddresses 10.0.0.100 2001:db8::100
        at 13.61: AdvertisementReceived 1/0 from fe80:: -> nothing
        until 14.5: deadlines -> 2 AnnounceAddresses 10.0.0.100 2001:db8::100, 1 SendAdvertisement 1/0, 1 SendAdvertisement 1/0 IPv6
        at 14.59: AdvertisementReceived 1/0 from fe80:: -> nothing
        """,
    )
    play(
        dual(State.MASTER),
        """
        at 13.6: AdvertisementReceived 1/0 from fe80::2 -> SendAdvertisement 1/0, SendAdvertisement 1/0 IPv6, AnnounceAddresses 10.0.0.100 2001:db8::100
        at 13.61: AdvertisementReceived 1/0 from 10.0.0.0 -> StateChanged MASTER BACKUP, ReleaseAddresses
        """,
    )


def test_a_tie_is_decided_in_ipv6_when_ipv4_has_been_silent():
    """For longer than our master-down interval, or ever since."""
    play(
        dual(State.MASTER),
        """
        at 13.6: AdvertisementReceived 1/0 from fe80:: -> StateChanged MASTER BACKUP, ReleaseAddresses
        """,
    )
    play(
        dual(State.MASTER),
        """
        at 13.6: AdvertisementReceived 1/0 from 10.0.0.2 -> SendAdvertisement 1/0, SendAdvertisement 1/0 IPv6, AnnounceAddresses 10.0.0.100 2001:db8::100
        until 16.5: deadlines -> 3 AnnounceAddresses 10.0.0.100 2001:db8::100, 3 SendAdvertisement 1/0, 3 SendAdvertisement 1/0 IPv6
        at 16.59: AdvertisementReceived 1/0 from fe80:: -> AnnounceAddresses 10.0.0.100 2001:db8::100
        at 16.61: AdvertisementReceived 1/0 from fe80:: -> StateChanged MASTER BACKUP, ReleaseAddresses
        """,
    )


def test_taking_the_role_back_is_decided_like_a_tie():
    for first, then, reclaims_at in (
        ("10.0.0.0", "fe80::2", None),
        ("fe80::2", "10.0.0.0", "first"),
        ("fe80::", "10.0.0.2", "then"),
        ("10.0.0.0", "10.0.0.2", None),
    ):
        machine = dual(State.MASTER, preempt=True)
        tell(machine, "InterfaceLost", 13.6)
        tell(machine, "InterfaceReady 10.0.0.1 fe80::1", 20.0)
        tell(machine, f"AdvertisementReceived 1/0 from {first}", 20.3)
        assert (machine.state is State.MASTER) == (reclaims_at == "first"), first
        if reclaims_at != "first":
            tell(machine, f"AdvertisementReceived 1/0 from {then}", 20.4)
            assert (machine.state is State.MASTER) == (reclaims_at == "then"), (first, then)


def test_dual_stack_step_down_says_so_in_both_families_and_holds_both_timers():
    machine = play(
        dual(State.MASTER),
        """
        at 13.6: StepDownRequested -> SendAdvertisement 254/254 D255, SendAdvertisement 254/254 IPv6 D255
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


@pytest.mark.parametrize("source", ["10.0.0.2", "fe80::2"])
def test_the_bow_out_ends_when_another_master_is_heard_in_either_family(source):
    play(
        dual(State.MASTER),
        f"""
        at 13.6: DemotionChanged 255 -> StateChanged MASTER BACKUP, ReleaseAddresses
        at 13.8: AddressesReleased -> SendAdvertisement 255/255 D255, SendAdvertisement 255/255 IPv6 D255
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


def test_late_bow_outs_of_a_host_that_has_been_followed_already_in_both_families():
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


def test_a_silent_yield_is_short_in_both_families():
    play(
        dual(State.MASTER),
        """
        at 13.6: AdvertisementReceived 1/0 from 10.0.0.0 -> StateChanged MASTER BACKUP, ReleaseAddresses
        at 13.7: AddressesReleased -> nothing
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


# -- breaking a tie -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mode", "peer", "yields"),
    [
        (TieBreak.REVERSED, "9.0.0.2", False),
        (TieBreak.REVERSED, "11.0.0.0", True),
        (TieBreak.NUMERIC, "9.0.0.2", True),
        (TieBreak.NUMERIC, "11.0.0.0", False),
        (TieBreak.YIELD, "9.0.0.2", True),
        (TieBreak.YIELD, "11.0.0.0", True),
    ],
)
def test_the_modes_of_the_tie(mode, peer, yields):
    """A lost tie is lost silently, and we are back after one and a half intervals."""
    if yields:
        script = f"""
            at 13.6: AdvertisementReceived 1/0 from {peer} -> StateChanged MASTER BACKUP, ReleaseAddresses
            at 13.7: AddressesReleased -> nothing
            at 15.1: DeadlineReached -> StateChanged BACKUP MASTER, SendAdvertisement 1/0, AcquireAddresses
            """
    else:
        script = f"at 13.6: AdvertisementReceived 1/0 from {peer} -> SendAdvertisement 1/0, AnnounceAddresses 10.0.0.100"
    play(brought_to(State.MASTER, tiebreak=mode), script)


def test_yield_is_for_ties_in_either_family():
    for source in ("10.0.0.2", "fe80::2"):
        machine = dual(State.MASTER, tiebreak=TieBreak.YIELD)
        tell(machine, f"AdvertisementReceived 1/0 from {source}", 13.6)
        assert machine.state is State.BACKUP


@pytest.mark.parametrize(
    ("mode", "peer", "reclaims"),
    [
        (TieBreak.REVERSED, "9.0.0.2", True),
        (TieBreak.REVERSED, "11.0.0.0", False),
        (TieBreak.NUMERIC, "9.0.0.2", False),
        (TieBreak.NUMERIC, "11.0.0.0", True),
        (TieBreak.YIELD, "9.0.0.2", False),
        (TieBreak.YIELD, "11.0.0.0", False),
    ],
)
def test_the_modes_of_the_tie_when_the_role_might_be_taken_back(mode, peer, reclaims):
    """`yield` never reclaims: the next advertisement of the peer would end it again."""
    machine = brought_to(State.MASTER, preempt=True, tiebreak=mode)
    tell(machine, "InterfaceLost", 13.6)
    tell(machine, "InterfaceReady 10.0.0.1", 20.0)
    tell(machine, f"AdvertisementReceived 1/0 from {peer}", 20.5)
    assert (machine.state is State.MASTER) == reclaims


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
        (State.MASTER, ["at 13.6: InterfaceLost"], "no carrier", None),
        (State.MASTER, ["at 13.6: DemotionChanged 255"], "eth1 has no carrier", None),
        (State.BACKUP, ["at 10.5: InterfaceLost"], "no carrier", None),
        (
            State.MASTER,
            ["at 13.6: StepDownRequested", "at 13.7: AdvertisementReceived 1/9 from 10.0.0.2"],
            "10.0.0.2 is preferred: it is demoted by 0, this host by 254",
            "10.0.0.2",
        ),
        (
            State.BACKUP,
            ["at 10.5: AdvertisementReceived 254/240 from 10.0.0.2"],
            "10.0.0.2 is less fit: it is demoted by 240, this host by 0",
            "10.0.0.2",
        ),
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


def test_the_words_for_being_ready_name_every_source():
    (change, *_) = tell(host(**DUAL), "InterfaceReady 10.0.0.1 fe80::1", 0.0)
    assert change.reason == "ready with source 10.0.0.1 and fe80::1"


def test_the_words_for_a_demotion_in_the_header():
    machine = brought_to(State.MASTER, demote_style=DemoteStyle.OPENBSD)
    tell(machine, "DemotionChanged 3", 13.6)
    changed, *_ = tell(machine, "AdvertisementReceived 1/100 from 10.0.0.2 D1", 13.9)
    assert changed.reason == (
        "10.0.0.2 is preferred: it advertises every 1.39 s, this host every 1.00 s; "
        "it is demoted by 1, this host by 3"
    )


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

FAMILIES = {
    # virtual addresses, our sources, the peers' sources
    "IPv4": ((VIRTUAL, SECOND), "10.0.0.1", ["10.0.0.0", "10.0.0.1", "10.0.0.2"]),
    "IPv6": ((VIRTUAL6,), "fe80::1", ["fe80::", "fe80::1", "fe80::2"]),
    "both": (
        (VIRTUAL6, VIRTUAL),
        "10.0.0.1 fe80::1",
        ["10.0.0.0", "10.0.0.1", "10.0.0.2", "fe80::", "fe80::1", "fe80::2"],
    ),
}
PARAMS = st.fixed_dictionaries(
    {
        "advbase": st.sampled_from([0, 1, 2, 100]),
        "advskew": st.sampled_from([0, 1, 254]),
        "preempt": st.booleans(),
        "release_on_stop": st.booleans(),
        "tiebreak": st.sampled_from(TieBreak),
        "demote_style": st.sampled_from(DemoteStyle),
    }
)


def any_events(sources, peers):
    return st.one_of(
        st.sampled_from(
            [
                what
                for what, *_ in EVERY_EVENT
                if not what.startswith(("Advert", "InterfaceReady", "DemotionChanged"))
            ]
        ),
        st.just(f"InterfaceReady {sources}"),
        st.just("InterfaceLost can_send"),
        st.just("ParamsChanged addresses=10.0.0.100+2001:db8::101"),
        st.builds("DeadlineReached".format),
        st.builds("DemotionChanged {}".format, st.sampled_from([0, 1, 2, 252, 254, 255])),
        st.builds(
            "AdvertisementReceived {}/{} from {} #{} D{}".format,
            st.sampled_from([0, 1, 2, 4, 254, 255]),
            st.sampled_from([0, 100, 254, 255]),
            st.sampled_from(peers),
            st.integers(0, 2**64 - 1),
            st.sampled_from([0, 0, 1, 2, 255]),
        ),
    )


@pytest.mark.parametrize("families", FAMILIES)
@given(data=st.data(), configured=PARAMS)
def test_any_events_in_any_order(families, data, configured):
    """Nothing raises; a transition comes first; nothing is sent twice in one go; time goes on."""
    addresses, sources, peers = FAMILIES[families]
    told = data.draw(st.lists(st.tuples(any_events(sources, peers), st.floats(0, 10)), max_size=40))
    machine = VirtualHost(params(addresses=addresses, **configured), 1)
    now = 0.0
    counter = 0
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
        sent = [action for action in actions if isinstance(action, SendAdvertisement)]
        # One in each family, or none.
        assert [action.source for action in sent] in ([], list(machine.sources))
        assert [action.counter for action in sent] == [counter + 1 + i for i in range(len(sent))]
        counter += len(sent)
        assert all(0 <= action.advskew <= 254 or action.advbase == 255 for action in sent)
        assert all(0 <= action.demotion <= 255 for action in sent)
        if configured["demote_style"] is DemoteStyle.SKEW:
            assert all((action.demotion == 255) == (action.advbase >= 254) for action in sent)
        if what == "DeadlineReached":
            assert machine.next_deadline() is None or machine.next_deadline() > now


def test_the_machine_keeps_nothing_of_the_params_it_was_given_before():
    machine = brought_to(State.MASTER)
    changed = replace(machine.params, advskew=100)
    machine.handle(events.ParamsChanged(changed), 13.6)
    assert machine.params is changed
