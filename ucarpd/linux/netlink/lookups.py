"""Looking up links and addresses: the same for a running process and for a command."""

from abc import ABC, abstractmethod
from collections.abc import Iterable

from ucarpd.carp.params import IPAddress
from ucarpd.linux.netlink.messages import InterfaceAddress, Link
from ucarpd.linux.netlink.tables import Tables


class Lookups(ABC):
    """The links and addresses of this host, in the tables of a process or of a command."""

    @property
    @abstractmethod
    def _tables(self) -> Tables: ...

    def link(self, interface: str) -> Link | None:
        return self._tables.link(interface)

    def link_of_index(self, index: int) -> Link | None:
        return self._tables.link_of_index(index)

    def links(self, mentioning: str = "") -> Iterable[Link]:
        """Return all links, or only links with this text in a name."""
        return self._tables.links(mentioning)

    def macs(self) -> set[bytes]:
        """Return the hardware addresses of all links, whatever their kind; this decodes none of them."""
        return {message.mac for message in self._tables.messages.values()}

    def addresses(self, interface: str) -> list[InterfaceAddress]:
        """Return the addresses of the interface in the kernel's order; none if it does not exist.

        An IPv6 address is left out until it has passed duplicate address detection.
        """
        return [e.placed.address for e in self._tables.entries(interface) if e.is_usable]

    @abstractmethod
    def where(self, ip: IPAddress) -> str | None:
        """Return the name of an interface of this host that has the address, or None."""

    def duplicates(self, interface: str) -> list[IPAddress]:
        """Return the IPv6 addresses that duplicate address detection has found on another host."""
        return [e.placed.address.ip for e in self._tables.entries(interface) if e.is_duplicate]
