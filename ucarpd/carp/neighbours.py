"""ARP and neighbour discovery bytes: questions for the MAC address of an address, and answers."""

import struct
from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address
from typing import NamedTuple

from ucarpd.carp.frame import (
    BROADCAST_MAC,
    ETHERNET_SIZE,
    ETHERTYPE_ARP,
    ETHERTYPE_IPV4,
    ethernet,
    ethernet_header,
    group_mac,
    over_ipv6,
    pseudo_header,
)
from ucarpd.carp.packet import checksum
from ucarpd.carp.params import IPAddress

ARP_REQUEST = 1
ARP_REPLY = 2

_ARP = struct.Struct("!HHBBH6s4s6s4s")
_HARDWARE_ETHERNET = 1

NEIGHBOUR_SOLICITATION = 135
NEIGHBOUR_ADVERTISEMENT = 136

_ND = struct.Struct("!BBHI16sBB6s")
_ND_SOURCE_MAC = 1
_ND_ROUTER = 1 << 31
_ND_OVERRIDE = 1 << 29
_ND_TARGET_MAC = 2
_PROTOCOL_ICMPV6 = 58
_ALL_NODES = IPv6Address("ff02::1")
_SOLICITED_NODE = IPv6Address("ff02::1:ff00:0").packed[:13]

_ARP_HEAD = struct.pack("!HHBB", _HARDWARE_ETHERNET, ETHERTYPE_IPV4, 6, 4)
_ND_TARGET = slice(8, 24)
_ND_OPTIONS = 24


class Claim(NamedTuple):
    """A host's statement that `address` is at `mac`.

    `is_echo`: it tells this host alone, and answers no client.  A FreeBSD backup answers each
    gratuitous ARP request in this way, with the MAC address of its interface.
    """

    address: IPAddress
    mac: bytes
    is_echo: bool = False


Answered = Callable[[IPAddress, bytes], None]
"""A function that gets an address and the MAC address that it is said to be at."""


def gratuitous_arp(
    address: IPv4Address, mac: bytes, operation: int, sender: bytes | None = None
) -> bytes:
    """Return a broadcast frame that says "`address` is at `mac`", from `sender`, by default `mac`.

    As a request (ARP_REQUEST) it updates whoever has an entry (RFC 5227, 3); some stacks and
    switches heed only the reply form (ARP_REPLY), so the announcer sends both.
    """
    arp = _arp(operation, mac, address, mac, address)
    return ethernet_header(BROADCAST_MAC, sender or mac, ETHERTYPE_ARP) + arp


def question(address: IPAddress, source: IPAddress, mac: bytes) -> bytes:
    """Return a frame in which `source`, at `mac`, asks for `address`; both are of one family."""
    if isinstance(address, IPv4Address) and isinstance(source, IPv4Address):
        arp = _arp(ARP_REQUEST, mac, source, bytes(6), address)
        return ethernet_header(BROADCAST_MAC, mac, ETHERTYPE_ARP) + arp
    group = IPv6Address(_SOLICITED_NODE + address.packed[13:])
    fields = (0, address.packed, _ND_SOURCE_MAC, 1, mac)
    return ethernet(group_mac(group), mac, _nd(NEIGHBOUR_SOLICITATION, source, group, fields))


def arp_claim(frame: bytes) -> Claim | None:
    """Return what an ARP frame says of its sender's address; None if it is no ARP of IPv4."""
    arp = frame[ETHERNET_SIZE : ETHERNET_SIZE + _ARP.size]
    if len(arp) < _ARP.size or not arp.startswith(_ARP_HEAD):
        return None
    *_, operation, mac, sender, _target_mac, target = _ARP.unpack(arp)
    is_echo = operation == ARP_REPLY and sender == target and frame[:6] != BROADCAST_MAC
    return Claim(IPv4Address(sender), mac, is_echo)


def nd_claim(icmp: bytes) -> Claim | None:
    """Return the claim of a neighbour advertisement; None if it names no MAC address."""
    if len(icmp) < _ND_OPTIONS or icmp[0] != NEIGHBOUR_ADVERTISEMENT:
        return None
    at = _ND_OPTIONS
    while at + 8 <= len(icmp) and (size := 8 * icmp[at + 1]):
        if icmp[at] == _ND_TARGET_MAC:
            return Claim(IPv6Address(icmp[_ND_TARGET]), icmp[at + 2 : at + 8])
        at += size
    return None


def _arp(
    operation: int, mac: bytes, sender: IPv4Address, target_mac: bytes, target: IPv4Address
) -> bytes:
    macs = (mac, sender.packed, target_mac, target.packed)
    return _ARP.pack(_HARDWARE_ETHERNET, ETHERTYPE_IPV4, len(mac), 4, operation, *macs)


def unsolicited_neighbour_advertisement(
    address: IPv6Address, mac: bytes, router: bool, sender: bytes | None = None
) -> bytes:
    """Return a frame to all nodes that says "`address` is at `mac`" (RFC 4861, 7.2.6).

    It comes from `sender`, by default `mac`.  `router` must tell the truth: hosts drop a default
    router that claims to be none.
    """
    flags = _ND_OVERRIDE | (_ND_ROUTER if router else 0)
    fields = (flags, address.packed, _ND_TARGET_MAC, 1, mac)
    ip = _nd(NEIGHBOUR_ADVERTISEMENT, address, _ALL_NODES, fields)
    return ethernet(group_mac(_ALL_NODES), sender or mac, ip)


def _nd(
    kind: int,
    source: IPAddress,
    destination: IPv6Address,
    fields: tuple[int, bytes, int, int, bytes],
) -> bytes:
    pseudo = pseudo_header(source, destination, _ND.size, _PROTOCOL_ICMPV6)
    total = checksum(pseudo + _ND.pack(kind, 0, 0, *fields))
    icmp = _ND.pack(kind, 0, total, *fields)
    return over_ipv6(source, destination, _PROTOCOL_ICMPV6, icmp)
