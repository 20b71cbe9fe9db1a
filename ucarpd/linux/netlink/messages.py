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
    """

    index: int
    name: str
    mac: bytes
    is_up: bool
    has_carrier: bool
    is_ethernet: bool
    parent: int | None = None
    kind: str | None = None


@dataclass(frozen=True, slots=True)
class InterfaceAddress:
    ip: IPAddress
    prefixlen: int


def link_of(message: Any) -> Link:
    flags = message["flags"]
    # An index says nothing without the namespace that it belongs to.
    is_elsewhere = message.get_attr("IFLA_LINK_NETNSID") is not None
    info = message.get_attr("IFLA_LINKINFO")
    return Link(
        index=message["index"],
        name=message.get_attr("IFLA_IFNAME"),
        mac=bytes.fromhex((message.get_attr("IFLA_ADDRESS") or "").replace(":", "")),
        is_up=bool(flags & _IFF_UP),
        has_carrier=bool(flags & _IFF_RUNNING),
        is_ethernet=message["ifi_type"] == _ARPHRD_ETHER,
        parent=None if is_elsewhere else message.get_attr("IFLA_LINK"),
        kind=info.get_attr("IFLA_INFO_KIND") if info else None,
    )


def address_of(message: Any) -> InterfaceAddress:
    # On a point-to-point link IFA_ADDRESS is the other end.
    ip = ip_address(message.get_attr("IFA_LOCAL") or message.get_attr("IFA_ADDRESS"))
    return InterfaceAddress(ip, message["prefixlen"])


def is_usable(message: Any) -> bool:
    """Whether the host answers for the address: duplicate address detection may deny it that."""
    flags = message.get_attr("IFA_FLAGS")
    if flags is None:  # the header holds the lower eight, and all that old kernels know
        flags = message["flags"]
    return not flags & (_IFA_F_TENTATIVE | _IFA_F_DADFAILED)
