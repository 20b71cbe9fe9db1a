"""IPv4 routes of one interface, kept as the kernel's messages to restore them if it drops them."""

import socket
import struct
import sys
from collections.abc import Iterable
from ipaddress import IPv4Address
from typing import NamedTuple

from ucarpd.linux import netlink_framing as framing
from ucarpd.linux.netlink.pyroute import nl, rtmsg, rtnl
from ucarpd.linux.netlink_socket import RequestSocket

_NEXT_HOP = struct.Struct("=HBBi")  # length, flags, hops, interface
_RTA_OIF, _RTA_PREFSRC, _RTA_MULTIPATH, _RTA_NH_ID = 4, 7, 9, 30
_WAY = {_RTA_OIF, 5, _RTA_MULTIPATH, 18, 21, 22}
"""RTA_OIF, RTA_GATEWAY, RTA_MULTIPATH, RTA_VIA, RTA_ENCAP_TYPE, RTA_ENCAP."""
_PROTOCOL_KERNEL = 2
_LOCAL, _BROADCAST = 2, 3
"""Values of `type`."""


class KernelRoute(NamedTuple):
    """A route.  `request` restores it; `source` is its preferred source address, if it has one."""

    request: bytes
    scope: int
    source: IPv4Address | None


def interface_routes(
    kernel: RequestSocket, index: int, source: bytes = b""
) -> dict[KernelRoute, None]:
    """Return the IPv4 routes of the interface, of every table, in the kernel's order.

    With a packed source address, only those that may have it: there may be a million others.

    Those to the addresses themselves are left out: the kernel makes them with each address, and with
    one of them a host answers even for an address that it no longer has.  For use in `consistent`;
    raises OSError.
    """
    head, by = framing.RouteHead(socket.AF_INET), {_RTA_OIF: index.to_bytes(4, sys.byteorder)}
    wanted = framing.about_route(rtnl.RTM_GETROUTE, nl.NLM_F_DUMP, head, by)
    found = (message.data for message in kernel.dump(wanted) if source in message.data)
    return dict.fromkeys(filter(None, map(_route, found)))


def in_order(routes: Iterable[KernelRoute]) -> list[KernelRoute]:
    """Return the routes sorted by scope: each comes after the routes that lead to its gateway."""
    return sorted(routes, key=lambda route: -route.scope)


def _route(data: bytes) -> KernelRoute | None:
    """Return the route in a message, or None if it is to an address itself."""
    head, found = framing.route(data)
    if head.protocol == _PROTOCOL_KERNEL and head.type in (_LOCAL, _BROADCAST):
        return None
    source = found.get(_RTA_PREFSRC)
    if _RTA_NH_ID in found:
        # The next hop is a separate object, and the kernel copied these attributes from it.
        found = {kind: value for kind, value in found.items() if kind not in _WAY}
    if _RTA_MULTIPATH in found:
        found[_RTA_MULTIPATH] = _without_state(found[_RTA_MULTIPATH])
    # This flag is set by the route's creator; the kernel sets the others to report its state.
    asked = head._replace(flags=head.flags & rtmsg.RTNH_F_ONLINK)
    flags = nl.NLM_F_ACK | nl.NLM_F_CREATE | nl.NLM_F_APPEND
    wanted = framing.about_route(rtnl.RTM_NEWROUTE, flags, asked, found)
    return KernelRoute(wanted, head.scope, IPv4Address(source) if source else None)


def _without_state(hops: bytes) -> bytes:
    """Return the next hops without the flags that report their state."""
    cleaned, start = bytearray(hops), 0
    while start + _NEXT_HOP.size <= len(hops):
        length, flags, count, interface = _NEXT_HOP.unpack_from(hops, start)
        flags &= rtmsg.RTNH_F_ONLINK
        _NEXT_HOP.pack_into(cleaned, start, length, flags, count, interface)
        start += max((length + 3) & ~3, _NEXT_HOP.size)
    return bytes(cleaned)
