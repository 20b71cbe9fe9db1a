"""Who serves when hosts are less fit, when more than two are heard, and when frames come astray.

By playbooks, each from the side of one host; `test_segment` has them together.
"""

import pytest
from playbook import OURS, OURS6, VIRTUAL, VIRTUAL6, brought_to, host, play, tell, words

from ucarpd.carp.actions import Report, SendAdvertisement, State
from ucarpd.carp.params import DemoteStyle
from ucarpd.carp.rivals import RIVALS

IN_HEADER = {"demote_style": DemoteStyle.OPENBSD}
DUAL = {"addresses": (VIRTUAL, VIRTUAL6)}


def dual(state, **changes):
    return brought_to(state, (OURS, OURS6), **(DUAL | changes))


def demoted(demotion, state=State.BACKUP, **changes):
    """A host that is less fit than usual: since 10.1 or 13.55."""
    machine = brought_to(state, **changes)
    tell(machine, f"DemotionChanged {demotion}", 10.1 if state is State.BACKUP else 13.55)
    return machine


# -- a master that becomes less fit ---------------------------------------------------------------------


@pytest.mark.parametrize("preempt", [False, True])
def test_a_master_that_becomes_less_fit_says_so_at_once_and_serves_on(preempt):
    """At each reason anew, once a second at least, and without a clock that ends it."""
    play(
        brought_to(State.MASTER, advskew=100, preempt=preempt),
        """
        at 13.6: DemotionChanged 20 -> SendAdvertisement 254/20 D255
        at 14.6: DeadlineReached -> SendAdvertisement 254/20 D255
        at 14.7: DemotionChanged 252 -> SendAdvertisement 254/252 D255
        at 14.8: DemotionChanged 254 -> SendAdvertisement 254/254 D255
        until 60.0: deadlines -> 45 SendAdvertisement 254/254 D255
        at 60.1: DemotionChanged 0 -> SendAdvertisement 1/100
        """,
    )


def test_a_slow_master_that_is_less_fit_advertises_once_a_second():
    """Or it would be relieved as late as it is slow."""
    play(
        brought_to(State.MASTER, advbase=10),
        """
        at 13.6: DemotionChanged 20 -> SendAdvertisement 254/20 D255
        at 14.6: DeadlineReached -> SendAdvertisement 254/20 D255
        at 15.6: DeadlineReached -> SendAdvertisement 254/20 D255
        at 15.7: DemotionChanged 0 -> SendAdvertisement 10/0
        at 25.7: DeadlineReached -> SendAdvertisement 10/0
        """,
    )


def test_a_fast_master_that_is_less_fit_keeps_its_pace():
    play(
        brought_to(State.MASTER, advbase=0, advskew=64),
        """
        at 13.6: DemotionChanged 20 -> SendAdvertisement 254/20 D255
        at 13.85: DeadlineReached -> SendAdvertisement 254/20 D255
        """,
    )


def test_a_demotion_that_states_nothing_new_is_not_advertised():
    play(
        demoted(20, State.MASTER),
        """
        at 13.6: DemotionChanged 20 -> nothing
        at 13.7: ParamsChanged advskew=9 -> nothing
        at 13.8: ParamsChanged advbase=0 advskew=64 -> SendAdvertisement 254/20 D255
        """,
    )


def test_a_less_fit_master_yields_to_whoever_is_better_and_leaves_silently():
    """A parting advertisement would make every backup take over, from one that has yielded."""
    play(
        demoted(20, State.MASTER),
        """
        at 13.6: AdvertisementReceived 254/21 from 10.0.0.2 D255 -> SendAdvertisement 254/20 D255, AnnounceAddresses 10.0.0.100
        at 13.65: AdvertisementReceived 254/20 from 10.0.0.3 D255 -> SendAdvertisement 254/20 D255
        at 13.66: AdvertisementReceived 254/19 from 10.0.0.2 D255 -> StateChanged MASTER BACKUP, ReleaseAddresses
        at 13.7: AddressesReleased -> nothing
        """,
    )
    play(
        demoted(20, State.MASTER),
        """
        at 13.6: AdvertisementReceived 253/254 from 10.0.0.2 -> StateChanged MASTER BACKUP, ReleaseAddresses
        at 13.7: AddressesReleased -> nothing
        """,
    )


def test_two_that_are_equally_unfit_decide_by_the_tie_and_wait_no_254_seconds():
    play(
        demoted(240, State.MASTER),
        """
        at 13.6: AdvertisementReceived 254/240 from 10.0.0.0 D255 -> StateChanged MASTER BACKUP, ReleaseAddresses
        at 13.7: AddressesReleased -> nothing
        at 15.1: DeadlineReached -> StateChanged BACKUP MASTER, SendAdvertisement 254/240 D255, AcquireAddresses
        """,
    )


def test_dual_stack_a_demotion_is_stated_in_both_families():
    play(
        dual(State.MASTER),
        "at 13.6: DemotionChanged 1 -> SendAdvertisement 254/1 D255, SendAdvertisement 254/1 IPv6 D255",
    )


def test_a_host_that_is_in_maintenance_may_be_asked_to_step_down():
    play(
        demoted(254, State.MASTER),
        """
        at 13.6: StepDownRequested -> SendAdvertisement 254/254 D255
        at 14.6: DeadlineReached -> SendAdvertisement 254/254 D255
        at 15.6: DeadlineReached -> Report NOBODY_TOOK_OVER, SendAdvertisement 254/254 D255
        """,
    )


# -- a backup that hears it -------------------------------------------------------------------------------


@pytest.mark.parametrize("preempt", [False, True])
@pytest.mark.parametrize("advbase", [0, 1, 60, 253])
def test_a_healthy_backup_relieves_a_less_fit_master_whatever_the_files_rank_by(preempt, advbase):
    machine = brought_to(State.BACKUP, preempt=preempt, advbase=advbase, advskew=254)
    tell(machine, "AdvertisementReceived 254/1 from 10.0.0.2 D255", 10.5)
    assert machine.state is State.MASTER


@pytest.mark.parametrize("style", [{}, IN_HEADER], ids=["skew", "openbsd"])
def test_a_less_fit_backup_neither_preempts_nor_reclaims_nor_loses_patience(style):
    """Ranked by ADVBASE, the role came back to the unfit host for good."""
    machine = brought_to(State.MASTER, preempt=True, **style)
    play(
        machine,
        """
        at 13.6: InterfaceLost -> StateChanged MASTER INIT, ReleaseAddresses
        at 13.7: DemotionChanged 1 -> nothing
        at 20.0: InterfaceReady 10.0.0.1 -> StateChanged INIT BACKUP
        at 20.5: AdvertisementReceived 1/0 from 10.0.0.2 -> nothing
        at 20.6: AdvertisementReceived 1/100 from 10.0.0.2 -> nothing
        at 20.7: AdvertisementReceived 2/0 from 10.0.0.2 -> nothing
        at 20.8: AdvertisementReceived 4/0 from 10.0.0.2 -> nothing
        """,
    )


def test_a_less_fit_backup_takes_over_from_a_master_that_is_less_fit_still():
    play(
        demoted(20),
        """
        at 10.5: AdvertisementReceived 254/19 from 10.0.0.2 D255 -> nothing
        at 10.6: AdvertisementReceived 254/20 from 10.0.0.2 D255 -> nothing
        at 10.7: AdvertisementReceived 254/21 from 10.0.0.2 D255 -> StateChanged BACKUP MASTER, SendAdvertisement 254/20 D255, AcquireAddresses
        """,
    )


@pytest.mark.parametrize("style", [{}, IN_HEADER], ids=["skew", "openbsd"])
def test_a_less_fit_backup_follows_a_bow_out(style):
    machine = demoted(254, **style)
    tell(machine, "AdvertisementReceived 1/0 from 10.0.0.2", 10.5)
    tell(machine, "AdvertisementReceived 255/255 from 10.0.0.2 D255", 11.0)
    assert machine.state is State.MASTER


def test_a_less_fit_backup_serves_where_nobody_is_heard_but_a_fit_one_of_equal_files_wakes_first():
    play(
        demoted(128),
        "at 13.5: DeadlineReached -> StateChanged BACKUP MASTER, SendAdvertisement 254/128 D255, AcquireAddresses",
    )
    play(
        brought_to(State.BACKUP),
        """
        at 12.9: DemotionChanged 252 -> nothing
        at 12.95: DemotionChanged 0 -> nothing
        at 13.0: DeadlineReached -> StateChanged BACKUP MASTER, SendAdvertisement 1/0, AcquireAddresses
        """,
    )


@pytest.mark.parametrize(
    ("own", "before", "wait", "because"),
    [
        ({}, "1/0", 3.0, "as often as it used to advertise"),
        ({}, "2/128", 3.0, "once a second at least"),
        ({}, None, 3.0, "so also when it was never heard before"),
        ({"advbase": 0, "advskew": 64}, "0/128", 1.5, "three of its intervals, not of ours"),
        ({"advbase": 2}, "1/0", 6.0, "never less than our own master-down interval"),
    ],
)
def test_254_is_never_waited_for_as_an_interval(own, before, wait, because):
    machine = demoted(240, **own)
    if before:
        tell(machine, f"AdvertisementReceived {before} from 10.0.0.2", 10.2)
    tell(machine, "AdvertisementReceived 254/1 from 10.0.0.2 D255", 10.3)
    reluctance = 240 / 256 * (0.25 if own.get("advbase") == 0 else 1.0)
    assert machine.master_down_at == pytest.approx(10.3 + wait + reluctance), because


def test_the_timer_and_the_rules_agree_on_who_is_waited_for():
    """Sub-second and both less fit: the backup woke up before the master could speak, for ever."""
    machine = demoted(240, advbase=0, advskew=64)
    tell(machine, "AdvertisementReceived 254/240 from 10.0.0.0 D255", 10.5)
    assert machine.master_down_at >= 10.5 + 3.0


def test_a_demotion_that_begins_or_ends_changes_whom_a_backup_waits_for():
    machine = brought_to(State.BACKUP)
    tell(machine, "AdvertisementReceived 3/0 from 10.0.0.2", 10.5)
    assert machine.master_down_at == 19.5
    tell(machine, "DemotionChanged 128", 10.6)
    assert machine.master_down_at == 20.0
    tell(machine, "ParamsChanged advbase=2", 10.7)
    assert machine.master_down_at == 20.0
    tell(machine, "DemotionChanged 0", 10.8)
    assert machine.master_down_at == 19.5


@pytest.mark.parametrize(
    ("style", "advertised"),
    [({}, "254/240 D255"), (IN_HEADER, "1/0 D240")],
    ids=["skew", "openbsd"],
)
def test_a_demotion_before_the_start_is_remembered(style, advertised):
    play(
        host(**style),
        f"""
        at 0.0: DemotionChanged 240 -> nothing
        at 1.0: InterfaceReady 10.0.0.1 -> StateChanged INIT BACKUP, ReleaseAddresses at_start
        at 1.1: AddressesReleased -> nothing
        at 4.9375: DeadlineReached -> StateChanged BACKUP MASTER, SendAdvertisement {advertised}, AcquireAddresses
        """,
    )


# -- as OpenBSD has it --------------------------------------------------------------------------------------


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


def test_rule_b1_a_peer_that_is_demoted_is_taken_over_from_without_preemption():
    machine = brought_to(State.BACKUP, advskew=100, **IN_HEADER)
    tell(machine, "AdvertisementReceived 1/0 from 10.0.0.2", 10.4)
    assert machine.state is State.BACKUP
    changed, *_ = tell(machine, "AdvertisementReceived 1/0 from 10.0.0.2 D1", 10.5)
    assert changed.reason == (
        "10.0.0.2 is less fit: it advertises every 1.00 s, this host every 1.39 s; "
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


def test_openbsd_a_healthy_master_does_not_yield_to_a_faster_peer_that_is_demoted():
    play(
        brought_to(State.MASTER, advskew=200, **IN_HEADER),
        "at 13.8: AdvertisementReceived 1/0 from 10.0.0.2 D1 -> SendAdvertisement 1/200, AnnounceAddresses 10.0.0.100",
    )


def test_openbsd_a_bow_out_never_wins_by_its_demotion():
    """The peer that leaves puts 0, or less than we: that is no reason to leave too."""
    for demotion in ("", " D1", " D255"):
        machine = demoted(3, State.MASTER, **IN_HEADER)
        tell(machine, f"AdvertisementReceived 255/255 from 10.0.0.2{demotion}", 13.9)
        assert machine.state is State.MASTER


def test_openbsd_a_slow_peer_that_is_demoted_less_is_waited_for_once_it_keeps_its_pace():
    """Nobody signs the interval that a packet states: one alone must not bar us for 12 s."""
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


# -- who serves, as far as a backup knows ---------------------------------------------------------------------


def test_rule_b0_a_worse_host_decides_nothing_while_a_better_one_serves():
    """It is bowing out, has just yielded, or was cut off; in a millisecond it will know better."""
    play(
        brought_to(State.BACKUP, preempt=True, advskew=50),
        """
        at 10.5: AdvertisementReceived 1/0 from 10.0.0.2 -> nothing
        at 10.501: AdvertisementReceived 1/100 from 10.0.0.3 -> nothing
        at 10.502: AdvertisementReceived 254/9 from 10.0.0.3 D255 -> nothing
        at 10.503: AdvertisementReceived 255/255 from 10.0.0.4 -> nothing
        at 11.0: AdvertisementReceived 255/255 from 10.0.0.2 -> StateChanged BACKUP MASTER, SendAdvertisement 1/50, AcquireAddresses
        """,
    )


def test_rule_b0_lasts_as_long_as_the_better_one_is_waited_for():
    play(
        brought_to(State.BACKUP, preempt=True, advskew=50),
        """
        at 10.5: AdvertisementReceived 1/0 from 10.0.0.2 -> nothing
        at 13.6: AdvertisementReceived 1/100 from 10.0.0.3 -> nothing
        at 13.7: AdvertisementReceived 1/100 from 10.0.0.3 -> StateChanged BACKUP MASTER, SendAdvertisement 1/50, AcquireAddresses
        """,
    )


def test_rule_b0_a_bow_out_is_not_hidden_by_a_master_that_is_late():
    """The master died, a second host took over and is stopped at once: a third one follows it."""
    play(
        brought_to(State.BACKUP, advskew=100),
        """
        at 11.0: AdvertisementReceived 1/0 from 10.0.0.2 -> nothing
        at 14.2: AdvertisementReceived 1/50 from 10.0.0.3 -> nothing
        at 14.3: AdvertisementReceived 255/255 from 10.0.0.3 D255 -> StateChanged BACKUP MASTER, SendAdvertisement 1/100, AcquireAddresses
        """,
    )
    play(
        brought_to(State.BACKUP, advskew=100),
        """
        at 11.0: AdvertisementReceived 1/0 from 10.0.0.2 -> nothing
        at 12.2: AdvertisementReceived 1/50 from 10.0.0.3 -> nothing
        at 12.3: AdvertisementReceived 255/255 from 10.0.0.3 D255 -> nothing
        """,
    )


def test_rule_b0_the_newest_word_of_a_host_counts_and_the_second_best_is_not_forgotten():
    play(
        brought_to(State.BACKUP, preempt=True, advskew=50),
        """
        at 10.5: AdvertisementReceived 1/0 from 10.0.0.2 -> nothing
        at 10.6: AdvertisementReceived 1/40 from 10.0.0.3 -> nothing
        at 10.7: AdvertisementReceived 254/1 from 10.0.0.2 D255 -> nothing
        at 10.8: AdvertisementReceived 254/1 from 10.0.0.3 D255 -> StateChanged BACKUP MASTER, SendAdvertisement 1/50, AcquireAddresses
        """,
    )


def test_rule_b0_of_equals_the_one_that_wins_the_tie_hides_the_other():
    play(
        brought_to(State.BACKUP, preempt=True),
        """
        at 10.5: AdvertisementReceived 1/0 from 10.0.0.2 -> nothing
        at 10.6: AdvertisementReceived 1/0 from 10.0.0.3 -> nothing
        at 10.7: AdvertisementReceived 1/9 from 10.0.0.3 -> nothing
        """,
    )


def test_rule_b0_what_a_host_says_in_one_family_does_not_hide_what_it_says_in_the_other():
    for first, then in (("10.0.0.2", "fe80::2"), ("fe80::2", "10.0.0.2")):
        for said in ("254/1", "255/255"):
            machine = dual(State.BACKUP)
            tell(machine, f"AdvertisementReceived 1/0 from {first}", 10.5)
            tell(machine, f"AdvertisementReceived {said} from {then} D255", 10.6)
            assert machine.state is State.MASTER, (first, said)


def test_rule_b0_whom_we_have_taken_over_from_serves_no_more():
    play(
        brought_to(State.BACKUP, preempt=True, advskew=50),
        """
        at 10.5: AdvertisementReceived 1/100 from 10.0.0.3 -> StateChanged BACKUP MASTER, SendAdvertisement 1/50, AcquireAddresses
        at 10.6: AdvertisementReceived 1/0 from 10.0.0.2 -> StateChanged MASTER BACKUP, ReleaseAddresses
        at 10.61: AddressesReleased -> SendAdvertisement 1/50
        at 10.7: AdvertisementReceived 1/100 from 10.0.0.3 -> nothing
        at 10.8: AdvertisementReceived 255/255 from 10.0.0.3 -> nothing
        at 10.9: AdvertisementReceived 255/255 from 10.0.0.2 -> StateChanged BACKUP MASTER, SendAdvertisement 1/50, AcquireAddresses
        """,
    )


# -- whose turn it is -------------------------------------------------------------------------------------------

A_THIRD_YIELDED = """
        at 10.5: AdvertisementReceived 1/0 from 10.0.0.2 -> nothing
        at 10.6: AdvertisementReceived 1/50 from 10.0.0.3 -> nothing
        at 13.0: AdvertisementReceived 1/0 from 10.0.0.2 -> nothing
        at 14.0: AdvertisementReceived 1/0 from 10.0.0.2 -> nothing
"""


@pytest.mark.parametrize("leaves", ["255/255", "254/9"])
def test_a_better_backup_has_the_first_turn(leaves):
    """Otherwise the role, the addresses and the scripts would come here, and go again at once."""
    play(
        brought_to(State.BACKUP, advskew=100),
        f"""{A_THIRD_YIELDED}
        at 14.1: AdvertisementReceived {leaves} from 10.0.0.2 D255 -> nothing
        at 14.101: AdvertisementReceived 1/50 from 10.0.0.3 -> nothing
        at 14.15: AdvertisementReceived {leaves} from 10.0.0.2 D255 -> nothing
        at 15.2: AdvertisementReceived 1/50 from 10.0.0.3 -> nothing
        """,
    )


def test_a_better_backup_that_does_not_take_its_turn_costs_a_moment():
    machine = play(
        brought_to(State.BACKUP, advskew=100),
        f"""{A_THIRD_YIELDED}
        at 14.1: AdvertisementReceived 255/255 from 10.0.0.2 D255 -> nothing
        at 14.11: AdvertisementReceived 255/255 from 10.0.0.2 D255 -> nothing
        """,
    )
    (change, *_) = tell(machine, "DeadlineReached", 14.1 + 1 / 32)
    assert change.reason == "10.0.0.2 bowed out"


def test_a_worse_backup_is_left_no_turn():
    play(
        brought_to(State.BACKUP, advskew=20),
        f"""{A_THIRD_YIELDED}
        at 14.1: AdvertisementReceived 255/255 from 10.0.0.2 D255 -> StateChanged BACKUP MASTER, SendAdvertisement 1/20, AcquireAddresses
        """,
    )


def test_a_turn_that_was_slept_through_is_no_turn():
    play(
        brought_to(State.BACKUP, advskew=100),
        f"""{A_THIRD_YIELDED}
        at 14.1: AdvertisementReceived 255/255 from 10.0.0.2 D255 -> nothing
        at 18.0: late DeadlineReached -> nothing
        """,
    )


# -- what is not believed ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("last_word", "style"), [("255/255", {}), ("254/9 D255", {}), ("1/0 D1", IN_HEADER)]
)
def test_what_was_sent_before_a_last_word_and_comes_after_it_is_not_believed(last_word, style):
    """We have taken over, and would yield to a host that is gone, or unfit."""
    stated, _, byte4 = last_word.partition(" ")
    machine = brought_to(State.BACKUP, advskew=50, **style)
    tell(machine, "AdvertisementReceived 1/0 from 10.0.0.2 #100", 10.4)
    tell(machine, f"AdvertisementReceived {stated} from 10.0.0.2 #116 {byte4}".strip(), 10.5)
    assert machine.state is State.MASTER
    play(
        machine,
        """
        at 10.6: AdvertisementReceived 1/0 from 10.0.0.2 #115 -> nothing
        at 10.7: AdvertisementReceived 1/0 from 10.0.0.2 #100 -> nothing
        """,
    )
    before, after = brought_to(State.MASTER, **style), brought_to(State.MASTER, **style)
    for machine, counter in ((before, 99), (after, 117)):
        tell(machine, f"AdvertisementReceived {stated} from 10.0.0.2 #116 {byte4}".strip(), 13.6)
        tell(machine, f"AdvertisementReceived 0/9 from 10.0.0.2 #{counter}", 13.7)
        assert machine.state is State.BACKUP, "another host's counter, or a later one"


def test_a_last_word_is_forgotten_after_a_master_down_interval():
    machine = brought_to(State.MASTER)
    tell(machine, "AdvertisementReceived 255/255 from 10.0.0.2 #116", 13.6)
    tell(machine, "AdvertisementReceived 0/9 from 10.0.0.2 #110", 13.65)
    assert machine.state is State.MASTER
    pass_time(machine, 16.61)
    tell(machine, "AdvertisementReceived 0/9 from 10.0.0.2 #110", 16.61)
    assert machine.state is State.BACKUP


def test_a_backup_drops_what_a_statement_has_overtaken():
    play(
        demoted(5),
        """
        at 10.5: AdvertisementReceived 254/1 from 10.0.0.2 #50 D255 -> nothing
        at 10.6: AdvertisementReceived 254/9 from 10.0.0.2 #49 D255 -> nothing
        """,
    )


def test_a_host_that_has_slept_waits_once_more():
    """Whoever paused the virtual machine may have paused the master's with it."""
    play(
        brought_to(State.BACKUP),
        """
        at 12.0: AdvertisementReceived 1/0 from 10.0.0.2 -> nothing
        at 16.1: late DeadlineReached -> nothing
        at 19.1: DeadlineReached -> StateChanged BACKUP MASTER, SendAdvertisement 1/0, AcquireAddresses
        """,
    )
    play(
        brought_to(State.BACKUP),
        "at 14.0: late DeadlineReached -> StateChanged BACKUP MASTER, SendAdvertisement 1/0, AcquireAddresses",
    )


def test_a_wake_up_within_a_tenth_of_a_second_is_never_late():
    """Or a busy host with an interval of 4 ms would never serve."""
    machine = brought_to(State.BACKUP, advbase=0, advskew=1)
    tell(machine, "late DeadlineReached", 10.1)
    assert machine.state is State.MASTER


# -- two masters that do not settle ---------------------------------------------------------------------------------


def pass_time(machine, until):
    """Reach every deadline before `until`."""
    actions = []
    while (deadline := machine.next_deadline()) is not None and deadline < until:
        actions += tell(machine, "DeadlineReached", deadline)
    return actions


def reports(actions):
    return [words(action) for action in actions if isinstance(action, Report)]


def test_a_rival_that_does_not_hear_us_is_told_once_and_when_it_is_over():
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
def test_an_equal_that_does_not_yield_is_told_and_yielded_to_in_turn(rivals, yields_at, because):
    """It decides ties by another rule, or does not hear us: both ends believe to be the winner."""
    machine = brought_to(State.MASTER)
    at, told = settle(machine, *rivals, until=40)
    assert at == yields_at, because
    assert reports(told) == [f"Report RIVAL_STAYS_TIED {rival}" for rival in rivals]


def test_a_worse_host_that_stays_is_never_yielded_to_nor_at_once_when_it_becomes_equal():
    machine = brought_to(State.MASTER)
    for second in range(14, 40):
        pass_time(machine, second + 0.5)
        tell(machine, "AdvertisementReceived 1/9 from 10.0.0.9", second + 0.5)
    pass_time(machine, 40.5)
    tell(machine, "AdvertisementReceived 1/0 from 10.0.0.9", 40.5)
    assert machine.state is State.MASTER


def test_no_more_rivals_are_answered_than_there_can_be():
    """Nobody signs a source address."""
    machine = brought_to(State.MASTER)
    answers = []
    for number in range(1, 20):
        told = tell(machine, f"AdvertisementReceived 1/9 from 10.0.1.{number}", 13.6)
        answers += [action for action in told if isinstance(action, SendAdvertisement)]
    assert len(answers) == RIVALS


# -- beside a BSD kernel --------------------------------------------------------------------------------------------


def test_clients_are_told_the_virtual_mac_by_whoever_yields_to_it():
    """The kernel is master already, and announces nothing."""
    play(
        brought_to(State.MASTER, advskew=100),
        """
        at 13.6: AdvertisementReceived 1/0 from 10.0.0.2 at_virtual_mac -> StateChanged MASTER BACKUP, ReleaseAddresses
        at 13.7: AddressesReleased -> AnnounceAddresses 10.0.0.100 at_successor, SendAdvertisement 1/100
        at 14.6: AdvertisementReceived 1/0 from 10.0.0.2 at_virtual_mac -> nothing
        """,
    )


@pytest.mark.parametrize(
    ("leaves", "state"), [("DemotionChanged 255", "BACKUP"), ("StopRequested", "INIT")]
)
def test_clients_are_told_the_virtual_mac_by_whoever_bows_out(leaves, state):
    """FreeBSD sends no neighbour advertisement when it takes over."""
    machine = play(
        dual(State.MASTER),
        f"""
        at 13.6: {leaves} -> StateChanged MASTER {state}, ReleaseAddresses
        at 13.7: AddressesReleased -> SendAdvertisement 255/255 D255, SendAdvertisement 255/255 IPv6 D255
        """,
    )
    announced, *end = tell(machine, "AdvertisementReceived 1/0 from fe80::2 at_virtual_mac", 13.702)
    assert words(announced) == "AnnounceAddresses 10.0.0.100 2001:db8::100 at_successor"
    assert [words(action) for action in end] == (["Finish"] if state == "INIT" else [])


def test_clients_are_told_the_virtual_mac_by_whoever_steps_down_or_loses_a_tie():
    for first in ("StepDownRequested", "HardwareAddressChanged"):
        machine = brought_to(State.MASTER, source_mac_is_virtual=True)
        tell(machine, first, 13.55)
        tell(machine, "AdvertisementReceived 1/0 from 10.0.0.0 at_virtual_mac", 13.6)
        told = tell(machine, "AddressesReleased", 13.7)
        assert [words(each) for each in told] == ["AnnounceAddresses 10.0.0.100 at_successor"]


def test_at_the_virtual_mac_address_nobody_has_to_be_told():
    play(
        brought_to(State.MASTER, advskew=100, virtual_mac=True),
        """
        at 13.6: AdvertisementReceived 1/0 from 10.0.0.2 at_virtual_mac -> StateChanged MASTER BACKUP, ReleaseAddresses
        at 13.7: AddressesReleased -> SendAdvertisement 1/100
        """,
    )


def test_what_is_said_after_giving_up_the_role_is_no_word_of_a_master():
    """From the virtual MAC address it would draw that back to our switch port."""
    machine = brought_to(State.MASTER, advskew=100, virtual_mac=True, source_mac_is_virtual=True)
    (sent,) = tell(machine, "DeadlineReached", machine.next_deadline())
    assert not sent.is_farewell
    tell(machine, "AdvertisementReceived 1/0 from 10.0.0.2", 15.2)
    (parting,) = tell(machine, "AddressesReleased", 15.3)
    assert parting.is_farewell


def test_a_tie_is_not_given_away_to_a_kernel_that_yields_by_itself():
    play(
        brought_to(State.MASTER),
        "at 13.6: AdvertisementReceived 1/0 from 10.0.0.0 at_virtual_mac -> SendAdvertisement 1/0, AnnounceAddresses 10.0.0.100",
    )


# -- forged frames --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("replayed", ["0/9", "1/0", "254/1", "255/255"])
def test_what_comes_from_our_own_address_is_never_listened_to(state, replayed):
    """An old advertisement of ours has a good digest; a master yielded to itself."""
    machine = brought_to(state, preempt=True)
    if state is State.INIT:
        tell(machine, "InterfaceReady 10.0.0.1", 0.0)
        tell(machine, "InterfaceLost", 0.1)
    deadline = machine.next_deadline()
    play(machine, f"at 13.0: AdvertisementReceived {replayed} from 10.0.0.1 #5 -> nothing")
    assert machine.next_deadline() == deadline
    assert machine.state is state


def test_a_replay_of_our_own_does_not_end_our_bow_out():
    machine = brought_to(State.MASTER)
    tell(machine, "StopRequested", 13.6)
    tell(machine, "AdvertisementReceived 1/0 from 10.0.0.1 #5", 13.65)
    (bow_out,) = tell(machine, "AddressesReleased", 13.7)
    assert words(bow_out) == "SendAdvertisement 255/255 D255"


@pytest.mark.parametrize("style", [{}, IN_HEADER], ids=["skew", "openbsd"])
@pytest.mark.parametrize("demotion", [0, 1])
@pytest.mark.parametrize("forged", ["253/254", "250/0", "254/0", "3/0", "255/254"])
def test_a_forged_interval_makes_nobody_wait_longer_than_three_of_our_own_waits(
    style, demotion, forged
):
    machine = demoted(demotion, **style)
    tell(machine, f"AdvertisementReceived {forged} from 10.0.0.2", 10.5)
    waits_until = 0 if machine.state is State.MASTER else machine.master_down_at
    assert waits_until <= 10.5 + 3 * 3.0 + 1


# -- a cable lost for a moment ----------------------------------------------------------------------------------------


def test_a_link_that_is_back_in_time_costs_nothing():
    """The last advertisement left at 13.0: the first backup could time out at 16.0."""
    play(
        brought_to(State.MASTER),
        """
        at 13.6: InterfaceLost may_return -> nothing
        at 13.7: InterfaceLost may_return -> nothing
        at 13.88: InterfaceReady 10.0.0.1 -> SendAdvertisement 1/0
        at 14.88: DeadlineReached -> SendAdvertisement 1/0
        """,
    )


def test_a_link_that_is_not_back_in_time_ends_the_role():
    play(
        brought_to(State.MASTER, preempt=True),
        """
        at 13.6: InterfaceLost may_return -> nothing
        at 14.0: DeadlineReached -> nothing
        at 14.1: ParamsChanged advskew=9 -> nothing
        at 14.2: StepDownRequested -> nothing
        at 15.0: DeadlineReached -> StateChanged MASTER INIT, ReleaseAddresses
        at 15.1: AddressesReleased -> nothing
        at 15.2: InterfaceReady 10.0.0.1 -> StateChanged INIT BACKUP
        at 15.3: AdvertisementReceived 1/9 from 10.0.0.2 -> StateChanged BACKUP MASTER, SendAdvertisement 1/9, AcquireAddresses
        """,
    )


def test_a_link_that_flaps_is_outlasted_once_in_a_master_down_interval():
    play(
        brought_to(State.MASTER),
        """
        at 13.6: InterfaceLost may_return -> nothing
        at 13.7: InterfaceReady 10.0.0.1 -> SendAdvertisement 1/0
        at 13.8: InterfaceLost may_return -> StateChanged MASTER INIT, ReleaseAddresses
        """,
    )


def test_other_losses_are_not_outlasted():
    play(
        brought_to(State.MASTER),
        """
        at 13.6: InterfaceLost may_return -> nothing
        at 13.7: InterfaceLost -> StateChanged MASTER INIT, ReleaseAddresses
        """,
    )


def test_a_source_that_is_back_in_time_costs_nothing():
    play(
        brought_to(State.MASTER),
        """
        at 13.6: InterfaceLost can_send may_return -> nothing
        at 13.9: InterfaceReady 10.0.0.1 -> SendAdvertisement 1/0
        at 14.9: DeadlineReached -> SendAdvertisement 1/0
        """,
    )


def test_a_source_that_is_not_back_in_time_ends_the_role_with_a_bow_out():
    play(
        brought_to(State.MASTER),
        """
        at 13.6: InterfaceLost can_send may_return -> nothing
        at 14.0: DeadlineReached -> nothing
        at 15.0: DeadlineReached -> StateChanged MASTER INIT, ReleaseAddresses
        at 15.1: AddressesReleased -> SendAdvertisement 255/255 D255
        """,
    )


def test_a_host_that_stops_without_a_source_bows_out():
    play(
        brought_to(State.MASTER),
        """
        at 13.6: InterfaceLost can_send may_return -> nothing
        at 13.7: StopRequested -> StateChanged MASTER INIT, ReleaseAddresses
        at 13.8: AddressesReleased -> SendAdvertisement 255/255 D255
        """,
    )


def test_a_bow_out_does_not_end_the_role_of_a_master_without_a_source():
    machine = brought_to(State.MASTER)
    play(machine, "at 13.6: InterfaceLost can_send may_return -> nothing")
    tell(machine, "AdvertisementReceived 255/255 from 10.0.0.9 D255", 13.7)
    assert machine.state is State.MASTER


@pytest.mark.parametrize("heard", ["1/0", "1/200"])
def test_a_rival_ends_the_role_of_a_master_without_a_source(heard):
    """As BACKUP it would take over later from an address that it does not have."""
    machine = brought_to(State.MASTER)
    play(machine, "at 13.6: InterfaceLost can_send may_return -> nothing")
    change, *_ = tell(machine, f"AdvertisementReceived {heard} from 10.0.0.2", 13.7)
    assert (change.old, change.new) == (State.MASTER, State.INIT)
    assert tell(machine, "AddressesReleased", 13.8) == []


@pytest.mark.parametrize("leaves", ["StopRequested", "DemotionChanged 255"])
def test_who_leaves_while_there_is_no_link_says_nothing(leaves):
    machine = brought_to(State.MASTER)
    play(machine, "at 13.6: InterfaceLost may_return -> nothing")
    change, *_ = tell(machine, leaves, 13.7)
    assert change.old is State.MASTER
    told = tell(machine, "AddressesReleased", 13.8)
    assert [words(action) for action in told] == (["Finish"] if "Stop" in leaves else [])


@pytest.mark.parametrize(
    ("heard", "until", "because"),
    [
        ("1/128", 3.0, "its own backup may be the first to time out"),
        ("2/0", 4.0, "no shorter than our own"),
        ("254/9", 4.0, "no interval at all"),
        ("255/255", 4.0, "no interval at all"),
    ],
)
def test_the_shortest_interval_of_any_host_counts(heard, until, because):
    machine = brought_to(State.BACKUP, advbase=2, advskew=0)
    tell(machine, f"AdvertisementReceived {heard} from 10.0.0.9", 10.1)
    if machine.state is State.BACKUP:
        tell(machine, "DeadlineReached", machine.next_deadline())
    advertised_at = machine.advertise_at - 2.0
    tell(machine, "InterfaceLost may_return", advertised_at + 1.0)
    while machine.state is State.MASTER:
        lost_at = machine.next_deadline()
        tell(machine, "DeadlineReached", lost_at)
    assert lost_at == pytest.approx(advertised_at + until), because


def test_a_master_that_is_less_fit_may_outlast_an_outage_too():
    machine = demoted(240, State.MASTER, advbase=5)
    play(machine, "at 13.6: InterfaceLost may_return -> nothing")
    play(machine, "at 13.9: InterfaceReady 10.0.0.1 -> SendAdvertisement 254/240 D255")
