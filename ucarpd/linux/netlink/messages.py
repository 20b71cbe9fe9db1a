"""Decoding the kernel's messages about links and addresses, and building ours, by pyroute2."""

from collections.abc import Iterable, Mapping
from functools import cached_property
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_interface
from types import MappingProxyType
from typing import Any, NamedTuple

from ucarpd.carp.params import IPAddress
from ucarpd.linux import netlink_framing as framing
from ucarpd.linux.netlink.ifinfomsg import IFF_RUNNING, IFF_UP, IfInfoMsg
from ucarpd.linux.netlink.pyroute import ifaddrmsg, nl

_ARPHRD_ETHER = 1

MACVLANS = "macvlan", "macvtap"
"""Kinds of links on which the kernel makes no macvlan: it makes that on the link below them."""


class Link(NamedTuple):
    """One interface.  `has_carrier` is IFF_RUNNING: a cable is in and the other end is up.

    `parent` is the index of the link below this one, if it is in this network namespace; for a veth
    it is the other end.  `kind` is None for hardware.  `master` is the index of the link that this
    one is a part of, and `slave_kind` is the kind of membership: port of a "bridge" or
    "openvswitch", member of a "bond", "team" or "vrf".  Only Ethernet has a `mac`.
    """

    index: int  # type: ignore[assignment]  # not tuple.index()
    name: str
    mac: bytes
    is_up: bool
    has_carrier: bool
    is_ethernet: bool
    parent: int | None = None
    kind: str | None = None
    slave_kind: str | None = None
    master: int | None = None
    altnames: tuple[str, ...] = ()

    @property
    def macvlan_parent(self) -> int | None:
        """The `parent` of a macvlan that is made on this link: on a macvlan, the link below both."""
        return self.parent if self.kind in MACVLANS else self.index


class InterfaceAddress(NamedTuple):
    """An address with its prefix length in bits."""

    ip: IPAddress
    prefixlen: int

    @property
    def network(self) -> IPv4Network | IPv6Network:
        return ip_interface(f"{self.ip}/{self.prefixlen}").network


class Placed(NamedTuple):
    """An address on an interface, with its label; only IPv4 addresses have labels."""

    address: InterfaceAddress
    label: str | None


_UNUSABLE = ifaddrmsg.IFA_F_TENTATIVE | ifaddrmsg.IFA_F_DADFAILED


class AddressEntry(NamedTuple):
    """One address in the kernel's table."""

    index: int  # type: ignore[assignment]  # not tuple.index()
    placed: Placed
    flags: int

    @property
    def is_usable(self) -> bool:
        """Whether the host answers for the address; duplicate address detection may forbid it."""
        return not self.flags & _UNUSABLE

    @property
    def is_duplicate(self) -> bool:
        return bool(self.flags & ifaddrmsg.IFA_F_DADFAILED)

    @property
    def is_secondary(self) -> bool:
        """Whether the kernel may remove it together with the first IPv4 address of its network."""
        # For IPv6 the same bit means TEMPORARY.
        is_ipv4 = self.placed.address.ip.version == 4
        return is_ipv4 and bool(self.flags & ifaddrmsg.IFA_F_SECONDARY)

    @property
    def has_route(self) -> bool:
        """Whether the kernel has made a route to its IPv4 network from it."""
        return not (self.is_secondary or self.flags & ifaddrmsg.IFA_F_NOPREFIXROUTE)


class LinkMessage:
    """The kernel's message about a link, decoded when the link is first read."""

    def __init__(self, index: int, name: str, mac: bytes, data: bytes) -> None:
        self.index = index
        self.name = name
        self.mac = mac
        self._data = data

    def mentions(self, text: str) -> bool:
        """Return whether the text may be a part of a name of the link; False is certain."""
        return text.encode("utf-8", "surrogateescape") in self._data

    @cached_property
    def link(self) -> Link:
        message = decoded(IfInfoMsg, self._data)
        flags, is_ethernet = message["flags"], message["ifi_type"] == _ARPHRD_ETHER
        # An index is valid only in its own namespace.
        is_elsewhere = message.get_attr("IFLA_LINK_NETNSID") is not None
        names = message.get_attr("IFLA_PROP_LIST")
        return Link(
            index=self.index,
            name=self.name,
            mac=self.mac if is_ethernet else b"",
            is_up=bool(flags & IFF_UP),
            has_carrier=bool(flags & IFF_RUNNING),
            is_ethernet=is_ethernet,
            parent=None if is_elsewhere else message.get_attr("IFLA_LINK"),
            kind=message.get_nested("IFLA_LINKINFO", "IFLA_INFO_KIND"),
            slave_kind=message.get_nested("IFLA_LINKINFO", "IFLA_INFO_SLAVE_KIND"),
            master=message.get_attr("IFLA_MASTER"),
            altnames=tuple(map(_text, names.get_attrs("IFLA_ALT_IFNAME"))) if names else (),
        )


def address_of(data: bytes) -> AddressEntry | None:
    """Return the address in a message; None if it is neither IPv4 nor IPv6."""
    found = framing.address(data)
    if found is None:
        return None
    index, ip, prefixlen, label, flags = found
    return AddressEntry(index, Placed(InterfaceAddress(ip_address(ip), prefixlen), label), flags)


def _text(value: str | bytes) -> str:
    """Return a name as text; pyroute2 leaves it as bytes if it is not UTF-8."""
    return value if isinstance(value, str) else framing.text(value)


def decoded(kind: Any, data: bytes) -> Any:
    """Return the message, decoded, as an object of this pyroute2 class."""
    message = kind(data)
    message.decode()
    return message


def request(
    message: Any,
    kind: int,
    flags: int,
    attributes: Iterable[tuple[str, Any]] = (),
    head: Mapping[str, int] = MappingProxyType({}),
) -> bytes:
    """Fill an empty pyroute2 message and return its bytes, a request to the kernel."""
    message["header"]["type"] = kind
    message["header"]["flags"] = nl.NLM_F_REQUEST | flags
    message.update(head)
    message["attrs"] = list(attributes)
    message.encode()
    return bytes(message.data)
