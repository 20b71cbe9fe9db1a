"""Asking a neighbour on one interface for its MAC address: ARP, or neighbour discovery."""

import socket
import struct
from ipaddress import IPv6Address

from ucarpd.carp.frame import BROADCAST_MAC, ETHERTYPE_ARP, ETHERTYPE_IPV4
from ucarpd.carp.params import IPAddress
from ucarpd.linux.bpf import (
    EVERYTHING,
    JUMP_EQUAL,
    LOAD_HALF,
    LOAD_WORD,
    RETURN,
    Instruction,
    attach_filter,
)

_ARP = struct.Struct("!HHBBH6s4s6s4s")
_ETHERNET = 1
_REQUEST, _REPLY = 1, 2
_OPERATION_AT, _SENDER_AT = 6, 14

_SOLICITATION = struct.Struct("!BBHI16sBB6s")
_TYPE_SOLICITATION, _TYPE_ADVERTISEMENT = 135, 136
_SOURCE_MAC = 1
_SOLICITED_NODE = IPv6Address("ff02::1:ff00:0")
_ICMP6_FILTER = 1
_TARGET = slice(8, 24)
_LARGEST = 1500


class NeighbourQuery:
    """A socket for the questions to one neighbour, and its answers.

    `source` is our own address to ask from, of the family of `target`.  The constructor raises OSError.
    All methods but `close` return at once.
    """

    def __init__(self, interface: str, target: IPAddress, source: IPAddress) -> None:
        self.source = source
        self._target = target
        self._interface = interface
        self._socket = _arp_socket(target) if target.version == 4 else _nd_socket()
        try:
            if target.version == 4:
                self._socket.bind((interface, ETHERTYPE_ARP))
            else:
                name = interface.encode()
                self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, name)
                self._socket.bind((str(source), 0, 0, socket.if_nametoindex(interface)))
        except BaseException:
            self._socket.close()
            raise

    def fileno(self) -> int:
        return self._socket.fileno()

    def ask(self, mac: bytes) -> None:
        """Send a question; `mac` is the MAC address of the interface.  Raises OSError."""
        source, target = self.source.packed, self._target.packed
        if self._target.version == 4:
            question = _ARP.pack(
                *(_ETHERNET, ETHERTYPE_IPV4, len(mac), len(source), _REQUEST),
                *(mac, source, bytes(6), target),
            )
            where = (self._interface, ETHERTYPE_ARP, 0, _ETHERNET, BROADCAST_MAC)
            self._socket.sendto(question, where)
        else:
            # The kernel adds the checksum.
            question = _SOLICITATION.pack(_TYPE_SOLICITATION, 0, 0, 0, target, _SOURCE_MAC, 1, mac)
            group = IPv6Address(_SOLICITED_NODE.packed[:13] + target[13:])
            index = socket.if_nametoindex(self._interface)
            self._socket.sendto(question, (str(group), 0, 0, index))

    def is_answered(self) -> bool:
        """Read what has come; return whether an answer of the target is among it.  Raises OSError."""
        found = False
        while (answer := self._receive()) is not None:
            found |= self._target.version == 4 or answer[_TARGET] == self._target.packed
        return found

    def forget(self) -> None:
        """Drop late answers to an earlier question.  Raises OSError."""
        self.is_answered()

    def close(self) -> None:
        """Close the socket.  Blocks for some milliseconds: call it in another thread."""
        self._socket.close()

    def _receive(self) -> bytes | None:
        try:
            return self._socket.recv(_LARGEST)
        except BlockingIOError:
            return None


def _arp_socket(target: IPAddress) -> socket.socket:
    """Return a packet socket that receives ARP replies of one host."""
    kind = socket.SOCK_DGRAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC
    made = socket.socket(socket.AF_PACKET, kind, 0)
    attach_filter(
        made,
        [
            Instruction(LOAD_HALF, _OPERATION_AT),
            Instruction(JUMP_EQUAL, _REPLY, if_false="refuse"),
            Instruction(LOAD_WORD, _SENDER_AT),
            Instruction(JUMP_EQUAL, int(target), if_false="refuse"),
            Instruction(RETURN, EVERYTHING),
            Instruction(RETURN, 0, label="refuse"),
        ],
    )
    return made


def _nd_socket() -> socket.socket:
    """Return a socket that receives neighbour advertisements."""
    kind = socket.SOCK_RAW | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC
    made = socket.socket(socket.AF_INET6, kind, socket.IPPROTO_ICMPV6)
    blocked = [0xFFFFFFFF] * 8
    blocked[_TYPE_ADVERTISEMENT >> 5] &= ~(1 << (_TYPE_ADVERTISEMENT & 31)) & 0xFFFFFFFF
    made.setsockopt(socket.IPPROTO_ICMPV6, _ICMP6_FILTER, struct.pack("@8I", *blocked))
    made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, 255)
    made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_UNICAST_HOPS, 255)
    return made
