"""The ear and mouth of one interface: a packet socket with a filter in the kernel, and membership.

The socket is shared by all virtual hosts of the interface and family.  Its filter lets through what
might be CARP and nothing else: protocol 112, not a later fragment, not sent by this host, nor to
another's MAC address (in promiscuous mode, or while a switch does not know yet where that is).
Everything finer is left to `carp.receive`, which counts what it drops.

There is a socket for each family rather than one for all protocols: that would be a tap on every
frame of a busy gateway, in both directions.
"""

import errno
import socket
import struct
from ipaddress import IPv6Address

from ucarpd.carp.frame import ETHERTYPE_IPV4, ETHERTYPE_IPV6, PROTOCOL_CARP
from ucarpd.carp.params import IPAddress
from ucarpd.linux.socket_filter import attach_filter

_LARGEST_FRAME = 2048
"""Bytes read of a frame; an advertisement is 70 bytes long."""

# Instructions of bpf(4).
_LOAD_WORD = 0x20
_LOAD_HALF = 0x28
_LOAD_BYTE = 0x30
_JUMP_EQUAL = 0x15
_JUMP_ANY_BIT = 0x45
_RETURN = 0x06
_PACKET_TYPE = 0xFFFFF000 + 4  # SKF_AD_OFF + SKF_AD_PKTTYPE
_PACKET_OTHERHOST = 3
_PACKET_OUTGOING = 4

_IPV4_PROGRAM = (
    (_LOAD_WORD, 0, 0, _PACKET_TYPE),
    (_JUMP_EQUAL, 8, 0, _PACKET_OTHERHOST),
    (_JUMP_EQUAL, 7, 0, _PACKET_OUTGOING),
    (_LOAD_HALF, 0, 0, 12),
    (_JUMP_EQUAL, 0, 5, ETHERTYPE_IPV4),
    (_LOAD_BYTE, 0, 0, 14 + 9),
    (_JUMP_EQUAL, 0, 3, PROTOCOL_CARP),
    (_LOAD_HALF, 0, 0, 14 + 6),
    (_JUMP_ANY_BIT, 1, 0, 0x1FFF),
    (_RETURN, 0, 0, 0xFFFF),
    (_RETURN, 0, 0, 0),
)

# A fragment has the next header 44, so it is out without a question of its own.
_IPV6_PROGRAM = (
    (_LOAD_WORD, 0, 0, _PACKET_TYPE),
    (_JUMP_EQUAL, 6, 0, _PACKET_OTHERHOST),
    (_JUMP_EQUAL, 5, 0, _PACKET_OUTGOING),
    (_LOAD_HALF, 0, 0, 12),
    (_JUMP_EQUAL, 0, 3, ETHERTYPE_IPV6),
    (_LOAD_BYTE, 0, 0, 14 + 6),
    (_JUMP_EQUAL, 0, 1, PROTOCOL_CARP),
    (_RETURN, 0, 0, 0xFFFF),
    (_RETURN, 0, 0, 0),
)

_FAMILIES = {
    4: (ETHERTYPE_IPV4, socket.AF_INET, _IPV4_PROGRAM),
    6: (ETHERTYPE_IPV6, socket.AF_INET6, _IPV6_PROGRAM),
}


class PacketSocket:
    """Opens on the interface with this name and index, for family 4 or 6; raises OSError when that
    fails.
    """

    def __init__(self, interface: str, index: int, family: int = 4) -> None:
        self._index = index
        ethertype, address_family, program = _FAMILIES[family]
        self._membership = socket.socket(address_family, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
        # Protocol 0 receives nothing until bind(), so no frame slips in ahead of the filter.
        self._socket = socket.socket(
            socket.AF_PACKET, socket.SOCK_RAW | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC, 0
        )
        try:
            attach_filter(self._socket, program)
            self._socket.bind((interface, ethertype))
        except BaseException:
            self.close()
            raise

    def fileno(self) -> int:
        return self._socket.fileno()

    def join(self, group: IPAddress) -> None:
        """Become a member of the group on this interface; twice is fine.  Raises OSError.

        By index, not by address, so that it works while the interface has no address yet.  The
        kernel then answers IGMP or MLD queries, without which a snooping switch stops forwarding.
        """
        if isinstance(group, IPv6Address):
            level, option = socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP
            request = struct.pack("=16si", group.packed, self._index)
        else:
            level, option = socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP
            request = struct.pack("=4s4si", group.packed, b"\0" * 4, self._index)
        try:
            self._membership.setsockopt(level, option, request)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise

    def send(self, frame: bytes) -> None:
        """Put one Ethernet frame on the wire.  Raises OSError; never blocks."""
        self._socket.send(frame)

    def receive(self, limit: int) -> list[bytes]:
        """Up to `limit` frames that are waiting.  Raises OSError, as when the link went down."""
        frames: list[bytes] = []
        while len(frames) < limit:
            try:
                frames.append(self._socket.recv(_LARGEST_FRAME))
            except BlockingIOError:
                break
        return frames

    def close(self) -> None:
        self._socket.close()
        self._membership.close()
