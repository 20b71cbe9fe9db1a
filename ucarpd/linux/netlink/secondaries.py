"""Secondary IPv4 addresses and routes: keeping them when an address is removed, or restoring them.

The first address of a network on an interface is primary, the others are its secondaries.  If the
primary is removed, the kernel removes its secondaries with it, unless the interface's setting
promote_secondaries is 1 (0 by default).  With its last IPv4 address an interface loses its routes.
"""

import errno
import logging
import os
import socket
from collections import Counter
from collections.abc import Callable, Collection
from contextlib import suppress
from functools import partial
from ipaddress import ip_address
from typing import NamedTuple, Protocol, TypeVar

from ucarpd.carp.params import IPAddress
from ucarpd.linux import sysctl
from ucarpd.linux.netlink.messages import InterfaceAddress, address_of, request
from ucarpd.linux.netlink.pyroute import ifaddrmsg, nl, rtnl
from ucarpd.linux.netlink.routes import KernelRoute, in_order, interface_routes
from ucarpd.linux.netlink_framing import Message, asked_for
from ucarpd.linux.netlink_socket import RequestSocket, consistent

Elsewhere = Callable[[], Collection[IPAddress]]
"""Returns the addresses that other processes serve on this host."""

_T = TypeVar("_T")

_log = logging.getLogger(__name__)


class Snapshot(NamedTuple):
    """The IPv4 addresses and routes of an interface, as the kernel's messages in its order.

    Addresses that another process serves are left out: that process restores or removes them.
    """

    interface: str
    index: int  # type: ignore[assignment]  # not tuple.index()
    addresses: dict[InterfaceAddress, Message]
    routes: dict[KernelRoute, None]


class PromotionRecord(Protocol):
    """A record of interfaces whose setting is changed, for recovery after a crash."""

    def begin(self, interface: str) -> bool: ...
    def end(self, interface: str) -> None: ...
    def is_changed_elsewhere(self, interface: str) -> bool: ...


class Secondaries:
    """Protection of secondary addresses and routes; not for use by several threads at once."""

    def __init__(
        self, kernel: RequestSocket, elsewhere: Elsewhere, record: PromotionRecord | None = None
    ) -> None:
        self._kernel = kernel
        self._elsewhere = elsewhere
        self._record = record
        self._users: Counter[str] = Counter()
        self._changed: set[tuple[str, int]] = set()
        """Name and index of each interface with a changed setting, as it may be renamed meanwhile."""
        self._promised: set[str] = set()
        """Interfaces on which the kernel keeps secondaries: the setting is ours or lasts."""

    # -- keeping them ------------------------------------------------------------------------------

    def survive(
        self,
        interface: str,
        index: int,
        gone: Collection[InterfaceAddress],
        remove: Callable[[], None],
    ) -> None:
        """Call `remove`, which removes these addresses, and keep or restore all others.

        Raises OSError, but only after all steps: the addresses must go in any case.
        """
        before, errors = None, []
        self.keep(interface)
        try:
            before = self.look(interface, index)
        except OSError as error:
            errors.append(error)
        for step in (remove, partial(self.put_back, before, gone), partial(self.let_go, interface)):
            try:
                step()
            except OSError as error:
                errors.append(error)
        if errors:
            raise errors[0]

    def keep(self, interface: str) -> None:
        """Make the kernel keep secondaries, until `let_go` has been called as often.

        If settings cannot be changed, as in a container, the kernel still removes them; so it may if
        another process changes the setting at the same moment, and later restores it.  If this
        process is killed meanwhile, the next process restores the setting by the note.
        """
        self._users[interface] += 1
        if sysctl.promotes_secondaries(interface):
            if self._record is None or not self._record.is_changed_elsewhere(interface):
                self._promised.add(interface)
            return
        try:
            index = self._kernel.index_of(interface)
            if self._record is not None and not self._record.begin(interface):
                return
            sysctl.set(interface, 4, sysctl.PROMOTE, "1")
            self._changed.add((interface, index))
            self._promised.add(interface)
        except OSError:
            self._end_note(interface)

    def are_kept(self, interface: str) -> bool:
        """Return whether the kernel keeps secondaries until `let_go`.

        If the setting is another process's, that one may restore it at any moment.
        """
        return interface in self._promised and sysctl.promotes_secondaries(interface)

    def _end_note(self, interface: str) -> None:
        if self._record is not None:
            self._record.end(interface)

    def let_go(self, interface: str) -> None:
        """Undo one call of `keep`; the last one restores the setting.  Raises OSError."""
        self._users[interface] -= 1
        if self._users[interface]:
            return
        del self._users[interface]
        self._promised.discard(interface)
        for each in [each for each in self._changed if each[0] == interface]:
            name = self._kernel.name_if_there(each[1])
            if name is not None:
                with suppress(FileNotFoundError):  # the interface is gone by now
                    sysctl.set(name, 4, sysctl.PROMOTE, "0")
            # After an error it is tried again at the end of the next removal.
            self._changed.remove(each)
            self._end_note(interface)

    # -- restoring them ----------------------------------------------------------------------------

    def look(self, interface: str, index: int) -> Snapshot | None:
        """Return a snapshot of the interface, or None if it is gone.  Raises OSError."""
        # This comes first: a process that has removed its address no longer lists it as served.
        elsewhere = self._elsewhere()
        addresses = _unless_gone(partial(self._dump, index))
        routes = _unless_gone(partial(interface_routes, self._kernel, index))
        if addresses is None or routes is None:
            return None
        kept = {each: message for each, message in addresses.items() if each.ip not in elsewhere}
        return Snapshot(interface, index, kept, routes)

    def _dump(self, index: int) -> dict[InterfaceAddress, Message]:
        head = {"family": socket.AF_INET, "index": index}
        wanted = request(ifaddrmsg.ifaddrmsg(), rtnl.RTM_GETADDR, nl.NLM_F_DUMP, head=head)
        found = ((address_of(each.data), each) for each in self._kernel.dump(wanted))
        return {e.placed.address: each for e, each in found if e is not None and e.index == index}

    def put_back(self, before: Snapshot | None, gone: Collection[InterfaceAddress]) -> None:
        """Restore everything that the kernel removed together with the addresses `gone`.

        Raises OSError, but only after it has tried to restore everything.
        """
        now = _unless_gone(partial(self._dump, before.index)) if before is not None else None
        if before is None or now is None:
            return  # the interface is gone
        ips = {each.ip for each in gone}
        # If the kernel keeps secondaries, missing ones were removed on purpose, as by a script.
        are_kept = self.are_kept(before.interface)
        networks = {_network(each) for each in gone if each.ip.version == 4}
        lost = {
            address: message
            for address, message in before.addresses.items()
            if not are_kept
            and address not in now
            and address.ip not in ips
            and _network(address) in networks
        }
        errors = []
        for address, message in lost.items():
            code = self._ask(asked_for(message, nl.NLM_F_ACK | nl.NLM_F_CREATE | nl.NLM_F_EXCL))
            if code:
                errors.append((code, str(address.ip)))
        if lost or not now:
            errors += self._put_routes_back(before, ips)
        if lost:
            names, with_ = _listed(lost), _listed(gone)
            text = "%s: put back %s, which the kernel had removed with %s"
            _log.info(text, before.interface, names, with_)
        if errors:
            code, what = errors[0]
            text = f"cannot put back {what} on {before.interface}: {os.strerror(code)}"
            raise OSError(code, text)

    def _put_routes_back(
        self, before: Snapshot, gone: Collection[IPAddress]
    ) -> list[tuple[int, str]]:
        now = _unless_gone(partial(interface_routes, self._kernel, before.index))
        if now is None:
            return []
        # A route whose preferred source address is gone must stay away.
        lost = [r for r in before.routes if r not in now and r.source not in gone]
        codes = [self._ask(route.request) for route in in_order(lost)]
        # If a gateway is unreachable, it was in the network of an address that is gone.
        return [(code, "a route") for code in codes if code not in (0, errno.ENETUNREACH)]

    def _ask(self, wanted: bytes) -> int:
        code = self._kernel.ask(wanted)
        return 0 if code in (errno.EEXIST, errno.ENODEV) else code


def survive(
    kernel: RequestSocket,
    interface: str,
    index: int,
    gone: Collection[tuple[bytes, int]],
    remove: Callable[[], None],
) -> None:
    """Do what Secondaries.survive does, for a command; `gone` has packed addresses and prefix lengths."""
    addresses = [InterfaceAddress(ip_address(ip), prefixlen) for ip, prefixlen in gone]
    Secondaries(kernel, frozenset).survive(interface, index, addresses, remove)


def _unless_gone(read: Callable[[], _T]) -> _T | None:
    """Return the result of `read`, or None if the interface is gone.  Raises OSError."""
    try:
        return consistent(read)
    except OSError as error:
        if error.errno == errno.ENODEV:
            return None
        raise


def _network(address: InterfaceAddress) -> tuple[int, int]:
    return int(address.ip) >> (32 - address.prefixlen), address.prefixlen


def _listed(addresses: Collection[InterfaceAddress]) -> str:
    return ", ".join(str(address.ip) for address in addresses)
