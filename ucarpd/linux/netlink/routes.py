"""IPv4 routes of one interface, kept as the kernel tells them, to be put back when it drops them."""

import socket
import struct

from ucarpd.carp.params import IPAddress
from ucarpd.linux.netlink import framing
from ucarpd.linux.netlink.messages import RTM_GETROUTE, ip_of
from ucarpd.linux.netlink.request_socket import RequestSocket

# family, destination's and source's length, TOS, table, protocol, scope, type, flags
_ROUTE = struct.Struct("=BBBBBBBBI")
_NEXT_HOP = struct.Struct("=HBBi")  # length, flags, hops, interface
_RTA_OIF, _RTA_GATEWAY, _RTA_PREFSRC, _RTA_MULTIPATH = 4, 5, 7, 9
_RTA_VIA, _RTA_ENCAP_TYPE, _RTA_ENCAP, _RTA_NH_ID = 18, 21, 22, 30
_WAY = {_RTA_OIF, _RTA_GATEWAY, _RTA_MULTIPATH, _RTA_VIA, _RTA_ENCAP_TYPE, _RTA_ENCAP}
_RTNH_F_ONLINK = 0x4
"""The one flag that is set by whoever makes the route; the others tell how it fares."""


def interface_routes(kernel: RequestSocket, index: int) -> dict[bytes, None]:
    """All of them, of every table, in the kernel's order, so that each can be asked for again.

    For use in `consistent`; raises OSError.
    """
    head = _ROUTE.pack(socket.AF_INET, *[0] * 8)
    wanted = framing.attribute(_RTA_OIF, struct.pack("=i", index))
    return dict.fromkeys(_as_asked_for(body) for body in kernel.dump(RTM_GETROUTE, head + wanted))


def source_of(route: bytes) -> IPAddress | None:
    """The address that the host has as a source by this route, if that is said."""
    return ip_of(socket.AF_INET, framing.attributes(route, _ROUTE.size).get(_RTA_PREFSRC))


def in_order(routes: list[bytes]) -> list[bytes]:
    """Sorted so that each comes after those by which its gateway is found: by scope."""
    return sorted(routes, key=lambda route: -int(_ROUTE.unpack_from(route)[6]))


def _as_asked_for(body: bytes) -> bytes:
    *head, flags = _ROUTE.unpack_from(body)
    found = list(framing.each_attribute(body, _ROUTE.size))
    if _RTA_NH_ID in dict(found):
        # The next hop is an object of its own; what else is said of the way is taken from that.
        found = [(kind, value) for kind, value in found if kind not in _WAY]
    parts = [_ROUTE.pack(*head, flags & _RTNH_F_ONLINK)]
    for kind, value in found:
        clean = _without_state(value) if kind == _RTA_MULTIPATH else value
        parts.append(framing.attribute(kind, clean))
    return b"".join(parts)


def _without_state(hops: bytes) -> bytes:
    """Several next hops, without the flags that tell how they fare."""
    cleaned, start = bytearray(hops), 0
    while start + _NEXT_HOP.size <= len(hops):
        length, flags, count, interface = _NEXT_HOP.unpack_from(hops, start)
        _NEXT_HOP.pack_into(cleaned, start, length, flags & _RTNH_F_ONLINK, count, interface)
        start += max((length + 3) & ~3, _NEXT_HOP.size)
    return bytes(cleaned)
