"""The addresses, routes and device that an earlier run of an instance has recorded and left."""

from collections.abc import Callable, Collection, Sequence
from functools import partial
from ipaddress import ip_address
from pathlib import Path

from ucarpd.addresses.arp_settings import ParentArp
from ucarpd.addresses.routes import SharedRoutes
from ucarpd.carp.params import IPAddress
from ucarpd.config.routes import routes
from ucarpd.linux.netlink import InterfaceAddress, LeftInPlace, Netlink
from ucarpd.linux.run_directory import run_directory
from ucarpd.log.messages import Journal
from ucarpd.record.elsewhere import others
from ucarpd.record.record import Recorded, read

InUse = Callable[[str], Collection[IPAddress] | None]
"""Returns what virtual hosts of this process serve on a device; None if none has the device."""


class EarlierRun:
    """The record of the run before this one, read before this run has a record of its own."""

    def __init__(self, name: str, directory: Path, netlink: Netlink, log: Journal) -> None:
        self._directory = directory
        self._netlink = netlink
        self._log = log
        self._recorded: Recorded | None = None
        try:
            self._recorded = read(name, directory)
        except OSError as error:
            log.record_fault(error)

    def take_off(self, device: str, shared: SharedRoutes, in_use: InUse) -> None:
        """Remove its addresses, routes and device; `device` is the current one.

        What a virtual host of this process has now, according to `shared` and `in_use`, stays: its
        file may have had another name.
        """
        earlier, self._recorded = self._recorded, None
        if earlier is None:
            return
        content = earlier.content
        if not earlier.placed:
            # A backup has left only its device.
            content = content._replace(addresses=[], routes="")
        addresses = [InterfaceAddress(ip_address(a.ip), a.prefixlen) for a in content.addresses]
        is_former_device = content.virtual_mac and content.device != device
        is_there = any(self._netlink.has(content.device, a.ip) for a in addresses)
        # Mostly all is gone: a start of thousands need not look at thousands each time.
        served = in_use(content.device) if is_there or is_former_device else None
        addresses = [each for each in addresses if each.ip not in (served or ())]
        present = [a.ip for a in addresses if self._netlink.has(content.device, a.ip)]
        if present:
            are_off = partial(self._are_off, present, content.device)
            self._netlink.remove(content.device, addresses, are_off)
        left = routes(content.routes) if content.routes else ()
        if unwanted := shared.of_no_other(left):
            self._netlink.remove_routes(unwanted, self._routes_are_off)
        if is_former_device and served is None and not self._is_used_elsewhere(content.device):
            self._netlink.remove_link(content.device, self._is_off)
            arp = ParentArp(content.interface, run_directory())
            self._netlink.beside(arp.release, self._is_off)

    def _is_used_elsewhere(self, device: str) -> bool:
        """Return whether another process has the device by now: a virtual host may move to its file."""
        try:
            return any(each.device == device for each in others(self._directory))
        except OSError:
            return False  # Our own record has the same fault, which is reported.

    def _are_off(self, found: Sequence[IPAddress], device: str, error: OSError | None) -> None:
        left = error.ips if isinstance(error, LeftInPlace) else ()
        if gone := [ip for ip in found if ip not in left]:
            self._log.address_left_over(gone, device)
        self._is_off(error)

    def _is_off(self, error: OSError | None) -> None:
        if error is not None:
            self._log.address_not_removed(error)

    def _routes_are_off(self, error: OSError | None) -> None:
        if error is not None:
            self._log.route_not_removed(error)
