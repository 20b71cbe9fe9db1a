"""ARP and neighbour discovery bytes: what tells the neighbours where an address is."""

import struct
from ipaddress import IPv4Address, IPv6Address

from ucarpd.carp.frame import (
    BROADCAST_MAC,
    ETHERTYPE_ARP,
    ETHERTYPE_IPV4,
    ethernet,
    ethernet_header,
    group_mac,
    over_ipv6,
    pseudo_header,
)
from ucarpd.carp.packet import checksum

ARP_REQUEST = 1
ARP_REPLY = 2

_ARP = struct.Struct("!HHBBH6s4s6s4s")
_HARDWARE_ETHERNET = 1

_ADVERTISEMENT_OF_NEIGHBOUR = struct.Struct("!BBHI16sBB6s")
_ND_TYPE = 136
_ND_ROUTER = 1 << 31
_ND_OVERRIDE = 1 << 29
_ND_TARGET_MAC = 2
_PROTOCOL_ICMPV6 = 58
_ALL_NODES = IPv6Address("ff02::1")


def gratuitous_arp(
    address: IPv4Address, mac: bytes, operation: int, sender: bytes | None = None
) -> bytes:
    """Return a broadcast frame that says "`address` is at `mac`", from `sender`, by default `mac`.

    As a request (ARP_REQUEST) it updates whoever has an entry (RFC 5227, 3); some stacks and
    switches heed only the reply form (ARP_REPLY), so the announcer sends both.
    """
    arp = _ARP.pack(
        _HARDWARE_ETHERNET,
        ETHERTYPE_IPV4,
        len(mac),
        len(address.packed),
        operation,
        mac,
        address.packed,
        mac,
        address.packed,
    )
    return ethernet_header(BROADCAST_MAC, sender or mac, ETHERTYPE_ARP) + arp


def unsolicited_neighbour_advertisement(
    address: IPv6Address, mac: bytes, router: bool, sender: bytes | None = None
) -> bytes:
    """A frame to all nodes that says "`address` is at `mac`" (RFC 4861, 7.2.6).

    It comes from `sender`, by default the same.  `router` must tell the truth: hosts drop a default
    router that claims to be none.
    """
    flags = _ND_OVERRIDE | (_ND_ROUTER if router else 0)
    fields = (flags, address.packed, _ND_TARGET_MAC, 1, mac)
    size = _ADVERTISEMENT_OF_NEIGHBOUR.size
    unsummed = _ADVERTISEMENT_OF_NEIGHBOUR.pack(_ND_TYPE, 0, 0, *fields)
    pseudo = pseudo_header(address, _ALL_NODES, size, _PROTOCOL_ICMPV6)
    icmp = _ADVERTISEMENT_OF_NEIGHBOUR.pack(_ND_TYPE, 0, checksum(pseudo + unsummed), *fields)
    ip = over_ipv6(address, _ALL_NODES, _PROTOCOL_ICMPV6, icmp)
    return ethernet(group_mac(_ALL_NODES), sender or mac, ip)
