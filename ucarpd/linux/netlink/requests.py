"""Requests to the kernel, each carried out before the call returns.

All names are looked up in the kernel when the request is made: the tables are behind it, and a link
that the request before has made is not in them yet.
"""

import errno
import socket
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from ipaddress import IPv6Address
from typing import Any

from pyroute2 import IPRoute
from pyroute2.netlink.exceptions import NetlinkError

from ucarpd.linux.netlink.messages import InterfaceAddress, link_of

_IFA_F_NODAD = 0x02
_FOREVER = 0xFFFFFFFF
_MACVLAN_MODE = "bridge"
"""A private macvlan swallows frames from the wire that bear its own MAC as their source, and so do
the peers' advertisements."""


class Requests:
    """Not for use by several threads at once.  Every method raises OSError with a text that says
    which link or address it is about.
    """

    def __init__(self) -> None:
        self._opened: IPRoute | None = None

    def close(self) -> None:
        if self._opened is not None:
            self._opened.close()

    def dump(self) -> tuple[list[Any], list[Any]]:
        """The messages of all links and of all addresses."""
        return list(self._iproute.get_links()), list(self._iproute.get_addr())

    # -- addresses -----------------------------------------------------------------------------------

    def add_addresses(
        self, interface: str, addresses: Iterable[InterfaceAddress], label: str | None
    ) -> None:
        """Also those after one that fails; an address that is there already is no error."""
        index = _index(interface)
        _for_each(addresses, partial(self._add_address, interface, index, label))

    def _add_address(
        self, interface: str, index: int, label: str | None, address: InterfaceAddress
    ) -> None:
        options: dict[str, Any] = {"label": label} if label else {}
        if isinstance(address.ip, IPv6Address):
            options = _ipv6_options()
        try:
            self._address("add", index, address, options)
        except NetlinkError as error:
            if error.code == errno.EEXIST:
                return
            reason = error.args[1]
            if error.code == errno.EACCES and isinstance(address.ip, IPv6Address):
                reason = f"IPv6 is disabled on {interface}"
            raise OSError(error.code, f"{address.ip}: {reason}") from error

    def remove_addresses(self, interface: str, addresses: Iterable[InterfaceAddress]) -> None:
        """Also those after one that fails; an address or interface that is not there is no error."""
        try:
            index = _index(interface)
        except OSError:
            return
        _for_each(addresses, partial(self._remove_address, index))

    def _remove_address(self, index: int, address: InterfaceAddress) -> None:
        try:
            self._address("del", index, address, {})
        except NetlinkError as error:
            if error.code not in (errno.EADDRNOTAVAIL, errno.ENODEV):
                raise OSError(error.code, f"{address.ip}: {error.args[1]}") from error

    def _address(
        self, command: str, index: int, address: InterfaceAddress, options: dict[str, Any]
    ) -> None:
        text, prefixlen = str(address.ip), address.prefixlen
        self._iproute.addr(command, index=index, address=text, prefixlen=prefixlen, **options)

    # -- links ---------------------------------------------------------------------------------------

    def add_macvlan(self, parent: str, name: str, mac: bytes) -> None:
        """Make it, down.  One that is there and just so is left alone, and any other macvlan of
        that name gives way; a link of another kind does not.
        """
        parent_index = _index(parent)
        there = self._macvlan(name)
        if there is not None:
            link = link_of(there)
            mode = there.get_nested("IFLA_LINKINFO", "IFLA_INFO_DATA", "IFLA_MACVLAN_MODE")
            if (link.parent, link.mac, mode) == (parent_index, mac, _MACVLAN_MODE):
                return
            self.remove_link(name)
        with _refusals(f"cannot make {name} on {parent}"):
            self._iproute.link(
                "add",
                ifname=name,
                kind="macvlan",
                link=parent_index,
                macvlan_mode=_MACVLAN_MODE,
                address=mac.hex(":"),
            )

    def set_link(self, name: str, up: bool) -> None:
        """A link that is not there is down."""
        try:
            index = _index(name)
        except OSError:
            if up:
                raise
            return
        state = "up" if up else "down"
        with _refusals(f"cannot set {name} {state}"):
            self._iproute.link("set", index=index, state=state)

    def remove_link(self, name: str) -> None:
        """Remove a macvlan; no error if it is not there, but if the name is another link's."""
        there = self._macvlan(name)
        if there is None:
            return
        try:
            with _refusals(f"cannot remove {name}"):
                self._iproute.link("del", index=there["index"])
        except OSError as error:
            if error.errno != errno.ENODEV:
                raise

    def _macvlan(self, name: str) -> Any | None:
        """The message about the macvlan of that name.  Raises OSError for another kind of link."""
        try:
            with _refusals(f"cannot look up {name}"):
                (message,) = self._iproute.link("get", ifname=name)
        except OSError as error:
            if error.errno == errno.ENODEV:
                return None
            raise
        link = link_of(message)
        # The kernel finds links by their other names too (altname).
        if link.kind != "macvlan" or link.name != name:
            raise OSError(errno.EEXIST, f"{name} is not a macvlan but {link.kind or 'hardware'}")
        return message

    @property
    def _iproute(self) -> IPRoute:
        if self._opened is None:
            self._opened = IPRoute()
        return self._opened


def _ipv6_options() -> dict[str, Any]:
    """A virtual address is there at once, and never the source of the host's own connections.

    Without detection of duplicates, since two masters that meet must not silence each other; and
    deprecated, which only means that nobody chooses it who has another.
    """
    lifetimes = {"preferred": 0, "valid": _FOREVER}
    # pyroute2 0.7 reads them in `cacheinfo`, 0.9 beside it, where they empty one that stands first.
    return {"flags": _IFA_F_NODAD, **lifetimes, "cacheinfo": lifetimes}


def _index(name: str) -> int:
    try:
        return socket.if_nametoindex(name)
    except OSError:
        raise OSError(errno.ENODEV, f"interface {name} does not exist") from None


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


@contextmanager
def _refusals(what: str) -> Iterator[None]:
    """Turn pyroute2's error into an OSError that begins with these words."""
    try:
        yield
    except NetlinkError as error:
        raise OSError(error.code, f"{what}: {error.args[1]}") from error
