"""Ethernet, IPv4 and ARP bytes."""

from ipaddress import IPv4Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ucarpd.carp.frame import (
    ARP_REPLY,
    ARP_REQUEST,
    BROADCAST_MAC,
    ETHERTYPE_IPV4,
    IPv4Packet,
    MalformedHeader,
    carp_over_ipv4,
    ethernet,
    gratuitous_arp,
    group_mac,
    parse_ipv4,
    peek_vhid,
)
from ucarpd.carp.packet import checksum

MAC = bytes.fromhex("020000000a01")
SOURCE = IPv4Address("10.0.0.1")
GROUP = IPv4Address("224.0.0.18")
PAYLOAD = bytes.fromhex("210a") + bytes(34)


def frame(*, payload=PAYLOAD, trailing=b"", options=b"", **octets):
    """A frame with single octets of the IP header changed: `at9=17` is the protocol."""
    ip = bytearray(carp_over_ipv4(SOURCE, GROUP, payload))
    ip[20:20] = options
    ip[0] += len(options) // 4
    ip[3] += len(options)
    for name, value in octets.items():
        ip[int(name.removeprefix("at"))] = value
    ip[10:12] = b"\0\0"
    ip[10:12] = checksum(ip[: (ip[0] & 0x0F) * 4]).to_bytes(2, "big")
    return ethernet(group_mac(GROUP), MAC, ETHERTYPE_IPV4, bytes(ip)) + trailing


@pytest.mark.parametrize(
    ("group", "mac"),
    [
        ("224.0.0.18", "01:00:5e:00:00:12"),
        ("239.192.7.18", "01:00:5e:40:07:12"),  # the low 23 bits
        ("224.255.255.255", "01:00:5e:7f:ff:ff"),
    ],
)
def test_group_mac(group, mac):
    assert group_mac(IPv4Address(group)).hex(":") == mac


def test_ethernet():
    wire = ethernet(BROADCAST_MAC, MAC, 0x0806, b"rest")
    assert wire.hex() == "ffffffffffff" + "020000000a01" + "0806" + b"rest".hex()


def test_carp_over_ipv4():
    wire = carp_over_ipv4(SOURCE, GROUP, PAYLOAD)
    # version and length, TOS, total length, id, don't fragment, TTL and protocol
    assert wire[:10].hex(" ") == "45 10 00 38 00 00 40 00 ff 70"
    assert checksum(wire[:20]) == 0
    assert wire[12:20].hex() == "0a000001e0000012"
    assert wire[20:] == PAYLOAD


@pytest.mark.parametrize(
    ("what", "wire"),
    [
        ("plain", frame()),
        ("padded to Ethernet's minimum", frame(trailing=b"\0" * 10)),
        ("IP options", frame(options=b"\x94\x04\0\0")),
        ("TOS, id, don't fragment: not looked at", frame(at1=0xE0, at4=1, at5=2, at6=0)),
        ("any source MAC", b"\xff" * 12 + frame()[12:]),
    ],
)
def test_parse(what, wire):
    assert parse_ipv4(wire) == IPv4Packet(SOURCE, GROUP, 255, True, PAYLOAD), what


def test_parse_tells_the_ttl_and_whether_the_header_is_intact():
    assert parse_ipv4(frame(at8=254)).ttl == 254
    damaged = bytearray(frame())
    damaged[15] ^= 1
    assert not parse_ipv4(bytes(damaged)).header_is_intact


def test_parse_a_packet_that_is_cut_off():
    assert parse_ipv4(frame()[:40]).payload == PAYLOAD[:6]
    assert parse_ipv4(frame()[:34]).payload == b""
    assert parse_ipv4(frame(at2=0, at3=20)).payload == b""
    cut_in_its_options = parse_ipv4(frame(options=b"\x94\x04\0\0")[:36])
    assert cut_in_its_options.payload == b""


@pytest.mark.parametrize(
    ("wire", "message"),
    [
        (b"", "shorter than an IPv4 header"),
        (frame()[:33], "shorter than an IPv4 header"),
        (frame(at0=0x65), "IP version 6"),
        (frame(at0=0x44), "IPv4 header length is wrong"),
        (frame(at2=0, at3=19), "IPv4 header length is wrong"),
        (frame(at0=0x4F, at2=0, at3=56), "IPv4 header length is wrong"),
        (frame(at9=17), "IP protocol 17"),
        (frame(at6=0x20), "is a fragment"),  # more of them follow
        (frame(at7=1), "is a fragment"),  # the offset is not 0
        (frame(at6=0x10), "is a fragment"),
    ],
)
def test_parse_what_is_malformed(wire, message):
    with pytest.raises(MalformedHeader, match=f"^{message}$"):
        parse_ipv4(wire)


@given(st.binary(max_size=100))
def test_parse_raises_nothing_else(wire):
    try:
        parsed = parse_ipv4(wire)
    except MalformedHeader:
        return
    assert len(parsed.payload) <= len(wire) - 34


@pytest.mark.parametrize(
    ("what", "wire", "vhid"),
    [
        ("plain", frame(), 10),
        ("behind IP options", frame(options=b"\x94\x04\0\0"), 10),
        ("just there", frame()[:36], 10),
        ("just cut off", frame()[:35], None),
        ("nothing after the Ethernet header", frame()[:14], None),
        ("nothing at all", b"", None),
    ],
)
def test_peek_vhid(what, wire, vhid):
    assert peek_vhid(wire) == vhid, what


@given(st.binary(max_size=100))
def test_peek_vhid_and_parse_agree(wire):
    """The frame must find the virtual host that will then check it."""
    try:
        payload = parse_ipv4(wire).payload
    except MalformedHeader:
        return
    if len(payload) > 1:
        assert peek_vhid(wire) == payload[1]


@pytest.mark.parametrize(("operation", "octet"), [(ARP_REQUEST, "01"), (ARP_REPLY, "02")])
def test_gratuitous_arp(operation, octet):
    wire = gratuitous_arp(IPv4Address("10.0.0.100"), MAC, operation)
    assert wire.hex(" ") == (
        "ff ff ff ff ff ff 02 00 00 00 0a 01 08 06 "  # to everybody, from us, ARP
        f"00 01 08 00 06 04 00 {octet} "  # Ethernet, IPv4, sizes, operation
        "02 00 00 00 0a 01 0a 00 00 64 "  # sender
        "02 00 00 00 0a 01 0a 00 00 64"  # target: the same
    )
