"""What happens when two masters meet?"""

import pytest
from playbook import brought_to, dual, pass_time, play, tell, words

from ucarpd.carp.actions import Report, SendAdvertisement, State
from ucarpd.carp.params import TieBreak
from ucarpd.carp.rivals import RIVALS

# -- two masters -----------------------------------------------------------------------------------


def test_rule_m1_parting_advertisement_after_the_release():
    play(
        brought_to(State.MASTER, advskew=100),
        """
        at 13.6: AdvertisementReceived 1/0 from 10.0.0.2 -> StateChanged MASTER BACKUP, ReleaseAddresses
        at 14.0: AddressesReleased -> SendAdvertisement 1/100
        at 14.6: AdvertisementReceived 1/0 from 10.0.0.2 -> nothing
        """,
    )


def test_rule_m1_no_parting_advertisement_after_a_slow_release():
    """It would be an advertisement of a slower master at a time when the matter is settled."""
    machine = play(
        brought_to(State.MASTER, advskew=128),
        """
        at 13.6: AdvertisementReceived 1/0 from 10.0.0.2 -> StateChanged MASTER BACKUP, ReleaseAddresses
        at 15.2: AddressesReleased -> nothing
        """,
    )
    assert machine.next_deadline() == machine.probe_at


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


def test_rule_m3_a_lost_tie_and_the_return_after_one_and_a_half_intervals():
    """The winner may be a BSD that yielded to us in the same moment; all others announce again."""
    play(
        brought_to(State.MASTER, advbase=2),
        """
        at 13.6: AdvertisementReceived 2/0 from 10.0.0.0 -> StateChanged MASTER BACKUP, ReleaseAddresses
        at 13.7: AddressesReleased -> SendAdvertisement 2/0
        at 16.6: DeadlineReached -> StateChanged BACKUP MASTER, SendAdvertisement 2/0, AcquireAddresses
        """,
    )


def test_rule_m3_when_the_winner_goes_on_we_wait_as_ever():
    play(
        brought_to(State.MASTER),
        """
        at 13.6: AdvertisementReceived 1/0 from 10.0.0.0 -> StateChanged MASTER BACKUP, ReleaseAddresses
        at 13.7: AddressesReleased -> SendAdvertisement 1/0
        at 14.6: AdvertisementReceived 1/0 from 10.0.0.0 -> nothing
        at 17.6: DeadlineReached -> StateChanged BACKUP MASTER, SendAdvertisement 1/0, AcquireAddresses
        """,
    )


def test_rule_m3_a_host_that_may_be_a_kernel_is_sent_no_parting_advertisement():
    """From the virtual MAC address that we use as well, a BSD and a host of ours look alike."""
    play(
        brought_to(State.MASTER, source_mac_is_virtual=True),
        """
        at 13.6: AdvertisementReceived 1/0 from 10.0.0.0 at_virtual_mac -> StateChanged MASTER BACKUP, ReleaseAddresses
        at 13.7: AddressesReleased -> nothing
        """,
    )


def test_rule_m3_a_less_fit_master_leaves_silently():
    """Also one that was asked to step down, and is fit again as soon as it has yielded."""
    machine = brought_to(State.MASTER)
    tell(machine, "StepDownRequested", 13.5)
    play(
        machine,
        """
        at 13.6: AdvertisementReceived 254/254 from 10.0.0.0 -> StateChanged MASTER BACKUP, ReleaseAddresses
        at 13.7: AddressesReleased -> nothing
        """,
    )


def test_rule_m4_we_win_the_tie():
    play(
        brought_to(State.MASTER),
        """
        at 13.6: AdvertisementReceived 1/0 from 10.0.0.2 -> SendAdvertisement 1/0, AnnounceAddresses 10.0.0.100
        """,
    )


# -- breaking a tie --------------------------------------------------------------------------------


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
    """After a lost tie we are back after one and a half intervals.

    With `yield` the winner is a BSD, and a parting advertisement would make it yield, too.
    """
    if yields:
        parting = "nothing" if mode is TieBreak.YIELD else "SendAdvertisement 1/0"
        script = f"""
            at 13.6: AdvertisementReceived 1/0 from {peer} -> StateChanged MASTER BACKUP, ReleaseAddresses
            at 13.7: AddressesReleased -> {parting}
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
def test_rule_b3_the_modes_of_the_tie(mode, peer, reclaims):
    """`yield` never reclaims: the next advertisement of the peer would end it again."""
    machine = brought_to(State.MASTER, preempt=True, tiebreak=mode)
    tell(machine, "InterfaceLost", 13.6)
    tell(machine, "InterfaceReady 10.0.0.1", 20.0)
    tell(machine, f"AdvertisementReceived 1/0 from {peer}", 20.5)
    assert (machine.state is State.MASTER) == reclaims


# -- two masters that do not settle ----------------------------------------------------------------


def reports(actions):
    return [words(action) for action in actions if isinstance(action, Report)]


def test_rule_m2_a_rival_that_does_not_hear_us_is_told_once():
    machine = brought_to(State.MASTER)
    told = []
    for at in (13.6, 13.7, 15.1, 16.5, 18.0, 18.1):
        told += [(at, each) for each in reports(pass_time(machine, at))]
        heard = tell(machine, "AdvertisementReceived 1/100 from 10.0.0.2", at)
        told += [(at, each) for each in reports(heard)]
    assert told == [(16.5, "Report RIVAL_STAYS 10.0.0.2")]
    assert reports(pass_time(machine, 22.2)) == []
    assert reports(pass_time(machine, 23.1)) == ["Report RIVAL_GONE 10.0.0.2"]
    assert reports(pass_time(machine, 40.0)) == []


def settle(machine, *rivals, until):
    """Hear these equals, all with their own interval of a second."""
    told = []
    for second in range(14, until):
        for number, rival in enumerate(rivals):
            at = second + 0.5 + number / 100
            pass_time(machine, at)
            told += tell(machine, f"AdvertisementReceived 1/0 from {rival}", at)
            if machine.state is State.BACKUP:
                return at, told
    return None, told


@pytest.mark.parametrize(
    ("rivals", "yields_at", "because"),
    [
        (["11.0.0.2"], 17.5, "the lower one waits three intervals"),
        (["9.0.0.2"], 20.5, "the next one six"),
        (["9.0.0.2", "9.0.0.3"], 23.5, "and so on"),
    ],
)
def test_rule_m5_an_equal_that_does_not_yield_is_yielded_to_in_turn(rivals, yields_at, because):
    """It decides ties by another rule, or does not hear us: both ends believe to be the winner."""
    machine = brought_to(State.MASTER)
    at, told = settle(machine, *rivals, until=40)
    assert at == yields_at, because
    assert reports(told) == [f"Report RIVAL_STAYS_TIED {rival}" for rival in rivals]


def test_rule_m5_a_late_parting_advertisement_is_not_yielded_to():
    """Both took the role at once, and a script of the one that has yielded ran for three seconds."""
    machine = brought_to(State.MASTER)
    for at in (13.5, 16.6):
        pass_time(machine, at)
        tell(machine, "AdvertisementReceived 1/0 from 10.0.0.9", at)
    assert machine.state is State.MASTER


def test_rule_m2_a_worse_host_that_stays_is_never_yielded_to():
    machine = brought_to(State.MASTER)
    for second in range(14, 40):
        pass_time(machine, second + 0.5)
        tell(machine, "AdvertisementReceived 1/9 from 10.0.0.9", second + 0.5)
    pass_time(machine, 40.5)
    tell(machine, "AdvertisementReceived 1/0 from 10.0.0.9", 40.5)
    assert machine.state is State.MASTER


def test_no_more_rivals_are_answered_than_there_can_be():
    """The digest does not cover the source address."""
    machine = brought_to(State.MASTER)
    answers = []
    for number in range(1, 20):
        told = tell(machine, f"AdvertisementReceived 1/9 from 10.0.1.{number}", 13.6)
        answers += [action for action in told if isinstance(action, SendAdvertisement)]
    assert len(answers) == RIVALS
