"""Addresses put on an interface and taken off: the request on which a takeover waits."""

import errno
import os
import socket
import struct
from collections.abc import Callable, Collection, Iterable
from functools import lru_cache, partial
from ipaddress import IPv6Address

from ucarpd.carp.params import IPAddress
from ucarpd.linux.netlink import framing
from ucarpd.linux.netlink.guards import Guards
from ucarpd.linux.netlink.messages import (
    ADDRESS,
    IFA_ADDRESS,
    IFA_CACHEINFO,
    IFA_F_NODAD,
    IFA_F_NOPREFIXROUTE,
    IFA_FLAGS,
    IFA_LABEL,
    IFA_LOCAL,
    RTM_DELADDR,
    RTM_NEWADDR,
    InterfaceAddress,
)
from ucarpd.linux.netlink.request_socket import RequestSocket
from ucarpd.linux.netlink.secondaries import Secondaries

_LIFETIMES = struct.Struct("=4I")  # preferred, valid, and two times that only the kernel sets
_FOREVER = 0xFFFFFFFF


class AddressRequests:
    """Not for use by several threads at once.  Every method raises OSError with a text that says
    which interface or address it is about.
    """

    def __init__(self, kernel: RequestSocket) -> None:
        self._kernel = kernel
        self._secondaries = Secondaries(kernel)
        self.guards = Guards(kernel, self._secondaries)

    def add(
        self,
        interface: str,
        addresses: Iterable[InterfaceAddress],
        label: str | None,
        routeless: Collection[InterfaceAddress],
        there: Callable[[tuple[IPAddress, ...]], None],
    ) -> dict[InterfaceAddress, OSError]:
        """Returns those that the kernel refuses; one that is there already is none of them.

        The kernel makes no route to the network of those that are `routeless`.  `there` is called
        with those that are there, if there are any.
        """
        index = self._kernel.index_of(interface)
        added, unreported, refused = [], [], {}
        for address in addresses:
            flags = IFA_F_NOPREFIXROUTE if address in routeless else 0
            body = _addition(index, address, label, flags)
            code = self._kernel.ask(RTM_NEWADDR, framing.CREATE | framing.EXCLUSIVE, body)
            if code in (0, errno.EEXIST):
                added.append(address.ip)
                if code == 0 and address.ip.version == 6:
                    unreported.append(body)
            else:
                refused[address] = OSError(code, _refusal(code, address, interface))
        if added:
            there(tuple(added))
        for body in unreported:
            # The kernel reports a new one some time later, but one that is replaced at once.  So who
            # follows its reports knows of each address when this request is done.
            self._kernel.ask(RTM_NEWADDR, framing.REPLACE, body)
        return refused

    def remove(
        self, interface: str, addresses: Collection[InterfaceAddress], takes_along: bool
    ) -> None:
        """Also those after one that fails; an address or interface that is not there is no error.

        What the kernel `takes_along` is kept, or put back.
        """
        try:
            index = self._kernel.index_of(interface)
        except OSError as error:
            if error.errno == errno.ENODEV:
                return
            raise
        self.guards.removing(interface, addresses)
        remove = partial(self._remove_all, index, addresses)
        if takes_along:
            self._secondaries.survive(interface, index, addresses, remove)
        else:
            remove()

    def _remove_all(self, index: int, addresses: Iterable[InterfaceAddress]) -> None:
        codes = {address: self._remove(index, address) for address in addresses}
        for address, code in codes.items():
            if code:
                raise OSError(code, f"{address.ip}: {os.strerror(code)}")

    def _remove(self, index: int, address: InterfaceAddress) -> int:
        body = _head(index, address, 0) + _ip(IFA_LOCAL, address) + _ip(IFA_ADDRESS, address)
        code = self._kernel.ask(RTM_DELADDR, 0, body)
        return 0 if code in (errno.EADDRNOTAVAIL, errno.ENODEV) else code


@lru_cache(1024)
def _addition(index: int, address: InterfaceAddress, label: str | None, flags: int) -> bytes:
    body = _ip(IFA_LOCAL, address) + _ip(IFA_ADDRESS, address)
    if isinstance(address.ip, IPv6Address):
        # There at once, without detection of duplicates: two masters that meet must not silence
        # each other.  Deprecated: nobody who has another address chooses it as a source.
        flags |= IFA_F_NODAD
        body += framing.attribute(IFA_CACHEINFO, _LIFETIMES.pack(0, _FOREVER, 0, 0))
    elif label:
        body += framing.attribute(IFA_LABEL, label.encode() + b"\0")
    body += framing.attribute(IFA_FLAGS, struct.pack("=I", flags))
    return _head(index, address, flags) + body


def _head(index: int, address: InterfaceAddress, flags: int) -> bytes:
    family = socket.AF_INET if address.ip.version == 4 else socket.AF_INET6
    return ADDRESS.pack(family, address.prefixlen, flags & 0xFF, 0, index)


def _ip(kind: int, address: InterfaceAddress) -> bytes:
    return framing.attribute(kind, address.ip.packed)


def _refusal(code: int, address: InterfaceAddress, interface: str) -> str:
    if code == errno.EACCES and address.ip.version == 6:
        return f"{address.ip}: IPv6 is disabled on {interface}"
    return f"{address.ip}: {os.strerror(code)}"
