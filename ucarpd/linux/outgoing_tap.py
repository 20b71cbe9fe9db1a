"""A tap on the advertisements that other programs of this host send on an interface.

A packet socket for one protocol sees no outgoing frames.  A socket for all protocols does, but it
costs a little time for each frame of the interface as long as it is open.  The kernel does not show
a socket its own frames, so the tap does not see advertisements that ucarpd sends by it.
"""

import socket
from collections.abc import Collection

from ucarpd.carp.frame import ETHERTYPE_IPV4, ETHERTYPE_IPV6, ETHERTYPE_OFFSET, PROTOCOL_CARP
from ucarpd.carp.packet import TYPE_ADVERTISEMENT, VERSION
from ucarpd.linux.bpf import (
    COPY_TO_X,
    EVERYTHING,
    JUMP,
    JUMP_EQUAL,
    LOAD_BYTE,
    LOAD_HALF,
    LOAD_WORD,
    PACKET_OUTGOING,
    PACKET_TYPE,
    RETURN,
    VLAN_TAG_PRESENT,
    Instruction,
    Program,
    attach_filter,
)

_LARGEST_FRAME = 2048
_ETH_P_ALL = 3
_VERSION_AND_TYPE = VERSION << 4 | TYPE_ADVERTISEMENT
_IPV4_WITHOUT_OPTIONS = 0x45

_MOST_VHIDS = 200
"""A jump passes over 255 instructions at most."""

_ADVERTISEMENTS = [
    Instruction(LOAD_WORD, PACKET_TYPE),
    Instruction(JUMP_EQUAL, PACKET_OUTGOING, if_false="refuse"),
    # Frames that leave on a VLAN of this interface belong to another interface.
    Instruction(LOAD_WORD, VLAN_TAG_PRESENT),
    Instruction(JUMP_EQUAL, 0, if_false="refuse"),
    Instruction(LOAD_HALF, ETHERTYPE_OFFSET),
    Instruction(JUMP_EQUAL, ETHERTYPE_IPV6, if_true="ipv6"),
    Instruction(JUMP_EQUAL, ETHERTYPE_IPV4, if_false="refuse"),
    Instruction(LOAD_BYTE, 14),
    Instruction(JUMP_EQUAL, _IPV4_WITHOUT_OPTIONS, if_false="refuse"),
    Instruction(LOAD_BYTE, 14 + 9),
    Instruction(JUMP_EQUAL, PROTOCOL_CARP, if_false="refuse"),
    Instruction(LOAD_BYTE, 14 + 20),
    Instruction(JUMP_EQUAL, _VERSION_AND_TYPE, if_false="refuse"),
    Instruction(LOAD_BYTE, 14 + 20 + 1),
    Instruction(JUMP, 0, if_true="vhid"),
    Instruction(LOAD_BYTE, 14 + 6, label="ipv6"),
    Instruction(JUMP_EQUAL, PROTOCOL_CARP, if_false="refuse"),
    Instruction(LOAD_BYTE, 14 + 40),
    Instruction(JUMP_EQUAL, _VERSION_AND_TYPE, if_false="refuse"),
    Instruction(LOAD_BYTE, 14 + 40 + 1),
    Instruction(JUMP, 0, if_true="vhid"),
    Instruction(RETURN, 0, label="refuse"),
]


def _program(vhids: Collection[int]) -> Program:
    """Return the filter for advertisements of these virtual hosts; of all, if they are too many."""
    if len(vhids) > _MOST_VHIDS:
        return [*_ADVERTISEMENTS, Instruction(RETURN, EVERYTHING, label="vhid")]
    return [
        *_ADVERTISEMENTS,
        Instruction(COPY_TO_X, 0, label="vhid"),
        *(Instruction(JUMP_EQUAL, vhid, if_true="accept") for vhid in vhids),
        Instruction(RETURN, 0),
        Instruction(RETURN, EVERYTHING, label="accept"),
    ]


class OutgoingTap:
    """A tap on the interface with this name, for these virtual hosts; the constructor raises OSError."""

    def __init__(self, interface: str, vhids: Collection[int]) -> None:
        self._socket = socket.socket(
            socket.AF_PACKET, socket.SOCK_RAW | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC, 0
        )
        try:
            attach_filter(self._socket, _program(vhids))
            self._socket.bind((interface, _ETH_P_ALL))
        except BaseException:
            self._socket.close()
            raise

    def fileno(self) -> int:
        return self._socket.fileno()

    def send(self, frame: bytes) -> None:
        """Send one Ethernet frame, which this tap does not see.  Raises OSError; never blocks."""
        self._socket.send(frame)

    def receive(self) -> bytes | None:
        """Return one waiting frame, or None.  Raises OSError, for example if the link went down."""
        try:
            return self._socket.recv(_LARGEST_FRAME)
        except BlockingIOError:
            return None

    def close(self) -> None:
        """Close the tap.  Blocks for some milliseconds: call it in another thread."""
        self._socket.close()
