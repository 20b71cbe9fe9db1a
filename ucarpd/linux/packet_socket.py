"""A packet socket on one interface, with a filter in the kernel.

The filter passes only frames that may be CARP: protocol 112, no later fragment, not sent by this
host, not of a VLAN on this interface, and not sent to the MAC address of another host (the
interface sees such frames in promiscuous mode, or while a switch does not know the port of that
host).  The filter also separates expected frames, the advertisements of known hosts for the virtual
hosts that run here, from all others, and each kind can have its own socket.  Of foreign
advertisements that need not be read it passes one in 64.  `carp.receive` makes all finer checks and
counts dropped frames.

There is one socket for each family.  One socket for all protocols would see every frame of a busy
gateway, in both directions.
"""

import contextlib
import socket
import struct
from collections import defaultdict
from collections.abc import Collection
from ipaddress import IPv6Address
from typing import NamedTuple

from ucarpd.carp.frame import ETHERTYPE_IPV4, ETHERTYPE_IPV6, ETHERTYPE_OFFSET, PROTOCOL_CARP
from ucarpd.carp.packet import HEADER_SIZE, TYPE_ADVERTISEMENT, VERSION
from ucarpd.carp.params import Family, IPAddress
from ucarpd.linux.bpf import (
    COPY_FROM_X,
    COPY_TO_X,
    EVERYTHING,
    JUMP,
    JUMP_ANY_BIT,
    JUMP_AT_LEAST,
    JUMP_EQUAL,
    LOAD_BYTE,
    LOAD_HALF,
    LOAD_LENGTH,
    LOAD_STORED,
    LOAD_WORD,
    PACKET_OTHERHOST,
    PACKET_OUTGOING,
    PACKET_TYPE,
    RANDOM,
    RETURN,
    STORE,
    Instruction,
    Program,
    attach_filter,
    on_interface,
)
from ucarpd.linux.wall_clock import WallClock

_LARGEST_FRAME = 2048
"""Bytes read of a frame; an advertisement is 70 bytes long, in IPv6 90."""

_RECEIVE_BUFFER = 4 << 20
"""Bytes; the kernel's default holds some 250 frames, which a flood fills in milliseconds."""

_SO_RCVBUFFORCE = 33
_SO_TIMESTAMPNS = 35
_TIMESPEC = struct.Struct("@ll")
_ANCILLARY_SIZE = socket.CMSG_SPACE(_TIMESPEC.size)

_FLAGS_AND_FRAGMENT_AT = 14 + 6
_FRAGMENT_OFFSET = 0x1FFF
_IPV4_WITHOUT_OPTIONS = 0x45

_SAMPLING = 64
"""Of so many foreign advertisements one is read, ..."""

_SAMPLING_OF_EACH = 4
"""... or of so many of each foreign virtual host, if that is more.

With one a second of each, that wakes a process up once in four seconds, however many there are.
"""

_RANDOM_NUMBERS = 1 << 32

_VHIDS_IN_A_BLOCK = 200
"""A jump passes over 255 instructions at most."""

_VERSION_AND_TYPE = VERSION << 4 | TYPE_ADVERTISEMENT
_SENT_ON_THIS_LINK = 255


class _Layout(NamedTuple):
    """Offsets of fields in a frame, in bytes."""

    ethertype: int
    address_family: int
    protocol_at: int
    ttl_at: int
    source_at: int
    """In IPv6 the offset of the last four bytes, which are enough to tell known hosts apart."""
    carp_at: int


_LAYOUTS = {
    4: _Layout(ETHERTYPE_IPV4, socket.AF_INET, 14 + 9, 14 + 8, 14 + 12, 14 + 20),
    6: _Layout(ETHERTYPE_IPV6, socket.AF_INET6, 14 + 6, 14 + 7, 14 + 8 + 12, 14 + 40),
}


class Expected(NamedTuple):
    """The advertisements of these hosts for these virtual hosts.

    `may_be_routed`: also advertisements that a router has forwarded; unicast peers may need that.
    """

    sources: Collection[IPAddress] = ()
    """At most 200."""
    vhids: Collection[int] = ()
    may_be_routed: bool = False
    foreign: Collection[tuple[IPAddress, int]] = ()
    """Not expected: source and vhid of advertisements of which few are enough."""


Arrival = tuple[bytes, float]
"""A frame, and the monotonic time in seconds at which the kernel received it."""


class PacketSocket:
    """A packet socket on the interface with this name and index, for one family.

    The constructor raises OSError.  Until `hear` is called the socket receives no frames.
    """

    def __init__(self, interface: str, index: int, family: Family) -> None:
        self._index = index
        self._family = family
        layout = _LAYOUTS[family]
        self._membership = socket.socket(
            layout.address_family, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC
        )
        # Protocol 0 receives nothing until bind(), so no frame slips in ahead of the filter.
        self._socket = socket.socket(
            socket.AF_PACKET, socket.SOCK_RAW | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC, 0
        )
        self._groups: set[IPAddress] = set()
        self._clock = WallClock()
        self.read_until = 0.0
        """The monotonic second until which all frames that came have been received."""
        try:
            self.hear(Expected(), all_else=False)
            self._socket.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
            with contextlib.suppress(PermissionError):
                self._socket.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, _RECEIVE_BUFFER)
            self._socket.bind((interface, layout.ethertype))
        except BaseException:
            self.close()
            raise

    def fileno(self) -> int:
        return self._socket.fileno()

    def hear(self, expected: Expected, *, all_else: bool) -> None:
        """Receive only expected frames, or only the others (`all_else`).  Raises OSError."""
        program = _program(self._family, expected, all_else=all_else)
        attach_filter(self._socket, on_interface(self._index, program))

    def join(self, group: IPAddress) -> None:
        """Join the multicast group on this interface, unless it is joined already.  Raises OSError.

        The interface is named by its index, because it may have no address yet.  As a member the
        kernel answers IGMP or MLD queries; without answers a snooping switch stops forwarding.
        """
        if group not in self._groups:
            self._change_membership(group, socket.IP_ADD_MEMBERSHIP, socket.IPV6_JOIN_GROUP)
            self._groups.add(group)

    def leave_others(self, used: Collection[IPAddress]) -> None:
        """Leave the groups that are joined, but not `used`; their number is limited in the kernel.

        This is no error if the interface is gone.
        """
        for group in self._groups.difference(used):
            self._groups.remove(group)
            self._change_membership(group, socket.IP_DROP_MEMBERSHIP, socket.IPV6_LEAVE_GROUP)

    def _change_membership(self, group: IPAddress, option: int, option6: int) -> None:
        if isinstance(group, IPv6Address):
            request = struct.pack("=16si", group.packed, self._index)
            self._membership.setsockopt(socket.IPPROTO_IPV6, option6, request)
        else:
            request = struct.pack("=4s4si", group.packed, b"\0" * 4, self._index)
            self._membership.setsockopt(socket.IPPROTO_IP, option, request)

    def send(self, frame: bytes) -> None:
        """Send one Ethernet frame.  Raises OSError; never blocks."""
        self._socket.send(frame)

    def receive(self, limit: int) -> list[Arrival]:
        """Return up to `limit` waiting frames.  Raises OSError, for example after a link loss."""
        self.read_until = self._clock.look()
        arrivals: list[Arrival] = []
        while len(arrivals) < limit:
            try:
                frame, ancillary, _flags, _address = self._socket.recvmsg(
                    _LARGEST_FRAME, _ANCILLARY_SIZE
                )
            except BlockingIOError:
                return arrivals
            seconds, nanoseconds = _TIMESPEC.unpack(ancillary[0][2])
            arrivals.append((frame, self._clock.monotonic(seconds + nanoseconds * 1e-9)))
        self.read_until = min(self.read_until, arrivals[-1][1])
        return arrivals

    def close(self) -> None:
        self._socket.close()
        self._membership.close()


def _program(family: Family, expected: Expected, *, all_else: bool) -> Program:
    wanted, other = (0, EVERYTHING) if all_else else (EVERYTHING, 0)
    layout = _LAYOUTS[family]
    sources = {int.from_bytes(address.packed[-4:], "big") for address in expected.sources}
    sampling = _sampling(layout, expected.foreign) if all_else and expected.foreign else []
    return [
        *_refusals(family),
        *sampling,
        # A frame that is too short is not expected.  A load beyond its end would refuse it.
        Instruction(LOAD_LENGTH, 0, label="read" if sampling else "carp"),
        Instruction(JUMP_AT_LEAST, layout.carp_at + HEADER_SIZE, if_false="stranger"),
        Instruction(LOAD_WORD, layout.source_at),
        *(Instruction(JUMP_EQUAL, word, if_true="known") for word in sorted(sources)),
        Instruction(RETURN, other, label="stranger"),
        Instruction(LOAD_BYTE, layout.carp_at + 1, label="known"),
        *(Instruction(JUMP_EQUAL, vhid, if_true="ours") for vhid in sorted(expected.vhids)),
        Instruction(RETURN, other),
        Instruction(LOAD_BYTE, layout.carp_at, label="ours"),
        Instruction(JUMP_EQUAL, _VERSION_AND_TYPE, if_false="odd"),
        *_unless(expected.may_be_routed, layout.ttl_at, _SENT_ON_THIS_LINK),
        *_unless(family == 6, 14, _IPV4_WITHOUT_OPTIONS),
        Instruction(RETURN, wanted),
        Instruction(RETURN, other, label="odd"),
    ]


def _refusals(family: Family) -> Program:
    """Return the instructions that refuse frames other than CARP, and jump to "carp" for CARP."""
    layout = _LAYOUTS[family]
    later_fragments = [
        Instruction(LOAD_HALF, _FLAGS_AND_FRAGMENT_AT),
        Instruction(JUMP_ANY_BIT, _FRAGMENT_OFFSET, if_true="refuse"),
    ]
    return [
        Instruction(LOAD_WORD, PACKET_TYPE),
        Instruction(JUMP_EQUAL, PACKET_OTHERHOST, if_true="refuse"),
        Instruction(JUMP_EQUAL, PACKET_OUTGOING, if_true="refuse"),
        Instruction(LOAD_HALF, ETHERTYPE_OFFSET),
        Instruction(JUMP_EQUAL, layout.ethertype, if_false="refuse"),
        # In IPv6 a fragment has another next header.
        *(later_fragments if family == 4 else ()),
        Instruction(LOAD_BYTE, layout.protocol_at),
        Instruction(JUMP_EQUAL, PROTOCOL_CARP, if_true="carp"),
        Instruction(RETURN, 0, label="refuse"),
    ]


def _sampling(layout: _Layout, foreign: Collection[tuple[IPAddress, int]]) -> Program:
    """Return the instructions that refuse most of these advertisements, and jump to "read".

    A frame that has IPv4 options, or no vhid, is none of these.
    """
    without_options = [
        Instruction(LOAD_BYTE, 14),
        Instruction(JUMP_EQUAL, _IPV4_WITHOUT_OPTIONS, if_true="plain"),
        Instruction(JUMP, 0, if_true="read"),
    ]
    by_source: defaultdict[int, list[int]] = defaultdict(list)
    for host, vhid in sorted(foreign):
        by_source[int.from_bytes(host.packed[-4:], "big")].append(vhid)
    blocks = [
        (source, vhids[start : start + _VHIDS_IN_A_BLOCK])
        for source, vhids in by_source.items()
        for start in range(0, len(vhids), _VHIDS_IN_A_BLOCK)
    ]
    program = [
        Instruction(LOAD_LENGTH, 0, label="carp"),
        Instruction(JUMP_AT_LEAST, layout.carp_at + 2, if_true="long"),
        Instruction(JUMP, 0, if_true="read"),
        Instruction(LOAD_BYTE, layout.carp_at + 1, label="long"),
        Instruction(COPY_TO_X, 0),
        *(without_options if layout.ethertype == ETHERTYPE_IPV4 else ()),
        Instruction(LOAD_WORD, layout.source_at, label="plain"),
        Instruction(STORE, 0),
    ]
    for number, (source, vhids) in enumerate(blocks):
        program += [
            Instruction(LOAD_STORED, 0, label=f"block{number}"),
            Instruction(JUMP_EQUAL, source, if_false=f"block{number + 1}"),
            Instruction(COPY_FROM_X, 0),
            *(Instruction(JUMP_EQUAL, vhid, if_true=f"foreign{number}") for vhid in vhids),
            Instruction(JUMP, 0, if_true=f"block{number + 1}"),
            Instruction(JUMP, 0, if_true="foreign", label=f"foreign{number}"),
        ]
    one_in = max(_SAMPLING, _SAMPLING_OF_EACH * len(foreign))
    return [
        *program,
        Instruction(JUMP, 0, if_true="read", label=f"block{len(blocks)}"),
        Instruction(LOAD_WORD, RANDOM, label="foreign"),
        Instruction(JUMP_AT_LEAST, _RANDOM_NUMBERS // one_in, if_false="read"),
        Instruction(RETURN, 0),
    ]


def _unless(exempt: bool, at: int, value: int) -> Program:
    """Return a check that jumps to "odd" if the byte has another value; nothing if `exempt`."""
    if exempt:
        return []
    return [Instruction(LOAD_BYTE, at), Instruction(JUMP_EQUAL, value, if_false="odd")]
