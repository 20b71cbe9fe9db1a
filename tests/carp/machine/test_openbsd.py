"""The differences of the OpenBSD style of demotion."""

import pytest
from playbook import IN_HEADER, brought_to, demoted, play, tell

from ucarpd.carp.actions import State


def test_openbsd_a_demotion_stands_in_byte_4():
    play(
        brought_to(State.MASTER, **IN_HEADER),
        """
        at 13.6: DemotionChanged 2 -> SendAdvertisement 1/0 D2
        at 13.7: DemotionChanged 254 -> SendAdvertisement 1/0 D255
        at 13.8: DemotionChanged 1 -> SendAdvertisement 1/0 D1
        at 13.9: StepDownRequested -> SendAdvertisement 1/0 D255
        at 13.95: AdvertisementReceived 1/200 from 10.0.0.2 -> StateChanged MASTER BACKUP, ReleaseAddresses
        at 13.97: AddressesReleased -> nothing
        """,
    )


def test_openbsd_its_formula_since_2025():
    """Three whole intervals: or a host of ours at advskew 200 would beat an OpenBSD at 100."""
    machine = brought_to(State.BACKUP, advskew=200, **IN_HEADER)
    assert machine.master_down_at == 10.0 + 3 * 456 / 256


def test_rule_b1_takes_over_from_a_demoted_peer_without_preemption():
    machine = brought_to(State.BACKUP, advskew=100, **IN_HEADER)
    tell(machine, "AdvertisementReceived 1/0 from 10.0.0.2", 10.4)
    assert machine.state is State.BACKUP
    changed, *_ = tell(machine, "AdvertisementReceived 1/0 from 10.0.0.2 D1", 10.5)
    assert changed.reason == (
        "taking over from 10.0.0.2: it advertises every 1.00 s, this host every 1.39 s; "
        "it is demoted by 1, this host by 0"
    )


def test_rule_b1_is_not_for_a_host_that_is_demoted_as_much():
    play(
        demoted(2, preempt=True, **IN_HEADER),
        """
        at 10.2: AdvertisementReceived 1/100 from 10.0.0.2 -> nothing
        at 10.3: AdvertisementReceived 1/100 from 10.0.0.2 D1 -> nothing
        at 10.4: AdvertisementReceived 1/100 from 10.0.0.2 D2 -> nothing
        at 10.5: AdvertisementReceived 1/0 from 10.0.0.2 D3 -> StateChanged BACKUP MASTER, SendAdvertisement 1/0 D2, AcquireAddresses
        """,
    )


def test_rule_b1_the_byte_is_not_looked_at_in_the_other_style():
    play(
        brought_to(State.BACKUP),
        "at 10.5: AdvertisementReceived 1/0 from 10.0.0.2 D9 -> nothing",
    )


def test_openbsd_a_statement_in_the_other_style_is_understood():
    machine = brought_to(State.BACKUP, **IN_HEADER)
    tell(machine, "AdvertisementReceived 254/1 from 10.0.0.2", 10.5)
    assert machine.state is State.MASTER


def test_rule_m2_a_faster_peer_that_is_demoted_gets_nothing():
    play(
        brought_to(State.MASTER, advskew=200, **IN_HEADER),
        "at 13.8: AdvertisementReceived 1/0 from 10.0.0.2 D1 -> SendAdvertisement 1/200, AnnounceAddresses 10.0.0.100",
    )


def test_openbsd_a_bow_out_never_wins_by_its_demotion():
    """The leaving peer states 0, or less than we do: that is no reason for us to leave."""
    for demotion in ("", " D1", " D255"):
        machine = demoted(3, State.MASTER, **IN_HEADER)
        tell(machine, f"AdvertisementReceived 255/255 from 10.0.0.2{demotion}", 13.9)
        assert machine.state is State.MASTER


def test_rule_b8_a_slow_peer_demoted_less_is_waited_for_at_its_pace():
    """The digest does not cover the interval, so one packet must not bar us for 12 s."""
    machine = demoted(1, **IN_HEADER)
    own = 3.0 + 1 / 256
    tell(machine, "AdvertisementReceived 4/0 from 10.0.0.2", 10.5)
    assert machine.master_down_at == pytest.approx(10.5 + 9 + 1 / 256)
    tell(machine, "AdvertisementReceived 4/0 from 10.0.0.2", 14.5)
    assert machine.master_down_at == pytest.approx(14.5 + 12 + 1 / 256)
    tell(machine, "AdvertisementReceived 250/0 from 10.0.0.2", 15.0)
    assert machine.master_down_at == pytest.approx(15.0 + 12 + 1 / 256)
    tell(machine, "AdvertisementReceived 1/0 from 10.0.0.2", 15.5)
    assert machine.master_down_at == pytest.approx(15.5 + own)
