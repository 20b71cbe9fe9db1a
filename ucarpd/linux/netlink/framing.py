"""Netlink messages as bytes: how they are framed, and the attributes in them.

pyroute2 could decode them too, but takes a millisecond for a link; a host with containers reports
thousands of links within a second.
"""

import struct
from collections.abc import Iterator
from typing import NamedTuple

NLMSG_ERROR, NLMSG_DONE = 2, 3
REQUEST, ACKNOWLEDGE, DUMP = 0x1, 0x4, 0x300
REPLACE, EXCLUSIVE, CREATE, APPEND = 0x100, 0x200, 0x400, 0x800
DUMP_INTERRUPTED = 0x10

_HEADER = struct.Struct("=IHHII")  # length, type, flags, sequence number, port
_ATTRIBUTE = struct.Struct("=HH")  # length, type
_TYPE_MASK = 0x3FFF


class Message(NamedTuple):
    kind: int
    flags: int
    sequence: int
    port: int
    """Together with the sequence number: the request that it answers, or that has caused it."""
    body: bytes


def split(datagram: bytes) -> Iterator[Message]:
    """The messages of a datagram."""
    start, end = 0, len(datagram)
    while start + _HEADER.size <= end:
        length, kind, flags, sequence, port = _HEADER.unpack_from(datagram, start)
        if length < _HEADER.size:
            return
        body = datagram[start + _HEADER.size : start + length]
        yield Message(kind, flags, sequence, port, body)
        start += _aligned(length)


def message(kind: int, flags: int, sequence: int, body: bytes) -> bytes:
    return _HEADER.pack(_HEADER.size + len(body), kind, flags, sequence, 0) + body


def attributes(data: bytes, start: int = 0) -> dict[int, bytes]:
    """Type to value, without the flags of the type.  Of several of one type the last."""
    return dict(each_attribute(data, start))


def each_attribute(data: bytes, start: int = 0) -> Iterator[tuple[int, bytes]]:
    end = len(data)
    while start + _ATTRIBUTE.size <= end:
        length, kind = _ATTRIBUTE.unpack_from(data, start)
        if length < _ATTRIBUTE.size:
            return
        yield kind & _TYPE_MASK, data[start + _ATTRIBUTE.size : start + length]
        start += _aligned(length)


def attribute(kind: int, value: bytes) -> bytes:
    length = _ATTRIBUTE.size + len(value)
    return _ATTRIBUTE.pack(length, kind) + value + bytes(_aligned(length) - length)


def text(value: bytes) -> str:
    """The text of an attribute, which ends with a zero byte."""
    return value.partition(b"\0")[0].decode("utf-8", "surrogateescape")


def number(value: bytes) -> int:
    return int(struct.unpack("=I", value[:4])[0])


def _aligned(length: int) -> int:
    return (length + 3) & ~3
