"""Requests that set and remove routes of ours, which a protocol number of their own tells apart."""

import errno
import os
import socket
import sys
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from functools import partial
from ipaddress import IPv4Network, IPv6Network
from typing import Any, Protocol, TypeVar

from ucarpd.carp.params import IPAddress
from ucarpd.linux import netlink_framing as framing
from ucarpd.linux.netlink.messages import request
from ucarpd.linux.netlink.pyroute import nl, rtmsg, rtnl
from ucarpd.linux.netlink_socket import RequestSocket, consistent
from ucarpd.linux.served import Served

PROTOCOL = 112
"""rtm_protocol of our routes, which `ip route` shows as proto; it is CARP's number in IP headers."""

_UNICAST = 1
_UNIVERSE, _LINK, _NOWHERE = 0, 253, 255
_MAIN_TABLE, _TABLE_IN_ATTRIBUTE = 254, 252
_METRIC = {socket.AF_INET: 0, socket.AF_INET6: 1024}
"""The metrics that the kernel gives to routes without one."""

_LENGTH_AT, _PROTOCOL_AT = 17, 21
"""The offsets of rtm_dst_len and rtm_protocol in a message."""

_RTA_DST, _RTA_PRIORITY, _RTA_TABLE = 1, 6, 15

_Place = tuple[int, int, bytes, int, int]
"""Family, table, destination, prefix length and metric: one route of these keeps another one out."""


class VirtualRoute(Protocol):
    """A route; `metric` and `table` 0 are the kernel's defaults."""

    @property
    def destination(self) -> IPv4Network | IPv6Network: ...
    @property
    def gateway(self) -> IPAddress | None: ...
    @property
    def device(self) -> str | None: ...
    @property
    def source(self) -> IPAddress | None: ...
    @property
    def metric(self) -> int: ...
    @property
    def table(self) -> int: ...


R = TypeVar("R", bound=VirtualRoute)


class RouteRequests:
    """Route requests to the kernel; not for use by several threads at once."""

    def __init__(self, kernel: RequestSocket, served: Served | None = None) -> None:
        self._kernel = kernel
        self._served = served or Served()

    def put(self, routes: Sequence[R]) -> dict[R, int]:
        """Set the routes that are missing; return the kernel's answer for each, an errno or 0.

        If there is a route to the same destination with the same metric, the answer is EALREADY for
        a route of ours, EBUSY if another process serves this very route, and EEXIST for any other.
        """
        for route in routes:
            self._served.add("", str(route).encode())
        codes = {route: self._put(route) for route in routes}
        there = {_place(route): route for route, code in codes.items() if code == errno.EEXIST}
        for family, table in {place[:2] for place in there}:
            try:
                ours = consistent(partial(self._ours, family, table))
            except OSError:
                # Nothing shows that it is not.
                ours = {place for place in there if place[:2] == (family, table)}
            for route in (there[place] for place in ours & there.keys()):
                is_shared = self._served.by_another("", str(route).encode()) is not None
                codes[route] = errno.EBUSY if is_shared else errno.EALREADY
        return codes

    def taken(self, routes: Sequence[R]) -> list[R]:
        """Return the routes that a route of others keeps out.

        For use in `consistent`; raises OSError.
        """
        wanted, found = {_place(each) for each in routes}, set()
        lengths = {each.destination.prefixlen for each in routes}
        for family, table in {place[:2] for place in wanted}:
            with suppress(FileNotFoundError):  # There is no such table.
                for _, _, _, _, data in self._dump(family, table):
                    # There may be a million.
                    if data[_LENGTH_AT] in lengths and data[_PROTOCOL_AT] != PROTOCOL:
                        found |= wanted & {_place_of(data)}
        return [each for each in routes if _place(each) in found]

    def remove(self, routes: Collection[VirtualRoute]) -> None:
        """Remove the routes; if a route fails, also remove the rest; a missing one is no error.

        No route of anybody else is removed, and none that another process serves too.  Raises OSError.
        """
        others = {route: self._served.drop("", str(route).encode()) for route in routes}
        codes = {route: self._remove(route) for route, pid in others.items() if pid is None}
        for route, code in codes.items():
            if code:
                raise OSError(code, f"{route}: {os.strerror(code)}")

    def _ours(self, family: int, table: int) -> set[_Place]:
        """Return the places of the routes with our protocol number.

        For use in `consistent`; raises OSError.
        """
        found = self._dump(family, table, PROTOCOL)
        # Before Linux 4.20 these are all routes.
        return {_place_of(each.data) for each in found if each.data[_PROTOCOL_AT] == PROTOCOL}

    def _dump(self, family: int, table: int, protocol: int = 0) -> Iterator[framing.Message]:
        head = {"family": family, "table": _in_header(table), "proto": protocol}
        by = [("RTA_TABLE", table)]
        return self._kernel.dump(request(rtmsg.rtmsg(), rtnl.RTM_GETROUTE, nl.NLM_F_DUMP, by, head))

    def _put(self, route: VirtualRoute) -> int:
        flags = nl.NLM_F_CREATE | nl.NLM_F_EXCL
        scope = _LINK if route.gateway is None and route.destination.version == 4 else _UNIVERSE
        try:
            return self._ask(rtnl.RTM_NEWROUTE, flags, route, scope)
        except OSError as error:
            return error.errno or errno.EIO

    def _remove(self, route: VirtualRoute) -> int:
        try:
            code = self._ask(rtnl.RTM_DELROUTE, 0, route, _NOWHERE)
        except OSError as error:
            code = error.errno or errno.EIO
        # ENETUNREACH and EHOSTUNREACH: there is no route at all, or no IPv6.
        gone = (
            errno.ESRCH,
            errno.ENODEV,
            errno.ENETUNREACH,
            errno.EHOSTUNREACH,
            errno.EAFNOSUPPORT,
        )
        return 0 if code in gone else code

    def _ask(self, kind: int, flags: int, route: VirtualRoute, scope: int) -> int:
        """Raises OSError if the device of a new route does not exist."""
        family, table, _, length, metric = _place(route)
        head = {
            "family": family,
            "dst_len": length,
            "table": _in_header(table),
            "proto": PROTOCOL,
            "scope": scope,
            "type": _UNICAST,
        }
        attributes: list[tuple[str, Any]] = [("RTA_TABLE", table)]
        if length:
            attributes.append(("RTA_DST", str(route.destination.network_address)))
        if route.gateway is not None:
            attributes.append(("RTA_GATEWAY", str(route.gateway)))
        if route.device is not None and (index := self._index_of(route.device, kind)):
            attributes.append(("RTA_OIF", index))
        if route.source is not None:
            attributes.append(("RTA_PREFSRC", str(route.source)))
        if metric:
            # Without one, the kernel would remove another route of ours with a lower metric.
            attributes.append(("RTA_PRIORITY", metric))
        message = request(rtmsg.rtmsg(), kind, nl.NLM_F_ACK | flags, attributes, head)
        return self._kernel.ask(message)

    def _index_of(self, device: str, kind: int) -> int | None:
        if kind == rtnl.RTM_DELROUTE:
            # A renamed device keeps the route, which the other values tell apart.
            return self._kernel.index_if_there(device)
        return self._kernel.index_of(device)


def _place(route: VirtualRoute) -> _Place:
    network = route.destination
    family = socket.AF_INET if network.version == 4 else socket.AF_INET6
    destination = network.network_address.packed if network.prefixlen else b""
    metric = route.metric or _METRIC[family]
    return family, route.table or _MAIN_TABLE, destination, network.prefixlen, metric


def _place_of(data: bytes) -> _Place:
    head, found = framing.route(data)
    table, metric = (_number(found.get(each, b"")) for each in (_RTA_TABLE, _RTA_PRIORITY))
    return head.family, table, found.get(_RTA_DST, b""), head.dst_len, metric


def _number(value: bytes) -> int:
    return int.from_bytes(value, sys.byteorder)


def _in_header(table: int) -> int:
    return table if table < 256 else _TABLE_IN_ATTRIBUTE
