"""The kernel's current links and addresses, and the requests that change them.

One worker thread carries out the requests in order: the kernel serves them under a lock that other
programs may hold for a long time, and the protocol must not wait for it.
"""

import errno
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import partial

from ucarpd.carp.params import IPAddress
from ucarpd.linux.netlink.address_requests import AddressRequests
from ucarpd.linux.netlink.departures import Departures, Done, report
from ucarpd.linux.netlink.events import Events, Listener
from ucarpd.linux.netlink.lookups import Lookups
from ucarpd.linux.netlink.messages import InterfaceAddress, Placed
from ucarpd.linux.netlink.requests import Requests
from ucarpd.linux.netlink.route_requests import R, RouteRequests, VirtualRoute
from ucarpd.linux.netlink.secondaries import Elsewhere, PromotionRecord
from ucarpd.linux.netlink.tables import Tables
from ucarpd.linux.netlink_socket import RequestSocket
from ucarpd.linux.served import Served
from ucarpd.linux.worker import Worker

Refused = Mapping[InterfaceAddress, OSError]


class Netlink(Lookups):
    """The kernel's table of links and addresses in the current network namespace.

    The worker calls `elsewhere` and `record`.  `elsewhere` returns the addresses that other
    processes serve on this host; `record` notes settings that ucarpd changes for a moment, `served`
    what this process serves.
    """

    def __init__(
        self,
        listener: Listener,
        elsewhere: Elsewhere = frozenset,
        record: PromotionRecord | None = None,
        served: Served | None = None,
    ) -> None:
        self._served = served or Served()
        self.renew_served = self._served.renew
        self._worker = Worker("netlink")
        # The sockets are opened early, because ucarpd must be able to remove its addresses when no
        # descriptors or memory are left.
        self._kernel = RequestSocket()
        self._requests = Requests(self._kernel)
        self._route_requests = RouteRequests(self._kernel, self._served)
        self._address_requests = AddressRequests(self._kernel, elsewhere, record, self._served)
        self._events = Events(listener, self._kernel, self._worker)
        self._departures = Departures(self._events, self._address_requests, self._worker)
        self._events.removed = partial(self._departures.gone, failed=report)
        self.catch_up = self._events.catch_up
        self.remove = self._departures.remove
        self.guard_secondaries = self._departures.guard
        self.end_guard = self._departures.end_guard
        self.held = self._worker.held

    async def open(self) -> None:
        """Read the tables and then follow their changes.  Raises OSError."""
        await self._events.open()

    async def close(self) -> None:
        """Wait for the requests under way, then close the sockets."""
        self._events.close()
        await self._worker.finish()
        self._kernel.close()
        self._served.close()

    # -- links and addresses -----------------------------------------------------------------------

    @property
    def _tables(self) -> Tables:
        return self._events.tables

    @property
    def version(self) -> object:
        """Another object after each change: while it stays, links and addresses are the same."""
        return self._events.tables.version

    def follow(self, interface: str) -> None:
        """Begin to report changes of this link to the listener, and decode each.

        Any other link is decoded only on request.
        """
        self._events.followed.add(interface)

    def watch(
        self, interface: str, ips: Iterable[IPAddress], came: dict[IPAddress, Placed]
    ) -> None:
        """Enter each of these addresses in `came` when it comes, even if it goes again at once."""
        self._events.watched.update({(interface, ip): came for ip in ips})

    def has(self, interface: str, ip: IPAddress) -> bool:
        """Return whether the address is on the interface and usable."""
        return self._tables.has(interface, ip)

    def where(self, ip: IPAddress) -> str | None:
        """Return the name of an interface that has the address, even if it is tentative (IPv6)."""
        for entry in self._tables.everywhere(ip):
            link = self._tables.messages.get(entry.index)
            if link is not None and not entry.is_duplicate:
                return link.name
        return None

    def placed(self, interface: str, ip: IPAddress) -> Placed | None:
        """Return the address on the interface with its label, even if it is not usable."""
        entry = self._tables.entry(interface, ip)
        return entry.placed if entry is not None else None

    def before(self, interface: str, own: IPAddress, ours: Collection[IPAddress]) -> list[Placed]:
        """Return those of `ours` to add again, so that the host's connections do not come from them.

        The kernel takes the first IPv4 address of the smallest network for that; `own` is the host's.
        """
        return self._tables.before(interface, own, ours)

    # -- addresses ---------------------------------------------------------------------------------

    def add(
        self,
        interface: str,
        addresses: Iterable[InterfaceAddress],
        label: str | None,
        done: Callable[[Refused], None],
        there: Callable[[tuple[IPAddress, ...]], None] = lambda _added: None,
        metric: int = 0,
    ) -> None:
        """Add addresses to the interface; `done` gets the refused addresses with the errors.

        Before `done`, the worker calls `there` with the addresses that are in place, if there are
        any.  An address that is already there is not refused.

        The label is for IPv4.  An IPv6 address is added as deprecated, so the host does not use it
        for its own connections.  For the same reason an IPv4 address gets no route if the interface
        has an address of the host with a shorter prefix in the same network.  `metric` is that of the
        routes, 0: the kernel's own.

        If duplicate address detection keeps an address from being used, it is added again.

        When `done` is called, the tables have the result.
        """
        wanted = list(addresses)
        ours = {address.ip for address in wanted}
        routeless = frozenset(a for a in wanted if self._tables.is_covered(interface, a, ours))
        unusable = self._tables.unusable(interface, ours)
        request = partial(
            self._address_requests.add, interface, wanted, label, routeless, unusable, there, metric
        )

        def added(refused: Refused) -> None:
            self._events.settle(partial(done, refused))

        self._worker.do(request, added, lambda error: added(dict.fromkeys(wanted, error)))

    def prepare(
        self,
        interface: str,
        addresses: Iterable[InterfaceAddress],
        label: str | None,
        metric: int = 0,
    ) -> None:
        """Build the requests of `add` in advance; if the interface does not exist, do nothing."""
        request = partial(
            self._address_requests.prepare, interface, tuple(addresses), label, metric
        )
        self.attempt(request, lambda _error: None)

    def serve(self, interface: str, ips: Iterable[IPAddress]) -> None:
        """Note that this process serves these addresses; `add` does so by itself."""
        self._worker.do(partial(self._address_requests.serve, interface, ips), None, report)

    def let_go(self, interface: str, ips: Iterable[IPAddress]) -> None:
        """Note that this process does not serve these addresses; `remove` does so by itself."""
        self._worker.do(partial(self._address_requests.let_go, interface, ips), None, report)

    def unserved_elsewhere(
        self,
        interface: str,
        ips: tuple[IPAddress, ...],
        done: Callable[[tuple[IPAddress, ...]], None],
    ) -> None:
        """Call `done` with those addresses that no other process of this host serves."""
        look = partial(self._address_requests.unserved_elsewhere, interface, ips)
        self._worker.do(look, done, lambda _error: done(ips))

    # -- routes ------------------------------------------------------------------------------------

    def put_routes(self, routes: Sequence[R], done: Callable[[Mapping[R, int]], None]) -> None:
        """Set the routes that are missing; `done` gets an errno for each, or 0.

        EALREADY: there is one of ours to the same destination with the same metric; EBUSY: it is this
        very one, which another process serves too; EEXIST: there is one of somebody else.
        """

        def failed(error: OSError) -> None:
            done(dict.fromkeys(routes, error.errno or errno.EIO))

        self._worker.do(partial(self._route_requests.put, routes), done, failed)

    def remove_routes(self, routes: Collection[VirtualRoute], done: Done) -> None:
        """Remove the routes that ucarpd has set; others stay, and those that another process serves."""
        self.beside(partial(self._route_requests.remove, routes), done)

    # -- links -------------------------------------------------------------------------------------

    def add_macvlan(
        self,
        parent: str,
        name: str,
        mac: bytes,
        done: Done,
        prepare: Callable[[], None] = lambda: None,
        up: bool = False,
    ) -> None:
        """Make a macvlan in mode bridge, call `prepare` in the worker, and set it up or down.

        A macvlan with this name, parent and MAC is adopted unchanged; any other macvlan with this
        name is replaced.  A link of another kind is left alone, and is an error.
        """

        def make() -> None:
            self._requests.add_macvlan(parent, name, mac)
            prepare()
            self._requests.set_link(name, up)

        self.beside(make, done)

    def set_link(self, name: str, up: bool, done: Done) -> None:
        """Set a macvlan up or down; a missing one counts as down.

        None of another kind is set down; the caller knows that one to be set up is a macvlan.
        """
        self.beside(partial(self._requests.set_link, name, up), done)

    def remove_link(self, name: str, done: Done) -> None:
        """Remove a macvlan, if it exists; a link of another kind is left alone, and is an error."""
        self.beside(partial(self._requests.remove_link, name), done)

    def beside(self, function: Callable[[], None], done: Done) -> None:
        """Call a function in the worker, after the requests made so far; it may raise OSError."""
        self._worker.do(function, done, done)

    def attempt(self, function: Callable[[], None], failed: Callable[[OSError], None]) -> None:
        """Call a function as `beside` does; `failed` is called only if it raises OSError."""
        self._worker.do(function, None, failed)
