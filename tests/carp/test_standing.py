"""How fit this host is, as the peers see it."""

from ipaddress import ip_address

import pytest
from playbook import OURS, params

from ucarpd.carp.election import Contender
from ucarpd.carp.events import AdvertisementReceived
from ucarpd.carp.params import DemoteStyle
from ucarpd.carp.standing import Standing

PEER = ip_address("10.0.0.2")
SKEW, OPENBSD = DemoteStyle


def standing(style, demotion, **changes):
    return Standing(params(demote_style=style, **changes), demotion)


@pytest.mark.parametrize(
    ("style", "own", "demotion", "advskew", "byte4", "because"),
    [
        (SKEW, 100, 0, 100, 0, "healthy"),
        (SKEW, 0, 240, 240, 0, "what every peer understands"),
        (SKEW, 100, 240, 254, 0, "255 is for bow-outs"),
        (SKEW, 100, -30, 70, 0, "FreeBSD's number has a sign"),
        (SKEW, 0, -30, 0, 0, "but nobody is better than 0"),
        (OPENBSD, 100, 0, 100, 0, "healthy"),
        (OPENBSD, 100, 1, 100, 1, "the interval stays as it is"),
        (OPENBSD, 0, 255, 0, 255, "as much as byte 4 holds"),
        (OPENBSD, 0, 256, 0, 255, "and no more"),
        (OPENBSD, 0, -1, 0, 0, "and no less"),
    ],
)
def test_what_is_advertised(*, style, own, demotion, advskew, byte4, because):
    host = standing(style, demotion, advskew=own, advbase=2)
    assert host.advskew == advskew, because
    assert host.header_demotion == byte4, because
    assert host.interval == 2 + advskew / 256
    assert host.rank == (byte4, 512 + advskew)
    assert host.own(OURS, 9) == Contender(512 + advskew, OURS, 9, byte4)


def test_a_host_is_healthy_unless_told_otherwise():
    assert Standing(params()).demotion == 0


@pytest.mark.parametrize(
    ("style", "demotion", "advertised", "byte4", "expected", "because"),
    [
        (SKEW, 0, (1, 0), 0, 0, "healthy"),
        (SKEW, 0, (1, 0), 5, 0, "byte 4 is not looked at"),
        (SKEW, 240, (1, 0), 0, 0, "ours is in our interval"),
        (OPENBSD, 0, (1, 0), 0, 0, "healthy"),
        (OPENBSD, 0, (1, 0), 5, 5, "byte 4 counts"),
        (OPENBSD, 3, (1, 0), 0, 0, "others always put 0"),
        (OPENBSD, 3, (255, 255), 0, 3, "who leaves is no fitter than we"),
        (OPENBSD, 3, (255, 255), 9, 3, "nor less fit"),
    ],
)
def test_the_other_side(*, style, demotion, advertised, byte4, expected, because):
    heard = AdvertisementReceived(PEER, *advertised, counter=7, demote=byte4)
    rival = standing(style, demotion).rival(heard)
    assert rival == Contender(heard.units, PEER, 7, expected), because


@pytest.mark.parametrize("style", DemoteStyle)
@pytest.mark.parametrize("demotion", [0, 1, 255])
def test_a_bow_out_is_worse_than_any_host(style, demotion):
    bow_out = AdvertisementReceived(PEER, 255, 255, 7, demote=0)
    host = standing(style, demotion, advbase=254, advskew=254)
    assert host.own(OURS, 9).rank < host.rival(bow_out).rank


@pytest.mark.parametrize(
    ("style", "words"),
    [
        (SKEW, "it advertises every 1.50 s, this host every 1.01 s"),
        (
            OPENBSD,
            "it advertises every 1.50 s, this host every 1.00 s; "
            "it is demoted by 2, this host by 3",
        ),
    ],
)
def test_words_for_the_operator(style, words):
    heard = AdvertisementReceived(PEER, 1, 128, 7, demote=2)
    assert standing(style, 3).compared_with(heard) == words
