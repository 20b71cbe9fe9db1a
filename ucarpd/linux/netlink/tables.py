"""Tables of the kernel's links and addresses, built from its messages."""

from collections.abc import Collection, Container, Iterable, Iterator
from ipaddress import IPv4Address
from itertools import takewhile
from typing import TypeVar

from ucarpd.carp.params import IPAddress
from ucarpd.linux.netlink.ifinfomsg import IfInfoMsg
from ucarpd.linux.netlink.messages import (
    AddressEntry,
    InterfaceAddress,
    Link,
    LinkMessage,
    Placed,
    address_of,
    request,
)
from ucarpd.linux.netlink.pyroute import ifaddrmsg, nl, rtnl
from ucarpd.linux.netlink_framing import Message, outline
from ucarpd.linux.netlink_socket import RequestSocket

_RTEXT_FILTER_SKIP_STATS = 8

_K = TypeVar("_K")
_L = TypeVar("_L")

Change = tuple[str, str, IPAddress | None]
""""link", "added" or "removed"; the interface; the address."""

Network = tuple[int, int, int]
"""Interface, network and prefix length of an IPv4 address.

The first address of each such network is primary, the others are secondary.
"""


class Tables:
    """Tables of links and addresses; a lookup takes the same time for any number of them.

    `followed` links are decoded at once, all others only on request.
    """

    def __init__(self, followed: Container[str]) -> None:
        self._followed = followed
        self.version = object()
        """Another object after each message: while it stays, all answers stay the same."""
        self.messages: dict[int, LinkMessage] = {}
        """The kernel's messages about the links, by index."""
        self._by_name: dict[str, LinkMessage] = {}
        self._addresses: dict[int, dict[InterfaceAddress, AddressEntry]] = {}
        """By interface, in the kernel's order."""
        self._by_ip: dict[IPAddress, dict[tuple[int, int], AddressEntry]] = {}
        """By address, then by interface and prefix length."""
        self._networks: dict[Network, dict[IPAddress, AddressEntry]] = {}

    @classmethod
    def read(cls, kernel: RequestSocket, followed: Container[str]) -> "Tables":
        """Read the tables from the kernel.

        Raises OSError, and DumpInterruptedError if the tables must be read again.
        """
        tables = cls(followed)
        mask = [("IFLA_EXT_MASK", _RTEXT_FILTER_SKIP_STATS)]
        links = request(IfInfoMsg(), rtnl.RTM_GETLINK, nl.NLM_F_DUMP, mask)
        addresses = request(ifaddrmsg.ifaddrmsg(), rtnl.RTM_GETADDR, nl.NLM_F_DUMP)
        for each in (links, addresses):
            for message in kernel.dump(each):
                tables.take_in(message)
        return tables

    # -- links and addresses -----------------------------------------------------------------------

    def link(self, name: str) -> Link | None:
        message = self._by_name.get(name)
        return message.link if message else None

    def link_of_index(self, index: int) -> Link | None:
        message = self.messages.get(index)
        return message.link if message else None

    def links(self, mentioning: str = "") -> Iterator[Link]:
        """Return all links, or only links with this text in a name."""
        return (each.link for each in self.messages.values() if each.mentions(mentioning))

    def entries(self, interface: str) -> Collection[AddressEntry]:
        """Return the addresses of the interface, in the kernel's order; none if it is missing."""
        link = self._by_name.get(interface)
        return self._addresses.get(link.index, {}).values() if link else ()

    def entry(self, interface: str, ip: IPAddress) -> AddressEntry | None:
        """Return the address on the interface; a usable entry if it has several prefix lengths."""
        link = self._by_name.get(interface)
        found = [e for e in self.everywhere(ip) if link and e.index == link.index]
        return next((entry for entry in found if entry.is_usable), found[0] if found else None)

    def has(self, interface: str, ip: IPAddress) -> bool:
        """Return whether the address is on the interface and usable."""
        entry = self.entry(interface, ip)
        return entry is not None and entry.is_usable

    def unusable(self, interface: str, ips: Iterable[IPAddress]) -> list[InterfaceAddress]:
        """Return which of these are on the interface, but not usable."""
        found = (self.entry(interface, ip) for ip in ips)
        return [e.placed.address for e in found if e is not None and not e.is_usable]

    def everywhere(self, ip: IPAddress) -> Collection[AddressEntry]:
        """Return the entries of the address on all interfaces."""
        return self._by_ip.get(ip, {}).values()

    def network(self, entry: AddressEntry) -> Collection[AddressEntry]:
        """Return the addresses on its interface with the same network and prefix length."""
        ip = entry.placed.address.ip
        if not isinstance(ip, IPv4Address):
            return ()
        network = _network(entry.index, ip, entry.placed.address.prefixlen)
        return self._networks.get(network, {}).values()

    def before(self, interface: str, own: IPAddress, ours: Collection[IPAddress]) -> list[Placed]:
        """Return those of `ours` that the kernel prefers to `own` as a source: those before all
        other addresses in its IPv4 network, and those with a route inside that network.
        """
        entry = self.entry(interface, own)
        if entry is None or own.version == 6:
            return []
        if entry.is_secondary:
            first = takewhile(lambda each: each.placed.address.ip in ours, self.network(entry))
            return [each.placed for each in first]
        around = entry.placed.address
        # Many virtual hosts ask after each change, so the others' addresses are not looked at.
        found = (each for ip in ours for each in self.everywhere(ip))
        there = (e.placed for e in found if e.index == entry.index and e.has_route)
        inside = (each for each in there if around.prefixlen < each.address.prefixlen < 32)
        return [each for each in inside if each.address.ip in around.network]

    def is_covered(
        self, interface: str, address: InterfaceAddress, ours: Collection[IPAddress]
    ) -> bool:
        """Return whether an IPv4 address of the host, not `ours`, has a network around `address`.

        That network has a shorter prefix and is on the same interface.  False for a /32.
        """
        ip, link = address.ip, self._by_name.get(interface)
        if link is None or not isinstance(ip, IPv4Address) or address.prefixlen == 32:
            return False
        wider = (_network(link.index, ip, length) for length in range(1, address.prefixlen))
        return any(each not in ours for key in wider for each in self._networks.get(key, ()))

    # -- what changes ------------------------------------------------------------------------------

    def take_in(self, message: Message) -> Iterable[Change]:
        """Update the tables by a message; return the changes, but none of links not followed."""
        self.version = object()
        if message.kind == rtnl.RTM_NEWLINK:
            return self._put_link(message.data)
        if message.kind == rtnl.RTM_DELLINK:
            return self._remove_link(message.data)
        if message.kind in (rtnl.RTM_NEWADDR, rtnl.RTM_DELADDR):
            return self._put_address(message.kind, message.data)
        return ()

    def differences(self, after: "Tables") -> Iterator[Change]:
        """Yield the changes between these tables and their successors."""
        for index in {*self.messages, *after.messages}:
            yield from self._change(self.messages.get(index), after.messages.get(index))
        was, now = self.usable(), after.usable()
        yield from (("removed", name, ip) for name, ip in was - now)
        yield from (("added", name, ip) for name, ip in now - was)

    def usable(self) -> set[tuple[str, IPAddress]]:
        """Return interface and address of every usable address."""
        return {
            (self.messages[index].name, entry.placed.address.ip)
            for index, entries in self._addresses.items()
            for entry in entries.values()
            if entry.is_usable
        }

    def _change(self, old: LinkMessage | None, new: LinkMessage | None) -> Iterable[Change]:
        """Return the changes of one link, if it is followed."""
        names = dict.fromkeys(each.name for each in (old, new) if each)
        if not any(name in self._followed for name in names):
            return ()
        if old is not None and new is not None and old.link == new.link:
            return ()
        return [("link", name, None) for name in names]

    def _put_link(self, data: bytes) -> Iterable[Change]:
        found = outline(data)
        if found is None:
            return ()
        new = LinkMessage(*found, data)
        old = self.messages.get(new.index)
        if old is not None:
            self._forget_name(old)
        self.messages[new.index] = self._by_name[new.name] = new
        return self._change(old, new)

    def _remove_link(self, data: bytes) -> Iterable[Change]:
        found = outline(data)
        old = self.messages.pop(found[0], None) if found else None
        if old is None:
            return ()
        self._forget_name(old)
        for entry in list(self._addresses.pop(old.index, {}).values()):
            self._forget_address(entry)
        return self._change(old, None)

    def _forget_name(self, link: LinkMessage) -> None:
        # If two links have swapped names, the other one may have this name by now.
        if self._by_name.get(link.name) is link:
            del self._by_name[link.name]

    def _put_address(self, kind: int, data: bytes) -> Iterable[Change]:
        entry = address_of(data)
        link = self.messages.get(entry.index) if entry else None
        if entry is None or link is None:
            return ()
        address = entry.placed.address
        known = self._addresses.setdefault(entry.index, {})
        old = known.pop(address, None) if kind == rtnl.RTM_DELADDR else known.get(address)
        if kind == rtnl.RTM_NEWADDR:
            known[address] = entry
            self._by_ip.setdefault(address.ip, {})[entry.index, address.prefixlen] = entry
            if isinstance(address.ip, IPv4Address):
                network = _network(entry.index, address.ip, address.prefixlen)
                self._networks.setdefault(network, {})[address.ip] = entry
        elif old is not None:
            self._forget_address(old)
        before = old is not None and old.is_usable
        after = kind == rtnl.RTM_NEWADDR and entry.is_usable
        if before == after:
            return ()
        return [("added" if after else "removed", link.name, address.ip)]

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
