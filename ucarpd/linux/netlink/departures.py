"""Removal of addresses by ucarpd or by a script, without the loss of other addresses and routes."""

import logging
from collections import Counter
from collections.abc import Callable, Collection, Iterable
from functools import partial

from ucarpd.carp.params import IPAddress
from ucarpd.linux.netlink.address_requests import AddressRequests
from ucarpd.linux.netlink.events import Events
from ucarpd.linux.netlink.messages import AddressEntry, InterfaceAddress
from ucarpd.linux.worker import Worker

Done = Callable[[OSError | None], None]
"""Called in the event loop with the error, or None."""

_log = logging.getLogger(__name__)


def report(error: OSError | None) -> None:
    if error is not None:
        _log.error("%s", error.strerror or error)


class _Guard:
    """The guard of one interface, which several scripts may share."""

    def __init__(self) -> None:
        self.count = 0
        self.ips: set[IPAddress] = set()
        self.holds: list[Callable[[], None]] = []

    def release(self) -> None:
        for release in self.holds:
            release()
        self.holds.clear()


class Departures:
    """Removal of addresses, and guards for scripts that remove them.

    The tables show which other addresses are at risk, so the common removal costs no extra request.
    """

    def __init__(self, events: Events, requests: AddressRequests, worker: Worker) -> None:
        self._events = events
        self._requests = requests
        self._worker = worker
        self._leaving: Counter[tuple[str, IPAddress]] = Counter()
        """Addresses whose removal is under way."""
        self._guards: dict[str, _Guard] = {}

    def remove(self, interface: str, addresses: Iterable[InterfaceAddress], done: Done) -> None:
        """Remove addresses from the interface, whatever their prefix length.

        If the kernel would remove other addresses with them, ucarpd keeps those or puts them back.
        An address that another process serves is left to that process: the error is LeftInPlace.
        When `done` is called, the tables have the result.
        """
        listed = dict.fromkeys(addresses)
        ips = {address.ip for address in listed}
        listed |= dict.fromkeys(entry.placed.address for entry in self._present(interface, ips))
        at_risk = self._secondaries(interface, ips)
        takes_along = bool(at_risk) or self._are_the_last(interface, ips)
        leaving = Counter((interface, ip) for ip in ips)
        self._leaving.update(leaving)
        release = self._events.hold(interface, at_risk)

        def ended(error: OSError | None) -> None:
            self._leaving -= leaving
            release()
            done(error)

        self._do(partial(self._requests.remove, interface, tuple(listed), takes_along), ended)

    # -- scripts -----------------------------------------------------------------------------------

    def guard(
        self,
        interface: str,
        ips: Iterable[IPAddress],
        begun: Callable[[], object] = lambda: None,
        failed: Done = report,
    ) -> None:
        """Let another program remove these addresses; other addresses stay, or are put back.

        Call `end_guard` once for each call.  The worker calls `begun` when the guard has begun, or has
        failed to; `failed` gets the error, if there is one.
        """
        wanted = frozenset(ips)
        guard = self._guards.setdefault(interface, _Guard())
        at_risk = self._secondaries(interface, wanted)
        guard.count += 1
        guard.ips |= wanted
        if at_risk:
            guard.holds.append(self._events.hold(interface, at_risk))

        def begin() -> bool:
            try:
                return self._requests.guards.begin(interface, wanted, bool(at_risk))
            finally:
                begun()

        def done(are_kept: bool) -> None:
            if are_kept:
                guard.release()

        self._worker.do(begin, done, failed)

    def end_guard(self, interface: str, done: Done = report) -> None:
        """End the guard after the other program has ended: put back all that it lost by mistake."""
        # If an address was removed by a request of its own, that was intended.  Only the events
        # show that.
        self._events.catch_up()
        guard = self._guards.get(interface)
        if guard is None:
            done(None)
            return
        guard.count -= 1
        if not guard.count:
            del self._guards[interface]

        def ended(error: OSError | None) -> None:
            guard.release()
            done(error)

        self._do(partial(self._requests.guards.end, interface, is_last=not guard.count), ended)

    def gone(self, interface: str, ip: IPAddress, failed: Done) -> None:
        """Handle a removed address: if a script removed it, put back all that went with it."""
        guard = self._guards.get(interface)
        if guard is None or ip not in guard.ips:
            return

        def checked(error: OSError | None) -> None:
            guard.release()
            if error is not None:
                failed(error)

        apart = self._events.removed_apart(interface, guard.ips)
        self._do(partial(self._requests.guards.check, interface, apart), checked)

    def _do(self, request: Callable[[], None], done: Done) -> None:
        """Do a request in the worker, and call `done` when the tables have its result."""

        def settle(error: OSError | None) -> None:
            self._events.settle(partial(done, error))

        self._worker.do(request, settle, settle)

    # -- addresses at risk -------------------------------------------------------------------------

    def _secondaries(self, interface: str, ips: Collection[IPAddress]) -> set[IPAddress]:
        """Return the addresses that the kernel may remove together with these.

        A secondary address may be primary by the time at which it is removed.
        """
        found: set[IPAddress] = set()
        for entry in self._present(interface, ips):
            network = self._events.tables.network(entry)
            primary = next((each for each in network if not each.is_secondary), None)
            if primary is None or self._may_leave(interface, primary, ips):
                found.update(each.placed.address.ip for each in network)
        return found - set(ips)

    def _are_the_last(self, interface: str, ips: Collection[IPAddress]) -> bool:
        """Return whether the interface has no other IPv4 address, and thus loses its routes."""
        entries = self._events.tables.entries(interface)
        ipv4 = [entry for entry in entries if entry.placed.address.ip.version == 4]
        return bool(ipv4) and all(self._may_leave(interface, entry, ips) for entry in ipv4)

    def _may_leave(self, interface: str, entry: AddressEntry, ips: Collection[IPAddress]) -> bool:
        # Another process may be removing it, and the tables would show that only later.
        ip = entry.placed.address.ip
        guard = self._guards.get(interface)
        return bool(
            ip in ips
            or (interface, ip) in self._leaving
            or (guard is not None and ip in guard.ips)
            or self._requests.may_leave(interface, ip.packed)
        )

    def _present(self, interface: str, ips: Iterable[IPAddress]) -> list[AddressEntry]:
        tables = self._events.tables
        link = tables.link(interface)
        index = link.index if link else None
        return [entry for ip in ips for entry in tables.everywhere(ip) if entry.index == index]
