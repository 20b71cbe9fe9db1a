"""The parts of netlink messages that ucarpd reads and writes without pyroute2.

`ucarpd clear` uses nothing else, because it must finish in less time than pyroute2 takes to load.
The kernel's names and numbers are those of linux/netlink.h.

- The header: pyroute2 0.7 does not distinguish an interrupted dump from a complete one.
- The outline of a link: a host with containers reports thousands of links within a second, and
  pyroute2 takes a third of a millisecond for each.  Only links that matter are decoded.
- An address: each takeover reports one to all processes of the host, and pyroute2 takes 40 us.
- The kernel's answer to a request, which is one number.
- A route: an interface may have tens of thousands, and pyroute2 takes 0.2 ms for each.
- Addresses and routes that are put back: ucarpd sends the kernel's own message back, because
  pyroute2 would drop attributes that it does not know.  `routes` cleans the flags of a route and of
  its next hops.
"""

import socket
import struct
import sys
from collections.abc import Iterator, Mapping
from typing import NamedTuple

NLM_F_REQUEST, NLM_F_ACK, NLM_F_DUMP_INTR, NLM_F_DUMP = 0x1, 0x4, 0x10, 0x300
NLM_F_EXCL, NLM_F_CREATE = 0x200, 0x400
NLMSG_ERROR, NLMSG_DONE = 2, 3

_HEADER = struct.Struct("=IHHII")  # length, type, flags, sequence number, port
_LINK = struct.Struct("=B3xi8x")  # family, index
_ADDRESS = struct.Struct("=BBBxI")  # family, prefix length, flags, index
_ROUTE = struct.Struct("=8BI")  # as RouteHead
_ATTRIBUTE = struct.Struct("=HH")  # length, type
_CODE = struct.Struct("=i")
_IFLA_ADDRESS, _IFLA_IFNAME, _IFLA_WIRELESS = 1, 3, 11
_IFA_ADDRESS, _IFA_LOCAL, _IFA_LABEL, _IFA_FLAGS = 1, 2, 3, 8


class Message(NamedTuple):
    """One netlink message."""

    kind: int
    flags: int
    sequence: int
    port: int
    """Together with the sequence number: the request that the message answers or results from."""
    data: bytes
    """The whole message, header included."""

    @property
    def body(self) -> bytes:
        return self.data[_HEADER.size :]

    @property
    def code(self) -> int:
        """The errno in an answer to a request or in the end of a dump, or 0."""
        has_code = len(self.data) >= _HEADER.size + _CODE.size
        return -int(_CODE.unpack_from(self.data, _HEADER.size)[0]) if has_code else 0


class RouteHead(NamedTuple):
    """`struct rtmsg`."""

    family: int
    dst_len: int = 0
    src_len: int = 0
    tos: int = 0
    table: int = 0
    protocol: int = 0
    scope: int = 0
    type: int = 0
    flags: int = 0


def split(datagram: bytes) -> Iterator[Message]:
    """Yield the messages of a datagram."""
    start, end = 0, len(datagram)
    while start + _HEADER.size <= end:
        length, kind, flags, sequence, port = _HEADER.unpack_from(datagram, start)
        if length < _HEADER.size:
            return
        yield Message(kind, flags, sequence, port, datagram[start : start + length])
        start += (length + 3) & ~3


def request(kind: int, flags: int, body: bytes) -> bytes:
    """Return a request to the kernel; `numbered` gives it a number."""
    return _HEADER.pack(_HEADER.size + len(body), kind, NLM_F_REQUEST | flags, 0, 0) + body


def with_attribute(request: bytes, kind: int, value: bytes) -> bytes:
    """Return the request with one more attribute, which pyroute2 need not know."""
    longer = request + _attribute(kind, value)
    return len(longer).to_bytes(4, sys.byteorder) + longer[4:]


def numbered(request: bytes, sequence: int) -> bytes:
    """Return the request with this sequence number; its answers carry the same number."""
    return request[:8] + sequence.to_bytes(4, sys.byteorder) + request[12:]


def asked_for(message: Message, flags: int) -> bytes:
    """Return the request that restores the object of the kernel's message."""
    return request(message.kind, flags, message.body)


def outline(data: bytes) -> tuple[int, str, bytes] | None:
    """Return index, name and MAC address of a link; None if the message is about a part of it."""
    family, index = _LINK.unpack_from(data, _HEADER.size)
    # A bridge also reports its ports in a family of its own: leaving a bridge is a DELLINK.
    if family:
        return None
    found = _attributes(data, _HEADER.size + _LINK.size)
    # A wireless event has a name, but no other properties of the link.
    name = None if _IFLA_WIRELESS in found else found.get(_IFLA_IFNAME)
    return (index, text(name), found.get(_IFLA_ADDRESS, b"")) if name else None


def address(data: bytes) -> tuple[int, bytes, int, str | None, int] | None:
    """Return index, address, prefix length, label and flags; None if it is of another family."""
    family, prefixlen, flags, index = _ADDRESS.unpack_from(data, _HEADER.size)
    if family not in (socket.AF_INET, socket.AF_INET6):
        return None
    found = _attributes(data, _HEADER.size + _ADDRESS.size)
    # On a point-to-point link IFA_ADDRESS is the other end.
    ip = found.get(_IFA_LOCAL) or found[_IFA_ADDRESS]
    label = found.get(_IFA_LABEL)
    # The header holds the lower eight flags, and all that old kernels know.
    flags = int.from_bytes(found[_IFA_FLAGS], sys.byteorder) if _IFA_FLAGS in found else flags
    return index, ip, prefixlen, text(label) if label else None, flags


def route(data: bytes) -> tuple[RouteHead, dict[int, bytes]]:
    """Return the head and the attributes of a route."""
    head = RouteHead(*_ROUTE.unpack_from(data, _HEADER.size))
    return head, _attributes(data, _HEADER.size + _ROUTE.size)


def about_route(kind: int, flags: int, head: RouteHead, attributes: Mapping[int, bytes]) -> bytes:
    """Return a request about a route, or about those that are like it."""
    packed = (_attribute(kind, value) for kind, value in attributes.items())
    return request(kind, flags, _ROUTE.pack(*head) + b"".join(packed))


def text(name: bytes) -> str:
    """Return a name of the kernel as text, whatever its bytes."""
    return name.rstrip(b"\0").decode("utf-8", "surrogateescape")


def _attribute(kind: int, value: bytes) -> bytes:
    return _ATTRIBUTE.pack(_ATTRIBUTE.size + len(value), kind) + value + bytes(-len(value) % 4)


def _attributes(data: bytes, start: int) -> dict[int, bytes]:
    """Return the attributes from there to the end, by type; if a type comes twice, the last one."""
    found = {}
    while start + _ATTRIBUTE.size <= len(data):
        length, kind = _ATTRIBUTE.unpack_from(data, start)
        found[kind] = data[start + _ATTRIBUTE.size : start + length]
        start += max((length + 3) & ~3, _ATTRIBUTE.size)
    return found
