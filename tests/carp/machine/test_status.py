"""What does the operator see of a virtual host that runs?"""

from ipaddress import ip_address

import pytest
from playbook import OURS, VIRTUAL, brought_to, demoted, dual, host, pass_time, tell

from ucarpd.carp.actions import State, StateChanged
from ucarpd.carp.events import InterfaceReady

PEER = ip_address("10.0.0.2")


def heard(machine, *at, stated="1/0"):
    for now in at:
        tell(machine, f"AdvertisementReceived {stated} from {PEER}", now)


@pytest.mark.parametrize(
    ("state", "told", "cause"),
    [
        (State.INIT, ["InterfaceReady 10.0.0.1"], "ready"),
        (State.BACKUP, ["InterfaceLost"], "interface"),
        (State.BACKUP, ["StopRequested"], "stop"),
        (State.BACKUP, ["AdvertisementReceived 255/255 from 10.0.0.2"], "bow_out"),
        (State.BACKUP, ["AdvertisementReceived 254/240 from 10.0.0.2"], "unfit_master"),
        (State.BACKUP, ["AdvertisementReceived 4/128 from 10.0.0.2"], "slow_master"),
        (State.MASTER, ["AdvertisementReceived 0/128 from 10.0.0.2"], "better_master"),
        (State.MASTER, ["AdvertisementReceived 1/0 from 10.0.0.0"], "tie"),
        (State.MASTER, ["InterfaceLost"], "interface"),
        (State.MASTER, ["StopRequested"], "stop"),
        (State.MASTER, ["DemotionChanged 255"], "barred"),
        (
            State.MASTER,
            ["StepDownRequested", "AdvertisementReceived 1/9 from 10.0.0.2"],
            "step_down",
        ),
    ],
)
def test_the_cause_of_a_transition_is_one_word(state, told, cause):
    machine = brought_to(state)
    for number, what in enumerate(told):
        actions = tell(machine, what, 13.6 + number / 10 if state is State.MASTER else 10.5)
    assert isinstance(actions[0], StateChanged)
    assert actions[0].cause.value == cause


def test_a_silence_is_a_cause():
    (change, *_) = tell(brought_to(State.BACKUP), "DeadlineReached", 13.0)
    assert change.cause.value == "silence"


def test_how_near_a_silence_has_come_to_a_takeover():
    machine = brought_to(State.BACKUP)
    assert machine.silences.worst is None
    heard(machine, 12.9)
    assert machine.silences.worst is None, "no master was silent before the first one"
    heard(machine, 14.4, 15.4)
    assert machine.silences.worst == pytest.approx(0.5)
    tell(machine, "DeadlineReached", 18.4)
    assert machine.state is State.MASTER
    assert machine.silences.worst == pytest.approx(1.0)
    assert machine.silences.recent(19.0) == machine.silences.worst


def test_nobody_was_silent_if_nobody_was_heard():
    machine = brought_to(State.MASTER)
    assert machine.silences.worst is None


def test_the_time_without_the_process_is_no_silence_of_a_master():
    machine = brought_to(State.BACKUP)
    heard(machine, 10.5)
    tell(machine, "late DeadlineReached", 3600.0)
    heard(machine, 3602.0)
    assert machine.silences.worst is None


def test_a_silence_is_as_long_as_both_families_are_silent():
    machine = dual(State.BACKUP)
    heard(machine, 10.5)
    tell(machine, "AdvertisementReceived 1/0 from fe80::2", 11.0)
    heard(machine, 13.0)
    assert machine.silences.worst == pytest.approx(2 / 3)


def test_what_a_master_shows():
    machine = brought_to(State.MASTER)
    assert machine.served == {VIRTUAL}
    assert machine.role_deadline == machine.advertise_at == 14.0
    assert machine.wait == 3.0
    assert machine.rank.interval == 1.0


def test_what_a_backup_shows():
    machine = brought_to(State.BACKUP)
    heard(machine, 10.5, stated="1/128")
    assert machine.served == frozenset()
    assert machine.role_deadline == 15.0
    assert machine.wait == 4.5
    (peer,) = machine.peers
    assert (peer.newest.source, peer.heard_at, peer.worst_gap) == (PEER, 10.5, 0.0)
    assert peer.is_master(14.9)
    assert not peer.is_master(15.0)


def test_the_longest_gap_of_a_peer_while_it_was_master():
    machine = brought_to(State.BACKUP)
    heard(machine, 10.5, 11.5, 13.5, 14.5)
    (peer,) = machine.peers
    assert peer.worst_gap == 2.0
    pass_time(machine, 21.0)
    assert not peer.is_master(21.0)
    heard(machine, 21.0)
    assert peer.worst_gap == 2.0, "it was no master meanwhile"


def test_a_dead_master_that_returns_after_another_one_was_no_master_meanwhile():
    machine = brought_to(State.BACKUP)
    heard(machine, 10.5, 11.5)
    for at in (13.0, 14.0, 15.0, 16.0):
        tell(machine, "AdvertisementReceived 1/0 from 10.0.0.3", at)
    heard(machine, 16.5)
    returned = {peer.newest.source: peer for peer in machine.peers}[PEER]
    assert machine.state is State.BACKUP
    assert returned.worst_gap == 1.0


def test_a_host_that_a_better_one_relieves_is_no_master():
    machine = brought_to(State.BACKUP)
    heard(machine, 10.5, 11.5)
    tell(machine, "AdvertisementReceived 0/128 from 10.0.0.3", 11.6)
    heard(machine, 11.7)
    heard(machine, 13.7)
    relieved = {peer.newest.source: peer for peer in machine.peers}[PEER]
    assert not relieved.is_master(13.7)
    assert relieved.worst_gap == 1.0


def test_one_that_may_not_serve_takes_over_at_no_time():
    assert demoted(255).role_deadline is None


def test_one_that_waits_for_its_interface_shows_little():
    machine = host()
    assert (machine.role_deadline, machine.served, list(machine.peers)) == (None, frozenset(), [])
    assert machine.wait == 3.0
    machine.handle(InterfaceReady((OURS,)), 1.0)
    assert machine.role_deadline == 4.0
