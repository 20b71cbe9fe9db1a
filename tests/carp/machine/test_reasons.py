"""What does the operator read when the role moves?"""

import pytest
from playbook import DUAL, brought_to, host, tell

from ucarpd.carp.actions import State, StateChanged
from ucarpd.carp.params import DemoteStyle


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
        (
            State.BACKUP,
            # Another master's silence before our own time as master is no part of this one.
            [
                "at 10.5: AdvertisementReceived 1/0 from 10.0.0.2",
                "at 13.5: DeadlineReached",
                "at 13.6: DemotionChanged 255",
                "at 13.7: AddressesReleased",
                "at 13.75: DeadlineReached",
                "at 53.0: DemotionChanged 0",
            ],
            "no advertisement heard for 39.40 s",
            None,
        ),
        (State.BACKUP, ["at 10.5: InterfaceLost"], "no carrier", None),
        (
            State.MASTER,
            ["at 13.6: StepDownRequested", "at 13.7: AdvertisementReceived 1/9 from 10.0.0.2"],
            "asked to step down: 10.0.0.2 has taken over",
            "10.0.0.2",
        ),
        (
            State.BACKUP,
            ["at 10.5: AdvertisementReceived 254/240 from 10.0.0.2"],
            "taking over from 10.0.0.2: it is demoted by 240, this host by 0",
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
