"""Ethernet, IPv4 and IPv6 bytes."""

from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ucarpd.carp.frame import (
    BROADCAST_MAC,
    IPPacket,
    MalformedHeader,
    carp_over_ip,
    ethernet,
    group_mac,
    parse,
    peek_vhid,
    pseudo_header,
    source_mac,
    virtual_mac,
)
from ucarpd.carp.packet import checksum

MAC = bytes.fromhex("020000000a01")
SOURCE = IPv4Address("10.0.0.1")
GROUP = IPv4Address("224.0.0.18")
SOURCE6 = IPv6Address("fe80::1")
GROUP6 = IPv6Address("ff02::12")
PAYLOAD = bytes.fromhex("210a") + bytes(34)
ETHERNET_IPV4 = bytes.fromhex("01005e000012 020000000a01 0800")
ETHERNET_IPV6 = bytes.fromhex("333300000012 020000000a01 86dd")


def frame(*, payload=PAYLOAD, trailing=b"", options=b"", **octets):
    """A frame with single octets of the IP header changed: `at9=17` is the protocol."""
    ip = bytearray(carp_over_ip(SOURCE, GROUP, payload))
    ip[20:20] = options
    ip[0] += len(options) // 4
    ip[3] += len(options)
    for name, value in octets.items():
        ip[int(name.removeprefix("at"))] = value
    ip[10:12] = b"\0\0"
    ip[10:12] = checksum(ip[: (ip[0] & 0x0F) * 4]).to_bytes(2, "big")
    return ETHERNET_IPV4 + bytes(ip) + trailing


def frame6(*, trailing=b"", **octets):
    """The same in IPv6: `at6=17` is the next header."""
    ip = bytearray(carp_over_ip(SOURCE6, GROUP6, PAYLOAD))
    for name, value in octets.items():
        ip[int(name.removeprefix("at"))] = value
    return ETHERNET_IPV6 + bytes(ip) + trailing


@pytest.mark.parametrize(
    ("group", "mac"),
    [
        ("224.0.0.18", "01:00:5e:00:00:12"),
        ("239.192.7.18", "01:00:5e:40:07:12"),  # the low 23 bits
        ("224.255.255.255", "01:00:5e:7f:ff:ff"),
        ("ff02::12", "33:33:00:00:00:12"),
        ("ff05::1234:89ab:cdef", "33:33:89:ab:cd:ef"),  # the low 32 bits
    ],
)
def test_group_mac(group, mac):
    assert group_mac(ip_address(group)).hex(":") == mac


@pytest.mark.parametrize(("vhid", "mac"), [(1, "00:00:5e:00:01:01"), (255, "00:00:5e:00:01:ff")])
def test_virtual_mac(vhid, mac):
    """The fifth byte is 1; ucarp's 0 there is a mistake."""
    assert virtual_mac(vhid).hex(":") == mac


@pytest.mark.parametrize(("first", "ethertype"), [(0x45, "0800"), (0x46, "0800"), (0x60, "86dd")])
def test_ethernet(first, ethertype):
    """The IP version tells the family of the frame."""
    ip = bytes([first]) + b"rest"
    wire = ethernet(BROADCAST_MAC, MAC, ip)
    assert wire.hex() == "ffffffffffff" + "020000000a01" + ethertype + ip.hex()
    assert source_mac(wire) == MAC


def test_carp_over_ipv4():
    wire = carp_over_ip(SOURCE, GROUP, PAYLOAD)
    # version and length, TOS, total length, id, don't fragment, TTL and protocol
    assert wire[:10].hex(" ") == "45 10 00 38 00 00 40 00 ff 70"
    assert checksum(wire[:20]) == 0
    assert wire[12:20].hex() == "0a000001e0000012"
    assert wire[20:] == PAYLOAD


def test_carp_over_ipv6():
    wire = carp_over_ip(SOURCE6, GROUP6, PAYLOAD)
    # version, traffic class and flow label, payload length, next header and hop limit
    assert wire[:8].hex(" ") == "60 00 00 00 00 24 70 ff"
    assert wire[8:24].hex() == f"fe80{1:028x}"
    assert wire[24:40].hex() == f"ff02{0x12:028x}"
    assert wire[40:] == PAYLOAD


def test_pseudo_header():
    assert pseudo_header(SOURCE6, GROUP6, 36, 112).hex() == (
        f"fe80{1:028x}" + f"ff02{0x12:028x}" + "00000024" + "00000070"
    )


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
    assert parse(wire) == IPPacket(SOURCE, GROUP, 255, True, PAYLOAD), what


@pytest.mark.parametrize(
    ("what", "wire"),
    [
        ("plain", frame6()),
        ("padded", frame6(trailing=b"\0" * 10)),
        ("traffic class and flow label: not looked at", frame6(at0=0x6E, at1=1, at2=2, at3=3)),
        ("any source MAC", b"\xff" * 12 + frame6()[12:]),
    ],
)
def test_parse_ipv6(what, wire):
    assert parse(wire) == IPPacket(SOURCE6, GROUP6, 255, True, PAYLOAD), what


def test_the_family():
    assert parse(frame()).family == 4
    assert parse(frame6()).family == 6


def test_parse_tells_the_ttl_and_whether_the_header_is_intact():
    assert parse(frame(at8=254)).ttl == 254
    damaged = bytearray(frame())
    damaged[15] ^= 1
    assert not parse(bytes(damaged)).header_is_intact


def test_parse_tells_the_hop_limit_and_there_is_no_checksum_to_be_wrong():
    assert parse(frame6(at7=254)).ttl == 254
    damaged = bytearray(frame6())
    damaged[15] ^= 1
    assert parse(bytes(damaged)).header_is_intact


def test_parse_a_packet_that_is_cut_off():
    assert parse(frame()[:40]).payload == PAYLOAD[:6]
    assert parse(frame()[:34]).payload == b""
    assert parse(frame(at2=0, at3=20)).payload == b""
    cut_in_its_options = parse(frame(options=b"\x94\x04\0\0")[:36])
    assert cut_in_its_options.payload == b""


def test_parse_an_ipv6_packet_that_is_cut_off():
    assert parse(frame6()[:60]).payload == PAYLOAD[:6]
    assert parse(frame6()[:54]).payload == b""
    assert parse(frame6(at5=6)).payload == PAYLOAD[:6]


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
        (frame6()[:53], "shorter than an IPv6 header"),
        (frame6()[:14], "shorter than an IPv6 header"),
        (frame6(at0=0x45), "IP version 4"),  # the receiver trusts the length in the frame
        (frame6(at6=17), "IPv6 next header 17"),
        (frame6(at6=0), "IPv6 next header 0"),  # an extension header: no host sends one
        (frame6(at6=44), "IPv6 next header 44"),  # a fragment
    ],
)
def test_parse_what_is_malformed(wire, message):
    with pytest.raises(MalformedHeader, match=f"^{message}$"):
        parse(wire)


# Random bytes, and random bytes that claim to hold IPv4 or IPv6.
WIRES = st.binary(max_size=100) | st.builds(
    lambda ethertype, first, rest: bytes(12) + ethertype + first + rest,
    st.sampled_from([b"\x08\x00", b"\x86\xdd"]),
    st.sampled_from([b"\x45\0\0\x38\0\0\0\0\xff\x70", b"\x60\0\0\0\0\x24\x70\xff"]),
    st.binary(max_size=100),
)


@given(WIRES)
def test_parse_raises_nothing_else(wire):
    try:
        parsed = parse(wire)
    except MalformedHeader:
        return
    assert len(parsed.payload) <= len(wire) - (34 if parsed.family == 4 else 54)


@pytest.mark.parametrize(
    ("what", "wire", "vhid"),
    [
        ("plain", frame(), 10),
        ("behind IP options", frame(options=b"\x94\x04\0\0"), 10),
        ("just there", frame()[:36], 10),
        ("just cut off", frame()[:35], None),
        ("nothing after the Ethernet header", frame()[:14], None),
        ("nothing at all", b"", None),
        ("IPv6", frame6(), 10),
        ("IPv6, just there", frame6()[:56], 10),
        ("IPv6, just cut off", frame6()[:55], None),
    ],
)
def test_peek_vhid(what, wire, vhid):
    assert peek_vhid(wire) == vhid, what


@given(WIRES)
def test_peek_vhid_and_parse_agree(wire):
    """The frame must find the virtual host that will then check it."""
    try:
        payload = parse(wire).payload
    except MalformedHeader:
        return
    if len(payload) > 1:
        assert peek_vhid(wire) == payload[1]
