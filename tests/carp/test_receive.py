"""The check ladder, rung by rung."""

from ipaddress import IPv4Address
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st
from playbook import OURS, params

from ucarpd.carp.auth import Signer
from ucarpd.carp.events import AdvertisementReceived
from ucarpd.carp.frame import ETHERTYPE_IPV4, carp_over_ipv4, ethernet, group_mac
from ucarpd.carp.packet import Advertisement, checksum, encode
from ucarpd.carp.params import CARP_GROUP_V4
from ucarpd.carp.receive import Dropped, DropReason, Receiver

PARAMS = params(vhid=10)
PEER = IPv4Address("10.0.0.2")
MAC = bytes.fromhex("020000000a02")

VALID = AdvertisementReceived(PEER, advbase=1, advskew=100, counter=7, demote=0)


class Flaws(NamedTuple):
    """What is wrong with a frame; one flaw for each rung, in the order of the rungs."""

    protocol: int = 112
    ip_checksum_error: int = 0
    size: int = 36
    ttl: int = 255
    destination: IPv4Address = CARP_GROUP_V4
    version: int = 2
    type: int = 1
    checksum_error: int = 0
    vhid: int = 10
    key: bytes = b"secret"
    source: IPv4Address = PEER


def frame(flaws):
    carp = bytearray(
        encode(
            Advertisement(
                vhid=flaws.vhid,
                advbase=1,
                advskew=100,
                counter=7,
                digest=Signer(flaws.key, flaws.vhid, PARAMS.addresses).sign(7),
                version=flaws.version,
                type=flaws.type,
            )
        )
    )
    carp[6] ^= flaws.checksum_error
    ip = bytearray(carp_over_ipv4(flaws.source, flaws.destination, bytes(carp[: flaws.size])))
    ip[8] = flaws.ttl
    ip[9] = flaws.protocol
    ip[10:12] = b"\0\0"
    ip[10:12] = checksum(ip[:20]).to_bytes(2, "big")
    ip[10] ^= flaws.ip_checksum_error
    return ethernet(group_mac(CARP_GROUP_V4), MAC, ETHERTYPE_IPV4, bytes(ip))


RUNGS = [
    # flaw, reason, words for the operator
    ({"protocol": 17}, DropReason.BAD_HEADER, "IP protocol 17"),
    (
        {"ip_checksum_error": 1},
        DropReason.BAD_IP_CHECKSUM,
        "the checksum of its IPv4 header is wrong",
    ),
    ({"size": 35}, DropReason.BAD_LENGTH, "35 bytes, an advertisement has 36"),
    ({"ttl": 254}, DropReason.BAD_TTL, "TTL 254, must be 255"),
    (
        {"destination": IPv4Address("10.0.0.1")},
        DropReason.BAD_DESTINATION,
        "sent to 10.0.0.1, this host listens on 224.0.0.18",
    ),
    ({"version": 3}, DropReason.BAD_VERSION, "version 3, CARP is 2; VRRP?"),
    ({"type": 2}, DropReason.BAD_TYPE, "type 2, an advertisement is 1"),
    (
        {"checksum_error": 1},
        DropReason.BAD_CHECKSUM,
        "the checksum of the advertisement is wrong",
    ),
    ({"vhid": 11}, DropReason.BAD_VHID, "vhid 11, this virtual host is 10"),
    (
        {"key": b"another"},
        DropReason.BAD_DIGEST,
        "the digest is wrong: password, vhid or virtual addresses differ",
    ),
    (
        {"source": OURS},
        DropReason.OWN_PACKET,
        "our own advertisement came back: a network loop?",
    ),
]


def check(wire, receiver=None):
    """As a host with source 10.0.0.1 that has sent the counters 6 and 7."""
    return (receiver or Receiver(PARAMS)).check(wire, OURS, (6, 7))


def test_without_a_flaw():
    assert check(frame(Flaws())) == VALID


@pytest.mark.parametrize(("flaw", "reason", "words"), RUNGS)
def test_each_rung(flaw, reason, words):
    source = None if reason is DropReason.BAD_HEADER else flaw.get("source", PEER)
    assert check(frame(Flaws(**flaw))) == Dropped(reason, source, words)


@pytest.mark.parametrize("first", range(len(RUNGS)))
def test_the_first_rung_that_fails_is_the_reason(first):
    """A frame with this flaw and all those of the rungs above it."""
    flaws = Flaws()
    for flaw, *_ in RUNGS[first:]:
        flaws = flaws._replace(**flaw)
    assert check(frame(flaws)).reason is RUNGS[first][1]


def test_every_reason_has_a_rung():
    assert [reason for _, reason, _ in RUNGS] == list(DropReason)


@pytest.mark.parametrize(
    ("own_source", "sent", "is_own", "because"),
    [
        (PEER, (7,), True, "our address and a counter that we sent"),
        (PEER, (6, 8), False, "a copied configuration: a peer with our address"),
        (OURS, (7,), False, "a peer that happens to count as we do"),
        (None, (7,), False, "we have no address yet"),
    ],
)
def test_own_packets(own_source, sent, is_own, because):
    result = Receiver(PARAMS).check(frame(Flaws()), own_source, sent)
    assert (getattr(result, "reason", None) is DropReason.OWN_PACKET) == is_own, because


def test_what_is_not_looked_at():
    plain = frame(Flaws())
    for what, wire in (
        ("source MAC", plain[:6] + b"\xff" * 6 + plain[12:]),
        ("destination MAC", b"\xff" * 6 + plain[6:]),
        ("bytes after the IP packet", plain + b"junk"),
    ):
        assert check(wire) == VALID, what


def test_another_group():
    group = IPv4Address("239.192.7.18")
    receiver = Receiver(params(vhid=10, group=group))
    assert check(frame(Flaws(destination=group)), receiver) == VALID
    assert check(frame(Flaws()), receiver).reason is DropReason.BAD_DESTINATION


def test_everything_is_counted():
    receiver = Receiver(PARAMS)
    for flaw, *_ in RUNGS:
        check(frame(Flaws(**flaw)), receiver)
    for _ in range(3):
        check(frame(Flaws()), receiver)
        check(frame(Flaws(ttl=1)), receiver)
    assert receiver.accepted == 3
    assert receiver.dropped == dict.fromkeys(DropReason, 1) | {DropReason.BAD_TTL: 4}


def test_configure_keeps_the_counts():
    receiver = Receiver(PARAMS)
    check(frame(Flaws()), receiver)
    check(frame(Flaws(key=b"another")), receiver)
    receiver.configure(params(vhid=10, key=b"another"))
    assert check(frame(Flaws(key=b"another")), receiver) == VALID
    assert check(frame(Flaws()), receiver).reason is DropReason.BAD_DIGEST
    assert receiver.accepted == 2
    assert receiver.dropped == {DropReason.BAD_DIGEST: 2}


# -- whatever comes from the wire ----------------------------------------------------------------------


@given(st.binary(max_size=120))
def test_random_bytes_are_dropped(wire):
    result = check(wire)
    assert isinstance(result, Dropped)
    assert result.detail


SIGNED = bytes.fromhex("0a 0000000000000007") + Signer(b"secret", 10, PARAMS.addresses).sign(7)


@given(
    st.lists(st.tuples(st.integers(0, 69), st.integers(1, 255)), max_size=6),
    st.integers(0, 70),
    st.binary(max_size=10),
)
def test_a_mutated_frame_is_accepted_only_with_all_that_is_signed(changes, length, trailing):
    wire = bytearray(frame(Flaws()))
    assert len(wire) == 70
    for at, change in changes:
        wire[at] ^= change
    wire = bytes(wire[:length] + trailing)
    result = check(wire)
    if isinstance(result, AdvertisementReceived):
        assert wire[35:36] + wire[42:70] == SIGNED
    else:
        assert isinstance(result, Dropped)


@given(st.binary(min_size=36, max_size=60))
def test_random_advertisements_are_dropped(payload):
    """Past the rungs of the IP header."""
    ip = carp_over_ipv4(PEER, CARP_GROUP_V4, payload)
    result = check(ethernet(group_mac(CARP_GROUP_V4), MAC, ETHERTYPE_IPV4, ip))
    assert isinstance(result, Dropped)
    assert result.reason not in list(DropReason)[:5]
    assert result.source == PEER
