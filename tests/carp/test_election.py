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


PREEMPTS = True
WAITS = False


@pytest.mark.parametrize(
    ("rule", "own_units", "down_units", "preempt", "peer_units", "because"),
    [
        ("B1", 256, 768, PREEMPTS, 257, "by the smallest step"),
        ("B1", 256, 768, PREEMPTS, 65535, "B1 comes before B2"),
        ("B2", 256, 768, WAITS, 769, "by the smallest step"),
        ("B2", 256, 768, WAITS, 65535, "a bow-out"),
        ("B2", 300, 250, PREEMPTS, 260, "B2 asks for no preemption, and bars none"),
        ("B3", 256, 768, PREEMPTS, 256, "equals never preempt each other"),
        ("B3", 256, 768, PREEMPTS, 128, "the peer is preferred"),
        ("B3", 256, 768, WAITS, 257, "slower, but we do not preempt"),
        ("B3", 256, 768, WAITS, 768, "just fast enough"),
        ("B3", 66048, 66048, WAITS, 65535, "advbase 86 cannot tell a bow-out by B2"),
    ],
)
def test_hearing_an_advertisement_as_backup(
    *, rule, own_units, down_units, preempt, peer_units, because
):
    verdict = judge_as_backup(own_units, down_units, preempt, peer_units)
    assert verdict.value == rule, because


def test_every_rule_has_a_row():
    rules = [verdict.value for enum in (MasterVerdict, BackupVerdict) for verdict in enum]
    assert rules == ["M1", "M2", "M3", "M4", "B1", "B2", "B3"]
