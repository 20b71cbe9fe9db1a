"""The rules of the election, numbered as in `ucarpd.carp.election`."""

from ipaddress import ip_address

import pytest

from ucarpd.carp.election import (
    BackupVerdict,
    Contender,
    MasterVerdict,
    judge_as_backup,
    judge_as_master,
)
from ucarpd.carp.params import TieBreak

REVERSED, NUMERIC, YIELD = TieBreak


def contender(text):
    """`1/0 10.0.0.1`, with `#7` for its counter, and with `D1` for its demotion."""
    interval, source, *more = text.split()
    advbase, advskew = map(int, interval.split("/"))
    number = {word[0]: int(word[1:]) for word in more}
    return Contender(
        advbase * 256 + advskew, ip_address(source), number.get("#", 0), number.get("D", 0)
    )


@pytest.mark.parametrize(
    ("better", "worse", "because"),
    [
        ("1/0 10.0.0.1", "1/1 10.0.0.1", "the shorter interval"),
        ("1/0 10.0.0.1", "1/0 10.0.0.1 D1", "the smaller demotion"),
        ("9/0 10.0.0.1 D1", "1/0 10.0.0.1 D2", "the demotion comes first"),
    ],
)
def test_rank(better, worse, because):
    assert contender(better).rank < contender(worse).rank, because


@pytest.mark.parametrize(
    ("rule", "own", "peer", "because"),
    [
        ("M1", "1/1 10.0.0.1", "1/0 10.0.0.2", "by the smallest step"),
        ("M1", "2/0 10.0.0.1", "1/254 10.0.0.2", "advbase counts for more than advskew"),
        ("M1", "1/1 10.0.0.1", "1/0 10.0.0.1", "the address does not matter"),
        ("M2", "1/0 10.0.0.2", "1/1 10.0.0.1", "by the smallest step"),
        ("M2", "254/254 10.0.0.2", "255/255 10.0.0.1", "a bow-out never wins"),
        ("M3", "1/0 10.0.0.2", "1/0 10.0.0.1", "the lower address wins"),
        ("M3", "1/0 10.0.0.2", "1/0 10.0.1.1", "the last octet counts most"),
        ("M3", "1/0 10.77.0.2", "1/0 11.0.0.1", "and the first one least"),
        ("M3", "1/0 10.0.1.1", "1/0 10.0.0.1", "the third one if the last is the same"),
        ("M3", "1/0 10.0.0.1 #8", "1/0 10.0.0.1 #7", "one address twice: the lower counter"),
        ("M3", "1/0 fe80::2", "1/0 fe80::1", "IPv6"),
        ("M4", "1/0 10.0.0.1", "1/0 10.0.0.2", "the lower address wins"),
        ("M4", "1/0 10.0.1.1", "1/0 10.0.0.2", "the last octet counts most"),
        ("M4", "1/0 10.77.0.2", "1/0 10.76.0.3", "as seen on a running ucarp"),
        ("M4", "1/0 10.0.0.1 #9", "1/0 10.0.0.2 #7", "the counter does not matter then"),
        ("M4", "1/0 10.0.0.1 #7", "1/0 10.0.0.1 #8", "one address twice: the lower counter"),
        ("M4", "1/0 10.0.0.1 #7", "1/0 10.0.0.1 #7", "nothing to tell the two apart"),
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
        ("1/0 10.0.0.1 #7", "1/0 10.0.0.1 #8", "M4", "M4", "M3", "one address twice"),
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


PREEMPTS = {"preempt": True, "was_cut_off": False}
WAITS = {"preempt": False, "was_cut_off": False}
RETURNS = {"preempt": True, "was_cut_off": True}
RETURNS_WAITING = {"preempt": False, "was_cut_off": True}


@pytest.mark.parametrize(
    ("rule", "own", "down_units", "how", "peer", "because"),
    [
        ("B1", "1/0 10.0.0.1", 768, WAITS, "1/0 10.0.0.2 D1", "by the smallest step"),
        ("B1", "1/200 10.0.0.1", 968, WAITS, "1/0 10.0.0.2 D1", "the interval does not matter"),
        ("B1", "1/0 10.0.0.1 D4", 768, WAITS, "1/0 10.0.0.2 D5", "demoted, but less than the peer"),
        ("B1", "1/0 10.0.0.1", 768, PREEMPTS, "1/1 10.0.0.2 D1", "B1 comes before B2"),
        ("B1", "1/0 10.0.0.1", 768, WAITS, "3/1 10.0.0.2 D1", "B1 comes before B4"),
        ("B2", "1/0 10.0.0.1", 768, PREEMPTS, "1/1 10.0.0.2", "by the smallest step"),
        ("B2", "1/0 10.0.0.2", 768, PREEMPTS, "255/255 10.0.0.1", "B2 comes before B4"),
        ("B2", "1/0 10.0.0.2", 768, RETURNS, "1/1 10.0.0.1", "the address does not matter"),
        ("B2", "1/0 10.0.0.1 D1", 768, PREEMPTS, "1/100 10.0.0.2 D1", "demoted alike"),
        ("B3", "1/0 10.0.0.1", 768, RETURNS, "1/0 10.0.0.2", "equal, and we win the tie"),
        ("B3", "1/0 10.0.1.1", 768, RETURNS, "1/0 10.0.0.2", "the last octet counts most"),
        ("B3", "1/0 10.0.0.1 D1", 768, RETURNS, "1/0 10.0.0.2 D1", "demoted alike"),
        ("B3", "1/0 fe80::1:2", 768, RETURNS, "1/0 fe80::2:1", "IPv6"),
        ("B4", "1/0 10.0.0.1 D2", 768, WAITS, "3/1 10.0.0.2 D2", "demoted alike"),
        ("B5", "1/0 10.0.0.1 D2", 768, WAITS, "3/1 10.0.0.2 D1", "M1 would give the role back"),
        ("B4", "1/0 10.0.0.1", 768, WAITS, "3/1 10.0.0.2", "by the smallest step"),
        ("B4", "1/0 10.0.0.1", 768, WAITS, "255/255 10.0.0.2", "a bow-out"),
        ("B4", "1/0 10.0.0.1", 768, WAITS, "3/1 10.0.0.2", "B4 asks for no preemption"),
        ("B5", "1/44 10.0.0.1", 250, PREEMPTS, "1/4 10.0.0.2", "M1 would give the role back"),
        ("B5", "1/0 10.0.0.1 D1", 768, PREEMPTS, "1/100 10.0.0.2", "demoted: not better"),
        ("B5", "1/0 10.0.0.1 D1", 768, RETURNS, "1/0 10.0.0.2", "demoted: not equal"),
        ("B5", "1/0 10.0.0.1 D1", 768, WAITS, "1/0 10.0.0.2 D1", "demoted alike"),
        ("B5", "1/0 10.0.0.1", 768, PREEMPTS, "1/0 10.0.0.2", "equals never preempt each other"),
        ("B5", "1/0 10.0.0.2", 768, RETURNS, "1/0 10.0.0.1", "B3 would lose the tie"),
        ("B5", "1/0 10.0.0.1", 768, RETURNS, "1/0 10.0.0.1", "B3 needs a winner"),
        ("B5", "1/0 10.0.0.1", 768, RETURNS_WAITING, "1/0 10.0.0.2", "B3 is for preemption"),
        ("B5", "1/1 10.0.0.1", 768, RETURNS, "1/0 10.0.0.2", "the peer is preferred"),
        ("B5", "1/0 10.0.0.1", 768, WAITS, "1/1 10.0.0.2", "slower, but we do not preempt"),
        ("B5", "1/0 10.0.0.1", 768, WAITS, "3/0 10.0.0.2", "just fast enough"),
        ("B5", "86/0 10.0.0.1", 66048, WAITS, "255/255 10.0.0.2", "a bow-out beyond advbase 85"),
    ],
)
def test_hearing_an_advertisement_as_backup(*, rule, own, down_units, how, peer, because):
    verdict = judge_as_backup(
        contender(own), contender(peer), REVERSED, own_master_down_units=down_units, **how
    )
    assert verdict.value == rule, because


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
            contender(own), contender(peer), mode, own_master_down_units=768, **RETURNS
        ).value
        for mode in TieBreak
    ]
    assert verdicts == [reversed_, numeric, yield_], because


@pytest.mark.parametrize("mode", TieBreak)
@pytest.mark.parametrize("demotions", [(0, 0), (0, 1), (2, 1), (3, 3)])
@pytest.mark.parametrize("intervals", ["1/0 1/0", "1/0 1/100", "2/0 1/0", "1/0 4/0"])
def test_who_takes_over_does_not_yield_to_the_one_it_took_over_from(mode, demotions, intervals):
    """Or the role would go back and forth: what B1 to B4 take, M1 and M3 do not give back."""
    own, peer = (
        contender(f"{interval} 10.0.0.{number} D{demotion}")
        for number, interval, demotion in zip((1, 2), intervals.split(), demotions, strict=True)
    )
    for one, other in ((own, peer), (peer, own)):
        verdict = judge_as_backup(one, other, mode, own_master_down_units=768, **RETURNS)
        if verdict is not BackupVerdict.WAIT:
            assert judge_as_master(one, other, mode).value in ("M2", "M4")


def test_every_rule_has_a_row():
    rules = [verdict.value for enum in (MasterVerdict, BackupVerdict) for verdict in enum]
    assert rules == ["M1", "M2", "M3", "M4", "B1", "B2", "B3", "B4", "B5"]
