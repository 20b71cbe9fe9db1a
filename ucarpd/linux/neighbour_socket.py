"""A socket that receives what other hosts say about addresses: ARP, or neighbour advertisements.

The filter in the kernel passes either the statements about some addresses, or the answers to this
host, or nothing.  Neither kind of socket costs anything for other packets: one receives ARP alone,
the other one ICMPv6 alone.
"""

import socket
import struct
from collections.abc import Collection

from ucarpd.carp.frame import ETHERNET_SIZE, ETHERTYPE_ARP
from ucarpd.carp.neighbours import ARP_REPLY, NEIGHBOUR_ADVERTISEMENT, Claim, arp_claim, nd_claim
from ucarpd.carp.params import Family, IPAddress
from ucarpd.linux.bpf import (
    EVERYTHING,
    JUMP_EQUAL,
    LOAD_BYTE,
    LOAD_HALF,
    LOAD_WORD,
    NETWORK_HEADER,
    PACKET_OTHERHOST,
    PACKET_TYPE,
    RETURN,
    Instruction,
    Program,
    attach_filter,
    on_interface,
)

_LARGEST = 256
"""Bytes read of a packet; a claim is at its beginning."""

_MOST_ADDRESSES = 400
"""Addresses that a filter tells apart.  The kernel takes some 2000 instructions of a socket, unless
net.core.optmem_max is raised: the old filter counts until the new one is there.
"""

_ARP_OPERATION = ETHERNET_SIZE + 6
_ARP_SENDER = ETHERNET_SIZE + 14
_ND_TARGET_END = 8 + 12
"""Offset of the last four bytes, which are enough to tell our addresses apart."""
_HOP_LIMIT = NETWORK_HEADER + 7
_SENT_ON_THIS_LINK = 255
_PACKET_HOST = 0

_ICMP6_FILTER = 1
_FLAGS = socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC

_ACCEPT = Instruction(RETURN, EVERYTHING)
_NOTHING = [Instruction(RETURN, 0)]

_CLAIMED_ADDRESS: dict[Family, Program] = {
    4: [
        # The kernel also marks what comes with the tag of a VLAN that this host does not have.
        Instruction(LOAD_WORD, PACKET_TYPE),
        Instruction(JUMP_EQUAL, PACKET_OTHERHOST, if_false="said here"),
        Instruction(RETURN, 0),
        Instruction(LOAD_WORD, _ARP_SENDER, label="said here"),
    ],
    6: [
        Instruction(LOAD_BYTE, _HOP_LIMIT),
        Instruction(JUMP_EQUAL, _SENT_ON_THIS_LINK, if_true="sent here"),
        Instruction(RETURN, 0),
        Instruction(LOAD_WORD, _ND_TARGET_END, label="sent here"),
    ],
}
"""The instructions that load the address, or its end, if the packet was sent on this network."""

_ANSWER: dict[Family, Program] = {
    4: [
        Instruction(LOAD_WORD, PACKET_TYPE),
        Instruction(JUMP_EQUAL, _PACKET_HOST, if_false="refuse"),
        Instruction(LOAD_HALF, _ARP_OPERATION),
        Instruction(JUMP_EQUAL, ARP_REPLY, if_true="answer"),
        Instruction(RETURN, 0, label="refuse"),
        Instruction(LOAD_WORD, _ARP_SENDER, label="answer"),
    ],
    6: _CLAIMED_ADDRESS[6],
}
"""The same, if the packet is an answer to this host."""


class NeighbourSocket:
    """A socket on the interface with this name; the constructor raises OSError."""

    def __init__(self, interface: str, family: Family) -> None:
        self._family = family
        if family == 4:
            self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW | _FLAGS, 0)
        else:
            self._socket = socket.socket(
                socket.AF_INET6, socket.SOCK_RAW | _FLAGS, socket.IPPROTO_ICMPV6
            )
        try:
            attach_filter(self._socket, _NOTHING)
            if family == 4:
                self._index = socket.if_nametoindex(interface)
                self._socket.bind((interface, ETHERTYPE_ARP))
            else:
                wanted = NEIGHBOUR_ADVERTISEMENT
                self._socket.setsockopt(socket.IPPROTO_ICMPV6, _ICMP6_FILTER, _only(wanted))
                name = interface.encode()
                self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, name)
        except BaseException:
            self._socket.close()
            raise

    def fileno(self) -> int:
        return self._socket.fileno()

    def hear_about(self, addresses: Collection[IPAddress] | None) -> None:
        """Receive statements about these addresses; None: about all.  Raises OSError."""
        self._hear([*_CLAIMED_ADDRESS[self._family], *_one_of(addresses)])

    def hear_answers(self, addresses: Collection[IPAddress] | None) -> None:
        """Receive the answers to this host about these addresses; None: all.  Raises OSError."""
        self._hear([*_ANSWER[self._family], *_one_of(addresses)])

    def _hear(self, program: Program) -> None:
        # SO_BINDTODEVICE does that for IPv6.
        mine = on_interface(self._index, program) if self._family == 4 else program
        attach_filter(self._socket, mine)

    def receive(self, limit: int) -> list[Claim]:
        """Return the claims in up to `limit` waiting packets.  Raises OSError, as after a link loss."""
        read = arp_claim if self._family == 4 else nd_claim
        claims: list[Claim] = []
        for _ in range(limit):
            try:
                claim = read(self._socket.recv(_LARGEST))
            except BlockingIOError:
                break
            if claim is not None:
                claims.append(claim)
        return claims

    def close(self) -> None:
        self._socket.close()


def _one_of(addresses: Collection[IPAddress] | None) -> Program:
    """Return the instructions that accept if the loaded word is the end of one of these.

    If there are too many, or None, they accept in any case, and the receiver tells them apart.
    """
    if addresses is None:
        return [_ACCEPT]
    words = sorted({int.from_bytes(ip.packed[-4:], "big") for ip in addresses})
    if len(words) > _MOST_ADDRESSES:
        return [_ACCEPT]
    program: Program = []
    for place, word in enumerate(words):
        # A jump passes over 255 instructions at most, so each word has its own RETURN.
        following = f"test {place + 1}"
        program += [Instruction(JUMP_EQUAL, word, "", following, f"test {place}"), _ACCEPT]
    return [*program, Instruction(RETURN, 0, label=f"test {len(words)}")]


def _only(kind: int) -> bytes:
    """Return the kernel's own filter for ICMPv6 packets of this type."""
    blocked = [0xFFFFFFFF] * 8
    blocked[kind >> 5] &= ~(1 << (kind & 31)) & 0xFFFFFFFF
    return struct.pack("@8I", *blocked)
