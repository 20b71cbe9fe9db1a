"""Guards, which protect secondary addresses while a script removes virtual addresses."""

from collections.abc import Collection

from ucarpd.carp.params import IPAddress
from ucarpd.linux.netlink.messages import InterfaceAddress
from ucarpd.linux.netlink.secondaries import Secondaries, Snapshot
from ucarpd.linux.netlink_socket import RequestSocket


class _Guard:
    def __init__(self, snapshot: Snapshot, ips: set[IPAddress]) -> None:
        self.snapshot = snapshot
        self.ips = ips
        """Addresses that may go; all others are put back."""


class Guards:
    """The guards of all interfaces; not for use by several threads at once.

    Several guards of one interface act as one.
    """

    def __init__(self, kernel: RequestSocket, secondaries: Secondaries) -> None:
        self._kernel = kernel
        self._secondaries = secondaries
        self._guards: dict[str, _Guard] = {}

    def begin(self, interface: str, ips: Collection[IPAddress], has_secondaries: bool) -> bool:
        """Begin a guard; return whether the kernel itself keeps the secondary addresses.

        After an OSError the guard may have begun nevertheless: end it in any case.
        """
        self._secondaries.keep(interface)
        if has_secondaries or interface in self._guards:
            self.check(interface)
            snapshot = self._look(interface)
            if snapshot is not None:
                before = self._guards.get(interface)
                self._guards[interface] = _Guard(snapshot, {*ips, *(before.ips if before else ())})
        return self._secondaries.are_kept(interface)

    def _look(self, interface: str) -> Snapshot | None:
        index = self._kernel.index_if_there(interface)
        return self._secondaries.look(interface, index) if index is not None else None

    def removing(self, interface: str, addresses: Collection[InterfaceAddress]) -> None:
        """Note that ucarpd itself removes these addresses."""
        if guard := self._guards.get(interface):
            guard.ips.update(address.ip for address in addresses)

    def check(self, interface: str, apart: Collection[IPAddress] = ()) -> None:
        """Put back all that the kernel removed together with an address that has gone.

        Addresses that were removed `apart` from it stay away.  Raises OSError.
        """
        guard = self._guards.get(interface)
        if guard is None or self._secondaries.are_kept(interface):
            # The kernel keeps secondaries, so another program removed missing addresses on purpose.
            return
        guard.ips.update(apart)
        before, now = guard.snapshot, self._look(interface)
        if now is None or now.index != before.index:
            del self._guards[interface]  # its addresses have gone with the interface
            return
        gone = [a for a in before.addresses if a.ip in guard.ips and a not in now.addresses]
        guard.snapshot = now
        if gone:
            self._secondaries.put_back(before, gone)
            guard.snapshot = self._look(interface) or now

    def end(self, interface: str, is_last: bool) -> None:
        """End a guard.  Raises OSError; the guard has ended in any case."""
        try:
            self.check(interface)
        finally:
            if is_last:
                self._guards.pop(interface, None)
            self._secondaries.let_go(interface)
