"""What if a script of this host takes the interface down when it becomes MASTER?"""

import pytest
from playbook import brought_to, host, play, tell, words

from ucarpd.carp.actions import Finding, State

TAKES_OVER = "StateChanged BACKUP MASTER, SendAdvertisement 1/0, AcquireAddresses"


def having_lost_it_each_time(times=3):
    """A host that is about to become MASTER at 23.0; a second later it has lost the interface."""
    machine = host(reassert=True)
    for number in range(times):
        at = 23.0 - 5.0 * (times - number)
        first = ", ReleaseAddresses at_start" if number == 0 else ""
        play(
            machine,
            f"""
            at {at - 3.0}: InterfaceReady 10.0.0.1 -> StateChanged INIT BACKUP{first}
            at {at}: DeadlineReached -> {TAKES_OVER}
            at {at + 0.1}: InterfaceLost -> StateChanged MASTER INIT, ReleaseAddresses
            at {at + 0.2}: AddressesReleased -> nothing
            """,
        )
    return play(
        machine,
        f"""
        at 20.0: InterfaceReady 10.0.0.1 -> StateChanged INIT BACKUP
        at 23.0: DeadlineReached -> {TAKES_OVER}
        at 23.05: AddressesAcquired -> AnnounceAddresses 10.0.0.100
        """,
    )


def test_rule_l6_a_master_says_nothing_while_its_up_script_keeps_the_link_down():
    play(
        brought_to(State.MASTER),
        """
        at 13.6: InterfaceLost during_script -> nothing
        until 19.5: deadlines -> nothing
        at 19.6: InterfaceReady 10.0.0.1 -> SendAdvertisement 1/0, AnnounceAddresses 10.0.0.100
        until 20.5: deadlines -> 2 AnnounceAddresses 10.0.0.100
        at 20.6: DeadlineReached -> SendAdvertisement 1/0, AnnounceAddresses 10.0.0.100
        """,
    )


def test_rule_l6_a_master_whose_script_removes_only_the_source_address_speaks_on():
    machine = brought_to(State.MASTER)
    play(machine, "at 13.6: InterfaceLost can_send during_script -> nothing")
    play(machine, "at 14.0: DeadlineReached -> SendAdvertisement 1/0")
    # It can be heard, so it stays as it would with its address.
    tell(machine, "AdvertisementReceived 1/9 from 10.0.0.2", 14.1)
    assert machine.state is State.MASTER


@pytest.mark.parametrize("ends_at", [14.5, 16.0])
def test_rule_l6_when_the_script_has_ended_the_outage_counts_as_any_other(ends_at):
    """The last advertisement left at 13.0; from 15.0 on, a backup may have missed us."""
    machine = brought_to(State.MASTER)
    tell(machine, "InterfaceLost during_script", 13.6)
    while machine.next_deadline() < ends_at:
        tell(machine, "DeadlineReached", machine.next_deadline())
    tell(machine, "InterfaceLost may_return", ends_at)
    assert machine.state is (State.MASTER if ends_at < 15.0 else State.INIT)
    if machine.state is State.MASTER:
        assert machine._outage.until == 15.0


@pytest.mark.parametrize(
    ("back_at", "before", "is_stopped", "because"),
    [
        (14.9, 1, False, "this time nobody can have missed us"),
        (15.0, 1, True, "it would cut this host off again, and so bring the rival back"),
        (15.0, 0, False, "it may have been the cable, and the rival has a cloud address"),
    ],
)
def test_scripts_that_cut_this_host_off_twice_are_not_run_again_after_a_contest(
    back_at, before, is_stopped, because
):
    machine = brought_to(State.MASTER, reassert=True)
    machine._held.cut_offs = before
    tell(machine, "InterfaceLost during_script", 13.6)
    while machine.next_deadline() <= back_at:
        tell(machine, "DeadlineReached", machine.next_deadline())
    tell(machine, "InterfaceReady 10.0.0.1", back_at)
    while machine.next_deadline() <= 15.5:
        tell(machine, "DeadlineReached", machine.next_deadline())
    play(machine, "at 15.5: AdvertisementReceived 1/100 from 10.0.0.2 -> SendAdvertisement 1/0")
    actions = []
    while machine.next_deadline() <= 18.5:
        actions += tell(machine, "DeadlineReached", machine.next_deadline())
    told = {words(action) for action in actions}
    assert ("Report NOT_REASSERTED" in told) is is_stopped, because
    assert ("ReassertAddresses" in told) is not is_stopped, because


def test_rule_l7_an_interface_that_is_lost_each_time_is_waited_for():
    play(
        having_lost_it_each_time(),
        """
        at 23.1: InterfaceLost -> Report LOST_EACH_TIME
        at 23.15: DeadlineReached -> AnnounceAddresses 10.0.0.100
        at 23.2: InterfaceLost may_return -> nothing
        at 23.3: InterfaceReady 10.0.0.1 -> SendAdvertisement 1/0, AnnounceAddresses 10.0.0.100
        """,
    )


def test_rule_l7_that_is_told_once_in_a_term():
    machine = having_lost_it_each_time()
    for at, told in ((23.1, [Finding.LOST_EACH_TIME]), (23.13, [])):
        found = tell(machine, "InterfaceLost", at)
        assert [report.finding for report in found] == told
        tell(machine, "InterfaceReady 10.0.0.1", at + 0.01)
    assert machine.state is State.MASTER


def test_rule_l7_has_an_end():
    machine = having_lost_it_each_time()
    tell(machine, "InterfaceLost", 23.1)
    while machine.state is State.MASTER:
        lost_at = machine.next_deadline()
        tell(machine, "DeadlineReached", lost_at)
    assert (machine.state, lost_at) == (State.INIT, 53.1)


def test_rule_l7_twice_is_no_habit():
    machine = having_lost_it_each_time(times=2)
    tell(machine, "InterfaceLost", 23.1)
    assert machine.state is State.INIT


def test_rule_l7_scripts_that_run_again_after_a_contest_may_be_the_cause_again():
    machine = having_lost_it_each_time()

    def until(at):
        while machine.next_deadline() < at:
            actions = tell(machine, "DeadlineReached", machine.next_deadline())
            if "ReassertAddresses" in {words(action) for action in actions}:
                return True
        return False

    tell(machine, "InterfaceLost", 23.1)
    until(27.1)
    tell(machine, "InterfaceReady 10.0.0.1", 27.1)
    until(33.5)
    tell(machine, "AdvertisementReceived 1/100 from 10.0.0.2", 33.5)
    assert until(40.0)
    tell(machine, "InterfaceLost", machine.next_deadline() - 0.1)
    assert machine.state is State.MASTER
