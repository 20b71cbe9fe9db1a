"""The kernel's links and addresses, as its messages tell of them."""

from collections.abc import Collection, Iterable, Iterator
from ipaddress import IPv4Address
from typing import TypeVar

from ucarpd.carp.params import IPAddress
from ucarpd.linux.netlink import framing
from ucarpd.linux.netlink.messages import (
    ADDRESS,
    IFLA_EXT_MASK,
    LINK,
    RTM_DELADDR,
    RTM_DELLINK,
    RTM_GETADDR,
    RTM_GETLINK,
    RTM_NEWADDR,
    RTM_NEWLINK,
    AddressEntry,
    InterfaceAddress,
    Link,
    address_of,
    link_of,
)
from ucarpd.linux.netlink.request_socket import RequestSocket

_RTEXT_FILTER_SKIP_STATS = 8

_K = TypeVar("_K")
_L = TypeVar("_L")

Change = tuple[str, str, IPAddress | None]
""""link", "added" or "removed"; the interface; the address."""

Network = tuple[int, int, int]
"""Interface, network and prefix length of an IPv4 address, by which the kernel tells its first from
the secondary ones."""


class Tables:
    """Every lookup takes the same time, however many links and addresses there are."""

    def __init__(self) -> None:
        self._links: dict[int, Link] = {}
        self._by_name: dict[str, Link] = {}
        self._addresses: dict[int, dict[InterfaceAddress, AddressEntry]] = {}
        """In the kernel's order."""
        self._by_ip: dict[IPAddress, dict[tuple[int, int], AddressEntry]] = {}
        """By interface and prefix length."""
        self._networks: dict[Network, dict[IPAddress, AddressEntry]] = {}

    @classmethod
    def read(cls, kernel: RequestSocket) -> "Tables":
        """Raises OSError, and DumpInterruptedError where it has to be done again."""
        tables = cls()
        attribute = framing.attribute(IFLA_EXT_MASK, bytes([_RTEXT_FILTER_SKIP_STATS, 0, 0, 0]))
        for body in kernel.dump(RTM_GETLINK, LINK.pack(0, 0, 0, 0, 0) + attribute):
            tables._put_link(body)
        for body in kernel.dump(RTM_GETADDR, ADDRESS.pack(0, 0, 0, 0, 0)):
            tables._put_address(RTM_NEWADDR, body)
        return tables

    # -- what there is -----------------------------------------------------------------------------

    def link(self, name: str) -> Link | None:
        return self._by_name.get(name)

    def link_of_index(self, index: int) -> Link | None:
        return self._links.get(index)

    def links(self) -> Iterable[Link]:
        return self._links.values()

    def entries(self, interface: str) -> Collection[AddressEntry]:
        """The addresses of the interface in the kernel's order; none if it does not exist."""
        link = self._by_name.get(interface)
        return self._addresses.get(link.index, {}).values() if link else ()

    def entry(self, interface: str, ip: IPAddress) -> AddressEntry | None:
        """The address on the interface; the usable one, if it is there with several lengths."""
        link = self._by_name.get(interface)
        found = [e for e in self.everywhere(ip) if link and e.index == link.index]
        return next((entry for entry in found if entry.is_usable), found[0] if found else None)

    def everywhere(self, ip: IPAddress) -> Collection[AddressEntry]:
        """The address on every interface that has it."""
        return self._by_ip.get(ip, {}).values()

    def network(self, entry: AddressEntry) -> Collection[AddressEntry]:
        """The addresses of its network on its interface that have the same prefix length."""
        ip = entry.placed.address.ip
        if not isinstance(ip, IPv4Address):
            return ()
        network = _network(entry.index, ip, entry.placed.address.prefixlen)
        return self._networks.get(network, {}).values()

    def is_covered(
        self, interface: str, address: InterfaceAddress, ours: Collection[IPAddress]
    ) -> bool:
        """Whether the interface has an IPv4 address with a shorter prefix, other than `ours`, whose
        network holds that of `address`, which has more than one host.
        """
        ip, link = address.ip, self._by_name.get(interface)
        if link is None or not isinstance(ip, IPv4Address) or address.prefixlen == 32:
            return False
        wider = (_network(link.index, ip, length) for length in range(1, address.prefixlen))
        return any(each not in ours for key in wider for each in self._networks.get(key, ()))

    # -- what changes ------------------------------------------------------------------------------

    def take_in(self, message: framing.Message) -> Iterator[Change]:
        """Update the tables by a message; tell what it has changed."""
        if message.kind == RTM_NEWLINK:
            yield from self._put_link(message.body)
        elif message.kind == RTM_DELLINK:
            yield from self._remove_link(message.body)
        elif message.kind in (RTM_NEWADDR, RTM_DELADDR):
            change = self._put_address(message.kind, message.body)
            if change is not None:
                yield change

    def differences(self, after: "Tables") -> Iterator[Change]:
        """What has changed between these tables and those that are to replace them."""
        for index in {link.index for table in (self, after) for link in table.links()}:
            old, new = self.link_of_index(index), after.link_of_index(index)
            if old != new:
                yield from (("link", link.name, None) for link in (old, new) if link)
        was, now = self.usable(), after.usable()
        yield from (("removed", name, ip) for name, ip in was - now)
        yield from (("added", name, ip) for name, ip in now - was)

    def usable(self) -> set[tuple[str, IPAddress]]:
        """Interface and address of all that can be used."""
        return {
            (self._links[index].name, entry.placed.address.ip)
            for index, entries in self._addresses.items()
            for entry in entries.values()
            if entry.is_usable
        }

    def _put_link(self, body: bytes) -> list[Change]:
        new = link_of(body)
        if new is None:
            return []
        old = self._links.get(new.index)
        if old == new:
            return []
        changes: list[Change] = [("link", new.name, None)]
        if old is not None and old.name != new.name:
            self._forget_name(old)
            changes.insert(0, ("link", old.name, None))
        self._links[new.index] = self._by_name[new.name] = new
        return changes

    def _remove_link(self, body: bytes) -> list[Change]:
        gone = link_of(body)
        old = self._links.pop(gone.index, None) if gone else None
        if old is None:
            return []
        self._forget_name(old)
        for entry in list(self._addresses.pop(old.index, {}).values()):
            self._forget_address(entry)
        return [("link", old.name, None)]

    def _forget_name(self, link: Link) -> None:
        # Of two links that have changed names the other may have this one's by now.
        if self._by_name.get(link.name) == link:
            del self._by_name[link.name]

    def _put_address(self, kind: int, body: bytes) -> Change | None:
        entry = address_of(body)
        link = self._links.get(entry.index) if entry else None
        if entry is None or link is None:
            return None
        address = entry.placed.address
        known = self._addresses.setdefault(entry.index, {})
        old = known.pop(address, None) if kind == RTM_DELADDR else known.get(address)
        if kind == RTM_NEWADDR:
            known[address] = entry
            self._by_ip.setdefault(address.ip, {})[entry.index, address.prefixlen] = entry
            if isinstance(address.ip, IPv4Address):
                network = _network(entry.index, address.ip, address.prefixlen)
                self._networks.setdefault(network, {})[address.ip] = entry
        elif old is not None:
            self._forget_address(old)
        before = old is not None and old.is_usable
        after = kind == RTM_NEWADDR and entry.is_usable
        if before == after:
            return None
        return "added" if after else "removed", link.name, address.ip

    def _forget_address(self, entry: AddressEntry) -> None:
        """Take an entry out of the indexes."""
        address = entry.placed.address
        _remove(self._by_ip, address.ip, (entry.index, address.prefixlen))
        if isinstance(address.ip, IPv4Address):
            network = _network(entry.index, address.ip, address.prefixlen)
            _remove(self._networks, network, address.ip)


def _network(index: int, ip: IPv4Address, prefixlen: int) -> Network:
    return index, int(ip) >> (32 - prefixlen), prefixlen


def _remove(table: dict[_K, dict[_L, AddressEntry]], key: _K, inner: _L) -> None:
    del table[key][inner]
    if not table[key]:
        del table[key]
