"""The kernel's links and addresses as they are now, and the way to change them.

Requests are carried out in one worker thread, in the order in which they were made: the kernel
serves them under a lock that other programs may hold for a long time, and the protocol must not
wait for that.
"""

import logging
from collections.abc import Callable, Collection, Iterable, Mapping
from functools import partial

from ucarpd.carp.params import IPAddress
from ucarpd.linux.netlink.address_requests import AddressRequests
from ucarpd.linux.netlink.departures import Departures, Done
from ucarpd.linux.netlink.events import Events, Listener
from ucarpd.linux.netlink.messages import InterfaceAddress, Link, Placed
from ucarpd.linux.netlink.netlink import Tables
from ucarpd.linux.netlink.request_socket import RequestSocket
from ucarpd.linux.netlink.requests import Requests
from ucarpd.linux.netlink.secondaries import Elsewhere, Notes
from ucarpd.linux.netlink.worker import Worker

_log = logging.getLogger(__name__)

Refused = Mapping[InterfaceAddress, OSError]


def _report(error: OSError | None) -> None:
    if error is not None:
        _log.error("%s", error.strerror or error)


class Netlink:
    """The kernel's table of links and addresses in the current network namespace.

    `elsewhere`, called in the worker, returns the addresses that other processes serve on this host.
    `notes`, called there too, remembers settings that are changed for a moment.
    """

    def __init__(
        self, listener: Listener, elsewhere: Elsewhere = frozenset, notes: Notes | None = None
    ) -> None:
        self._worker = Worker()
        # Open before they are needed: to leave must be possible when nothing more is to be had.
        self._kernel = RequestSocket()
        self._requests = Requests(self._kernel)
        self._address_requests = AddressRequests(self._kernel, elsewhere, notes)
        self._events = Events(listener, self._kernel, self._worker)
        self._departures = Departures(self._events, self._address_requests, self._worker)
        self._events.removed = partial(self._departures.gone, failed=_report)

    async def open(self) -> None:
        """Read the tables and follow them from now on.  Raises OSError."""
        await self._events.open()

    async def close(self) -> None:
        """Wait for the requests under way, then let go of the sockets."""
        self._events.close()
        await self._worker.finish(self._kernel.close)

    # -- what there is -----------------------------------------------------------------------------

    @property
    def _tables(self) -> Tables:
        return self._events.tables

    def link(self, interface: str) -> Link | None:
        return self._tables.link(interface)

    def link_of_index(self, index: int) -> Link | None:
        return self._tables.link_of_index(index)

    def links(self, mentioning: str = "") -> Iterable[Link]:
        """All, or no others than those that have this text in a name."""
        return self._tables.links(mentioning)

    def follow(self, interface: str) -> None:
        """Tell the listener of changes of this link from now on, and decode it as they come.

        Any other link is decoded when it is asked for.
        """
        self._events.followed.add(interface)

    def addresses(self, interface: str) -> list[InterfaceAddress]:
        """The addresses of the interface in the kernel's order; none if it does not exist.

        One that detection of duplicates (IPv6) has not passed, or has denied, is not among them.
        """
        return [e.placed.address for e in self._tables.entries(interface) if e.is_usable]

    def has(self, interface: str, ip: IPAddress) -> bool:
        """Whether the address is on the interface and can be used."""
        entry = self._tables.entry(interface, ip)
        return entry is not None and entry.is_usable

    def where(self, ip: IPAddress) -> str | None:
        """The name of an interface that has the address, if only for detection of duplicates."""
        for entry in self._tables.everywhere(ip):
            link = self._tables.messages.get(entry.index)
            if link is not None and not entry.is_duplicate:
                return link.name
        return None

    def placed(self, interface: str, ip: IPAddress) -> Placed | None:
        """How the address is on the interface, whether it can be used or not."""
        entry = self._tables.entry(interface, ip)
        return entry.placed if entry is not None else None

    def dad_failed(self, interface: str, ip: IPAddress) -> bool:
        """Whether the address is there, but another host has it too (IPv6)."""
        entry = self._tables.entry(interface, ip)
        return entry is not None and entry.is_duplicate

    def catch_up(self) -> None:
        """Take in what the kernel has reported up to now, ahead of the event loop's next turn."""
        self._events.catch_up()

    # -- addresses ---------------------------------------------------------------------------------

    def add(
        self,
        interface: str,
        addresses: Iterable[InterfaceAddress],
        label: str | None,
        done: Callable[[Refused], None],
        there: Callable[[tuple[IPAddress, ...]], None] = lambda _added: None,
        virtual: Collection[IPAddress] = (),
    ) -> None:
        """Put addresses on the interface; `done` gets those that the kernel refuses, and why.

        `there` is called before, in the worker, with those that are there, if there are any.  An
        address that is there already is none that is refused.

        The label is for IPv4; an IPv6 address is deprecated, so that the host does not use it for
        connections of its own.  Neither does it use an IPv4 address in the network of an address of
        its own with a shorter prefix.  Those that are `virtual` are none of its own.
        """
        wanted = list(addresses)
        ours = {*virtual, *(address.ip for address in wanted)}
        routeless = frozenset(a for a in wanted if self._tables.is_covered(interface, a, ours))
        request = partial(self._address_requests.add, interface, wanted, label, routeless, there)
        self._worker.do(request, done, lambda error: done(dict.fromkeys(wanted, error)))

    def prepare(
        self, interface: str, addresses: Iterable[InterfaceAddress], label: str | None
    ) -> None:
        """Do in advance what can be done of `add`; where the interface is not there yet, nothing."""
        request = partial(self._address_requests.prepare, interface, tuple(addresses), label)
        self.beside(request, lambda _error: None)

    def remove(self, interface: str, addresses: Iterable[InterfaceAddress], done: Done) -> None:
        """Take addresses off the interface, also where they have another prefix length.

        Other addresses stay, or are put back, although the kernel would take them along.  One that
        another process serves is for that process to put back.
        """
        self._departures.remove(interface, addresses, done)

    def guard_secondaries(
        self, interface: str, ips: Iterable[IPAddress], failed: Done = _report
    ) -> None:
        """From now on another program may take these off; other addresses stay, or are put back.

        One `end_guard` belongs to each call.  `failed` gets what is not possible.
        """
        self._departures.guard(interface, ips, failed)

    def end_guard(self, interface: str, done: Done = _report) -> None:
        """The other program has ended; what has gone with its addresses is put back."""
        self._departures.end_guard(interface, done)

    # -- links -------------------------------------------------------------------------------------

    def add_macvlan(self, parent: str, name: str, mac: bytes, done: Done) -> None:
        """Make a macvlan in mode bridge, which stays down.

        One of that name on that parent with that MAC is adopted as it is, another macvlan is
        replaced; a link of another kind is left alone and is an error.
        """
        self.beside(partial(self._requests.add_macvlan, parent, name, mac), done)

    def set_link(self, name: str, up: bool, done: Done) -> None:
        """Set a link up or down; one that is not there is down."""
        self.beside(partial(self._requests.set_link, name, up), done)

    def remove_link(self, name: str, done: Done) -> None:
        """Remove a macvlan, if it is there; a link of another kind is left alone and is an error."""
        self.beside(partial(self._requests.remove_link, name), done)

    def beside(self, function: Callable[[], None], done: Done) -> None:
        """Call a function that may raise OSError between the requests, when its turn comes."""
        self._worker.do(function, done, done)
