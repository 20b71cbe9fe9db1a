"""The rules of the election, numbered as in `ucarpd.carp.election`."""

from ipaddress import ip_address

import pytest

from ucarpd.carp.election import (
    REASONS,
    BackupVerdict,
    Contender,
    MasterVerdict,
    Situation,
    judge_as_backup,
    judge_as_master,
    reason_to_depose,
)
from ucarpd.carp.params import TieBreak

REVERSED, NUMERIC, YIELD = TieBreak


def contender(text):
    """`1/0 10.0.0.1`, and with `D1` for its demotion."""
    interval, source, *more = text.split()
    advbase, advskew = map(int, interval.split("/"))
    demotion = int(more[0].removeprefix("D")) if more else 0
    return Contender(advbase * 256 + advskew, ip_address(source), demotion)


@pytest.mark.parametrize(
    ("better", "worse", "because"),
    [
        ("1/0 10.0.0.1", "1/1 10.0.0.1", "the shorter interval"),
        ("1/0 10.0.0.1", "1/0 10.0.0.1 D1", "the smaller demotion"),
        ("9/0 10.0.0.1 D1", "1/0 10.0.0.1 D2", "the demotion comes first"),
    ],
)
def test_rank(better, worse, because):
    better, worse = contender(better), contender(worse)
    assert better.rank < worse.rank, because
    assert better.is_preferred_to(worse, REVERSED)
    assert not worse.is_preferred_to(better, REVERSED)


def test_of_equal_ranks_the_tie_tells_who_is_preferred():
    one, other = contender("1/0 10.0.1.1"), contender("1/0 10.0.0.2")
    assert one.is_preferred_to(other, REVERSED)
    assert other.is_preferred_to(one, NUMERIC)


@pytest.mark.parametrize(
    ("rule", "own", "peer", "because"),
    [
        ("M1", "1/1 10.0.0.1", "1/0 10.0.0.2", "by the smallest step"),
        ("M1", "2/0 10.0.0.1", "1/254 10.0.0.2", "advbase counts for more than advskew"),
        ("M1", "1/1 10.0.0.1", "1/0 10.0.0.1", "the address does not matter"),
        ("M2", "1/0 10.0.0.2", "1/1 10.0.0.1", "by the smallest step"),
        ("M2", "254/254 10.0.0.2", "255/255 10.0.0.1", "a bow-out never wins"),
        ("M2", "1/0 10.0.0.2 D3", "255/255 10.0.0.1 D1", "however fit the host that leaves is"),
        ("M1", "254/1 10.0.0.1", "253/254 10.0.0.2", "any fit host beats one that is not"),
        ("M1", "254/20 10.0.0.1", "254/19 10.0.0.2", "of two that are less fit the fitter one"),
        ("M3", "254/9 10.0.0.2", "254/9 10.0.0.1", "as unfit as we: the tie"),
        ("M4", "1/0 10.0.0.1", "1/0 10.0.0.1", "nothing to tell the two apart"),
        ("M3", "1/0 10.0.0.2", "1/0 10.0.0.1", "the lower address wins"),
        ("M3", "1/0 10.0.0.2", "1/0 10.0.1.1", "the last octet counts most"),
        ("M3", "1/0 10.77.0.2", "1/0 11.0.0.1", "and the first one least"),
        ("M3", "1/0 10.0.1.1", "1/0 10.0.0.1", "the third one if the last is the same"),
        ("M3", "1/0 fe80::2", "1/0 fe80::1", "IPv6"),
        ("M4", "1/0 10.0.0.1", "1/0 10.0.0.2", "the lower address wins"),
        ("M4", "1/0 10.0.1.1", "1/0 10.0.0.2", "the last octet counts most"),
        ("M4", "1/0 10.77.0.2", "1/0 10.76.0.3", "as seen on a running ucarp"),
        ("M4", "1/0 fe80::1", "1/0 fe80::2", "IPv6"),
        ("M4", "1/0 fe80::1:2", "1/0 fe80::2:1", "IPv6 is never reversed"),
        ("M1", "1/0 10.0.0.1 D1", "1/0 10.0.0.2", "demoted by the smallest step"),
        ("M1", "1/0 10.0.0.1 D3", "1/200 10.0.0.2 D1", "the demotion counts for more"),
        ("M1", "1/1 10.0.0.1 D2", "1/0 10.0.0.2 D2", "demoted alike: the interval"),
        ("M2", "1/0 10.0.0.2", "1/0 10.0.0.1 D1", "demoted by the smallest step"),
        ("M2", "1/200 10.0.0.2", "1/0 10.0.0.1 D1", "the demotion counts for more"),
        ("M2", "1/0 10.0.0.2 D2", "1/1 10.0.0.1 D2", "demoted alike: the interval"),
        ("M3", "1/0 10.0.0.2 D2", "1/0 10.0.0.1 D2", "demoted alike: the tie"),
        ("M4", "1/0 10.0.0.1 D2", "1/0 10.0.0.2 D2", "demoted alike: the tie"),
    ],
)
def test_hearing_an_advertisement_as_master(rule, own, peer, because):
    assert judge_as_master(contender(own), contender(peer), REVERSED).value == rule, because


@pytest.mark.parametrize(
    ("own", "peer", "reversed_", "numeric", "yield_", "because"),
    [
        ("1/0 10.0.0.1", "1/0 10.0.0.2", "M4", "M4", "M3", "lower in either order"),
        ("1/0 10.0.0.2", "1/0 10.0.0.1", "M3", "M3", "M3", "higher in either order"),
        ("1/0 10.0.0.2", "1/0 10.0.1.1", "M3", "M4", "M3", "the last octet, or the third"),
        ("1/0 10.0.1.1", "1/0 10.0.0.2", "M4", "M3", "M3", "and the other way round"),
        ("1/0 10.77.0.2", "1/0 11.0.0.1", "M3", "M4", "M3", "the last octet, or the first"),
        ("1/0 fe80::1:2", "1/0 fe80::2:1", "M4", "M4", "M3", "IPv6 has one order"),
        ("1/0 10.0.0.1", "1/0 10.0.0.1", "M4", "M4", "M3", "one address twice"),
        ("1/0 10.0.0.1 D2", "1/0 10.0.0.2 D2", "M4", "M4", "M3", "demoted alike"),
        ("1/0 10.0.0.2", "1/1 10.0.0.1", "M2", "M2", "M2", "no tie: we are better"),
        ("1/1 10.0.0.1", "1/0 10.0.0.2", "M1", "M1", "M1", "no tie: we are worse"),
        ("1/0 10.0.0.2", "1/0 10.0.0.1 D1", "M2", "M2", "M2", "no tie: less demoted"),
        ("1/0 10.0.0.1 D1", "1/0 10.0.0.2", "M1", "M1", "M1", "no tie: more demoted"),
    ],
)
def test_the_modes_of_the_tie_as_master(*, own, peer, reversed_, numeric, yield_, because):
    verdicts = [judge_as_master(contender(own), contender(peer), mode).value for mode in TieBreak]
    assert verdicts == [reversed_, numeric, yield_], because


@pytest.mark.parametrize("mode", [REVERSED, NUMERIC])
@pytest.mark.parametrize("one", ["10.0.0.1", "10.0.1.1", "10.1.0.2", "192.168.0.1", "10.0.0.254"])
@pytest.mark.parametrize("other", ["10.0.0.2", "10.0.2.1", "9.255.0.2", "10.0.0.253"])
def test_a_tie_has_one_winner(one, other, mode):
    """Both ends apply the rule; if both yield nobody serves, if neither does both serve."""
    here, there = contender(f"1/0 {one}"), contender(f"1/0 {other}")
    verdicts = {judge_as_master(here, there, mode), judge_as_master(there, here, mode)}
    assert verdicts == {MasterVerdict.YIELD_SILENTLY, MasterVerdict.STAY_TIED}


def test_ties_with_two_rules_may_have_two_winners():
    """Why both ends must use one rule."""
    here, there = contender("1/0 10.0.0.2"), contender("1/0 10.0.1.1")
    assert judge_as_master(here, there, NUMERIC) is MasterVerdict.STAY_TIED
    assert judge_as_master(there, here, REVERSED) is MasterVerdict.STAY_TIED


@pytest.mark.parametrize(
    ("rule", "peer", "how", "because"),
    [
        ("M4", "1/0 10.0.0.1", {"decides_ties": False}, "lost in the other family: not decided"),
        ("M3", "1/0 10.0.0.1", {"has_outstayed": True}, "a tie that is lost is lost at once"),
        ("M5", "1/0 10.0.0.3", {"has_outstayed": True}, "it does not hear us, or has another rule"),
        (
            "M4",
            "1/0 10.0.0.3",
            {"has_outstayed": True, "decides_ties": False},
            "not in this family",
        ),
        ("M2", "1/1 10.0.0.3", {"has_outstayed": True}, "a worse one is never yielded to"),
        ("M1", "0/9 10.0.0.3", {"decides_ties": False}, "a better one always is"),
        ("M4", "1/0 10.0.0.1", {"peer_yields": True}, "a BSD kernel yields by itself"),
        ("M5", "1/0 10.0.0.1", {"peer_yields": True, "has_outstayed": True}, "it was none"),
        ("M1", "0/9 10.0.0.3", {"peer_yields": True}, "not where it is better"),
    ],
)
def test_ties_as_master(rule, peer, how, because):
    own = contender("1/0 10.0.0.2")
    assert judge_as_master(own, contender(peer), REVERSED, **how).value == rule, because


PREEMPTS = {"preempt": True}
WAITS = {}
RETURNS = {"preempt": True, "was_cut_off": True}
RETURNS_WAITING = {"was_cut_off": True}


@pytest.mark.parametrize(
    ("rule", "own", "how", "peer", "because"),
    [
        (
            "B10",
            "1/0 10.0.0.1",
            {"is_barred": True},
            "255/255 10.0.0.2",
            "not even after a bow-out",
        ),
        ("B10", "1/0 10.0.0.1", {"is_barred": True, "is_held_down": True}, "1/0 10.0.0.2", "first"),
        (
            "B9",
            "1/0 10.0.0.1",
            {"is_held_down": True, **PREEMPTS},
            "1/1 10.0.0.2",
            "or we would be back",
        ),
        ("B9", "1/0 10.0.0.1", {"is_held_down": True}, "254/254 10.0.0.2", "its turn"),
        ("B9", "1/0 10.0.0.1", {"is_held_down": True}, "1/0 10.0.0.2 D1", "its turn"),
        ("B6", "1/0 10.0.0.1", {"is_held_down": True}, "255/255 10.0.0.2", "nobody serves then"),
        (
            "B0",
            "1/0 10.0.0.1",
            {"is_hidden": True, **PREEMPTS},
            "1/1 10.0.0.2",
            "a better one serves",
        ),
        ("B0", "1/0 10.0.0.1", {"is_hidden": True}, "255/255 10.0.0.2", "somebody has followed it"),
        ("B0", "1/0 10.0.0.1", {"is_hidden": True}, "254/1 10.0.0.2", "somebody has relieved it"),
        ("B6", "1/0 10.0.0.1", WAITS, "255/255 10.0.0.2", "a bow-out"),
        ("B6", "253/254 10.0.0.1", WAITS, "255/255 10.0.0.2", "whatever the arithmetic"),
        ("B6", "254/254 10.0.0.1", WAITS, "255/255 10.0.0.2", "less fit or not"),
        ("B6", "1/0 10.0.0.1 D3", WAITS, "255/255 10.0.0.2", "whatever its demotion"),
        ("B6", "1/0 10.0.0.1", WAITS, "255/255 10.0.0.2 D255", "whatever its demotion"),
        ("B1", "1/0 10.0.0.1", WAITS, "1/0 10.0.0.2 D1", "by the smallest step"),
        ("B1", "1/200 10.0.0.1", WAITS, "1/0 10.0.0.2 D1", "the interval does not matter"),
        ("B1", "1/0 10.0.0.1 D4", WAITS, "1/0 10.0.0.2 D5", "demoted, but less than the peer"),
        ("B1", "1/0 10.0.0.1", PREEMPTS, "1/1 10.0.0.2 D1", "B1 comes before B2"),
        ("B1", "1/0 10.0.0.1", WAITS, "3/1 10.0.0.2 D1", "B1 comes before B4"),
        ("B7", "1/0 10.0.0.1", WAITS, "254/1 10.0.0.2", "less fit by the smallest step"),
        ("B7", "253/254 10.0.0.1", WAITS, "254/0 10.0.0.2", "whatever the arithmetic"),
        ("B7", "254/19 10.0.0.1", WAITS, "254/20 10.0.0.2", "less fit than we are"),
        ("B8", "254/20 10.0.0.1", PREEMPTS, "254/20 10.0.0.2", "as unfit as we"),
        ("B8", "254/20 10.0.0.1", RETURNS, "254/20 10.0.0.2", "B3 is for fit hosts"),
        ("B8", "254/20 10.0.0.1", PREEMPTS, "254/19 10.0.0.2", "fitter than we"),
        ("B8", "254/1 10.0.0.1", PREEMPTS, "253/254 10.0.0.2", "fit"),
        ("B8", "1/0 10.0.0.1 D1", PREEMPTS, "1/100 10.0.0.2 D1", "less fit, and no more than we"),
        ("B8", "1/0 10.0.0.1 D2", WAITS, "3/1 10.0.0.2 D2", "slow, but no less fit than we"),
        ("B8", "1/0 10.0.0.1 D2", WAITS, "3/1 10.0.0.2 D1", "M1 would give the role back"),
        ("B8", "1/0 10.0.0.1 D1", RETURNS, "1/0 10.0.0.2", "fitter than we"),
        ("B2", "1/0 10.0.0.1", PREEMPTS, "1/1 10.0.0.2", "by the smallest step"),
        ("B2", "1/0 10.0.0.1", PREEMPTS, "3/1 10.0.0.2", "B2 comes before B4"),
        ("B2", "1/0 10.0.0.2", RETURNS, "1/1 10.0.0.1", "the address does not matter"),
        ("B3", "1/0 10.0.0.1", RETURNS, "1/0 10.0.0.2", "equal, and we win the tie"),
        ("B3", "1/0 10.0.1.1", RETURNS, "1/0 10.0.0.2", "the last octet counts most"),
        ("B3", "1/0 fe80::1:2", RETURNS, "1/0 fe80::2:1", "IPv6"),
        ("B4", "1/0 10.0.0.1", WAITS, "3/1 10.0.0.2", "by the smallest step"),
        ("B5", "1/0 10.0.0.1", PREEMPTS, "1/0 10.0.0.2", "equals never preempt each other"),
        ("B5", "1/0 10.0.0.2", RETURNS, "1/0 10.0.0.1", "B3 would lose the tie"),
        ("B5", "1/0 10.0.0.1", RETURNS, "1/0 10.0.0.1", "B3 needs a winner"),
        ("B5", "1/0 10.0.0.1", RETURNS_WAITING, "1/0 10.0.0.2", "B3 is for preemption"),
        ("B5", "1/1 10.0.0.1", RETURNS, "1/0 10.0.0.2", "the peer is preferred"),
        ("B5", "1/0 10.0.0.1", WAITS, "1/1 10.0.0.2", "slower, but we do not preempt"),
        ("B5", "1/0 10.0.0.1", WAITS, "3/0 10.0.0.2", "just fast enough"),
    ],
)
def test_hearing_an_advertisement_as_backup(*, rule, own, how, peer, because):
    situation = Situation(tiebreak=REVERSED, own_master_down_units=768, **how)
    assert judge_as_backup(contender(own), contender(peer), situation).value == rule, because


def test_a_slow_peer_that_is_better_all_the_same_is_waited_for():
    """Sub-second: our own master-down interval is shorter than its interval."""
    own, peer = contender("1/44 10.0.0.1"), contender("1/4 10.0.0.2")
    assert reason_to_depose(own, peer, 250) is None
    situation = Situation(tiebreak=REVERSED, own_master_down_units=250, preempt=True)
    assert judge_as_backup(own, peer, situation) is BackupVerdict.WAIT


@pytest.mark.parametrize(
    ("own", "peer", "reversed_", "numeric", "yield_", "because"),
    [
        ("1/0 10.0.0.1", "1/0 10.0.0.2", "B3", "B3", "B5", "`yield` never reclaims"),
        ("1/0 10.0.0.2", "1/0 10.0.1.1", "B5", "B3", "B5", "the last octet, or the third"),
        ("1/0 10.0.1.1", "1/0 10.0.0.2", "B3", "B5", "B5", "and the other way round"),
        ("1/0 fe80::1:2", "1/0 fe80::2:1", "B3", "B3", "B5", "IPv6 has one order"),
        ("1/0 10.0.0.2", "1/1 10.0.0.1", "B2", "B2", "B2", "no tie"),
        ("1/0 10.0.0.2", "1/0 10.0.0.1 D1", "B1", "B1", "B1", "no tie"),
    ],
)
def test_the_modes_of_the_tie_as_backup(*, own, peer, reversed_, numeric, yield_, because):
    verdicts = [
        judge_as_backup(
            contender(own),
            contender(peer),
            Situation(tiebreak=mode, own_master_down_units=768, **RETURNS),
        ).value
        for mode in TieBreak
    ]
    assert verdicts == [reversed_, numeric, yield_], because


@pytest.mark.parametrize("mode", TieBreak)
@pytest.mark.parametrize("demotions", [(0, 0), (0, 1), (2, 1), (3, 3)])
@pytest.mark.parametrize(
    "intervals",
    ["1/0 1/0", "1/0 1/100", "2/0 1/0", "1/0 4/0", "254/1 254/2", "1/0 254/9", "9/0 255/255"],
)
def test_who_takes_over_does_not_yield_to_the_one_it_took_over_from(mode, demotions, intervals):
    """Or the role would go back and forth: what B1 to B4 take, M1 and M3 do not give back."""
    own, peer = (
        contender(f"{interval} 10.0.0.{number} D{demotion}")
        for number, interval, demotion in zip((1, 2), intervals.split(), demotions, strict=True)
    )
    for one, other in ((own, peer), (peer, own)):
        situation = Situation(tiebreak=mode, own_master_down_units=768, **RETURNS)
        verdict = judge_as_backup(one, other, situation)
        if verdict.takes_over:
            assert judge_as_master(one, other, mode).value in ("M2", "M4")


@pytest.mark.parametrize("own", ["1/0", "3/1", "254/5", "1/0 D1"])
@pytest.mark.parametrize(
    "peer", ["1/0", "3/1", "9/0", "254/5", "254/6", "255/255", "1/0 D1", "9/0 D1"]
)
def test_the_timer_waits_for_whom_the_rules_wait_for(own, peer):
    """One predicate for both, or the role would move to and fro."""
    own, peer = (
        contender(" ".join([words[0], source, *words[1:]]))
        for words, source in ((own.split(), "10.0.0.1"), (peer.split(), "10.0.0.2"))
    )
    situation = Situation(tiebreak=REVERSED, own_master_down_units=768)
    verdict = judge_as_backup(own, peer, situation)
    assert (reason_to_depose(own, peer, 768) is not None) == verdict.takes_over


def test_every_rule_has_a_row():
    rules = [verdict.value for enum in (MasterVerdict, BackupVerdict) for verdict in enum]
    assert sorted(rules) == sorted(
        [f"M{number}" for number in range(1, 6)] + [f"B{number}" for number in range(11)]
    )


def test_every_rule_that_moves_the_role_has_words_for_the_operator():
    moves = {
        verdict
        for verdict in BackupVerdict
        if verdict.value in ("B1", "B2", "B3", "B4", "B6", "B7")
    }
    moves |= {verdict for verdict in MasterVerdict if verdict.value in ("M1", "M3", "M5")}
    assert set(REASONS) == moves
