"""Requests about links, each carried out before the call returns.

All names are looked up in the kernel when the request is made: the tables are behind it, and a link
that the request before has made is not in them yet.
"""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ucarpd.linux.netlink.library import IPRoute, NetlinkError, ifinfmsg, nl, rtnl
from ucarpd.linux.netlink.messages import request
from ucarpd.linux.netlink.request_socket import RequestSocket

_MACVLAN_MODE = "bridge"
"""A private macvlan swallows frames from the wire that bear its own MAC as their source, and so do
the peers' advertisements."""


class Requests:
    """Not for use by several threads at once.  Every method raises OSError with a text that says
    which link or address it is about.
    """

    def __init__(self, kernel: RequestSocket) -> None:
        self._kernel = kernel
        self._opened: IPRoute | None = None

    def close(self) -> None:
        if self._opened is not None:
            self._opened.close()

    def add_macvlan(self, parent: str, name: str, mac: bytes) -> None:
        """Make the device, and leave it down.  A device that is already as wanted is left alone; any
        other macvlan of that name is replaced, a link of another kind is not.
        """
        parent_index = self._kernel.index_of(parent)
        there = self._macvlan(name)
        if there is not None:
            mode = there.get_nested("IFLA_LINKINFO", "IFLA_INFO_DATA", "IFLA_MACVLAN_MODE")
            # An index says nothing without the namespace that it belongs to.
            is_here = there.get_attr("IFLA_LINK_NETNSID") is None
            link = there.get_attr("IFLA_LINK"), there.get_attr("IFLA_ADDRESS"), mode
            if is_here and link == (parent_index, mac.hex(":"), _MACVLAN_MODE):
                return
            self.remove_link(name)
        with _refusals(f"cannot make {name} on {parent}"):
            self._iproute.link(
                "add",
                ifname=name,
                kind="macvlan",
                link=parent_index,
                macvlan_mode=_MACVLAN_MODE,
                address=mac.hex(":"),
            )

    def set_link(self, name: str, up: bool) -> None:
        """Set a link down; a missing link counts as down."""
        try:
            index = self._kernel.index_of(name)
        except OSError:
            if up:
                raise
            return
        flags = ifinfmsg.IFF_UP if up else 0
        head = {"index": index, "flags": flags, "change": ifinfmsg.IFF_UP}
        # By the socket that is open already: there may be no descriptor left for another.
        code = self._kernel.ask(
            request(ifinfmsg.ifinfmsg(), rtnl.RTM_NEWLINK, nl.NLM_F_ACK, head=head)
        )
        if code:
            state = "up" if up else "down"
            raise OSError(code, f"cannot set {name} {state}: {os.strerror(code)}")

    def remove_link(self, name: str) -> None:
        """Remove a macvlan; no error if it is not there, but if the name is another link's."""
        there = self._macvlan(name)
        if there is None:
            return
        try:
            with _refusals(f"cannot remove {name}"):
                self._iproute.link("del", index=there["index"])
        except OSError as error:
            if error.errno != errno.ENODEV:
                raise

    def _macvlan(self, name: str) -> Any | None:
        """The message about the macvlan of that name.  Raises OSError for another kind of link."""
        try:
            with _refusals(f"cannot look up {name}"):
                (message,) = self._iproute.link("get", ifname=name)
        except OSError as error:
            if error.errno == errno.ENODEV:
                return None
            raise
        kind = message.get_nested("IFLA_LINKINFO", "IFLA_INFO_KIND")
        # The kernel finds links by their other names too (altname).
        if kind != "macvlan" or message.get_attr("IFLA_IFNAME") != name:
            raise OSError(errno.EEXIST, f"{name} is not a macvlan but {kind or 'hardware'}")
        return message

    @property
    def _iproute(self) -> IPRoute:
        if self._opened is None:
            self._opened = IPRoute()
        return self._opened


@contextmanager
def _refusals(what: str) -> Iterator[None]:
    """Turn pyroute2's error into an OSError that begins with these words."""
    try:
        yield
    except NetlinkError as error:
        raise OSError(error.code, f"{what}: {error.args[1]}") from error
