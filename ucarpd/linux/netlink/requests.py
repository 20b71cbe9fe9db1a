"""Requests about links, each carried out before the call returns.

Each request looks up names in the kernel itself: the tables lag behind, and do not yet have a link
that the previous request made.
"""

import errno
import os
from typing import Any

from ucarpd.linux.netlink.ifinfomsg import IFF_UP, MACVLAN_MODE_BRIDGE, IfInfoMsg
from ucarpd.linux.netlink.messages import MACVLANS, decoded, request
from ucarpd.linux.netlink.pyroute import nl, rtnl
from ucarpd.linux.netlink_socket import RequestSocket

_MACVLAN_MODE = MACVLAN_MODE_BRIDGE
"""In mode "private" a macvlan drops frames from the wire whose source is its own MAC.  The peers'
advertisements have that source.
"""


class Requests:
    """Link requests to the kernel; not for use by several threads at once.

    Every method raises OSError, with a text that names the link.
    """

    def __init__(self, kernel: RequestSocket) -> None:
        self._kernel = kernel

    def add_macvlan(self, parent: str, name: str, mac: bytes) -> None:
        """Make the device, and leave it down.

        If the right device already exists, it is left alone.  Any other macvlan with this name is
        replaced; a link of another kind is not.
        """
        parent_index = self._kernel.index_of(parent)
        there = self._macvlan(name)
        if there is not None:
            mode = there.get_nested("IFLA_LINKINFO", "IFLA_INFO_DATA", "IFLA_MACVLAN_MODE")
            link = _below(there), there.get_attr("IFLA_ADDRESS"), mode
            if link == (self._below_macvlan_on(parent), mac.hex(":"), _MACVLAN_MODE):
                return
            self.remove_link(name)
        data = {"attrs": [("IFLA_MACVLAN_MODE", _MACVLAN_MODE)]}
        kind = {"attrs": [("IFLA_INFO_KIND", "macvlan"), ("IFLA_INFO_DATA", data)]}
        attributes = [
            ("IFLA_IFNAME", name),
            ("IFLA_LINK", parent_index),
            ("IFLA_ADDRESS", mac.hex(":")),
            ("IFLA_LINKINFO", kind),
        ]
        flags = nl.NLM_F_ACK | nl.NLM_F_CREATE | nl.NLM_F_EXCL
        message = request(IfInfoMsg(), rtnl.RTM_NEWLINK, flags, attributes)
        if code := self._kernel.ask(message):
            raise OSError(code, f"cannot make {name} on {parent}: {os.strerror(code)}")

    def set_link(self, name: str, up: bool) -> None:
        """Set a macvlan up or down; a missing one counts as down."""
        # A look at its kind takes long; one that must come up at once is known.
        if not up and self._macvlan(name) is None:
            return
        index = self._kernel.index_of(name)
        flags = IFF_UP if up else 0
        head = {"index": index, "flags": flags, "change": IFF_UP}
        # This uses the open socket, because there may be no descriptor left for another one.
        code = self._kernel.ask(request(IfInfoMsg(), rtnl.RTM_NEWLINK, nl.NLM_F_ACK, head=head))
        if code:
            state = "up" if up else "down"
            raise OSError(code, f"cannot set {name} {state}: {os.strerror(code)}")

    def remove_link(self, name: str) -> None:
        """Remove a macvlan.  A missing one is no error; a link of another kind is one."""
        there = self._macvlan(name)
        if there is None:
            return
        head = {"index": there["index"]}
        message = request(IfInfoMsg(), rtnl.RTM_DELLINK, nl.NLM_F_ACK, head=head)
        if (code := self._kernel.ask(message)) not in (0, errno.ENODEV):
            raise OSError(code, f"cannot remove {name}: {os.strerror(code)}")

    def _macvlan(self, name: str) -> Any | None:
        """Return the message about the macvlan with this name, or None.

        Raises OSError if the name belongs to a link of another kind.
        """
        try:
            message = self._look_up(name)
        except OSError as error:
            if error.errno == errno.ENODEV:
                return None
            raise OSError(error.errno, f"cannot look up {name}: {error.strerror}") from error
        kind = _kind(message)
        # The kernel also finds a link by its alternative names (altname).
        if kind != "macvlan" or message.get_attr("IFLA_IFNAME") != name:
            raise OSError(errno.EEXIST, f"{name} is not a macvlan but {kind or 'hardware'}")
        return message

    def _below_macvlan_on(self, parent: str) -> tuple[int, int | None]:
        """Return what `_below` a macvlan would be that is made on this link; see Link.macvlan_parent."""
        message = self._look_up(parent)
        return _below(message) if _kind(message) in MACVLANS else (message["index"], None)

    def _look_up(self, name: str) -> Any:
        wanted = request(IfInfoMsg(), rtnl.RTM_GETLINK, 0, [("IFLA_IFNAME", name)])
        return decoded(IfInfoMsg, self._kernel.get(wanted).data)


def _kind(link: Any) -> str | None:
    kind: str | None = link.get_nested("IFLA_LINKINFO", "IFLA_INFO_KIND")
    return kind


def _below(link: Any) -> tuple[int, int | None]:
    """Return the index of the link below, and the namespace in which it is valid; None: this one."""
    return link.get_attr("IFLA_LINK"), link.get_attr("IFLA_LINK_NETNSID")
