"""What the kernel's messages about links and addresses mean."""

import socket
import struct
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address

from ucarpd.carp.params import IPAddress
from ucarpd.linux.netlink.framing import attributes, each_attribute, number, text

RTM_NEWLINK, RTM_DELLINK, RTM_GETLINK = 16, 17, 18
RTM_NEWADDR, RTM_DELADDR, RTM_GETADDR = 20, 21, 22
RTM_NEWROUTE, RTM_GETROUTE = 24, 26

LINK = struct.Struct("=BxHiII")  # family, hardware type, index, flags, changed flags
ADDRESS = struct.Struct("=BBBBI")  # family, prefix length, flags, scope, index

IFLA_EXT_MASK = 29
_IFLA_ADDRESS, _IFLA_IFNAME, _IFLA_LINK, _IFLA_MASTER = 1, 3, 5, 10
_IFLA_WIRELESS, _IFLA_LINKINFO, _IFLA_LINK_NETNSID, _IFLA_PROP_LIST = 11, 18, 37, 52
_IFLA_INFO_KIND, _IFLA_INFO_SLAVE_KIND, _IFLA_ALT_IFNAME = 1, 4, 53
IFF_UP, _IFF_RUNNING = 0x1, 0x40
_ARPHRD_ETHER = 1

IFA_ADDRESS, IFA_LOCAL, IFA_LABEL, IFA_CACHEINFO, IFA_FLAGS = 1, 2, 3, 6, 8
IFA_F_SECONDARY, IFA_F_NODAD, IFA_F_NOPREFIXROUTE = 0x01, 0x02, 0x200
"""SECONDARY is of IPv4; of IPv6 the same bit means TEMPORARY."""
_IFA_F_DADFAILED, _IFA_F_TENTATIVE = 0x08, 0x40


@dataclass(frozen=True, slots=True)
class Link:
    """One interface.  `has_carrier` is IFF_RUNNING: a cable is in and the other end is up.

    `parent` is the index of the link that this one is stacked on, if that is in this network
    namespace; for a veth it is the other end.  `kind` is None where hardware is behind it.
    `master` is the index of the link that this one is a part of, and `slave_kind` says as what: as a
    port of a "bridge" or "openvswitch", in a "bond" or "team", in a "vrf".
    """

    index: int
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


@dataclass(frozen=True, slots=True)
class InterfaceAddress:
    ip: IPAddress
    prefixlen: int


@dataclass(frozen=True, slots=True)
class Placed:
    """An address as it is on the interface; only IPv4 addresses have labels."""

    address: InterfaceAddress
    label: str | None


@dataclass(frozen=True, slots=True)
class AddressEntry:
    """One address in the kernel's table."""

    index: int
    placed: Placed
    flags: int

    @property
    def is_usable(self) -> bool:
        """Whether the host answers for it: duplicate address detection may deny it that."""
        return not self.flags & (_IFA_F_TENTATIVE | _IFA_F_DADFAILED)

    @property
    def is_duplicate(self) -> bool:
        return bool(self.flags & _IFA_F_DADFAILED)

    @property
    def is_secondary(self) -> bool:
        """Whether the kernel may take it away together with the first IPv4 address of its network."""
        return bool(self.flags & IFA_F_SECONDARY) and self.placed.address.ip.version == 4


def link_of(body: bytes) -> Link | None:
    """The link that a message is about; None for one that says nothing of it as a whole."""
    family, hardware, index, flags, _ = LINK.unpack_from(body)
    if family != socket.AF_UNSPEC:
        # A bridge also reports its ports in a family of its own: leaving a bridge is a DELLINK.
        return None
    found = attributes(body, LINK.size)
    if _IFLA_WIRELESS in found:
        return None  # An event of the radio, with a name and nothing more.
    info = attributes(found.get(_IFLA_LINKINFO, b""))
    # An index says nothing without the namespace that it belongs to.
    is_elsewhere = _IFLA_LINK_NETNSID in found
    return Link(
        index=index,
        name=text(found[_IFLA_IFNAME]),
        mac=found.get(_IFLA_ADDRESS, b""),
        is_up=bool(flags & IFF_UP),
        has_carrier=bool(flags & _IFF_RUNNING),
        is_ethernet=hardware == _ARPHRD_ETHER,
        parent=None if is_elsewhere else _number(found, _IFLA_LINK),
        kind=_text(info, _IFLA_INFO_KIND),
        slave_kind=_text(info, _IFLA_INFO_SLAVE_KIND),
        master=_number(found, _IFLA_MASTER),
        altnames=tuple(
            text(value)
            for kind, value in each_attribute(found.get(_IFLA_PROP_LIST, b""))
            if kind == _IFLA_ALT_IFNAME
        ),
    )


def address_of(body: bytes) -> AddressEntry | None:
    """The address that a message is about; None for one of a family other than IPv4 and IPv6."""
    family, prefixlen, flags, _, index = ADDRESS.unpack_from(body)
    found = attributes(body, ADDRESS.size)
    # On a point-to-point link IFA_ADDRESS is the other end.
    ip = ip_of(family, found.get(IFA_LOCAL) or found.get(IFA_ADDRESS))
    if ip is None:
        return None
    if IFA_FLAGS in found:  # the header holds the lower eight, and all that old kernels know
        flags = number(found[IFA_FLAGS])
    placed = Placed(InterfaceAddress(ip, prefixlen), _text(found, IFA_LABEL))
    return AddressEntry(index, placed, flags)


def ip_of(family: int, packed: bytes | None) -> IPAddress | None:
    if packed is None:
        return None
    if family == socket.AF_INET:
        return IPv4Address(packed)
    return IPv6Address(packed) if family == socket.AF_INET6 else None


def _text(found: dict[int, bytes], kind: int) -> str | None:
    return text(found[kind]) if kind in found else None


def _number(found: dict[int, bytes], kind: int) -> int | None:
    return number(found[kind]) if kind in found else None
