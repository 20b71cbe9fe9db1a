"""The kernel's links and addresses as they are now, and the way to change them.

Events come through a socket of our own that the event loop watches; pyroute2 decodes them.
Requests go through pyroute2 in one worker thread, in the order in which they were made: the kernel
serves them under a lock that other programs may hold for a long time, and the protocol must not
wait for that.
"""

import asyncio
import errno
import logging
import socket
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, Protocol

from ucarpd.carp.params import IPAddress
from ucarpd.linux.netlink.address_requests import AddressRequests
from ucarpd.linux.netlink.library import MarshalRtnl
from ucarpd.linux.netlink.messages import (
    InterfaceAddress,
    Link,
    address_of,
    is_duplicate,
    is_usable,
    link_of,
)
from ucarpd.linux.netlink.requests import Requests

_RTM_NEWLINK, _RTM_DELLINK = 16, 17
_RTM_NEWADDR, _RTM_DELADDR = 20, 21
_GROUPS = 0x1 | 0x10 | 0x100  # RTMGRP_LINK, RTMGRP_IPV4_IFADDR, RTMGRP_IPV6_IFADDR
_RECEIVE_BUFFER = 1 << 20
_LARGEST_DATAGRAM = 1 << 16

_log = logging.getLogger(__name__)

Done = Callable[[OSError | None], None]
"""Called in the event loop with what went wrong, or None."""


class Listener(Protocol):
    """Whom the table tells about changes, after it has taken them in."""

    def link_changed(self, interface: str) -> None: ...
    def address_added(self, interface: str, ip: IPAddress) -> None: ...
    def address_removed(self, interface: str, ip: IPAddress) -> None: ...


class Netlink:
    """The kernel's table of links and addresses in the current network namespace."""

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self._loop = asyncio.get_running_loop()
        self._links: dict[int, Link] = {}
        self._addresses: dict[int, dict[InterfaceAddress, bool]] = {}
        """In the kernel's order, with whether they are usable."""
        self._duplicates: set[tuple[int, IPAddress]] = set()
        self._marshal = MarshalRtnl()
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="netlink")
        self._requests = Requests()
        self._address_requests = AddressRequests()
        self._events = socket.socket(
            socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC, 0
        )
        self._events.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER)

    async def open(self) -> None:
        """Read the tables and follow them from now on.  Raises OSError."""
        # Subscribed before the dump: what changes in between arrives as an event afterwards.
        self._events.bind((0, _GROUPS))
        await self._read_tables()
        self._loop.add_reader(self._events, self._read_events)

    async def close(self) -> None:
        """Wait for the requests under way, then let go of the sockets."""
        self._loop.remove_reader(self._events)
        self._events.close()
        await self._loop.run_in_executor(self._worker, self._requests.close)
        await self._loop.run_in_executor(self._worker, self._address_requests.close)
        self._worker.shutdown()

    # -- what there is -----------------------------------------------------------------------------

    def link(self, interface: str) -> Link | None:
        return next((link for link in self._links.values() if link.name == interface), None)

    def link_of_index(self, index: int) -> Link | None:
        return self._links.get(index)

    def links(self) -> Iterable[Link]:
        return self._links.values()

    def where(self, ip: IPAddress) -> str | None:
        """The name of an interface of this host that has the address."""
        for index, known in self._addresses.items():
            if any(address.ip == ip and usable for address, usable in known.items()):
                link = self._links.get(index)
                return link.name if link else None
        return None

    def dad_failed(self, interface: str, ip: IPAddress) -> bool:
        """Whether the address is there, as a duplicate of another host's."""
        link = self.link(interface)
        return link is not None and (link.index, ip) in self._duplicates

    def addresses(self, interface: str) -> list[InterfaceAddress]:
        """The addresses of the interface in the kernel's order; none if it does not exist.

        One that detection of duplicates (IPv6) has not passed, or has denied, is not among them.
        """
        link = self.link(interface)
        known = self._addresses.get(link.index, {}) if link else {}
        return [address for address, usable in known.items() if usable]

    def catch_up(self) -> None:
        """Take in what the kernel has reported up to now, ahead of the event loop's next turn."""
        self._read_events()

    # -- what is to be changed ---------------------------------------------------------------------

    def add(
        self,
        interface: str,
        addresses: Iterable[InterfaceAddress],
        label: str | None,
        done: Done,
        there: Callable[[], None] = lambda: None,
    ) -> None:
        """Put addresses on the interface; `done` gets the first error, or None.

        Without an error `there` is called before, in the worker, as soon as the addresses are there.

        An address that is there already is no error.  The label is for IPv4; an IPv6 address is
        deprecated, so that the host does not use it for connections of its own.
        """
        self._change(done, self._address_requests.add, interface, list(addresses), label, there)

    def prepare(
        self, interface: str, addresses: Iterable[InterfaceAddress], label: str | None
    ) -> None:
        """Do in advance what can be done of `add`; where the interface is not there yet, nothing."""
        request = self._address_requests.prepare
        self._change(lambda _error: None, request, interface, list(addresses), label)

    def remove(self, interface: str, ips: Iterable[InterfaceAddress], done: Done) -> None:
        """Take addresses off the interface, also where they have another prefix length."""
        listed = list(ips)
        wanted = {address.ip for address in listed}
        link = self.link(interface)
        known = self._addresses.get(link.index, {}) if link else {}
        others = [a for a in known if a.ip in wanted and a not in listed]
        self._change(done, self._address_requests.remove, interface, listed + others)

    def add_macvlan(self, parent: str, name: str, mac: bytes, done: Done) -> None:
        """Make a macvlan in mode bridge, which stays down.

        One of that name on that parent with that MAC is adopted as it is, another macvlan is
        replaced; a link of another kind is left alone and is an error.
        """
        self._change(done, self._requests.add_macvlan, parent, name, mac)

    def set_link(self, name: str, up: bool, done: Done) -> None:
        """Set a link up or down; one that is not there is down."""
        self._change(done, self._requests.set_link, name, up)

    def remove_link(self, name: str, done: Done) -> None:
        """Remove a macvlan, if it is there; a link of another kind is left alone and is an error."""
        self._change(done, self._requests.remove_link, name)

    def beside(self, function: Callable[[], None], done: Done) -> None:
        """Call a function that may raise OSError between the requests, when its turn comes."""
        self._change(done, function)

    def _change(self, done: Done, request: Callable[..., None], *arguments: Any) -> None:
        future = self._loop.run_in_executor(self._worker, partial(_outcome, request, *arguments))
        future.add_done_callback(lambda future: done(future.result()))

    # -- the tables ----------------------------------------------------------------------------------

    async def _read_tables(self) -> None:
        dump = self._loop.run_in_executor(self._worker, self._requests.dump)
        links, addresses = await dump
        before = {link.name for link in self._links.values()}
        self._links = {message["index"]: link_of(message) for message in links}
        self._addresses = {}
        for message in addresses:
            known = self._addresses.setdefault(message["index"], {})
            known[address_of(message)] = is_usable(message)
        self._duplicates = {
            (message["index"], address_of(message).ip)
            for message in addresses
            if is_duplicate(message)
        }
        for name in sorted(before | {link.name for link in self._links.values()}):
            self._listener.link_changed(name)

    def _read_events(self) -> None:
        changes: list[tuple[str, str, IPAddress | None]] = []
        try:
            for message in self._receive():
                changes.extend(self._take_in(message))
        except OSError as error:
            if error.errno != errno.ENOBUFS:
                raise
            _log.warning("the kernel dropped netlink events; reading links and addresses anew")
            self._resync = self._loop.create_task(self._read_tables())
            return
        # Told only now, when the whole batch is in the table: an address that was removed and put
        # back at once has not been removed.
        for kind, interface, ip in dict.fromkeys(changes):
            if ip is None:
                self._listener.link_changed(interface)
                continue
            present = any(address.ip == ip for address in self.addresses(interface))
            if kind == "added" and present:
                self._listener.address_added(interface, ip)
            elif kind == "removed" and not present:
                self._listener.address_removed(interface, ip)

    def _receive(self) -> Iterator[Any]:
        while True:
            try:
                datagram = self._events.recv(_LARGEST_DATAGRAM)
            except BlockingIOError:
                return
            yield from self._marshal.parse(datagram)

    def _take_in(self, message: Any) -> Iterator[tuple[str, str, IPAddress | None]]:
        """Update the tables by one message; tell what it changed."""
        kind, index = message["header"]["type"], message["index"]
        # A bridge also reports its ports in the family AF_BRIDGE: leaving a bridge is a DELLINK.
        is_link = message["family"] == socket.AF_UNSPEC
        old = self._links.get(index)
        if kind == _RTM_NEWLINK and is_link:
            self._links[index] = new = link_of(message)
            if old is not None and old.name != new.name:
                yield "link", old.name, None
            if old != new:
                yield "link", new.name, None
        elif kind == _RTM_DELLINK and is_link:
            self._links.pop(index, None)
            self._addresses.pop(index, None)
            if old is not None:
                yield "link", old.name, None
        elif kind in (_RTM_NEWADDR, _RTM_DELADDR) and old is not None:
            address = address_of(message)
            known = self._addresses.setdefault(index, {})
            before = known.get(address, False)
            after = kind == _RTM_NEWADDR and is_usable(message)
            if kind == _RTM_NEWADDR and is_duplicate(message):
                self._duplicates.add((index, address.ip))
            else:
                self._duplicates.discard((index, address.ip))
            if kind == _RTM_NEWADDR:
                known[address] = after
            else:
                known.pop(address, None)
            if after != before:
                yield "added" if after else "removed", old.name, address.ip


def _outcome(request: Callable[..., None], *arguments: Any) -> OSError | None:
    try:
        request(*arguments)
    except OSError as error:
        return error
    return None
