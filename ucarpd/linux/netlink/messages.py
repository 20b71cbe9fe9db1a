"""What the kernel's messages about links and addresses mean, as pyroute2 decodes them."""

from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any

from ucarpd.carp.params import IPAddress

_IFF_UP = 0x1
_IFF_RUNNING = 0x40
_ARPHRD_ETHER = 1
_IFA_F_DADFAILED = 0x08
_IFA_F_TENTATIVE = 0x40


@dataclass(frozen=True, slots=True)
class Link:
    """One interface.  `has_carrier` is IFF_RUNNING: a cable is in and the other end is up.

    `parent` is the index of the link that this one is stacked on, if that is in this network
    namespace; for a veth it is the other end.  `kind` is None where hardware is behind it.
    `master` is the index of the bridge, bond or VRF that has this link as a port, and `slave_kind` the
    kind of that master.  `altnames` are the other names that `ip` shows.
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


def link_of(message: Any) -> Link:
    flags = message["flags"]
    # An index says nothing without the namespace that it belongs to.
    is_elsewhere = message.get_attr("IFLA_LINK_NETNSID") is not None
    info = message.get_attr("IFLA_LINKINFO")
    names = message.get_attr("IFLA_PROP_LIST")
    return Link(
        index=message["index"],
        name=message.get_attr("IFLA_IFNAME"),
        mac=bytes.fromhex((message.get_attr("IFLA_ADDRESS") or "").replace(":", "")),
        is_up=bool(flags & _IFF_UP),
        has_carrier=bool(flags & _IFF_RUNNING),
        is_ethernet=message["ifi_type"] == _ARPHRD_ETHER,
        parent=None if is_elsewhere else message.get_attr("IFLA_LINK"),
        kind=info.get_attr("IFLA_INFO_KIND") if info else None,
        slave_kind=info.get_attr("IFLA_INFO_SLAVE_KIND") if info else None,
        master=message.get_attr("IFLA_MASTER"),
        altnames=tuple(names.get_attrs("IFLA_ALT_IFNAME")) if names else (),
    )


def address_of(message: Any) -> InterfaceAddress:
    # On a point-to-point link IFA_ADDRESS is the other end.
    ip = ip_address(message.get_attr("IFA_LOCAL") or message.get_attr("IFA_ADDRESS"))
    return InterfaceAddress(ip, message["prefixlen"])


def is_usable(message: Any) -> bool:
    """Whether the host answers for the address: duplicate address detection may deny it that."""
    return not _flags(message) & (_IFA_F_TENTATIVE | _IFA_F_DADFAILED)


def is_duplicate(message: Any) -> bool:
    """Whether detection found another host that has the address."""
    return bool(_flags(message) & _IFA_F_DADFAILED)


def _flags(message: Any) -> int:
    flags = message.get_attr("IFA_FLAGS")
    # The header holds the lower eight, and all that old kernels know.
    return int(message["flags"] if flags is None else flags)
