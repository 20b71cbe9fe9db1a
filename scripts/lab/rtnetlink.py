"""Just enough rtnetlink to pull a cable, to move a port, and to see addresses come and go.

The timed steps use this instead of ip(8): one system call and no start of a program, so the moment
of a cut is known to some tens of microseconds.  So does what is asked again and again.
"""

import os
import socket
import struct
from collections.abc import Iterator

from lab.netns import inside

RTM_NEWLINK = 16
RTM_NEWADDR, RTM_DELADDR, _RTM_GETADDR = 20, 21, 22
GROUP_IPV4_IFADDR = 0x10

_NLM_F_REQUEST, _NLM_F_ACK, _NLM_F_DUMP = 0x1, 0x4, 0x300
_NLMSG_ERROR, _NLMSG_DONE = 2, 3
_IFLA_IFNAME, _IFLA_MASTER = 3, 10
_IFA_ADDRESS, _IFA_LOCAL = 1, 2
_IFF_UP = 1
_TYPE_MASK = 0x3FFF

_HEADER = struct.Struct("=IHHII")
_LINK = struct.Struct("=BxHiII")
_ADDRESS = struct.Struct("=BBBBi")
_ATTRIBUTE = struct.Struct("=HH")


def open_socket(groups: int = 0) -> socket.socket:
    """A route socket, subscribed to these multicast groups."""
    sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, 0)
    sock.bind((0, groups))
    return sock


def messages(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Split the result of one recv() into (type, payload) pairs."""
    offset = 0
    while offset + _HEADER.size <= len(data):
        length, kind, _flags, _sequence, _pid = _HEADER.unpack_from(data, offset)
        if length < _HEADER.size:
            return
        yield kind, data[offset + _HEADER.size : offset + length]
        offset += (length + 3) & ~3


def _attributes(data: bytes) -> dict[int, bytes]:
    found, offset = {}, 0
    while offset + _ATTRIBUTE.size <= len(data):
        length, kind = _ATTRIBUTE.unpack_from(data, offset)
        if length < _ATTRIBUTE.size:
            break
        found[kind & _TYPE_MASK] = data[offset + _ATTRIBUTE.size : offset + length]
        offset += (length + 3) & ~3
    return found


def parse_address(payload: bytes) -> tuple[str, int] | None:
    """Address and prefix length of a message about an IPv4 or IPv6 address, or None."""
    family, prefixlen, _flags, _scope, _index = _ADDRESS.unpack_from(payload)
    if family not in (socket.AF_INET, socket.AF_INET6):
        return None
    attributes = _attributes(payload[_ADDRESS.size :])
    raw = attributes.get(_IFA_LOCAL) or attributes.get(_IFA_ADDRESS)
    return (socket.inet_ntop(family, raw), prefixlen) if raw else None


def addresses(namespace: str, interface: str) -> list[str]:
    """The addresses of an interface; none if it is not there."""
    with inside(namespace), open_socket() as sock:
        try:
            index = socket.if_nametoindex(interface)
        except OSError:
            return []
        body = _ADDRESS.pack(socket.AF_UNSPEC, 0, 0, 0, 0)
        flags = _NLM_F_REQUEST | _NLM_F_DUMP
        sock.send(_HEADER.pack(_HEADER.size + len(body), _RTM_GETADDR, flags, 0, 0) + body)
        found: list[str] = []
        while True:
            for kind, payload in messages(sock.recv(1 << 16)):
                if kind in (_NLMSG_ERROR, _NLMSG_DONE):
                    return found
                if _ADDRESS.unpack_from(payload)[-1] == index and (each := parse_address(payload)):
                    found.append(each[0])


class Links:
    """Changes the links of one namespace; a link that is not there raises OSError."""

    def __init__(self, namespace: str) -> None:
        self._namespace = namespace
        with inside(namespace):
            self._sock = open_socket()
        self._sequence = 0

    def close(self) -> None:
        self._sock.close()

    def index(self, name: str) -> int:
        with inside(self._namespace):
            return socket.if_nametoindex(name)

    def set_up(self, name: str, *, up: bool) -> None:
        self._change(name, _LINK.pack(0, 0, 0, _IFF_UP if up else 0, _IFF_UP))

    def set_bridge(self, name: str, bridge: int) -> None:
        """Put a link into the bridge with this index, or take it out (0); its carrier stays."""
        attribute = _ATTRIBUTE.pack(8, _IFLA_MASTER) + struct.pack("=I", bridge)
        self._change(name, _LINK.pack(0, 0, 0, 0, 0) + attribute)

    def _change(self, name: str, body: bytes) -> None:
        self._sequence += 1
        # Of a link without an index the kernel looks up the name.
        text = name.encode() + b"\0"
        body += _ATTRIBUTE.pack(4 + len(text), _IFLA_IFNAME) + text + bytes(-len(text) % 4)
        flags = _NLM_F_REQUEST | _NLM_F_ACK
        head = _HEADER.pack(_HEADER.size + len(body), RTM_NEWLINK, flags, self._sequence, 0)
        self._sock.send(head + body)
        for kind, payload in messages(self._sock.recv(1 << 16)):
            if kind == _NLMSG_ERROR and (code := -struct.unpack_from("=i", payload)[0]):
                raise OSError(code, os.strerror(code), name)
