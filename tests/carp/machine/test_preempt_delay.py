"""How long does a host wait before it takes the role back?  Rule B11."""

import pytest
from playbook import brought_to, host, play

from ucarpd.carp.actions import State

TAKES_OVER = "StateChanged BACKUP MASTER, SendAdvertisement 1/0, AcquireAddresses"
DELAYED = {"preempt": True, "preempt_delay": 5.0}


def test_rule_b11_the_delay_counts_from_the_start():
    play(
        brought_to(State.BACKUP, **DELAYED),
        f"""
        at 10.5: AdvertisementReceived 1/100 from 10.0.0.2 -> nothing
        at 12.5: AdvertisementReceived 1/100 from 10.0.0.2 -> nothing
        at 14.9: AdvertisementReceived 1/100 from 10.0.0.2 -> nothing
        at 15.0: AdvertisementReceived 1/100 from 10.0.0.2 -> {TAKES_OVER}
        """,
    )


def test_rule_b11_the_delay_counts_from_the_return_of_the_link():
    play(
        brought_to(State.BACKUP, **DELAYED),
        f"""
        at 11.0: InterfaceLost -> StateChanged BACKUP INIT
        at 12.0: InterfaceReady 10.0.0.1 -> StateChanged INIT BACKUP
        at 14.0: AdvertisementReceived 1/100 from 10.0.0.2 -> nothing
        at 16.9: AdvertisementReceived 1/100 from 10.0.0.2 -> nothing
        at 17.0: AdvertisementReceived 1/100 from 10.0.0.2 -> {TAKES_OVER}
        """,
    )


def test_rule_b11_the_delay_counts_from_the_end_of_the_last_failure():
    play(
        brought_to(State.BACKUP, **DELAYED),
        f"""
        at 10.5: AdvertisementReceived 1/100 from 10.0.0.2 -> nothing
        at 11.0: DemotionChanged 240 -> nothing
        at 12.0: DemotionChanged 0 -> nothing
        at 14.0: AdvertisementReceived 1/100 from 10.0.0.2 -> nothing
        at 16.9: AdvertisementReceived 1/100 from 10.0.0.2 -> nothing
        at 17.0: AdvertisementReceived 1/100 from 10.0.0.2 -> {TAKES_OVER}
        """,
    )


@pytest.mark.parametrize("stated", ["254/1", "255/255"])
def test_it_delays_no_relief(stated):
    play(
        brought_to(State.BACKUP, **DELAYED),
        f"at 10.5: AdvertisementReceived {stated} from 10.0.0.2 D255 -> {TAKES_OVER}",
    )


def test_the_end_of_the_wait_is_known_for_the_operator():
    machine = brought_to(State.BACKUP, **DELAYED)
    assert machine.preempts_at(14.9) == 15.0
    assert machine.preempts_at(15.0) is None
    assert brought_to(State.BACKUP, preempt_delay=5.0).preempts_at(11.0) is None
    assert brought_to(State.MASTER, **DELAYED).preempts_at(9.5) is None


def test_it_delays_no_takeover_from_a_silent_master():
    play(
        brought_to(State.BACKUP, preempt=True, preempt_delay=60.0),
        f"""
        at 10.5: AdvertisementReceived 1/0 from 10.0.0.2 -> nothing
        at 13.5: DeadlineReached -> {TAKES_OVER}
        """,
    )


def test_a_new_delay_of_a_reload_counts_at_once():
    play(
        brought_to(State.BACKUP, **DELAYED),
        f"""
        at 10.5: AdvertisementReceived 1/100 from 10.0.0.2 -> nothing
        at 10.6: ParamsChanged preempt_delay=0 -> nothing
        at 11.5: AdvertisementReceived 1/100 from 10.0.0.2 -> {TAKES_OVER}
        """,
    )


def test_a_host_that_loses_the_role_for_the_third_time_in_ten_minutes_waits_ten_seconds():
    """Its link flaps: it has the role for two seconds, and is away for two."""
    machine = host(preempt=True)
    machine = play(
        machine,
        """
        at 0.0: InterfaceReady 10.0.0.1 -> StateChanged INIT BACKUP, ReleaseAddresses at_start
        at 0.1: AddressesReleased -> nothing
        """,
    )
    for round_begins in (1.0, 5.0, 9.0):
        play(
            machine,
            f"""
            at {round_begins}: AdvertisementReceived 1/100 from 10.0.0.2 -> {TAKES_OVER}
            at {round_begins + 0.5}: InterfaceLost -> StateChanged MASTER INIT, ReleaseAddresses
            at {round_begins + 0.6}: AddressesReleased -> nothing
            at {round_begins + 3.0}: InterfaceReady 10.0.0.1 -> StateChanged INIT BACKUP
            """,
        )
    play(
        machine,
        f"""
        at 13.0: AdvertisementReceived 1/100 from 10.0.0.2 -> nothing
        at 15.5: AdvertisementReceived 1/100 from 10.0.0.2 -> nothing
        at 18.0: AdvertisementReceived 1/100 from 10.0.0.2 -> nothing
        at 20.5: AdvertisementReceived 1/100 from 10.0.0.2 -> nothing
        at 21.9: AdvertisementReceived 1/100 from 10.0.0.2 -> nothing
        at 22.0: AdvertisementReceived 1/100 from 10.0.0.2 -> {TAKES_OVER}
        """,
    )


@pytest.mark.parametrize(
    ("demotion", "then"),
    [
        (
            240,
            "AdvertisementReceived 1/100 from 10.0.0.2 -> StateChanged MASTER BACKUP, ReleaseAddresses",
        ),
        (255, None),
    ],
)
def test_a_role_that_is_lost_by_a_failure_counts_too(demotion, then):
    machine = host(preempt=True)
    play(
        machine,
        """
        at 0.0: InterfaceReady 10.0.0.1 -> StateChanged INIT BACKUP, ReleaseAddresses at_start
        at 0.1: AddressesReleased -> nothing
        """,
    )
    stated = (
        "StateChanged MASTER BACKUP, ReleaseAddresses"
        if then is None
        else ("SendAdvertisement 254/240 D255")
    )
    for at in (1.0, 3.0, 5.0):
        play(machine, f"at {at}: AdvertisementReceived 1/100 from 10.0.0.2 -> {TAKES_OVER}")
        play(machine, f"at {at + 0.5}: DemotionChanged {demotion} -> {stated}")
        if then:
            play(machine, f"at {at + 0.6}: {then}")
        play(machine, f"at {at + 1.0}: DemotionChanged 0 -> nothing")
    play(
        machine,
        f"""
        at 8.0: AdvertisementReceived 1/100 from 10.0.0.2 -> nothing
        at 10.9: AdvertisementReceived 1/100 from 10.0.0.2 -> nothing
        at 13.7: AdvertisementReceived 1/100 from 10.0.0.2 -> nothing
        at 15.9: AdvertisementReceived 1/100 from 10.0.0.2 -> nothing
        at 16.0: AdvertisementReceived 1/100 from 10.0.0.2 -> {TAKES_OVER}
        """,
    )


def test_an_operator_who_takes_the_host_out_of_service_costs_it_no_wait():
    machine = host(preempt=True)
    play(
        machine,
        """
        at 0.0: InterfaceReady 10.0.0.1 -> StateChanged INIT BACKUP, ReleaseAddresses at_start
        at 0.1: AddressesReleased -> nothing
        """,
    )
    left = "StateChanged MASTER BACKUP, ReleaseAddresses"
    for at in (1.0, 3.0, 5.0, 7.0):
        play(
            machine,
            f"""
            at {at}: AdvertisementReceived 1/100 from 10.0.0.2 -> {TAKES_OVER}
            at {at + 0.5}: DemotionChanged 255 planned -> {left}
            at {at + 1.0}: DemotionChanged 0 planned -> nothing
            """,
        )
