"""Which advertisements count, and what the verdicts leave behind; the rules have tests of their own."""

from ipaddress import ip_address

import pytest
from playbook import VIRTUAL, VIRTUAL6, params

from ucarpd.carp.actions import Finding, Report
from ucarpd.carp.events import advertisement_received
from ucarpd.carp.hearing import Hearing
from ucarpd.carp.params import TieBreak
from ucarpd.carp.rank import NEVER, Rank
from ucarpd.carp.rivals import Rivals
from ucarpd.carp.verdicts import BackupVerdict, MasterVerdict
from ucarpd.carp.why import Cause

OURS, OURS6 = "10.0.0.5", "fe80::5"
PEER, THIRD, PEER6 = "10.0.0.2", "10.0.0.3", "fe80::2"


def heard(source, advbase=1, advskew=0, counter=7, *, virtual=False):
    return advertisement_received(
        ip_address(source), advbase, advskew, counter, from_virtual_mac=virtual
    )


def hearing(*sources, demotion=0, **configured):
    ears = Hearing(Rank(params(addresses=(VIRTUAL, VIRTUAL6), **configured), demotion))
    ears.use(tuple(map(ip_address, sources or (OURS,))), 9.0)
    ears.master_down.arm_all(10.0)
    return ears


# -- what counts -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sources", "advertisement", "counts", "because"),
    [
        ((OURS,), heard(PEER), True, "why not"),
        ((OURS, OURS6), heard(PEER6), True, "both families have a source"),
        ((OURS,), heard(PEER6), False, "IPv6 has none"),
        ((OURS,), heard(OURS), False, "it is our own, replayed"),
        ((OURS, OURS6), heard(OURS6), False, "in either family"),
        ((OURS,), heard(THIRD, counter=99), False, "its sender has bowed out since"),
    ],
)
def test_what_counts(sources, advertisement, counts, because):
    ears = hearing(*sources)
    ears.as_backup(heard(THIRD, 255, 255, counter=100), 10.5)
    assert ears.counts(advertisement, 11.0) is counts, because


# -- as BACKUP -------------------------------------------------------------------------------------


def test_a_master_that_serves_on_is_waited_for_from_now_on():
    ears = hearing()
    assert ears.as_backup(heard(PEER, 1, 50), 11.0) is BackupVerdict.WAIT
    assert ears.master_down.deadline == 11.0 + 3 * (1 + 50 / 256)


def test_who_takes_over_has_its_turn_at_once_and_knows_why():
    ears = hearing(preempt=True)
    assert ears.as_backup(heard(PEER, 1, 128), 11.0) is BackupVerdict.PREEMPT
    assert ears.master_down.deadline == 11.0
    told = "preempting 10.0.0.2: it advertises every 1.50 s, this host every 1.00 s"
    assert ears.master_down.reason(11.0) == (Cause.PREEMPT, told, ip_address(PEER))


def test_who_has_yielded_is_left_the_first_turn():
    ears = hearing(advskew=100)
    ears.as_backup(heard(PEER), 11.0)
    assert ears.as_backup(heard(THIRD, 1, 50), 11.1) is BackupVerdict.HIDDEN
    ears.as_backup(heard(PEER), 13.0)
    assert ears.as_backup(heard(PEER, 255, 255), 13.1) is BackupVerdict.BOWED_OUT
    assert ears.master_down.deadline == 13.1 + 1 / 32


@pytest.mark.parametrize("demotion", [0, NEVER])
def test_a_bow_out_that_is_not_followed_is_no_sign_of_life(demotion):
    ears = hearing(demotion=demotion)
    ears.as_backup(heard(THIRD), 10.5)
    deadline = ears.master_down.deadline
    assert not ears.as_backup(heard(PEER, 255, 255), 11.0).takes_over
    assert ears.master_down.deadline == deadline


def test_who_may_not_serve_waits_for_no_host_that_has_left():
    """When it may serve, it takes over at once: no other host has done so meanwhile."""
    ears = hearing(demotion=NEVER)
    assert ears.as_backup(heard(PEER, 255, 255), 11.0) is BackupVerdict.BARRED
    assert ears.master_down.deadline == 11.0
    assert ears.master_down.reason(11.0).cause is Cause.BOW_OUT
    assert ears.as_backup(heard(THIRD), 11.1) is BackupVerdict.BARRED
    assert ears.master_down.deadline >= 14.1, "another host serves now"


def test_a_hold_down_is_part_of_the_situation():
    ears = hearing(preempt=True)
    ears.master_down.stay_away(12.0)
    assert ears.as_backup(heard(PEER, 2), 11.0) is BackupVerdict.HELD_DOWN
    assert ears.as_backup(heard(PEER, 2), 12.0) is BackupVerdict.PREEMPT


@pytest.mark.parametrize(
    ("source", "verdict"),
    [("10.0.0.6", BackupVerdict.RECLAIM), ("10.0.0.4", BackupVerdict.WAIT)],
)
def test_who_was_cut_off_takes_the_role_back_from_an_equal_that_loses_the_tie(source, verdict):
    ears = hearing(preempt=True)
    ears.was_cut_off = True
    assert ears.as_backup(heard(source), 11.0) is verdict


def test_a_family_that_does_not_decide_ties_gives_nothing_back():
    ears = hearing(OURS, OURS6, preempt=True)
    ears.was_cut_off = True
    ears.as_backup(heard("10.0.0.4"), 11.0)
    assert ears.as_backup(heard("fe80::6", counter=8), 11.0) is BackupVerdict.WAIT


# -- as MASTER -------------------------------------------------------------------------------------


def test_a_rival_that_stays_is_told_with_the_third_advertisement():
    ears, rivals = hearing(), Rivals()
    answers = [ears.as_master(heard(PEER, 1, 9), at, rivals) for at in (11.0, 12.0, 13.0)]
    told = [Report(Finding.RIVAL_STAYS, ip_address(PEER))]
    assert answers == [(MasterVerdict.STAY_BETTER, found) for found in ([], [], told)]


def test_a_rival_that_bows_out_is_none():
    ears, rivals = hearing(), Rivals()
    for at in (11.0, 12.0, 13.0):
        answer = ears.as_master(heard(PEER, 255, 255), at, rivals)
        assert answer == (MasterVerdict.STAY_BETTER, [])


@pytest.mark.parametrize(
    ("virtual", "source_mac_is_virtual", "verdict"),
    [
        (False, False, MasterVerdict.LOSE_TIE),
        (True, False, MasterVerdict.STAY_TIED),
        (True, True, MasterVerdict.LOSE_TIE),
    ],
)
def test_a_kernel_is_known_by_its_mac_address_unless_ours_is_virtual_too(
    virtual, source_mac_is_virtual, verdict
):
    ears = hearing(source_mac_is_virtual=source_mac_is_virtual)
    assert ears.as_master(heard(PEER, virtual=virtual), 11.0, Rivals())[0] is verdict


def test_it_is_our_turn_to_end_a_tie_that_lasts():
    ears, rivals = hearing(tiebreak=TieBreak.NUMERIC), Rivals()
    verdicts = [ears.as_master(heard("10.0.0.6"), 11.0 + at, rivals)[0] for at in range(4)]
    assert verdicts == [MasterVerdict.STAY_TIED] * 3 + [MasterVerdict.END_TIE]


# -- who serves ------------------------------------------------------------------------------------


def test_whom_we_have_yielded_to_hides_the_others():
    ears = hearing(advskew=50, preempt=True)
    assert ears.as_master(heard(PEER), 11.0, Rivals())[0] is MasterVerdict.YIELD
    ears.peers.nobody_serves()
    ears.follow(heard(PEER).statement, 11.0)
    assert ears.as_backup(heard(THIRD, 1, 100), 11.5) is BackupVerdict.HIDDEN


def test_the_winner_of_a_tie_is_waited_for_an_interval_and_a_half():
    ears = hearing()
    ears.as_master(heard(PEER), 11.0, Rivals())
    assert ears.tie_patience(heard(PEER).statement) == 1.5


def test_a_new_standing_counts_for_the_rules_and_for_the_silence():
    ears = hearing(preempt=True)
    ears.set_rank(Rank(params(addresses=(VIRTUAL,), advbase=2)))
    assert ears.master_down.deadline == 16.0
    assert ears.as_backup(heard(PEER, 1, 9), 11.0) is BackupVerdict.WAIT
