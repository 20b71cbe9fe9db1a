"""The kernel's links and addresses at one moment, for commands that read them once."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from functools import partial

from ucarpd.carp.params import IPAddress
from ucarpd.linux.netlink.lookups import Lookups
from ucarpd.linux.netlink.messages import decoded
from ucarpd.linux.netlink.pyroute import rtmsg
from ucarpd.linux.netlink.route_requests import R, RouteRequests
from ucarpd.linux.netlink.routes import interface_routes
from ucarpd.linux.netlink.tables import Tables
from ucarpd.linux.netlink_socket import RequestSocket, consistent

_OF_KERNEL = 2
"""rtm_protocol of the routes that the kernel adds with an address."""


class Snapshot(Lookups):
    """The tables at the time of its construction, which needs no privileges; it raises OSError."""

    def __init__(self) -> None:
        with closing(RequestSocket()) as kernel:
            self._read = consistent(partial(Tables.read, kernel, ()))

    @property
    def _tables(self) -> Tables:
        return self._read

    def where(self, ip: IPAddress) -> str | None:
        usable = (entry for entry in self._tables.everywhere(ip) if entry.is_usable)
        links = (self._tables.messages.get(entry.index) for entry in usable)
        return next((link.name for link in links if link is not None), None)

    def taken(self, routes: Sequence[R]) -> list[R]:
        """Return those to whose destination this host has a route of others, as it is now.

        Raises OSError.
        """
        with closing(RequestSocket()) as kernel:
            return consistent(partial(RouteRequests(kernel).taken, routes))

    def destinations(self, interface: str, source: IPAddress) -> Iterator[str]:
        """Yield the destinations of the IPv4 routes of others with this source address, as they are now.

        Raises OSError.
        """
        link = self.link(interface)
        with closing(RequestSocket()) as kernel:
            index = link.index if link else 0
            found = consistent(partial(interface_routes, kernel, index, source.packed))
        for route in found:
            message = decoded(rtmsg.rtmsg, route.request)
            if route.source == source and message["proto"] != _OF_KERNEL:
                destination = message.get_attr("RTA_DST")
                yield f"{destination}/{message['dst_len']}" if destination else "default"
