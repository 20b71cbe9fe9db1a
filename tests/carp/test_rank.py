"""How fit this host is, as the peers see it."""

from ipaddress import ip_address

import pytest
from playbook import OURS, params

from ucarpd.carp.contender import Contender
from ucarpd.carp.params import DemoteStyle
from ucarpd.carp.rank import Rank
from ucarpd.carp.statement import Statement

PEER = ip_address("10.0.0.2")
SKEW, OPENBSD = DemoteStyle


def rank(style, demotion, **changes):
    return Rank(params(demote_style=style, **changes), demotion)


@pytest.mark.parametrize(
    ("style", "demotion", "stated", "interval", "because"),
    [
        (SKEW, 0, (2, 100, 0), 2 + 100 / 256, "healthy"),
        (SKEW, 1, (254, 1, 255), 1.0, "every kind of peer takes over"),
        (SKEW, 252, (254, 252, 255), 1.0, "the more the less fit"),
        (SKEW, 254, (254, 254, 255), 1.0, "maintenance"),
        (SKEW, 255, (254, 254, 255), 1.0, "never: it is not advertised"),
        (OPENBSD, 0, (2, 100, 0), 2 + 100 / 256, "healthy"),
        (OPENBSD, 1, (2, 100, 1), 1.0, "the interval stays as it is, but not the pace"),
        (OPENBSD, 252, (2, 100, 252), 1.0, "as many reasons"),
        (OPENBSD, 254, (2, 100, 255), 1.0, "maintenance"),
    ],
)
def test_what_is_advertised(*, style, demotion, stated, interval, because):
    host = rank(style, demotion, advskew=100, advbase=2)
    assert host.stated == stated, because
    assert host.interval == interval
    assert host.is_unfit == (demotion > 0)
    assert host.may_serve == (demotion < 255)
    advbase, advskew, byte4 = stated
    own = host.own(OURS)
    assert own.rank == (byte4 if style is OPENBSD else 0, advbase * 256 + advskew)
    assert own.source is OURS


@pytest.mark.parametrize(("style", "stated"), [(SKEW, (254, 254, 255)), (OPENBSD, (1, 0, 255))])
def test_who_steps_down_says_as_much_as_who_is_in_maintenance(style, stated):
    for demotion in (0, 20, 254):
        host = Rank(params(demote_style=style), demotion, is_stepping_down=True)
        assert host.stated == stated


def test_a_host_is_healthy_unless_told_otherwise():
    assert Rank(params()).demotion == 0


def test_a_host_that_is_fast_keeps_its_pace_when_less_fit():
    assert rank(SKEW, 20, advbase=0, advskew=64).interval == 0.25


@pytest.mark.parametrize(
    ("style", "byte4", "expected", "because"),
    [(SKEW, 5, 0, "byte 4 is not looked at"), (OPENBSD, 5, 5, "byte 4 counts")],
)
def test_the_other_side(style, byte4, expected, because):
    heard = Statement(PEER, 1, 7, demote=byte4)
    rival = rank(style, 3).rival(heard)
    assert (rival.rank, rival.source) == ((expected, 263), PEER), because


@pytest.mark.parametrize(
    ("style", "own", "peer", "waits", "because"),
    [
        (SKEW, 0, "1/100", True, "worse, but it serves"),
        (SKEW, 0, "254/1", False, "less fit"),
        (SKEW, 1, "254/1", True, "as unfit as we"),
        (SKEW, 0, "3/1", False, "too slow"),
        (SKEW, 1, "3/1", True, "too slow, but fitter"),
        (SKEW, 0, "255/255", False, "it leaves"),
        (OPENBSD, 0, "4/0", False, "too slow by OpenBSD's formula"),
    ],
)
def test_whom_it_waits_for(*, style, own, peer, waits, because):
    advbase, advskew = map(int, peer.split("/"))
    host = rank(style, own)
    assert host.waits_for(Contender(advbase * 256 + advskew, PEER)) is waits, because


def test_how_long_it_waits_at_least():
    assert rank(SKEW, 0, advskew=64).master_down_interval == 3.25
    assert rank(OPENBSD, 0, advskew=64).master_down_interval == 3.75
    assert rank(SKEW, 0).reluctance == 0
    assert rank(SKEW, 128, advbase=9).reluctance == 0.5
    assert rank(SKEW, 128, advbase=0, advskew=64).reluctance == 0.125


@pytest.mark.parametrize(
    ("style", "own", "advertised", "byte4", "words"),
    [
        (SKEW, 0, (1, 128), 2, "it advertises every 1.50 s, this host every 1.00 s"),
        (SKEW, 0, (254, 3), 255, "it is demoted by 3, this host by 0"),
        (SKEW, 3, (1, 128), 0, "it is demoted by 0, this host by 3"),
        (OPENBSD, 0, (1, 128), 0, "it advertises every 1.50 s, this host every 1.00 s"),
        (
            OPENBSD,
            3,
            (1, 128),
            2,
            "it advertises every 1.50 s, this host every 1.00 s; "
            "it is demoted by 2, this host by 3",
        ),
    ],
)
def test_words_for_the_operator(*, style, own, advertised, byte4, words):
    heard = Statement(PEER, *advertised, demote=byte4)
    assert rank(style, own).compared_with(heard) == words
