"""ARP and neighbour discovery bytes."""

from ipaddress import IPv4Address, IPv6Address

import pytest

from ucarpd.carp.frame import pseudo_header
from ucarpd.carp.neighbours import (
    ARP_REPLY,
    ARP_REQUEST,
    gratuitous_arp,
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
