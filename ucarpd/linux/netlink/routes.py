"""IPv4 routes of one interface, kept as the kernel's messages to restore them if it drops them."""

import socket
import struct
from collections.abc import Iterable
from ipaddress import IPv4Address
from typing import NamedTuple

from ucarpd.linux.netlink.messages import decoded, request
from ucarpd.linux.netlink.pyroute import nl, rtmsg, rtnl
from ucarpd.linux.netlink_socket import RequestSocket

_NEXT_HOP = struct.Struct("=HBBi")  # length, flags, hops, interface
_RTA_PREFSRC, _RTA_MULTIPATH, _RTA_NH_ID = "RTA_7", "RTA_9", "RTA_30"
_WAY = {f"RTA_{number}" for number in (4, 5, 9, 18, 21, 22)}
"""RTA_OIF, RTA_GATEWAY, RTA_MULTIPATH, RTA_VIA, RTA_ENCAP_TYPE, RTA_ENCAP."""
_PROTOCOL_KERNEL = 2
_LOCAL, _BROADCAST = 2, 3
"""Values of `proto` and `type`."""


class _RouteMessage(nl.nlmsg):  # type: ignore[misc]  # pyroute2 has no types
    """A route message with raw attributes: pyroute2's class would lose unknown attributes."""

    prefix = "RTA_"
    fields = rtmsg.rtmsg.fields
    nla_map = tuple((number, f"RTA_{number}", "cdata") for number in range(1, 64))


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
    by, head = [("RTA_OIF", index)], {"family": socket.AF_INET}
    wanted = request(rtmsg.rtmsg(), rtnl.RTM_GETROUTE, nl.NLM_F_DUMP, by, head)
    named = (message.data for message in kernel.dump(wanted) if source in message.data)
    found = (decoded(_RouteMessage, data) for data in named)
    return dict.fromkeys(_route(message) for message in found if not _is_to_address(message))


def in_order(routes: Iterable[KernelRoute]) -> list[KernelRoute]:
    """Return the routes sorted by scope: each comes after the routes that lead to its gateway."""
    return sorted(routes, key=lambda route: -route.scope)


def _is_to_address(message: _RouteMessage) -> bool:
    is_kernels = message["proto"] == _PROTOCOL_KERNEL
    return is_kernels and message["type"] in (_LOCAL, _BROADCAST)


def _route(message: _RouteMessage) -> KernelRoute:
    found = {name: message.get_attr(name) for name, _ in message["attrs"]}
    source = found.get(_RTA_PREFSRC)
    if _RTA_NH_ID in found:
        # The next hop is a separate object, and the kernel copied these attributes from it.
        found = {name: value for name, value in found.items() if name not in _WAY}
    if _RTA_MULTIPATH in found:
        found[_RTA_MULTIPATH] = _without_state(found[_RTA_MULTIPATH])
    head = {name: message[name] for name, _ in _RouteMessage.fields}
    # This flag is set by the route's creator; the kernel sets the others to report its state.
    head["flags"] &= rtmsg.RTNH_F_ONLINK
    asked_for = nl.NLM_F_ACK | nl.NLM_F_CREATE | nl.NLM_F_APPEND
    wanted = request(_RouteMessage(), rtnl.RTM_NEWROUTE, asked_for, found.items(), head)
    return KernelRoute(wanted, message["scope"], IPv4Address(source) if source else None)


def _without_state(hops: bytes) -> bytes:
    """Return the next hops without the flags that report their state."""
    cleaned, start = bytearray(hops), 0
    while start + _NEXT_HOP.size <= len(hops):
        length, flags, count, interface = _NEXT_HOP.unpack_from(hops, start)
        flags &= rtmsg.RTNH_F_ONLINK
        _NEXT_HOP.pack_into(cleaned, start, length, flags, count, interface)
        start += max((length + 3) & ~3, _NEXT_HOP.size)
    return bytes(cleaned)
