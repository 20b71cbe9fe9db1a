"""The Ethernet, IPv4 and IPv6 bytes around a CARP header."""

import struct
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address
from typing import NamedTuple

from ucarpd.carp.packet import checksum
from ucarpd.carp.params import Family, IPAddress

ETHERTYPE_IPV4 = 0x0800
ETHERTYPE_ARP = 0x0806
ETHERTYPE_IPV6 = 0x86DD
PROTOCOL_CARP = 112
"""The protocol number (IPv6: next header) that CARP shares with VRRP."""

TTL = 255
"""Advertisements are sent with it and, to a group, accepted with no other: no router has forwarded
them.
"""

BROADCAST_MAC = b"\xff" * 6

TOS_LOW_DELAY = 0x10
"""The type of service that ucarp and OpenBSD send in IPv4; no host checks it."""

_ETHERNET = struct.Struct("!6s6sH")
ETHERNET_SIZE = _ETHERNET.size
ETHERTYPE_OFFSET = 12

_IPV4 = struct.Struct("!BBHHHBBH4s4s")
_IPV4_CHECKSUM = struct.Struct("!H")
_IPV4_CHECKSUM_OFFSET = 10
_DONT_FRAGMENT = 0x4000
_FRAGMENT_BITS = 0x3FFF

_IPV6 = struct.Struct("!IHBB16s16s")
_IPV6_VERSION = 6 << 28
_IPV6_PSEUDO_HEADER = struct.Struct("!16s16sIxxxB")

_VHID_AT = tuple(
    ETHERNET_SIZE + (_IPV6.size if first >> 4 == 6 else (first & 0x0F) * 4) + 1
    for first in range(256)
)
"""The place of the vhid in a frame, by the first byte of the IP packet."""

# The same few addresses come again and again, and making them is slow.
_ipv4 = lru_cache(1024)(IPv4Address)
_ipv6 = lru_cache(1024)(IPv6Address)


class MalformedHeader(Exception):
    """The bytes are not an IP packet that could carry CARP; the message says why."""


class IPPacket(NamedTuple):
    """`ttl` is IPv6's hop limit; an IPv6 header has no checksum and is always intact."""

    source: IPAddress
    destination: IPAddress
    ttl: int
    header_is_intact: bool
    payload: bytes

    @property
    def family(self) -> Family:
        return self.source.version


def virtual_mac(vhid: int) -> bytes:
    """Return 00:00:5e:00:01:VHID: the BSD kernels use it for both families, VRRP for IPv4."""
    return b"\x00\x00\x5e\x00\x01" + bytes([vhid])


def group_mac(group: IPAddress) -> bytes:
    """Return the Ethernet address of a group: its low 23 (RFC 1112) or 32 bits (RFC 2464)."""
    if isinstance(group, IPv6Address):
        return b"\x33\x33" + group.packed[-4:]
    low = int(group) & 0x7FFFFF
    return b"\x01\x00\x5e" + low.to_bytes(3, "big")


def ethernet(destination: bytes, source: bytes, ip: bytes) -> bytes:
    """Return a frame around an IP packet."""
    ethertype = ETHERTYPE_IPV4 if ip[0] >> 4 == 4 else ETHERTYPE_IPV6
    return ethernet_header(destination, source, ethertype) + ip


def ethernet_header(destination: bytes, source: bytes, ethertype: int) -> bytes:
    """Return the first 14 bytes of a frame."""
    return _ETHERNET.pack(destination, source, ethertype)


def source_mac(frame: bytes) -> bytes:
    return frame[6:12]


def carp_over_ip(source: IPAddress, destination: IPAddress, payload: bytes) -> bytes:
    """Return the IP packet around a CARP header; both addresses are of one family."""
    if isinstance(source, IPv6Address):
        return over_ipv6(source, destination, PROTOCOL_CARP, payload)
    return _over_ipv4(source, destination, payload)


def _over_ipv4(source: IPAddress, destination: IPAddress, payload: bytes) -> bytes:
    """TTL 255, don't fragment, id 0 (RFC 6864 permits it)."""
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


def over_ipv6(source: IPAddress, destination: IPAddress, next_header: int, payload: bytes) -> bytes:
    """Traffic class and flow label 0, as in every system but FreeBSD; hop limit 255."""
    header = _IPV6.pack(
        _IPV6_VERSION, len(payload), next_header, TTL, source.packed, destination.packed
    )
    return header + payload


def pseudo_header(source: IPAddress, destination: IPAddress, size: int, next_header: int) -> bytes:
    """Return the first bytes of a checksum over `size` bytes of IPv6 payload (RFC 8200, 8.1)."""
    return _IPV6_PSEUDO_HEADER.pack(source.packed, destination.packed, size, next_header)


def parse(frame: bytes) -> IPPacket:
    """Take an Ethernet frame apart; raises MalformedHeader.

    IP options and a padded frame are fine.  A packet that is cut off is not an error here: its
    payload is just short.
    """
    ethertype = int.from_bytes(frame[ETHERTYPE_OFFSET : ETHERTYPE_OFFSET + 2], "big")
    return _parse_ipv6(frame) if ethertype == ETHERTYPE_IPV6 else _parse_ipv4(frame)


def _parse_ipv4(frame: bytes) -> IPPacket:
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
    return IPPacket(
        _ipv4(source),
        _ipv4(destination),
        ttl,
        checksum(packet[:header_size]) == 0,
        packet[header_size:],
    )


def _parse_ipv6(frame: bytes) -> IPPacket:
    """Refuse extension headers: no implementation sends or accepts them."""
    start = ETHERNET_SIZE + _IPV6.size
    if len(frame) < start:
        raise MalformedHeader("shorter than an IPv6 header")
    version, size, next_header, hop_limit, source, destination = _IPV6.unpack_from(
        frame, ETHERNET_SIZE
    )
    if version >> 28 != 6:
        raise MalformedHeader(f"IP version {version >> 28}")
    if next_header != PROTOCOL_CARP:
        raise MalformedHeader(f"IPv6 next header {next_header}")
    payload = frame[start : start + size]
    return IPPacket(_ipv6(source), _ipv6(destination), hop_limit, True, payload)


def peek_vhid(frame: bytes) -> int | None:
    """Return the vhid of an unchecked frame, to find its virtual host; None: it is too short."""
    try:
        return frame[_VHID_AT[frame[ETHERNET_SIZE]]]
    except IndexError:
        return None
