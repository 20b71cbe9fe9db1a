"""Ethernet, IPv4 and ARP bytes: what surrounds a CARP header, and what announces an address."""

import struct
from dataclasses import dataclass
from ipaddress import IPv4Address

from ucarpd.carp.packet import checksum

ETHERTYPE_IPV4 = 0x0800
ETHERTYPE_ARP = 0x0806
PROTOCOL_CARP = 112
"""The protocol number that CARP shares with VRRP."""

TTL = 255
"""Advertisements are sent with it and, to a group, accepted with no other: no router forwarded it."""

BROADCAST_MAC = b"\xff" * 6

TOS_LOW_DELAY = 0x10
"""The type of service that ucarp and OpenBSD send; no one checks it."""

ARP_REQUEST = 1
ARP_REPLY = 2

_ETHERNET = struct.Struct("!6s6sH")
ETHERNET_SIZE = _ETHERNET.size

_IPV4 = struct.Struct("!BBHHHBBH4s4s")
_IPV4_CHECKSUM = struct.Struct("!H")
_IPV4_CHECKSUM_OFFSET = 10
_DONT_FRAGMENT = 0x4000
_FRAGMENT_BITS = 0x3FFF

_ARP = struct.Struct("!HHBBH6s4s6s4s")
_HARDWARE_ETHERNET = 1


class MalformedHeader(Exception):
    """The bytes are not an IPv4 packet that could carry CARP; the message says why."""


@dataclass(frozen=True, slots=True)
class IPv4Packet:
    source: IPv4Address
    destination: IPv4Address
    ttl: int
    header_is_intact: bool
    payload: bytes


def group_mac(group: IPv4Address) -> bytes:
    """The Ethernet address of an IPv4 multicast group (RFC 1112): its low 23 bits."""
    low = int(group) & 0x7FFFFF
    return b"\x01\x00\x5e" + low.to_bytes(3, "big")


def ethernet(destination: bytes, source: bytes, ethertype: int, payload: bytes) -> bytes:
    return _ETHERNET.pack(destination, source, ethertype) + payload


def carp_over_ipv4(source: IPv4Address, destination: IPv4Address, payload: bytes) -> bytes:
    """An IPv4 packet around a CARP header: TTL 255, don't fragment, id 0 (RFC 6864 permits it)."""
    header = bytearray(
        _IPV4.pack(
            0x45,
            TOS_LOW_DELAY,
            _IPV4.size + len(payload),
            0,
            _DONT_FRAGMENT,
            TTL,
            PROTOCOL_CARP,
            0,
            source.packed,
            destination.packed,
        )
    )
    _IPV4_CHECKSUM.pack_into(header, _IPV4_CHECKSUM_OFFSET, checksum(header))
    return bytes(header) + payload


def parse_ipv4(frame: bytes) -> IPv4Packet:
    """Take an Ethernet frame apart; raises MalformedHeader.

    IP options and a padded frame are fine.  A packet that is cut off is not an error here: its
    payload is just short.
    """
    if len(frame) < ETHERNET_SIZE + _IPV4.size:
        raise MalformedHeader("shorter than an IPv4 header")
    version_length, _tos, total, _id, flags, ttl, protocol, _sum, source, destination = (
        _IPV4.unpack_from(frame, ETHERNET_SIZE)
    )
    header_size = (version_length & 0x0F) * 4
    if version_length >> 4 != 4:
        raise MalformedHeader(f"IP version {version_length >> 4}")
    if header_size < _IPV4.size or total < header_size:
        raise MalformedHeader("IPv4 header length is wrong")
    if protocol != PROTOCOL_CARP:
        raise MalformedHeader(f"IP protocol {protocol}")
    if flags & _FRAGMENT_BITS:
        raise MalformedHeader("is a fragment")
    packet = frame[ETHERNET_SIZE : ETHERNET_SIZE + total]
    return IPv4Packet(
        IPv4Address(source),
        IPv4Address(destination),
        ttl,
        checksum(packet[:header_size]) == 0,
        packet[header_size:],
    )


def peek_vhid(frame: bytes) -> int | None:
    """The vhid of a frame that has not been checked yet, to find its virtual host; None: too short."""
    if len(frame) <= ETHERNET_SIZE:
        return None
    at = ETHERNET_SIZE + (frame[ETHERNET_SIZE] & 0x0F) * 4 + 1
    return frame[at] if at < len(frame) else None


def gratuitous_arp(address: IPv4Address, mac: bytes, operation: int) -> bytes:
    """A broadcast frame that says "`address` is at `mac`".

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
    return ethernet(BROADCAST_MAC, mac, ETHERTYPE_ARP, arp)
