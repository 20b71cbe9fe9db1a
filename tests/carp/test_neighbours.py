"""ARP and neighbour discovery bytes."""

from ipaddress import IPv4Address, IPv6Address

import pytest

from ucarpd.carp.frame import pseudo_header
from ucarpd.carp.neighbours import (
    ARP_REPLY,
    ARP_REQUEST,
    Claim,
    arp_claim,
    gratuitous_arp,
    nd_claim,
    question,
    unsolicited_neighbour_advertisement,
)
from ucarpd.carp.packet import checksum

MAC = bytes.fromhex("020000000a01")


@pytest.mark.parametrize(("operation", "octet"), [(ARP_REQUEST, "01"), (ARP_REPLY, "02")])
def test_gratuitous_arp(operation, octet):
    wire = gratuitous_arp(IPv4Address("10.0.0.100"), MAC, operation)
    assert wire.hex(" ") == (
        "ff ff ff ff ff ff 02 00 00 00 0a 01 08 06 "  # to all hosts, from us, ARP
        f"00 01 08 00 06 04 00 {octet} "  # Ethernet, IPv4, sizes, operation
        "02 00 00 00 0a 01 0a 00 00 64 "  # sender
        "02 00 00 00 0a 01 0a 00 00 64"  # target: the same
    )


@pytest.mark.parametrize(("router", "flags"), [(False, "20"), (True, "a0")])
def test_unsolicited_neighbour_advertisement(router, flags):
    """Override always, router when it is true, solicited never."""
    address = IPv6Address("2001:db8::64")
    wire = unsolicited_neighbour_advertisement(address, MAC, router)
    target = f"20010db8{0x64:024x}"
    assert wire[:14].hex(" ") == "33 33 00 00 00 01 02 00 00 00 0a 01 86 dd"  # to all nodes
    assert wire[14:22].hex(" ") == "60 00 00 00 00 20 3a ff"  # 32 bytes of ICMPv6, hop limit 255
    assert wire[22:54].hex() == target + f"ff02{1:028x}"
    icmp = wire[54:]
    assert icmp[:2].hex(" ") == "88 00"
    assert icmp[4:].hex() == f"{flags}000000" + target + "0201" + "020000000a01"
    pseudo = pseudo_header(address, IPv6Address("ff02::1"), 32, 58)
    assert checksum(pseudo + icmp) == 0


ADDRESS, ADDRESS6 = IPv4Address("10.0.0.100"), IPv6Address("2001:db8::64")
SOURCE, SOURCE6 = IPv4Address("10.0.0.1"), IPv6Address("fe80::1")
PEER_MAC = bytes.fromhex("020000000a02")


def test_a_question_by_arp():
    assert question(ADDRESS, SOURCE, MAC).hex(" ") == (
        "ff ff ff ff ff ff 02 00 00 00 0a 01 08 06 "
        "00 01 08 00 06 04 00 01 "
        "02 00 00 00 0a 01 0a 00 00 01 "  # from us
        "00 00 00 00 00 00 0a 00 00 64"  # who has it?
    )


def test_a_question_by_neighbour_discovery():
    wire = question(ADDRESS6, SOURCE6, MAC)
    assert wire[:14].hex(" ") == "33 33 ff 00 00 64 02 00 00 00 0a 01 86 dd"  # to its group
    assert wire[14:22].hex(" ") == "60 00 00 00 00 20 3a ff"
    assert wire[22:38] == SOURCE6.packed
    assert IPv6Address(wire[38:54]) == IPv6Address("ff02::1:ff00:64")
    icmp = wire[54:]
    assert icmp[:2].hex() == "8700"
    assert icmp[4:] == bytes(4) + ADDRESS6.packed + bytes.fromhex("0101") + MAC
    assert checksum(pseudo_header(SOURCE6, IPv6Address("ff02::1:ff00:64"), 32, 58) + icmp) == 0


def reply(sender, target, destination=MAC):
    """An ARP reply of the peer."""
    head = destination + PEER_MAC + bytes.fromhex("0806 0001 0800 06 04 0002")
    return head + PEER_MAC + sender.packed + MAC + target.packed


@pytest.mark.parametrize(
    ("frame", "claim"),
    [
        (gratuitous_arp(ADDRESS, PEER_MAC, ARP_REQUEST), Claim(ADDRESS, PEER_MAC)),
        (gratuitous_arp(ADDRESS, PEER_MAC, ARP_REPLY), Claim(ADDRESS, PEER_MAC)),
        (reply(ADDRESS, SOURCE), Claim(ADDRESS, PEER_MAC)),
        (reply(ADDRESS, ADDRESS), Claim(ADDRESS, PEER_MAC, is_echo=True)),
        (question(ADDRESS, SOURCE, MAC), Claim(SOURCE, MAC)),
        (reply(ADDRESS, SOURCE)[:-1], None),
        (reply(ADDRESS, SOURCE).replace(b"\x08\x00\x06\x04", b"\x08\x00\x08\x04"), None),
    ],
    ids=["request", "reply", "answer", "a FreeBSD backup", "a question", "short", "no Ethernet"],
)
def test_what_arp_says(frame, claim):
    assert arp_claim(frame) == claim


AT_PEER = bytes.fromhex("0201") + PEER_MAC


def advertisement(options=AT_PEER, kind=136):
    return bytes([kind, 0, 0, 0, 0x20, 0, 0, 0]) + ADDRESS6.packed + options


@pytest.mark.parametrize(
    ("icmp", "claim"),
    [
        (advertisement(), Claim(ADDRESS6, PEER_MAC)),
        (
            advertisement(bytes.fromhex("0e01") + bytes(6) + b"\x02\x01" + PEER_MAC),
            Claim(ADDRESS6, PEER_MAC),
        ),
        (advertisement(b""), None),
        (advertisement(bytes(8)), None),
        (advertisement(bytes.fromhex("0201") + PEER_MAC[:-1]), None),
        (advertisement(kind=135), None),
        (advertisement(b"")[:-1], None),
    ],
    ids=["plain", "second option", "no option", "size 0", "cut off", "a question", "short"],
)
def test_what_neighbour_discovery_says(icmp, claim):
    assert nd_claim(icmp) == claim


def test_our_own_announcements_are_claims_too():
    wire = unsolicited_neighbour_advertisement(ADDRESS6, MAC, True)
    assert nd_claim(wire[54:]) == Claim(ADDRESS6, MAC)
