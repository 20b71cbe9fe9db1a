"""The rules of the election, numbered as in `ucarpd.carp.election`."""

import re

import pytest
from contenders import contender

from ucarpd.carp import election
from ucarpd.carp.election import (
    judge_as_backup,
    judge_as_master,
    judge_belief,
    judge_lost_link,
    judge_own_rank,
    judge_rival_in_outage,
    judge_silence,
    reason_to_depose,
    turns_before_ours,
)
from ucarpd.carp.params import TieBreak
from ucarpd.carp.verdicts import (
    REASONS,
    BackupVerdict,
    Belief,
    MasterVerdict,
    OwnVerdict,
    SilenceVerdict,
)

REVERSED = TieBreak.REVERSED


@pytest.mark.parametrize(
    ("rule", "how", "because"),
    [
        ("H1", {"is_own": True}, "a replay"),
        ("H1", {"is_own": True, "has_source": False, "is_overtaken": True}, "first"),
        ("H2", {"has_source": False}, "we could not answer"),
        ("H3", {"is_overtaken": True}, "its sender has bowed out since"),
        ("H4", {}, "nothing speaks against it"),
    ],
)
def test_what_is_believed(rule, how, because):
    usual = {"is_own": False, "has_source": True, "is_overtaken": False}
    assert judge_belief(**usual | how).value == rule, because


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
    ("rule", "peer", "how", "because"),
    [
        ("M6", "1/0 10.0.0.1", {"decides_ties": False}, "lost in the other family: not decided"),
        ("M3", "1/0 10.0.0.1", {"has_outstayed": True}, "a tie that is lost is lost at once"),
        ("M5", "1/0 10.0.0.3", {"has_outstayed": True}, "it does not hear us, or has another rule"),
        (
            "M6",
            "1/0 10.0.0.3",
            {"has_outstayed": True, "decides_ties": False},
            "not in this family",
        ),
        ("M2", "1/1 10.0.0.3", {"has_outstayed": True}, "a worse one is never yielded to"),
        ("M1", "0/9 10.0.0.3", {"decides_ties": False}, "a better one always is"),
        ("M4", "1/0 10.0.0.1", {"peer_yields": True}, "a BSD kernel yields by itself"),
        ("M5", "1/0 10.0.0.1", {"peer_yields": True, "has_outstayed": True}, "it was none"),
        ("M1", "0/9 10.0.0.3", {"peer_yields": True}, "not where it is better"),
        ("M7", "0/9 10.0.0.3", {"peer_gives_way": True}, "an OpenBSD that is demoted yields"),
        ("M2", "1/1 10.0.0.3", {"peer_gives_way": True}, "a worse one always does"),
    ],
)
def test_ties_as_master(rule, peer, how, because):
    own = contender("1/0 10.0.0.2")
    assert judge_as_master(own, contender(peer), REVERSED, **how).value == rule, because


PREEMPTS = {"preempt": True}
WAITS = {}
RETURNS = {"preempt": True, "was_cut_off": True}
DELAYED = {"is_delayed": True}
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
        ("B11", "1/0 10.0.0.1", PREEMPTS | DELAYED, "1/1 10.0.0.2", "healthy: it can wait"),
        ("B11", "1/0 10.0.0.1", RETURNS | DELAYED, "1/0 10.0.0.2", "B3 waits as well"),
        ("B4", "1/0 10.0.0.1", DELAYED, "3/1 10.0.0.2", "the timer waits no longer"),
        ("B6", "1/0 10.0.0.1", DELAYED, "255/255 10.0.0.2", "nobody serves"),
        ("B7", "1/0 10.0.0.1", DELAYED, "254/1 10.0.0.2", "a healthy host relieves at once"),
        ("B1", "1/0 10.0.0.1", DELAYED, "1/0 10.0.0.2 D1", "a healthy host relieves at once"),
        ("B8", "254/1 10.0.0.1", DELAYED, "1/0 10.0.0.2", "B8 comes before B11"),
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
    verdict = judge_as_backup(contender(own), contender(peer), REVERSED, 768, **how)
    assert verdict.value == rule, because


def test_a_slow_peer_that_is_better_all_the_same_is_waited_for():
    """Sub-second: our own master-down interval is shorter than its interval."""
    own, peer = contender("1/44 10.0.0.1"), contender("1/4 10.0.0.2")
    assert reason_to_depose(own, peer, 250) is None
    assert judge_as_backup(own, peer, REVERSED, 250, preempt=True) is BackupVerdict.WAIT


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
        verdict = judge_as_backup(one, other, mode, 768, **RETURNS)
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
    verdict = judge_as_backup(own, peer, REVERSED, 768)
    assert (reason_to_depose(own, peer, 768) is not None) == verdict.takes_over


@pytest.mark.parametrize(
    ("rule", "now", "how", "because"),
    [
        ("S1", 13.0, {"may_serve": False}, "silence or not"),
        ("S1", 99.0, {"may_serve": False}, "slept or not"),
        ("S2", 12.99, {}, "a moment is left"),
        ("S4", 13.0, {}, "the deadline itself"),
        ("S4", 14.0, {}, "late by an interval, which may happen on a busy machine"),
        ("S3", 14.01, {}, "late by more"),
        ("S4", 14.01, {"may_have_slept": False}, "it was barred until now, and heard all"),
        ("S4", 13.1, {"interval": 0.01}, "a tenth of a second is never late"),
        ("S3", 13.11, {"interval": 0.01}, "late by more"),
        ("S5", 13.0, {"is_cut_off": True}, "the gateway is silent, too"),
        ("S2", 12.99, {"is_cut_off": True}, "it may answer yet"),
        ("S3", 14.01, {"is_cut_off": True}, "it has slept"),
        ("S1", 13.0, {"is_cut_off": True, "may_serve": False}, "it may not serve"),
    ],
)
def test_when_a_timer_ends_as_backup(*, rule, now, how, because):
    situation = {"deadline": 13.0, "interval": 1.0, "may_serve": True} | how
    assert judge_silence(now, **situation).value == rule, because


@pytest.mark.parametrize(
    ("backups", "turns", "because"),
    [
        ([], 0, "no other backup is known"),
        (["1/0 10.0.0.2"], 0, "we win the tie"),
        (["1/0 10.0.0.0", "0/9 10.0.0.3", "1/1 10.0.0.0"], 2, "two are preferred to us"),
        (["0/9 10.0.0.2"] * 9, 8, "no more than eight"),
    ],
)
def test_rule_t1_a_moment_is_left_to_each_backup_that_is_preferred(backups, turns, because):
    own = contender("1/0 10.0.0.1")
    assert turns_before_ours(own, map(contender, backups), REVERSED) == turns, because


@pytest.mark.parametrize(
    ("rule", "may_serve", "because"),
    [("L1", False, "heard or not"), ("L2", True, "it serves until a better one is heard")],
)
def test_a_master_whose_own_rank_changes(rule, may_serve, because):
    assert judge_own_rank(may_serve=may_serve).value == rule, because


@pytest.mark.parametrize(
    ("rule", "now", "facts", "because"),
    [
        ("L4", 9.99, "may_return", "the last outage was a moment ago"),
        ("L3", 10.0, "may_return", "no backup has missed us yet"),
        ("L3", 11.99, "may_return", "nor now"),
        ("L4", 12.0, "may_return", "one may take over now"),
        ("L4", 10.0, "", "an operator has set the link down"),
        ("L6", 12.0, "during_script", "the script may have done that"),
        ("L7", 12.0, "is_habit", "it would happen again"),
        ("L6", 12.0, "during_script is_habit", "the script is the first to suspect"),
    ],
)
def test_a_master_whose_link_is_lost(rule, now, facts, because):
    known = {name: name in facts for name in ("may_return", "during_script", "is_habit")}
    assert judge_lost_link(now, missed_at=12.0, not_before=10.0, **known).value == rule, because


@pytest.mark.parametrize(
    ("rule", "is_leaving", "because"),
    [("L3", True, "it gives the role away"), ("L5", False, "it serves, and we cannot answer")],
)
def test_a_master_without_a_source_that_hears_another(rule, is_leaving, because):
    assert judge_rival_in_outage(is_leaving=is_leaving).value == rule, because


VERDICTS = (Belief, MasterVerdict, BackupVerdict, SilenceVerdict, OwnVerdict)
RULES = {verdict.value for enum in VERDICTS for verdict in enum} | {"T1"}


def test_every_rule_is_in_the_table_of_the_module():
    numbers = re.findall(r"^    ([A-Z]\d+) ", election.__doc__, re.MULTILINE)
    assert sorted(numbers) == sorted(RULES)


def test_every_rule_has_a_paragraph():
    *_, paragraphs = election.__doc__.partition("see `contender`")
    named = set(re.findall(r"\b[A-Z]\d+\b", paragraphs))
    for first, last in re.findall(r"\b([A-Z]\d+) to ([A-Z]\d+)\b", paragraphs):
        named |= {f"{first[0]}{number}" for number in range(int(first[1:]), int(last[1:]) + 1)}
    assert RULES - {"B5", "H4"} <= named, "these two are what is left"


def test_every_rule_has_a_row():
    rows = {"T1" for name in globals() if name.startswith("test_rule_t1_")}
    for mark in (mark for each in globals().values() for mark in getattr(each, "pytestmark", ())):
        names, values = mark.args
        if "rule" in names:
            rows |= {row[names.index("rule")] for row in values}
    assert rows == RULES


def test_every_rule_that_moves_the_role_has_words_for_the_operator():
    moves = {
        verdict
        for verdict in BackupVerdict
        if verdict.value in ("B1", "B2", "B3", "B4", "B6", "B7")
    }
    moves |= {verdict for verdict in MasterVerdict if verdict.value in ("M1", "M3", "M5")}
    assert set(REASONS) == moves
