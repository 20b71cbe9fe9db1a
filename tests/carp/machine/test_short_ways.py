"""Do the short ways of a machine differ from the long ones?

Every test of this folder and of `segment` compares them (`conftest`).  Here are the lives in which
they are taken most, and end most often.
"""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from playbook import OURS, OURS6, VIRTUAL, VIRTUAL6, brought_to, event, play, tell

from ucarpd.carp.actions import SendAdvertisement, State
from ucarpd.carp.events import DeadlineReached
from ucarpd.carp.held_addresses import HeldAddresses

SAME = [
    "AdvertisementReceived 1/0 from 10.0.0.2 #{}",
    "AdvertisementReceived 1/0 from 10.0.0.2 #{} D3",
    "AdvertisementReceived 1/0 from 10.0.0.2 #{} at_virtual_mac",
    "AdvertisementReceived 0/100 from 10.0.0.2 #{}",
    "AdvertisementReceived 4/0 from 10.0.0.2 #{}",
]
AT_TIMES = [
    "AdvertisementReceived 1/0 from 10.0.0.3",
    "AdvertisementReceived 1/20 from 10.0.0.3",
    "AdvertisementReceived 1/20 from 10.0.0.2",
    "AdvertisementReceived 4/0 from 10.0.0.2",
    "AdvertisementReceived 255/255 from 10.0.0.2",
    "AdvertisementReceived 254/240 from 10.0.0.2 D255",
    "AdvertisementReceived 255/255 from 10.0.0.3",
    "AdvertisementReceived 1/0 from fe80::2",
    "AdvertisementReceived 1/0 from 10.0.0.1",
    "InterfaceReady 10.0.0.1",
    "InterfaceReady 10.0.0.9",
    "InterfaceReady 10.0.0.1 fe80::1",
    "InterfaceLost may_return",
    "AddressesAcquired",
    "AddressesReleased",
    "AddressRemoved 10.0.0.100",
    "AddressClaimed 10.0.0.100 02:00:00:00:00:09",
    "ParamsChanged advskew=10",
    "ParamsChanged preempt=1",
    "ParamsChanged preempt_delay=5",
    "DemotionChanged 240",
    "DemotionChanged 0 untested",
    "DemotionChanged 0",
    "DemotionChanged 255 planned",
    "StepDownRequested",
]


def never(*_arguments, **_named):
    raise AssertionError("this is the long way")


def test_a_backup_judges_a_master_that_says_the_same_again_no_more(monkeypatch):
    monkeypatch.undo()
    machine = brought_to(State.BACKUP)
    for now in (10.5, 11.5):
        tell(machine, SAME[0].format(7), now)
    monkeypatch.setattr("ucarpd.carp.hearing.judge_as_backup", never)
    for now in (12.5, 13.5):
        assert tell(machine, SAME[0].format(7), now) == []
        assert machine.master_down_at == now + 3.0
    tell(machine, "DemotionChanged 240", 13.6)
    with pytest.raises(AssertionError, match="the long way"):
        tell(machine, SAME[0].format(7), 14.5)


def test_a_master_asks_for_nothing_else_when_it_only_advertises(monkeypatch):
    monkeypatch.undo()
    machine = brought_to(State.MASTER)
    monkeypatch.setattr(HeldAddresses, "due", never)
    (sent,) = tell(machine, "DeadlineReached", 14.0)
    assert isinstance(sent, SendAdvertisement)


def test_the_long_way_lasts_until_the_addresses_are_off():
    """Only the third one shows that its sender serves: it can have missed this host by then."""
    play(
        brought_to(State.MASTER),
        """
        at 13.6: DemotionChanged 255 -> StateChanged MASTER BACKUP, ReleaseAddresses
        at 13.7: DemotionChanged 0 -> nothing
        at 13.8: AdvertisementReceived 1/100 from 10.0.0.2 -> nothing
        at 14.8: AdvertisementReceived 1/100 from 10.0.0.2 -> nothing
        at 15.8: AdvertisementReceived 1/100 from 10.0.0.2 -> nothing
        at 15.9: AddressesReleased -> nothing
        """,
    )


def test_a_sleep_that_the_master_ends_is_no_silence_of_it():
    machine = brought_to(State.BACKUP)
    for now in (10.5, 11.5, 20.0):
        machine.handle(event(SAME[0].format(7)), now)
    assert machine.silences.worst == pytest.approx(1 / 3)


STEPS = st.tuples(
    st.sampled_from([0.0, 0.01, 0.2, 1.0, 1.0, 1.0, 1.05, 2.1, 3.0, 40.0]),
    st.one_of(*[st.just("same")] * 3, st.sampled_from(AT_TIMES)),
    st.integers(0, 20),
)


@pytest.mark.parametrize("addresses", [(VIRTUAL,), (VIRTUAL, VIRTUAL6)])
@pytest.mark.parametrize("state", [State.BACKUP, State.MASTER])
@settings(max_examples=40)
@given(
    steps=st.lists(STEPS, max_size=40),
    same=st.sampled_from(SAME),
    advskew=st.sampled_from([0, 10, 100]),
    preempt=st.booleans(),
    are_woken_late=st.booleans(),
)
def test_both_ways_in_any_life(*, state, addresses, steps, same, advskew, preempt, are_woken_late):
    sources = (OURS, OURS6) if len(addresses) == 2 else (OURS,)
    machine = brought_to(state, sources, addresses=addresses, advskew=advskew, preempt=preempt)
    now = 13.6
    for pause, what, counter in steps:
        now += pause
        while not are_woken_late and (machine.next_deadline() or now) < now:
            machine.handle(DeadlineReached(), machine.next_deadline())
        if are_woken_late and (machine.next_deadline() or now) < now:
            machine.handle(DeadlineReached(), now)
        machine.handle(event(same.format(counter) if what == "same" else what, machine), now)
