"""The ear and mouth of one interface: a packet socket with a filter in the kernel, and IGMP.

The socket is shared by all virtual hosts of the interface.  Its filter lets through what might be
CARP and nothing else: IPv4, protocol 112, not a later fragment, not sent by this host.  Everything
finer is left to `carp.receive`, which counts what it drops.
"""

import ctypes
import errno
import socket
import struct
from ipaddress import IPv4Address

from ucarpd.carp.frame import ETHERTYPE_IPV4, PROTOCOL_CARP

_LARGEST_FRAME = 2048
"""Bytes read of a frame; an advertisement is 70 bytes long."""

_SO_ATTACH_FILTER = 26

# Classic BPF: (code, jump if true, jump if false, operand); see bpf(4) and linux/filter.h.
_LOAD_WORD = 0x20
_LOAD_HALF = 0x28
_LOAD_BYTE = 0x30
_JUMP_EQUAL = 0x15
_JUMP_ANY_BIT = 0x45
_RETURN = 0x06
_PACKET_TYPE = 0xFFFFF000 + 4  # SKF_AD_OFF + SKF_AD_PKTTYPE
_PACKET_OUTGOING = 4

_PROGRAM = (
    (_LOAD_WORD, 0, 0, _PACKET_TYPE),
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


class PacketSocket:
    """Opens on the interface with this name and index; raises OSError when that fails."""

    def __init__(self, interface: str, index: int) -> None:
        self._index = index
        # Protocol 0 receives nothing until bind(), so no frame slips in ahead of the filter.
        self._socket = socket.socket(
            socket.AF_PACKET, socket.SOCK_RAW | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC, 0
        )
        self._membership = socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
        try:
            _attach_filter(self._socket)
            self._socket.bind((interface, ETHERTYPE_IPV4))
        except BaseException:
            self.close()
            raise

    def fileno(self) -> int:
        return self._socket.fileno()

    def join(self, group: IPv4Address) -> None:
        """Become a member of the group on this interface; twice is fine.  Raises OSError.

        By index, not by address, so that it works while the interface has no address yet.  The
        kernel then answers IGMP queries, without which a snooping switch stops forwarding.
        """
        request = struct.pack("=4s4si", group.packed, b"\0" * 4, self._index)
        try:
            self._membership.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, request)
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


def _attach_filter(packet_socket: socket.socket) -> None:
    program = b"".join(struct.pack("=HBBI", *instruction) for instruction in _PROGRAM)
    memory = ctypes.create_string_buffer(program)
    sock_fprog = struct.pack("@HP", len(_PROGRAM), ctypes.addressof(memory))
    packet_socket.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, sock_fprog)
