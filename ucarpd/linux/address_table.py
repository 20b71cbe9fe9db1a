"""The addresses of an interface, read and changed without pyroute2.

`ucarpd clear` uses it, because clear must finish in less time than pyroute2 takes to load.  Each
address keeps the kernel's own message about it.  Sent back, that message removes the address or
restores it unchanged.
"""

import errno
import os
import socket
import struct
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import NamedTuple

_RTM_NEWADDR, _RTM_DELADDR, _RTM_GETADDR = 20, 21, 22
_NLMSG_ERROR, _NLMSG_DONE = 2, 3
_REQUEST, _ACKNOWLEDGE, _DUMP, _EXCLUSIVE, _CREATE = 0x1, 0x4, 0x300, 0x200, 0x400
_IFA_ADDRESS, _IFA_LOCAL = 1, 2
_SOL_NETLINK, _NETLINK_GET_STRICT_CHK = 270, 12

_HEADER = struct.Struct("=IHHII")
_ADDRESS = struct.Struct("=BBBBI")
_ATTRIBUTE = struct.Struct("=HH")
_CODE = struct.Struct("=i")
_LARGEST_DATAGRAM = 1 << 16


class Entry(NamedTuple):
    """One address of an interface.

    `link` is the index of the interface, `ip` has 4 or 16 bytes, `message` is the kernel's whole
    message about the address.
    """

    link: int
    ip: bytes
    message: bytes

    @property
    def is_ipv4(self) -> bool:
        return len(self.ip) == 4

    @property
    def identity(self) -> bytes:
        """Family, prefix length and address; unique on the interface."""
        return self.message[:2] + self.ip


class AddressTable:
    """The kernel's addresses; every method raises OSError."""

    def __init__(self) -> None:
        flags = socket.SOCK_RAW | socket.SOCK_CLOEXEC
        self._socket = socket.socket(socket.AF_NETLINK, flags, socket.NETLINK_ROUTE)
        with suppress(OSError):  # Linux before 4.20 lists the addresses of all interfaces.
            self._socket.setsockopt(_SOL_NETLINK, _NETLINK_GET_STRICT_CHK, 1)

    def close(self) -> None:
        self._socket.close()

    def of(self, index: int) -> list[Entry]:
        """Return the addresses of the interface, in the kernel's order."""
        self._send(_RTM_GETADDR, _DUMP, _ADDRESS.pack(socket.AF_UNSPEC, 0, 0, 0, index))
        return [entry for entry in self._dump() if entry.link == index]

    def remove(self, entry: Entry) -> None:
        """Remove the address; a missing address is no error."""
        code = self._ask(_RTM_DELADDR, 0, entry.message)
        if code not in (0, errno.EADDRNOTAVAIL, errno.ENODEV):
            raise OSError(code, os.strerror(code))

    def keep_routes(
        self, interface: str, entries: Sequence[Entry], remove: Callable[[], None]
    ) -> None:
        """Call `remove`, which removes these last IPv4 addresses, and restore the routes they take along.

        This is slow, because it loads pyroute2.
        """
        from ucarpd.linux.netlink import secondaries  # noqa: PLC0415

        gone = [(each.ip, each.message[1]) for each in entries]
        secondaries.survive(interface, entries[0].link, gone, remove)

    def put_back(self, entry: Entry) -> None:
        """Add the address unchanged; an address that is already there is no error."""
        code = self._ask(_RTM_NEWADDR, _CREATE | _EXCLUSIVE, entry.message)
        if code not in (0, errno.EEXIST):
            raise OSError(code, os.strerror(code))

    def _ask(self, kind: int, flags: int, message: bytes) -> int:
        """Send a request and return the kernel's answer, an errno or 0."""
        self._send(kind, _ACKNOWLEDGE | flags, message)
        (code,) = _CODE.unpack_from(self._socket.recv(_LARGEST_DATAGRAM), _HEADER.size)
        return -int(code)

    def _send(self, kind: int, flags: int, message: bytes) -> None:
        header = _HEADER.pack(_HEADER.size + len(message), kind, _REQUEST | flags, 1, 0)
        self._socket.send(header + message)

    def _dump(self) -> Iterator[Entry]:
        while True:
            for kind, message in _messages(self._socket.recv(_LARGEST_DATAGRAM)):
                if kind == _NLMSG_DONE:
                    return
                if kind == _NLMSG_ERROR:
                    (code,) = _CODE.unpack_from(message)
                    if code == -errno.ENODEV:
                        return  # The interface is gone.
                    raise OSError(-code, os.strerror(-code))
                if kind == _RTM_NEWADDR:
                    yield _entry(message)


def _messages(datagram: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at < len(datagram):
        size, kind, *_ = _HEADER.unpack_from(datagram, at)
        yield kind, datagram[at + _HEADER.size : at + size]
        at += _aligned(size)


def _entry(message: bytes) -> Entry:
    *_, link = _ADDRESS.unpack_from(message)
    attributes = {}
    at = _ADDRESS.size
    while at < len(message):
        size, kind = _ATTRIBUTE.unpack_from(message, at)
        attributes[kind] = message[at + _ATTRIBUTE.size : at + size]
        at += _aligned(size)
    # On a point-to-point link IFA_ADDRESS is the other end.
    return Entry(link, attributes.get(_IFA_LOCAL) or attributes[_IFA_ADDRESS], message)


def _aligned(size: int) -> int:
    return (size + 3) & ~3
