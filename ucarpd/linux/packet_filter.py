"""The filter of a packet socket for advertisements, in classic BPF.

It passes only frames that may be CARP: protocol 112, no later fragment, not sent by this host, and
not sent to the MAC address of another host (the interface sees such frames in promiscuous mode, or
while a switch does not know the port of that host).  It also separates expected frames, the
advertisements of known hosts for the virtual hosts that run here, from all others, and each kind can
have its own socket.  Of foreign advertisements that need not be read it passes one in 64.
`carp.receive` makes all finer checks and counts dropped frames.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator
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
)

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
    protocol_at: int
    ttl_at: int
    source_at: int
    """In IPv6 the offset of the last four bytes, which are enough to tell known hosts apart."""
    carp_at: int


_LAYOUTS = {
    4: _Layout(ETHERTYPE_IPV4, 14 + 9, 14 + 8, 14 + 12, 14 + 20),
    6: _Layout(ETHERTYPE_IPV6, 14 + 6, 14 + 7, 14 + 8 + 12, 14 + 40),
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


def program(family: Family, expected: Expected, *, all_else: bool) -> Program:
    """Return the filter that passes only expected frames, or only the others (`all_else`)."""
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
    blocks = list(_blocks(foreign))
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


def _blocks(foreign: Collection[tuple[IPAddress, int]]) -> Iterator[tuple[int, list[int]]]:
    """Yield each source, by its last four bytes, with some of its vhids."""
    by_source: defaultdict[int, list[int]] = defaultdict(list)
    for host, vhid in sorted(foreign):
        by_source[int.from_bytes(host.packed[-4:], "big")].append(vhid)
    for source, vhids in by_source.items():
        for start in range(0, len(vhids), _VHIDS_IN_A_BLOCK):
            yield source, vhids[start : start + _VHIDS_IN_A_BLOCK]


def _unless(exempt: bool, at: int, value: int) -> Program:
    """Return a check that jumps to "odd" if the byte has another value; nothing if `exempt`."""
    if exempt:
        return []
    return [Instruction(LOAD_BYTE, at), Instruction(JUMP_EQUAL, value, if_false="odd")]
