"""Requests that add addresses to an interface and remove them; a takeover waits for them."""

import errno
import os
import socket
import sys
from collections.abc import Callable, Collection, Iterable, Mapping
from functools import lru_cache, partial
from ipaddress import ip_address
from typing import Any

from ucarpd.carp.params import Family, IPAddress
from ucarpd.linux import netlink_framing as framing
from ucarpd.linux import sysctl
from ucarpd.linux.netlink.guards import Guards
from ucarpd.linux.netlink.messages import InterfaceAddress, request
from ucarpd.linux.netlink.pyroute import ifaddrmsg, nl, rtnl
from ucarpd.linux.netlink.secondaries import Elsewhere, PromotionRecord, Secondaries
from ucarpd.linux.netlink_socket import RequestSocket
from ucarpd.linux.served import Served

_FOREVER = 0xFFFFFFFF
_IFA_RT_PRIORITY = 9  # pyroute2 0.7 does not know it.
_FIB_MATCH = 0x2000
_RTA_DST, _RTA_OIF, _RTA_GATEWAY, _RTA_PRIORITY, _RTA_CACHEINFO = 1, 4, 5, 6, 12
_EXPIRES = slice(8, 12)
_METRIC_OF_ADDRESS = 256
"""Of the IPv6 route that the kernel makes with an address."""

_PLACEHOLDERS: dict[Family, IPAddress] = {
    4: ip_address("254.220.186.152"),
    6: ip_address("fedc:ba98:7654:3210:fedc:ba98:7654:3210"),
}
"""By family: an unused address, whose bytes occur in no other part of a request."""


class LeftInPlace(OSError):
    """Addresses stay in place, because another process of this host serves them too; `ips` has its id."""

    def __init__(self, ips: Mapping[IPAddress, int]) -> None:
        self.ips = ips
        of_each = (
            f"{ip} is also served by {f'process {pid}' if pid else 'another process'}"
            for ip, pid in ips.items()
        )
        text = "; ".join(of_each)
        super().__init__(errno.EBUSY, f"{text}: if two files have it, keep it in one")


class AddressRequests:
    """Address requests to the kernel; not for use by several threads at once.

    Every method raises OSError, with a text that names the interface or the address.
    """

    def __init__(
        self,
        kernel: RequestSocket,
        elsewhere: Elsewhere,
        record: PromotionRecord | None = None,
        served: Served | None = None,
    ) -> None:
        self._kernel = kernel
        self._served = served or Served()
        self._secondaries = Secondaries(kernel, elsewhere, record)
        self.guards = Guards(kernel, self._secondaries)
        self.may_leave = self._served.may_leave

    def prepare(
        self,
        interface: str,
        addresses: Iterable[InterfaceAddress],
        label: str | None,
        metric: int = 0,
    ) -> None:
        """Build the models of the messages of `add` in advance."""
        index = self._kernel.index_of(interface)
        for address in addresses:
            _addition(index, address, label, is_routeless=False, metric=metric)

    def add(
        self,
        interface: str,
        addresses: Collection[InterfaceAddress],
        label: str | None,
        routeless: Collection[InterfaceAddress],
        unusable: Iterable[InterfaceAddress],
        there: Callable[[tuple[IPAddress, ...]], None],
        metric: int = 0,
    ) -> dict[InterfaceAddress, OSError]:
        """Add the addresses; return the refused ones with the kernel's errors.

        An address that is already there is not refused.  For `routeless` addresses the kernel makes
        no route to their network; other such routes have this `metric`, 0: the kernel's own.
        `unusable` addresses are removed first: if duplicate address detection has failed, only a new
        address works.  `there` is called with the addresses that are now in place, if there are any.
        """
        self.serve(interface, [address.ip for address in addresses])
        index = self._kernel.index_of(interface)
        for address in unusable:
            self._remove(index, address)
        added, unreported, refused = [], [], {}
        for address in addresses:
            is_routeless = address in routeless or self._has_other_route(index, address, metric)
            code = self._kernel.ask(
                _addition(index, address, label, is_routeless=is_routeless, metric=metric)
            )
            if code in (0, errno.EEXIST):
                added.append(address.ip)
                if code == 0 and address.ip.version == 6:
                    unreported.append((address, is_routeless))
            else:
                refused[address] = _refusal(code, address, interface)
        if added:
            there(tuple(added))
        for address, is_routeless in unreported:
            # The kernel reports a new IPv6 address after a delay, but a replaced one at once.  So
            # the tables have each address when this request is done.
            self._kernel.ask(
                _addition(
                    *(index, address, label, nl.NLM_F_REPLACE),
                    is_routeless=is_routeless,
                    metric=metric,
                )
            )
        return refused

    def _has_other_route(self, index: int, address: InterfaceAddress, metric: int) -> bool:
        """Return whether a router or a network manager has made a route to this IPv6 network.

        The kernel would take it for the route of the address, and remove it with the address.
        A route with `metric` is that of another address of ours.
        """
        if address.ip.version == 4 or address.prefixlen == address.ip.max_prefixlen:
            return False
        head = framing.RouteHead(socket.AF_INET6, dst_len=128, flags=_FIB_MATCH)
        to = {_RTA_DST: address.ip.packed, _RTA_OIF: index.to_bytes(4, sys.byteorder)}
        try:
            answer = self._kernel.get(framing.about_route(rtnl.RTM_GETROUTE, 0, head, to))
        except OSError:
            return False  # There is none.
        head, found = framing.route(answer.data)
        of_route = int.from_bytes(found.get(_RTA_PRIORITY, b""), sys.byteorder)
        is_of_address = of_route in (metric, _METRIC_OF_ADDRESS)
        return (
            head.dst_len == address.prefixlen
            and found.get(_RTA_OIF) == to[_RTA_OIF]
            and _RTA_GATEWAY not in found
            and (not is_of_address or any(found.get(_RTA_CACHEINFO, b"")[_EXPIRES]))
        )

    def remove(
        self, interface: str, addresses: Collection[InterfaceAddress], takes_along: bool
    ) -> None:
        """Remove the addresses; if an address fails, also remove the rest.

        A missing address or interface is no error.  `takes_along`: the kernel would remove other
        addresses or routes with these; they are kept or put back.  Raises LeftInPlace for those that
        another process serves.
        """
        left = self.let_go(interface, [each.ip for each in addresses])
        leaving = [each for each in addresses if each.ip not in left]
        index = self._kernel.index_if_there(interface)
        if index is not None and leaving:
            self.guards.removing(interface, leaving)
            remove = partial(self._remove_all, index, leaving)
            if takes_along:
                self._secondaries.survive(interface, index, leaving, remove)
            else:
                remove()
        if left:
            raise LeftInPlace(left)

    def serve(self, interface: str, ips: Iterable[IPAddress]) -> None:
        """Note that this process serves these addresses, until `let_go` or `remove`."""
        for ip in ips:
            self._served.add(interface, ip.packed)

    def let_go(self, interface: str, ips: Iterable[IPAddress]) -> dict[IPAddress, int]:
        """Return which of them another process serves, with its id."""
        others = {ip: self._served.drop(interface, ip.packed) for ip in ips}
        return {ip: pid for ip, pid in others.items() if pid is not None}

    def unserved_elsewhere(self, interface: str, ips: Iterable[IPAddress]) -> tuple[IPAddress, ...]:
        """Return the addresses that no other process of this host serves."""
        return tuple(ip for ip in ips if self._served.by_another(interface, ip.packed) is None)

    def _remove_all(self, index: int, addresses: Iterable[InterfaceAddress]) -> None:
        codes = {address: self._remove(index, address) for address in addresses}
        for address, code in codes.items():
            if code:
                raise OSError(code, f"{address.ip}: {os.strerror(code)}")

    def _remove(self, index: int, address: InterfaceAddress) -> int:
        model = _model(rtnl.RTM_DELADDR, 0, index, address.ip.version, address.prefixlen)
        code = self._kernel.ask(_filled_in(model, address.ip))
        # ENXIO: the interface has no IPv6.
        return 0 if code in (errno.EADDRNOTAVAIL, errno.ENODEV, errno.ENXIO) else code


def _addition(
    index: int,
    address: InterfaceAddress,
    label: str | None,
    mode: int = nl.NLM_F_CREATE | nl.NLM_F_EXCL,
    *,
    is_routeless: bool,
    metric: int = 0,
) -> bytes:
    version = address.ip.version
    flags = ifaddrmsg.IFA_F_NOPREFIXROUTE if is_routeless else 0
    model = _model(rtnl.RTM_NEWADDR, mode, index, version, address.prefixlen, label, flags, metric)
    return _filled_in(model, address.ip)


def _filled_in(model: bytes, ip: IPAddress) -> bytes:
    """Return the request for this address; a model has a placeholder in each attribute for it."""
    return model.replace(_PLACEHOLDERS[ip.version].packed, ip.packed, 2)


@lru_cache(64)
def _model(
    kind: int,
    mode: int,
    index: int,
    version: Family,
    prefixlen: int,
    label: str | None = None,
    flags: int | None = None,
    metric: int = 0,
) -> bytes:
    """Return the request for a placeholder; pyroute2 takes long, and all others are like it."""
    ip = str(_PLACEHOLDERS[version])
    attributes: list[tuple[str, Any]] = [("IFA_LOCAL", ip)]
    if flags is not None:
        # With it a removal would spare an IPv4 address that has a peer.
        attributes.append(("IFA_ADDRESS", ip))
    if flags is not None and version == 6:
        # Without duplicate address detection the address is usable at once, and two masters that
        # meet do not disable it for each other.  If the host has another address, the kernel does
        # not choose a deprecated one as a source.
        flags |= ifaddrmsg.IFA_F_NODAD
        attributes.append(("IFA_CACHEINFO", {"ifa_preferred": 0, "ifa_valid": _FOREVER}))
    elif label:
        attributes.append(("IFA_LABEL", label))
    if flags is not None:
        attributes.append(("IFA_FLAGS", flags))
    family = socket.AF_INET if version == 4 else socket.AF_INET6
    head = {"family": family, "prefixlen": prefixlen, "index": index}
    model = request(ifaddrmsg.ifaddrmsg(), kind, nl.NLM_F_ACK | mode, attributes, head)
    if metric:
        priority = metric.to_bytes(4, sys.byteorder)
        model = framing.with_attribute(model, _IFA_RT_PRIORITY, priority)
    return model


def _refusal(code: int, address: InterfaceAddress, interface: str) -> OSError:
    text = os.strerror(code)
    if address.ip.version == 6 and code == errno.EACCES:
        text = f"IPv6 is disabled on {interface}: {sysctl.ipv6_command(interface)}"
    elif address.ip.version == 6 and code == errno.EINVAL and sysctl.lacks_ipv6(interface):
        code = errno.EAFNOSUPPORT
        text = sysctl.too_small_for_ipv6(interface)
    elif address.ip.version == 6 and not sysctl.knows_ipv6():
        code, text = errno.EAFNOSUPPORT, sysctl.NO_IPV6
    return OSError(code, f"{address.ip}: {text}")
