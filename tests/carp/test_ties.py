"""Who wins a tie, by each rule for it; the numbers are those of `ucarpd.carp.election`."""

import pytest
from contenders import contender

from ucarpd.carp.election import judge_as_backup, judge_as_master
from ucarpd.carp.params import TieBreak
from ucarpd.carp.verdicts import MasterVerdict

REVERSED, NUMERIC, YIELD = TieBreak
RETURNS = {"preempt": True, "was_cut_off": True}


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
    """Both ends apply the rule; if both yield, no host serves; if neither does, both serve."""
    here, there = contender(f"1/0 {one}"), contender(f"1/0 {other}")
    verdicts = {judge_as_master(here, there, mode), judge_as_master(there, here, mode)}
    assert verdicts == {MasterVerdict.LOSE_TIE, MasterVerdict.STAY_TIED}


def test_ties_with_two_rules_may_have_two_winners():
    """Why both ends must use one rule."""
    here, there = contender("1/0 10.0.0.2"), contender("1/0 10.0.1.1")
    assert judge_as_master(here, there, NUMERIC) is MasterVerdict.STAY_TIED
    assert judge_as_master(there, here, REVERSED) is MasterVerdict.STAY_TIED


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
        judge_as_backup(contender(own), contender(peer), mode, 768, **RETURNS).value
        for mode in TieBreak
    ]
    assert verdicts == [reversed_, numeric, yield_], because
