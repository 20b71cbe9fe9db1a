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


def contender(text):
    """`1/0 10.0.0.1` or `1/0 10.0.0.1 #7`."""
    interval, source, *counter = text.split()
    advbase, advskew = map(int, interval.split("/"))
    number = int(counter[0].lstrip("#")) if counter else 0
    return Contender(advbase * 256 + advskew, ip_address(source), number)


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
    ],
)
def test_hearing_an_advertisement_as_master(rule, own, peer, because):
    assert judge_as_master(contender(own), contender(peer)).value == rule, because


@pytest.mark.parametrize("one", ["10.0.0.1", "10.0.1.1", "10.1.0.2", "192.168.0.1", "10.0.0.254"])
@pytest.mark.parametrize("other", ["10.0.0.2", "10.0.2.1", "9.255.0.2", "10.0.0.253"])
def test_a_tie_has_one_winner(one, other):
    """Both ends apply the rule; if both yield nobody serves, if neither does both serve."""
    here, there = contender(f"1/0 {one}"), contender(f"1/0 {other}")
    verdicts = {judge_as_master(here, there), judge_as_master(there, here)}
    assert verdicts == {MasterVerdict.YIELD_SILENTLY, MasterVerdict.STAY_TIED}


PREEMPTS = {"preempt": True, "was_cut_off": False}
WAITS = {"preempt": False, "was_cut_off": False}
RETURNS = {"preempt": True, "was_cut_off": True}
RETURNS_WAITING = {"preempt": False, "was_cut_off": True}


@pytest.mark.parametrize(
    ("rule", "own", "down_units", "how", "peer", "because"),
    [
        ("B1", "1/0 10.0.0.1", 768, PREEMPTS, "1/1 10.0.0.2", "by the smallest step"),
        ("B1", "1/0 10.0.0.2", 768, PREEMPTS, "255/255 10.0.0.1", "B1 comes before B3"),
        ("B1", "1/0 10.0.0.2", 768, RETURNS, "1/1 10.0.0.1", "the address does not matter"),
        ("B2", "1/0 10.0.0.1", 768, RETURNS, "1/0 10.0.0.2", "equal, and we win the tie"),
        ("B2", "1/0 10.0.1.1", 768, RETURNS, "1/0 10.0.0.2", "the last octet counts most"),
        ("B3", "1/0 10.0.0.1", 768, WAITS, "3/1 10.0.0.2", "by the smallest step"),
        ("B3", "1/0 10.0.0.1", 768, WAITS, "255/255 10.0.0.2", "a bow-out"),
        ("B3", "1/44 10.0.0.1", 250, PREEMPTS, "1/4 10.0.0.2", "B3 asks for no preemption"),
        ("B4", "1/0 10.0.0.1", 768, PREEMPTS, "1/0 10.0.0.2", "equals never preempt each other"),
        ("B4", "1/0 10.0.0.2", 768, RETURNS, "1/0 10.0.0.1", "B2 would lose the tie"),
        ("B4", "1/0 10.0.0.1", 768, RETURNS, "1/0 10.0.0.1", "B2 needs a winner"),
        ("B4", "1/0 10.0.0.1", 768, RETURNS_WAITING, "1/0 10.0.0.2", "B2 is for preemption"),
        ("B4", "1/1 10.0.0.1", 768, RETURNS, "1/0 10.0.0.2", "the peer is preferred"),
        ("B4", "1/0 10.0.0.1", 768, WAITS, "1/1 10.0.0.2", "slower, but we do not preempt"),
        ("B4", "1/0 10.0.0.1", 768, WAITS, "3/0 10.0.0.2", "just fast enough"),
        ("B4", "86/0 10.0.0.1", 66048, WAITS, "255/255 10.0.0.2", "a bow-out beyond advbase 85"),
    ],
)
def test_hearing_an_advertisement_as_backup(*, rule, own, down_units, how, peer, because):
    verdict = judge_as_backup(
        contender(own), contender(peer), own_master_down_units=down_units, **how
    )
    assert verdict.value == rule, because


def test_every_rule_has_a_row():
    rules = [verdict.value for enum in (MasterVerdict, BackupVerdict) for verdict in enum]
    assert rules == ["M1", "M2", "M3", "M4", "B1", "B2", "B3", "B4"]
