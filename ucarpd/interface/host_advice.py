"""Advice of `ucarpd check` about a file that was written for another host."""

from collections.abc import Iterable, Sequence
from ipaddress import ip_address

from ucarpd.carp.params import IPAddress
from ucarpd.config import Config
from ucarpd.linux import sysctl
from ucarpd.linux.netlink import InterfaceAddress, Link, Lookups

_MOST_NAMES = 8
"""Interfaces or addresses to name, at most."""


def missing_interface(config: Config, table: Lookups) -> str:
    """Say that the interface is missing, which ones there are, and which one was meant."""
    names = [link.name for link in table.links() if link.is_ethernet]
    text = missing_link(config.interface, table, names)
    if place := _of_address(config.interface, table):
        return f"{text}: this is an address, write UCARP_INTERFACE={place}"
    meant = _by_source(config, table) or _by_network(config, names, table)
    return f"{text}: did you mean UCARP_INTERFACE={meant}?" if meant else text


def missing_link(interface: str, table: Lookups, names: Sequence[str] | None = None) -> str:
    """Say that a link is missing, and which ones there are: all of them, or `names`."""
    there = [link.name for link in table.links()] if names is None else names
    return f"this host has no {interface} now" + (f" (it has {listed(there)})" if there else "")


def not_ethernet(interface: str, table: Lookups) -> str:
    names = [link.name for link in table.links() if link.is_ethernet]
    there = f": this host has {listed(names)}" if names else ""
    return f"{interface} is not Ethernet, and CARP needs Ethernet{there}"


def deaf_as_master(config: Config, link: Link) -> str | None:
    """Say that a macvlan would not receive what another master sends; None: it would, or is none.

    The kernel takes a frame from the MAC address of another macvlan, such as the device of the
    virtual addresses, for that one's, and gives it to no macvlan in mode bridge.
    """
    is_macvlan = link.kind in {"macvlan", "macvtap"}
    if not (is_macvlan and config.virtual_mac and config.params().source_mac_is_virtual):
        return None
    return (
        f"{link.name} is a macvlan: while this host has the virtual MAC address, it receives no"
        " advertisements from that address, and two masters, as after a split, do not hear each other:"
        " set UCARP_SRCMAC=real on all hosts"
    )


def taken_device(config: Config, table: Lookups) -> str | None:
    """Say that another kind of link has the name of the device for UCARP_VMAC; None: none has it."""
    link = table.link(config.address_device) if config.virtual_mac else None
    if link is None or link.kind == "macvlan":
        return None
    text = f"{link.name} is not a macvlan but {link.kind or 'hardware'}, and the device of the"
    return f"{text} virtual MAC address needs this name: rename that link"


def own_source(config: Config, family: int, table: Lookups, virtual: set[IPAddress]) -> str:
    """Return the end of a message about a source that is not there: the addresses that are."""
    own = [each.ip for each in table.addresses(config.interface) if each.ip.version == family]
    own = [ip for ip in own if ip not in virtual]
    if not own:
        return ""
    if len(own) == 1:
        return f": write UCARP_SRCIP={own[0]}, or leave the key out"
    return f" (it has {listed(map(str, own))})"


def no_ipv6(config: Config) -> tuple[str | None, str] | None:
    """Return the key, and why the interface has no IPv6; None if it should have it."""
    interface = config.interface
    if sysctl.lacks_ipv6(interface):
        return None, sysctl.too_small_for_ipv6(interface)
    served = listed(str(ip) for ip in config.hashed if ip.version == 6)
    if not sysctl.knows_ipv6():
        return "UCARP_ADDR", f"{sysctl.NO_IPV6}: {served} cannot be served"
    if sysctl.has_ipv6_off(interface):
        text = f"IPv6 is off on {interface}, and {served} cannot be served:"
        return "UCARP_ADDR", f"{text} {sysctl.ipv6_command(interface)}"
    return None


def _of_address(text: str, table: Lookups) -> str | None:
    try:
        return table.where(ip_address(text))
    except ValueError:
        return None


def _by_source(config: Config, table: Lookups) -> str | None:
    return next(filter(None, map(table.where, config.sources)), None)


def _by_network(config: Config, names: Iterable[str], table: Lookups) -> str | None:
    """The only interface in whose network a virtual address is."""
    served = [each.ip for each in config.addresses if not each.ip.is_link_local]
    found = [name for name in names if any(covered(ip, table.addresses(name)) for ip in served)]
    return found[0] if len(found) == 1 else None


def covered(ip: IPAddress, addresses: Iterable[InterfaceAddress]) -> bool:
    return any(ip in a.network for a in addresses)


def listed(names: Iterable[str]) -> str:
    every = list(names)
    return ", ".join(every[:_MOST_NAMES]) + (", …" if len(every) > _MOST_NAMES else "")
