"""The kernel's links and addresses at one moment, for commands that read them once."""

from collections.abc import Iterable
from contextlib import closing
from functools import partial

from ucarpd.carp.params import IPAddress
from ucarpd.linux.netlink.messages import InterfaceAddress, Link
from ucarpd.linux.netlink.netlink import Tables
from ucarpd.linux.netlink.request_socket import RequestSocket, consistent


class Snapshot:
    """The same lookups as `Netlink`, at one moment.

    The constructor needs no privileges; it raises OSError.
    """

    def __init__(self) -> None:
        with closing(RequestSocket()) as kernel:
            self._tables = consistent(partial(Tables.read, kernel, ()))

    def link(self, interface: str) -> Link | None:
        return self._tables.link(interface)

    def link_of_index(self, index: int) -> Link | None:
        return self._tables.link_of_index(index)

    def links(self, mentioning: str = "") -> Iterable[Link]:
        """Return all links, or only links with this text in a name."""
        return self._tables.links(mentioning)

    def addresses(self, interface: str) -> list[InterfaceAddress]:
        """Return the addresses that the host answers for, in the kernel's order."""
        return [e.placed.address for e in self._tables.entries(interface) if e.is_usable]

    def where(self, ip: IPAddress) -> str | None:
        """Return the name of an interface of this host that has the address, or None."""
        usable = (entry for entry in self._tables.everywhere(ip) if entry.is_usable)
        links = (self._tables.messages.get(entry.index) for entry in usable)
        return next((link.name for link in links if link is not None), None)

    def dad_failed(self, interface: str, ip: IPAddress) -> bool:
        """Return whether duplicate address detection (IPv6) found the address on another host."""
        entry = self._tables.entry(interface, ip)
        return entry is not None and entry.is_duplicate
