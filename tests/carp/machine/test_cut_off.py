"""Is the master gone, or is this host cut off?  A gateway tells (rule S5)."""

import pytest
from playbook import brought_to, dual, play

from ucarpd.carp.actions import State

SILENT = """
    at 11.0: AdvertisementReceived 1/0 from 10.0.0.2 -> nothing
    at 13.0: probe -> ProbeMaster 10.0.0.2 10.0.0.100
"""
TAKEN_OVER = "StateChanged BACKUP MASTER, SendAdvertisement 1/0, AcquireAddresses"


def asked():
    return play(brought_to(State.BACKUP), SILENT)


def test_it_waits_for_one_more_master_down_interval_and_then_serves():
    machine = play(
        asked(),
        """
        at 13.25: GatewaysSilent 11.4 -> nothing
        at 14.0: DeadlineReached -> Report CUT_OFF
        """,
    )
    assert machine.is_holding
    play(machine, f"at 17.0: DeadlineReached -> {TAKEN_OVER}")
    assert not machine.is_holding


def test_a_gateway_that_fell_silent_before_the_master_holds_up_nothing():
    play(
        asked(),
        f"""
        at 13.25: GatewaysSilent 10.9 -> nothing
        at 14.0: DeadlineReached -> {TAKEN_OVER}
        """,
    )


def test_a_gateway_that_answers_holds_up_nothing():
    """Then no event comes."""
    play(asked(), f"at 14.0: DeadlineReached -> {TAKEN_OVER}")


def test_an_answer_that_comes_too_late_holds_up_nothing():
    machine = play(asked(), f"at 14.0: DeadlineReached -> {TAKEN_OVER}")
    play(machine, "at 14.1: GatewaysSilent 13.0 -> nothing")


@pytest.mark.parametrize("at", [13.5, 15.5])
def test_the_master_is_heard_again(at):
    """So it is a new silence that may end in a takeover, and it may be held up again."""
    held = "at 14.0: DeadlineReached -> Report CUT_OFF" if at > 14 else ""
    machine = play(
        asked(),
        f"""
        at 13.25: GatewaysSilent 11.4 -> nothing
        {held}
        at {at}: AdvertisementReceived 1/0 from 10.0.0.2 -> nothing
        """,
    )
    assert not machine.is_holding
    play(
        machine,
        f"""
        at {at + 2}: probe -> ProbeMaster 10.0.0.2 10.0.0.100
        at {at + 2.25}: GatewaysSilent {at + 1} -> nothing
        at {at + 3}: DeadlineReached -> Report CUT_OFF
        at {at + 6}: DeadlineReached -> {TAKEN_OVER}
        """,
    )


def test_a_bow_out_meanwhile_ends_the_wait():
    machine = play(
        asked(),
        f"""
        at 13.25: GatewaysSilent 11.4 -> nothing
        at 14.0: DeadlineReached -> Report CUT_OFF
        at 15.0: AdvertisementReceived 255/255 from 10.0.0.2 -> {TAKEN_OVER}
        """,
    )
    assert not machine.is_holding


def test_nothing_was_heard_of_a_master():
    play(
        brought_to(State.BACKUP),
        f"""
        at 12.0: GatewaysSilent 11.0 -> nothing
        at 13.0: DeadlineReached -> {TAKEN_OVER}
        """,
    )


def test_the_master_was_heard_last_in_another_family():
    """The gateway fell silent while it was still heard in IPv6."""
    both = "SendAdvertisement 1/0, SendAdvertisement 1/0 IPv6"
    play(
        dual(State.BACKUP),
        f"""
        at 11.0: AdvertisementReceived 1/0 from 10.0.0.2 -> nothing
        at 11.5: AdvertisementReceived 1/0 from fe80::2 -> nothing
        at 13.5: probe -> ProbeMaster fe80::2 2001:db8::100
        at 13.6: GatewaysSilent 11.2 -> nothing
        at 14.5: DeadlineReached -> StateChanged BACKUP MASTER, {both}, AcquireAddresses
        """,
    )


def test_without_any_family_left_there_is_no_deadline():
    machine = brought_to(State.BACKUP)
    play(machine, "at 11.0: InterfaceLost -> StateChanged BACKUP INIT")
    assert machine.master_down_at is None
    assert not machine.is_holding
