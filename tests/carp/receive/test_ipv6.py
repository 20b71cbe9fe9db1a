"""Why is an IPv6 frame dropped?"""

from ipaddress import IPv6Address

import pytest
from flawed_frames import (
    DUAL,
    DUAL_SIGNER,
    FLAWLESS6,
    OURS6,
    PARAMS,
    PEER,
    PEER6,
    RUNGS_OF_THE_ADVERTISEMENT,
    VALID,
    VIRTUAL6,
    WRONG_DIGEST,
    Flaws,
    check,
    check6,
    frame,
    without_evidence,
)
from playbook import params

from ucarpd.carp.auth import Signer
from ucarpd.carp.events import advertisement_received
from ucarpd.carp.packet import checksum
from ucarpd.carp.params import CARP_GROUP_V4
from ucarpd.carp.receive import Dropped, DropReason

VALID6 = advertisement_received(PEER6, advbase=1, advskew=100, counter=7, demote=0)


def test_without_a_flaw_in_ipv6():
    assert check6(frame(FLAWLESS6, DUAL_SIGNER)) == VALID6


def test_one_virtual_host_hears_both_families():
    """The digest is the same in both: it covers all addresses."""
    assert check6(frame(Flaws(), DUAL_SIGNER)) == VALID


@pytest.mark.parametrize("other_host_is", ["ours, OpenBSD, FreeBSD", "NetBSD"])
def test_both_checksums_are_good_in_ipv6(other_host_is):
    pseudo = other_host_is == "NetBSD"
    assert check6(frame(FLAWLESS6, DUAL_SIGNER, pseudo=pseudo)) == VALID6


def test_the_pseudo_header_counts_for_nothing_in_ipv4():
    """There is no checksum there; the pseudo-header of IPv6 replaces it."""
    wire = bytearray(frame(Flaws()))
    carp = wire[34:]
    carp[6:8] = b"\0\0"
    pseudo = PEER.packed + CARP_GROUP_V4.packed + b"\0\x70\0\x24"
    wire[40:42] = checksum(pseudo + carp).to_bytes(2, "big")
    assert check(bytes(wire)).reason is DropReason.BAD_CHECKSUM


def test_bytes_after_the_advertisement_are_in_neither_sum():
    for pseudo in (False, True):
        wire = bytearray(frame(FLAWLESS6, DUAL_SIGNER, pseudo=pseudo) + b"junk")
        wire[19] += 4  # the payload length
        assert check6(bytes(wire)) == VALID6


RUNGS6 = [
    ({"protocol": 17}, DropReason.BAD_HEADER, "IPv6 next header 17"),
    ({"size": 35}, DropReason.BAD_LENGTH, "35 bytes, an advertisement has 36"),
    ({"ttl": 254}, DropReason.BAD_TTL, "TTL 254, must be 255"),
    *RUNGS_OF_THE_ADVERTISEMENT,
    (
        {"destination": OURS6},
        DropReason.BAD_DESTINATION,
        "sent to fe80::1, this host listens on ff02::12",
    ),
    WRONG_DIGEST,
    (
        {"source": OURS6},
        DropReason.OWN_PACKET,
        "our own advertisement came back: a network loop?",
    ),
]


def flawed6(flaws):
    return frame(flaws, Signer(flaws.key, flaws.vhid, DUAL.addresses))


@pytest.mark.parametrize(("flaw", "reason", "words"), RUNGS6)
def test_each_rung_in_ipv6(flaw, reason, words):
    source = None if reason is DropReason.BAD_HEADER else flaw.get("source", PEER6)
    dropped = check6(flawed6(FLAWLESS6._replace(**flaw)))
    assert without_evidence(dropped) == Dropped(reason, source, words)


@pytest.mark.parametrize("first", range(len(RUNGS6)))
def test_the_first_rung_that_fails_is_the_reason_in_ipv6(first):
    flaws = FLAWLESS6
    for flaw, *_ in RUNGS6[first:]:
        flaws = flaws._replace(**flaw)
    assert check6(flawed6(flaws)).reason is RUNGS6[first][1]


def test_a_family_that_the_virtual_host_has_no_address_of():
    """The peers list other addresses than this host, and no digest would agree."""
    six = params(vhid=10, addresses=(VIRTUAL6,))
    for configured, wire, family, source in (
        (PARAMS, frame(FLAWLESS6), 6, PEER6),
        (PARAMS, frame(FLAWLESS6._replace(destination=OURS6)), 6, PEER6),
        (six, frame(Flaws()), 4, PEER),
    ):
        words = f"this virtual host has no IPv{family} address to share"
        dropped = check6(wire, configured)
        assert without_evidence(dropped) == Dropped(DropReason.BAD_VHID, source, words)


def test_another_group_of_ipv6():
    group = IPv6Address("ff05::12")
    configured = params(vhid=10, addresses=DUAL.addresses, group6=group)
    assert check6(frame(FLAWLESS6._replace(destination=group), DUAL_SIGNER), configured) == VALID6
    dropped = check6(frame(FLAWLESS6, DUAL_SIGNER), configured)
    assert dropped.reason is DropReason.BAD_DESTINATION
