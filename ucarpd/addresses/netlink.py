"""Virtual addresses that ucarpd itself adds to the interface and removes, over netlink."""

import asyncio
from collections.abc import Callable, Collection, Mapping
from functools import partial
from typing import Protocol

from ucarpd.carp.params import IPAddress
from ucarpd.config import Config
from ucarpd.engine import Outcome, Transition
from ucarpd.linux.netlink import InterfaceAddress, LeftInPlace, Netlink, Placed
from ucarpd.log.messages import Journal

Refused = tuple[IPAddress, ...]

BEHIND_INTERFACE = 1_000_000
"""Metric of the routes to the networks of addresses at the virtual MAC address.

Their device is in networks of the interface, whose routes must come first, even if the host's own
addresses come later.  Otherwise its connections would leave by the device: in IPv4 from a virtual
address, in IPv6 not at all, because the device has no address from which to ask for neighbours.
"""


class Ledger(Protocol):
    """The note whether addresses of ours may be on this host; see `record`."""

    placed: bool


class NetlinkAddresses:
    """Virtual addresses that ucarpd itself adds and removes.

    If the interface is renamed, it keeps the addresses, and ucarpd also removes them from there.
    """

    are_scripted = False
    is_up_script_running = False

    def __init__(self, config: Config, netlink: Netlink, log: Journal, ledger: Ledger) -> None:
        self._netlink = netlink
        self._log = log
        self._ledger = ledger
        self._addresses: list[InterfaceAddress] = []
        self._complete_in: object | None = None
        """The version of the kernel's tables in which no address was missing."""
        self._settled_in: object | None = None
        """The version that `step_behind` has looked at, in which none was missing either."""
        self._jobs = 0
        self._is_wanted = False
        """Whether the role was taken since it was last given up."""
        self._index: int | None = None
        """The index of the interface when addresses were added to it."""
        self._left: Collection[IPAddress] = ()
        """What the last removal has left to another process, which serves it too."""
        self.reconfigure(config)

    def reconfigure(self, config: Config) -> None:
        """Take over a new configuration: remove dropped addresses at once, add none."""
        self._interface = config.address_device
        self._is_device = config.virtual_mac
        self._label = config.label
        self._metric = BEHIND_INTERFACE if config.virtual_mac else 0
        before = self._addresses
        self._addresses = [InterfaceAddress(a.ip, a.prefixlen) for a in config.served]
        self._ips = tuple(address.ip for address in self._addresses)
        self._has_routes = any(each.source in self._ips for each in config.routes)
        self._complete_in = self._settled_in = None
        gone = [address for address in before if address not in self._addresses]
        if gone:
            self._netlink.remove(self._interface, gone, self._removed)

    @property
    def is_busy(self) -> bool:
        return self._jobs > 0

    @property
    def are_settled(self) -> bool:
        return self._netlink.version is self._settled_in

    def acquire(
        self,
        transition: Transition,
        there: Callable[[tuple[IPAddress, ...]], None],
        done: Callable[[Outcome], None],
    ) -> None:
        del transition
        self._is_wanted = self._ledger.placed = True
        self._left = ()
        self._note_index()
        self._jobs += 1

        def added(refused: Mapping[InterfaceAddress, OSError]) -> None:
            self._jobs -= 1
            self._log.addresses_refused({a.ip: error for a, error in refused.items()})
            done(Outcome(self.present(), tuple(address.ip for address in refused)))

        self._netlink.add(self._interface, self._addresses, self._label, added, there, self._metric)

    def reassert(self, transition: Transition, done: Callable[[Outcome], None]) -> None:
        self.acquire(transition, lambda _added: None, done)

    def put_back(self, placed: list[Placed], done: Callable[[Refused], None]) -> None:
        """Add addresses with their former labels; `done` gets the refused ones."""
        left = len(placed)
        all_refused: dict[IPAddress, OSError] = {}
        self._note_index()
        self._jobs += 1

        def added(refused: Mapping[InterfaceAddress, OSError]) -> None:
            nonlocal left
            left -= 1
            all_refused.update((a.ip, error) for a, error in refused.items())
            if not left:
                self._jobs -= 1
                self._log.addresses_refused(all_refused)
                done(tuple(all_refused))

        for each in placed:
            self._netlink.add(
                self._interface, [each.address], each.label, added, metric=self._metric
            )

    def release(self, transition: Transition, at_start: bool, done: Callable[[], None]) -> None:
        del transition
        tell = self.tell_found if at_start else None
        if at_start and not self.placed():
            asyncio.get_running_loop().call_soon(self._released, done)
        else:
            self.remove(partial(self._released, done), tell)
        self._netlink.prepare(self._interface, self._addresses, self._label, self._metric)

    def tell_found(self, present: tuple[IPAddress, ...]) -> None:
        """Log whose addresses a start has found: those of an earlier run, or of the operator."""
        if self._ledger.placed:
            self._log.address_left_over(present)
        else:
            self._log.address_was_there(present)

    def appeared(self) -> None:
        """Do nothing: ucarpd knows the addresses that it adds itself."""

    def mend(self) -> None:
        """Do nothing: a netlink request ends in a moment, and its result reports the addresses."""

    def step_behind(self, own: Collection[IPAddress], failed: Callable[[Outcome], None]) -> None:
        self._settled_in = self._netlink.version
        if self._has_routes:
            return  # A route from an address goes with it.
        before = [p for ip in own for p in self._netlink.before(self._interface, ip, self._ips)]
        if not before:
            return
        self._log.address_stepped_behind([each.address.ip for each in before], own)

        def added(refused: Refused) -> None:
            if refused:
                failed(Outcome(self.present(), refused))

        self._netlink.remove(self._interface, [each.address for each in before], self._removed)
        self.put_back(before, added)

    def is_hosts_own(self, ip: IPAddress) -> bool:
        others = (
            a.ip for a in self._netlink.addresses(self._interface) if a.ip.version == ip.version
        )
        return (
            not self._ledger.placed and not self._is_device and set(self.all()).issuperset(others)
        )

    def close(self) -> None:
        """Stop serving; addresses that stay in place are nobody's from now on."""
        if not self._is_wanted and not self.present():
            # What the last removal has left may have gone later.
            self._ledger.placed = False
        self.let_go()

    async def dispose(self) -> None:
        """Do nothing: there is only the addresses' own state to clear."""

    def all(self) -> tuple[IPAddress, ...]:
        return self._ips

    def present(self) -> tuple[IPAddress, ...]:
        interfaces = (self._interface, *self._renamed())
        ours = (ip for ip in self.all() if ip not in self._left)
        return tuple(ip for ip in ours if any(self._netlink.has(i, ip) for i in interfaces))

    def unserved_elsewhere(
        self, ips: tuple[IPAddress, ...], done: Callable[[tuple[IPAddress, ...]], None]
    ) -> None:
        self._netlink.unserved_elsewhere(self._interface, ips, done)

    def serve(self) -> None:
        """Note that scripts will add the addresses."""
        self._is_wanted, self._left = True, ()
        self._netlink.serve(self._interface, self._ips)

    def let_go(self) -> None:
        """Note that these addresses are not served any more."""
        self._is_wanted, self._left = False, ()
        self._netlink.let_go(self._interface, self._ips)

    def present_now(self) -> tuple[IPAddress, ...]:
        """Handle the events that are already waiting, and return `present`."""
        self._netlink.catch_up()
        return self.present()

    def missing(self) -> tuple[IPAddress, ...]:
        version = self._netlink.version
        if version is self._complete_in:
            return ()
        missing = tuple(ip for ip in self.all() if not self._netlink.has(self._interface, ip))
        self._complete_in = None if missing else version
        return missing

    def elsewhere(self) -> bool:
        """Return whether any interface of this host has any of the addresses."""
        return any(self._netlink.where(ip) for ip in self.all())

    def placed(self) -> list[Placed]:
        """Return the virtual addresses on the interface with their labels, whoever added them."""
        found = (self._netlink.placed(self._interface, ip) for ip in self.all())
        there = [each for each in found if each is not None]
        if there:
            self._note_index()
        return there

    def watch(self, came: dict[IPAddress, Placed]) -> None:
        """Enter each virtual address in `came` when it comes, even if it goes again at once."""
        self._netlink.watch(self._interface, self.all(), came)

    def guard(self, begun: Callable[[], object]) -> None:
        """Protect other addresses while a script removes these, until `end_guard`.

        The worker calls `begun` when they are protected.
        """
        self._netlink.guard_secondaries(self._interface, self.all(), begun)

    def end_guard(self) -> None:
        self._netlink.end_guard(self._interface)

    def remove(
        self,
        done: Callable[[], None],
        tell: Callable[[tuple[IPAddress, ...]], None] | None = None,
    ) -> None:
        """Remove the addresses; `tell` gets those that were there, without the ones left to others."""
        self._is_wanted, self._left = False, ()
        found = self.present()
        self._jobs += 1

        def removed(error: OSError | None) -> None:
            self._jobs -= 1
            if not self._is_wanted:
                self._left = error.ips if isinstance(error, LeftInPlace) else ()
            if tell and (gone := tuple(ip for ip in found if ip not in self._left)):
                tell(gone)
            self._removed(error)
            done()

        self._remove_from_renamed()
        self._netlink.remove(self._interface, self._addresses, removed)

    def _remove_from_renamed(self) -> None:
        for interface in self._renamed():
            self._netlink.remove(interface, self._addresses, self._removed)

    def _renamed(self) -> tuple[str, ...]:
        """Return the new name of the interface with the addresses, if it was renamed."""
        link = self._netlink.link_of_index(self._index) if self._index is not None else None
        return (link.name,) if link is not None and link.name != self._interface else ()

    def _note_index(self) -> None:
        link = self._netlink.link(self._interface)
        if link is not None:
            self._remove_from_renamed()
            self._index = link.index

    def _released(self, done: Callable[[], None]) -> None:
        self._ledger.placed = self._is_wanted or bool(self.present())
        done()

    def _removed(self, error: OSError | None) -> None:
        if error is not None:
            self._log.address_not_removed(error)
