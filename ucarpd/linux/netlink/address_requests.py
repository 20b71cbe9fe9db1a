"""Addresses put on an interface and taken off: the request on which a takeover waits.

pyroute2 says what the message looks like; it is made once for each address and sent from here, because
the way through the library takes longer than all else between the decision and the address.
"""

import errno
import os
import socket
import struct
from collections.abc import Callable, Iterable
from functools import lru_cache, partial
from ipaddress import IPv6Address
from typing import Any

from ucarpd.linux.netlink.library import ifaddrmsg
from ucarpd.linux.netlink.messages import InterfaceAddress

_RTM_NEWADDR, _RTM_DELADDR = 20, 21
_REQUEST, _ACKNOWLEDGE, _EXCLUSIVE, _CREATE = 0x1, 0x4, 0x200, 0x400
_IFA_F_NODAD = 0x02
_FOREVER = 0xFFFFFFFF

_REPLY_SIZE = 4096
_ERROR_CODE = struct.Struct("=16xi")
"""Of a reply: the code after the header, 0 or a negated errno (NLMSG_ERROR)."""


class AddressRequests:
    """Not for use by several threads at once.  Every method raises OSError with a text that says
    which interface or address it is about.
    """

    def __init__(self) -> None:
        self._socket: socket.socket | None = None

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()

    def prepare(
        self, interface: str, addresses: Iterable[InterfaceAddress], label: str | None
    ) -> None:
        """Make the messages of `add` in advance, so that it has only to send them."""
        index = index_of(interface)
        for address in addresses:
            _addition(index, address, label)

    def add(
        self,
        interface: str,
        addresses: Iterable[InterfaceAddress],
        label: str | None,
        there: Callable[[], None],
    ) -> None:
        """Also those after one that fails; an address that is there already is no error.

        `there` is called when all of them are there.
        """
        index = index_of(interface)
        _for_each(addresses, partial(self._add, interface, index, label))
        there()

    def _add(
        self, interface: str, index: int, label: str | None, address: InterfaceAddress
    ) -> None:
        code = self._ask(_addition(index, address, label))
        if code == errno.EACCES and isinstance(address.ip, IPv6Address):
            raise OSError(code, f"{address.ip}: IPv6 is disabled on {interface}")
        if code not in (0, errno.EEXIST):
            raise OSError(code, f"{address.ip}: {os.strerror(code)}")

    def remove(self, interface: str, addresses: Iterable[InterfaceAddress]) -> None:
        """Also those after one that fails; an address or interface that is not there is no error."""
        try:
            index = index_of(interface)
        except OSError:
            return
        _for_each(addresses, partial(self._remove, index))

    def _remove(self, index: int, address: InterfaceAddress) -> None:
        code = self._ask(_removal(index, address))
        if code not in (0, errno.EADDRNOTAVAIL, errno.ENODEV):
            raise OSError(code, f"{address.ip}: {os.strerror(code)}")

    def _ask(self, message: bytes) -> int:
        """The kernel's answer, an errno or 0; it answers each request before it takes the next."""
        if self._socket is None:
            self._socket = socket.socket(
                socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, socket.NETLINK_ROUTE
            )
        self._socket.send(message)
        (code,) = _ERROR_CODE.unpack_from(self._socket.recv(_REPLY_SIZE))
        return -int(code)


def index_of(interface: str) -> int:
    """Raises OSError with a text."""
    try:
        return socket.if_nametoindex(interface)
    except OSError:
        raise OSError(errno.ENODEV, f"interface {interface} does not exist") from None


@lru_cache(1024)
def _addition(index: int, address: InterfaceAddress, label: str | None) -> bytes:
    attributes: list[tuple[str, Any]] = [("IFA_LOCAL", str(address.ip))]
    flags = 0
    if isinstance(address.ip, IPv6Address):
        # There at once, without detection of duplicates: two masters that meet must not silence
        # each other.  Deprecated: nobody who has another address chooses it as a source.
        flags = _IFA_F_NODAD
        lifetimes = {"ifa_preferred": 0, "ifa_valid": _FOREVER}
        attributes += [("IFA_FLAGS", flags), ("IFA_CACHEINFO", lifetimes)]
    elif label:
        attributes.append(("IFA_LABEL", label))
    kind = _RTM_NEWADDR, _REQUEST | _ACKNOWLEDGE | _CREATE | _EXCLUSIVE
    return _message(kind, index, address, flags, attributes)


@lru_cache(1024)
def _removal(index: int, address: InterfaceAddress) -> bytes:
    kind = _RTM_DELADDR, _REQUEST | _ACKNOWLEDGE
    return _message(kind, index, address, 0, [("IFA_LOCAL", str(address.ip))])


def _message(
    kind: tuple[int, int],
    index: int,
    address: InterfaceAddress,
    flags: int,
    attributes: list[tuple[str, Any]],
) -> bytes:
    message = ifaddrmsg()
    message["family"] = socket.AF_INET if address.ip.version == 4 else socket.AF_INET6
    message["index"] = index
    message["prefixlen"] = address.prefixlen
    message["flags"] = flags
    message["attrs"] = [("IFA_ADDRESS", str(address.ip)), *attributes]
    message["header"]["type"], message["header"]["flags"] = kind
    message["header"]["sequence_number"] = 1
    message.encode()
    return bytes(message.data)


def _for_each(
    addresses: Iterable[InterfaceAddress], request: Callable[[InterfaceAddress], None]
) -> None:
    first_error: OSError | None = None
    for address in addresses:
        try:
            request(address)
        except OSError as error:
            first_error = first_error or error
    if first_error is not None:
        raise first_error
