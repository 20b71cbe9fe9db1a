"""Links and addresses of the kernel: a table kept current by events, and a worker that changes it.

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
from dataclasses import dataclass
from functools import partial
from ipaddress import IPv4Address, ip_address
from typing import Any, Protocol

from pyroute2 import IPRoute
from pyroute2.netlink.exceptions import NetlinkError
from pyroute2.netlink.rtnl.marshal import MarshalRtnl

from ucarpd.carp.params import IPAddress

_RTM_NEWLINK, _RTM_DELLINK = 16, 17
_RTM_NEWADDR, _RTM_DELADDR = 20, 21
_GROUPS = 0x1 | 0x10  # RTMGRP_LINK, RTMGRP_IPV4_IFADDR
_IFF_UP = 0x1
_IFF_RUNNING = 0x40
_ARPHRD_ETHER = 1
_RECEIVE_BUFFER = 1 << 20
_LARGEST_DATAGRAM = 1 << 16

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Link:
    """One interface.  `has_carrier` is IFF_RUNNING: a cable is in and the other end is up."""

    index: int
    name: str
    mac: bytes
    is_up: bool
    has_carrier: bool
    is_ethernet: bool


@dataclass(frozen=True, slots=True)
class InterfaceAddress:
    ip: IPAddress
    prefixlen: int


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
        self._addresses: dict[int, list[InterfaceAddress]] = {}
        self._marshal = MarshalRtnl()
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="netlink")
        self._iproute: IPRoute | None = None
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
        await self._in_worker(self._close_iproute)
        self._worker.shutdown()

    # -- what there is -----------------------------------------------------------------------------

    def link(self, interface: str) -> Link | None:
        return next((link for link in self._links.values() if link.name == interface), None)

    def addresses(self, interface: str) -> list[InterfaceAddress]:
        """The addresses of the interface in the kernel's order; none if it does not exist."""
        link = self.link(interface)
        return list(self._addresses.get(link.index, ())) if link else []

    def catch_up(self) -> None:
        """Take in what the kernel has reported up to now, ahead of the event loop's next turn."""
        self._read_events()

    # -- what is to be changed ---------------------------------------------------------------------

    def add(
        self,
        interface: str,
        addresses: Iterable[InterfaceAddress],
        label: str | None,
        done: Callable[[OSError | None], None],
    ) -> None:
        """Put addresses on the interface; `done` gets the first error, or None.

        An address that is there already is no error.
        """
        options = {"label": label} if label else {}
        self._change("add", interface, list(addresses), options, errno.EEXIST, done)

    def remove(
        self,
        interface: str,
        ips: Iterable[InterfaceAddress],
        done: Callable[[OSError | None], None],
    ) -> None:
        """Take addresses off the interface, also where they have another prefix length."""
        listed = list(ips)
        wanted = {address.ip for address in listed}
        others = [a for a in self.addresses(interface) if a.ip in wanted and a not in listed]
        self._change("del", interface, listed + others, {}, errno.EADDRNOTAVAIL, done)

    def _change(
        self,
        command: str,
        interface: str,
        addresses: list[InterfaceAddress],
        options: dict[str, str],
        harmless: int,
        done: Callable[[OSError | None], None],
    ) -> None:
        link = self.link(interface)
        if link is None:
            gone = OSError(errno.ENODEV, f"interface {interface} does not exist")
            self._loop.call_soon(done, None if command == "del" else gone)
            return
        request = partial(self._request, command, link.index, addresses, options, harmless)
        future = self._loop.run_in_executor(self._worker, request)
        future.add_done_callback(lambda future: done(future.result()))

    # -- in the worker thread ------------------------------------------------------------------------

    def _request(
        self,
        command: str,
        index: int,
        addresses: list[InterfaceAddress],
        options: dict[str, str],
        harmless: int,
    ) -> OSError | None:
        first_error: OSError | None = None
        for address in addresses:
            try:
                self._open_iproute().addr(
                    command,
                    index=index,
                    address=str(address.ip),
                    prefixlen=address.prefixlen,
                    **options,
                )
            except NetlinkError as error:
                if error.code not in (harmless, errno.ENODEV if command == "del" else harmless):
                    first_error = first_error or OSError(error.code, f"{address.ip}: {error}")
            except OSError as error:
                first_error = first_error or error
        return first_error

    def _dump(self) -> tuple[list[Any], list[Any]]:
        iproute = self._open_iproute()
        return list(iproute.get_links()), list(iproute.get_addr(family=socket.AF_INET))

    def _open_iproute(self) -> IPRoute:
        if self._iproute is None:
            self._iproute = IPRoute()
        return self._iproute

    def _close_iproute(self) -> None:
        if self._iproute is not None:
            self._iproute.close()

    async def _in_worker(self, function: Callable[[], Any]) -> Any:
        return await self._loop.run_in_executor(self._worker, function)

    # -- the tables ----------------------------------------------------------------------------------

    async def _read_tables(self) -> None:
        links, addresses = await self._in_worker(self._dump)
        before = {link.name for link in self._links.values()}
        self._links = {message["index"]: _link(message) for message in links}
        self._addresses = {}
        for message in addresses:
            self._addresses.setdefault(message["index"], []).append(_address(message))
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
            self._links[index] = new = _link(message)
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
            address = _address(message)
            known = self._addresses.setdefault(index, [])
            if kind == _RTM_NEWADDR and address not in known:
                known.append(address)
                yield "added", old.name, address.ip
            elif kind == _RTM_DELADDR and address in known:
                known.remove(address)
                yield "removed", old.name, address.ip


def _link(message: Any) -> Link:
    flags = message["flags"]
    mac = message.get_attr("IFLA_ADDRESS") or ""
    return Link(
        index=message["index"],
        name=message.get_attr("IFLA_IFNAME"),
        mac=bytes.fromhex(mac.replace(":", "")),
        is_up=bool(flags & _IFF_UP),
        has_carrier=bool(flags & _IFF_RUNNING),
        is_ethernet=message["ifi_type"] == _ARPHRD_ETHER,
    )


def _address(message: Any) -> InterfaceAddress:
    # On a point-to-point link IFA_ADDRESS is the other end.
    ip = ip_address(message.get_attr("IFA_LOCAL") or message.get_attr("IFA_ADDRESS"))
    assert isinstance(ip, IPv4Address)
    return InterfaceAddress(ip, message["prefixlen"])
