"""Virtual addresses on a device of their own, with the virtual MAC address 00:00:5e:00:01:VHID.

When the role moves, address and MAC address move together, so neighbours need not learn a new MAC.
The device is a macvlan on the interface.  It exists as long as its virtual host runs, and is up
only on the master: a backup must not answer, and must receive advertisements whose source is the
same MAC address.
"""

import asyncio
import errno
import os
from collections.abc import Callable, Collection, Mapping
from functools import partial
from ipaddress import ip_network
from typing import Protocol

from ucarpd.addresses.arp_settings import ParentArp
from ucarpd.carp.frame import virtual_mac
from ucarpd.carp.params import IPAddress
from ucarpd.config import Config
from ucarpd.config.routes import Route
from ucarpd.engine import Addresses, Outcome, Transition
from ucarpd.linux import sysctl
from ucarpd.linux.alarm import Alarm
from ucarpd.linux.macvlan import prepare_macvlan
from ucarpd.linux.netlink import Netlink
from ucarpd.linux.share import share_of
from ucarpd.log.messages import Journal

_LINK_LOCAL = ip_network("fe80::/64")
_METRIC = 1024
"""A route to it has a higher metric than this one, and so than the kernel's own route."""

LOOK_AFTER = 10.0
"""Seconds between two looks whether another program has changed a setting, such as sysctl --system."""


class AddressOwner(Addresses, Protocol):
    """The object that adds the addresses to the device: ucarpd's own code, or scripts."""

    def reconfigure(self, config: Config) -> None: ...
    def all(self) -> tuple[IPAddress, ...]: ...
    def close(self) -> None: ...
    async def dispose(self) -> None: ...


class VirtualMacAddresses:
    """Virtual addresses on a macvlan, around an `owner` that adds and removes them."""

    def __init__(
        self, config: Config, netlink: Netlink, owner: AddressOwner, log: Journal, arp: ParentArp
    ) -> None:
        self._owner = owner
        self._netlink = netlink
        self._log = log
        self._parent_arp = arp
        self._job = 0
        self._is_preparing = False
        self._made = False
        self._index: int | None = None
        """The index of the device that was made."""
        self._look = Alarm()
        self._is_over = False
        # What concerns the addresses alone is the business of their owner.
        self.are_scripted = owner.are_scripted
        self.are_settled = False
        self.reassert = owner.reassert
        self.appeared = owner.appeared
        self.mend = owner.mend
        self.is_hosts_own = owner.is_hosts_own
        self.present = owner.present
        self.unserved_elsewhere = owner.unserved_elsewhere
        self.all = owner.all
        self.reconfigure(config)

    def reconfigure(self, config: Config) -> None:
        self._config = config
        self._owner.reconfigure(config)
        if self._made:
            self._prepare_again()

    @property
    def is_busy(self) -> bool:
        return self._is_preparing or self._owner.is_busy

    @property
    def is_up_script_running(self) -> bool:
        return self._owner.is_up_script_running

    def acquire(
        self,
        transition: Transition,
        there: Callable[[tuple[IPAddress, ...]], None],
        done: Callable[[Outcome], None],
    ) -> None:
        """Make the device if it is missing, bring it up, and add the addresses."""
        self._job += 1
        self._is_preparing = True

        def is_up(job: int, error: OSError | None) -> None:
            if job != self._job:
                return
            self._is_preparing = False
            self._refused(error)
            if error is None:
                self._owner.acquire(transition, there, done)
                self._reach_link_local()
            else:
                done(Outcome((), self._owner.all()))

        done_with_device = partial(is_up, self._job)
        if self._is_made():
            self._netlink.set_link(self._config.address_device, up=True, done=done_with_device)
        else:
            self._make(up=True, done=done_with_device)

    def _reach_link_local(self) -> None:
        """Set the route to hosts that speak from a link-local address, which goes when the device is down.

        The kernel makes it with a link-local address, and the device has none of its own.
        """
        if self._needs_ipv6:
            # Without a metric of its own, it would keep out that of the next such device.
            metric = _METRIC + (self._index or 0)
            route = Route(_LINK_LOCAL, device=self._config.address_device, metric=metric)
            self._netlink.put_routes((route,), self._told_routes)

    def _told_routes(self, codes: Mapping[Route, int]) -> None:
        for route, code in codes.items():
            if code not in {0, errno.EALREADY}:
                text = f"cannot set the route {route}: {os.strerror(code)}"
                self._log.warning(f"{text}; clients at link-local addresses get no answer")

    def release(self, transition: Transition, at_start: bool, done: Callable[[], None]) -> None:
        """Remove the addresses and set the device down; at start make it for a faster takeover."""
        self._job += 1
        job = self._job
        self._is_preparing = False

        def is_down(error: OSError | None) -> None:
            self._refused(error)
            done()

        def released() -> None:
            if job != self._job:
                return  # This host is master again, and needs the device.
            if at_start:
                self._make(up=False, done=is_down)
                return
            self._remove_renamed()
            if self._netlink.link(self._config.interface) is None:
                # The interface may have a new name, and our device must not stay on it.
                self._remove_device(is_down)
            else:
                self._netlink.set_link(self._config.address_device, up=False, done=is_down)

        self._owner.release(transition, at_start, released)

    def step_behind(self, own: Collection[IPAddress], failed: Callable[[Outcome], None]) -> None:
        """Do nothing: the device has only virtual addresses."""

    def missing(self) -> tuple[IPAddress, ...]:
        """Return the missing addresses: all, if the device is down, gone, or at another MAC address."""
        device = self._netlink.link(self._config.address_device)
        if device is None or not device.is_up or device.mac != virtual_mac(self._config.vhid):
            return self._owner.all()
        return self._owner.missing()

    def close(self) -> None:
        """Leave the settings to the next run, or to `dispose`."""
        self._is_over = True
        self._owner.close()
        self._look.cancel()

    async def dispose(self) -> None:
        """Remove the device, and restore the ARP settings of the interface; `close` comes first."""
        is_done = asyncio.Event()

        def left(error: OSError | None) -> None:
            self._refused(error)
            is_done.set()

        self._remove_renamed()
        self._remove_device(left)
        await is_done.wait()

    def _remove_device(self, done: Callable[[OSError | None], None]) -> None:
        self._made = False
        self._netlink.remove_link(self._config.address_device, self._refused)
        self._netlink.beside(self._parent_arp.release, done)

    def _remove_renamed(self) -> None:
        """Remove the device that was made, if it has been renamed."""
        link = self._netlink.link_of_index(self._index) if self._index is not None else None
        if link is not None and link.name != self._config.address_device and link.kind == "macvlan":
            self._netlink.remove_link(link.name, self._refused)

    def _refused(self, error: OSError | None) -> None:
        if error is not None:
            self._log.device_refused(error)

    def _is_made(self) -> bool:
        """Return whether the device made at start still exists, and only has to come up."""
        parent = self._netlink.link(self._config.interface)
        device = self._netlink.link(self._config.address_device)
        if not (self._made and parent and device and device.parent == parent.macvlan_parent):
            return False
        return device.mac == virtual_mac(self._config.vhid) and not self._has_lost_ipv6()

    @property
    def _needs_ipv6(self) -> bool:
        return any(each.version == 6 for each in self._config.params().addresses)

    def _has_lost_ipv6(self) -> bool:
        """Return whether only the device is without the IPv6 that it needs.

        The kernel lowers the MTU of a macvlan with that of the interface, and never raises it.
        """
        device, interface = self._config.address_device, self._config.interface
        return self._needs_ipv6 and sysctl.lacks_ipv6(device) and not sysctl.lacks_ipv6(interface)

    def _make(self, *, up: bool, done: Callable[[OSError | None], None]) -> None:
        """Make the device.  The worker does the steps in order; `done` gets the first error."""
        config, errors = self._config, list[OSError | None]()

        def last(error: OSError | None) -> None:
            first = next(filter(None, [*errors, error]), None)
            self._made = first is None
            if self._made and self._config is not config:
                self._prepare_again()
            self._netlink.catch_up()
            device = self._netlink.link(config.address_device)
            self._index = device.index if device is not None else None
            if not self._is_over:
                # The looks of many devices at one moment would delay a takeover.
                first_after = LOOK_AFTER * share_of(config.address_device)
                self._look.set(first_after, self._look_at_settings)
            done(first)

        self._remove_renamed()
        mac = virtual_mac(config.vhid)
        self._netlink.beside(self._parent_arp.hold, errors.append)
        if self._has_lost_ipv6():
            self._netlink.remove_link(config.address_device, errors.append)
        prepare = partial(self._prepare, [])
        self._netlink.add_macvlan(config.interface, config.address_device, mac, last, prepare, up)

    def _prepare(self, changed: list[str]) -> None:
        """Set the settings of the device, and add the changed ones to the list."""
        device, interface = self._config.address_device, self._config.interface
        prepare_macvlan(device, interface, self._needs_ipv6, changed.append)

    def _prepare_again(self) -> None:
        """Do that after a reload: the device may need IPv6 from now on."""
        self._netlink.attempt(partial(self._prepare, []), lambda _error: None)

    def _look_at_settings(self) -> None:
        """Set again what another program has changed: the device, and it alone, must answer."""
        self._look.set(LOOK_AFTER, self._look_at_settings)
        changed: list[str] = []

        def keep() -> None:
            changed.extend(self._parent_arp.keep())
            self._prepare(changed)

        def kept(_error: OSError | None) -> None:
            # If the device is gone, it will be made again.
            if changed:
                self._log.settings_put_back(changed)

        if self._made:
            self._netlink.beside(keep, kept)
