"""Kernel filters for the frames that a socket receives, in classic BPF: bpf(4), linux/filter.h."""

import ctypes
import socket
import struct
from typing import NamedTuple

LOAD_WORD = 0x20
LOAD_HALF = 0x28
LOAD_BYTE = 0x30
LOAD_LENGTH = 0x80
STORE = 0x02
LOAD_STORED = 0x60
"""From the scratch memory of the filter; the operand is the number of the cell."""
COPY_TO_X = 0x07
COPY_FROM_X = 0x87
JUMP = 0x05
"""To the label in `if_true`, however far."""
JUMP_EQUAL = 0x15
JUMP_AT_LEAST = 0x35
JUMP_ANY_BIT = 0x45
RETURN = 0x06

PACKET_TYPE = 0xFFFFF000 + 4
"""Offset at which LOAD_WORD reads the packet type (SKF_AD_OFF + SKF_AD_PKTTYPE)."""
INTERFACE = 0xFFFFF000 + 8
"""Offset at which LOAD_WORD reads the index of the interface (SKF_AD_OFF + SKF_AD_IFINDEX)."""
VLAN_TAG_PRESENT = 0xFFFFF000 + 48
"""Offset at which LOAD_WORD reads whether the kernel has taken a VLAN tag off the frame."""
NETWORK_HEADER = 0xFFFFFFFF - 0x100000 + 1
"""Base of offsets into the IP header (SKF_NET_OFF)."""
RANDOM = 0xFFFFF000 + 56
"""Offset at which LOAD_WORD reads a random number (SKF_AD_OFF + SKF_AD_RANDOM)."""
PACKET_OTHERHOST = 3
PACKET_OUTGOING = 4

EVERYTHING = 0xFFFF
"""Operand of RETURN that accepts a whole frame; 0 refuses it."""

_SO_ATTACH_FILTER = 26


class Instruction(NamedTuple):
    """One instruction.

    A jump names the labels of its two targets; "" means the next instruction.  `label` is the
    instruction's own name.  A jump passes over 255 instructions at most, except for JUMP.
    """

    code: int
    operand: int
    if_true: str = ""
    if_false: str = ""
    label: str = ""


Program = list[Instruction]


def on_interface(index: int, program: Program) -> Program:
    """Return the program, and before it a check that refuses frames of other interfaces.

    A packet socket also receives the frames of VLANs and macvlans on its interface, if they are
    devices of this host.
    """
    first, *rest = program
    return [
        Instruction(LOAD_WORD, INTERFACE),
        Instruction(JUMP_EQUAL, index, if_true="here"),
        Instruction(RETURN, 0),
        first._replace(label="here"),
        *rest,
    ]


def attach_filter(filtered: socket.socket, program: Program) -> None:
    """Attach the filter to the socket, in place of an earlier one.  Raises OSError."""
    code = _assemble(program)
    memory = ctypes.create_string_buffer(code)
    sock_fprog = struct.pack("@HP", len(program), ctypes.addressof(memory))
    filtered.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, sock_fprog)


def _assemble(program: Program) -> bytes:
    places = {each.label: place for place, each in enumerate(program) if each.label}

    def distance(place: int, label: str) -> int:
        return places[label] - place - 1 if label else 0

    def assembled(place: int, each: Instruction) -> bytes:
        true, false = distance(place, each.if_true), distance(place, each.if_false)
        if each.code == JUMP:
            return struct.pack("=HBBI", each.code, 0, 0, true)
        return struct.pack("=HBBI", each.code, true, false, each.operand)

    return b"".join(assembled(place, each) for place, each in enumerate(program))
