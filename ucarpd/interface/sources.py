"""Choosing the address of this host from which a virtual host advertises.

UCARP_SRCIP names it.  Without UCARP_SRCIP it is this host's address in UCARP_PEERS; without that
list it is the interface's first address.  A virtual address, of this or of another process, is
never a source, because it moves away with its role.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from ucarpd.carp.params import Family, IPAddress
from ucarpd.config import Config
from ucarpd.linux.netlink import Lookups
from ucarpd.log.instance_lines import listed


class Source(NamedTuple):
    """An address, and the interface that has it."""

    ip: IPAddress
    interface: str


class NoSource(NamedTuple):
    """The reason why there is no source, for the operator, and the faulty key, if there is one.

    `is_wrong`: waiting does not help, unless the addresses of the host change.
    """

    reason: str
    key: str | None = None
    is_wrong: bool = False


def choose(
    config: Config, family: Family, table: Lookups, is_virtual: Callable[[IPAddress], bool]
) -> Source | NoSource:
    """Return the source address in this family, or the reason why there is none.

    `is_virtual` returns whether an address is virtual, and thus may move away.
    """
    peers = [ip for ip in config.peers if ip.version == family]
    for wanted in config.sources:
        if wanted.version == family:
            source = _named(config.interface, wanted, table)
            break
    else:
        source = (
            _known_to_peers(config.interface, family, peers, table, is_virtual)
            if peers
            else _first(config, family, table, is_virtual)
        )
    if (
        isinstance(source, Source)
        and peers
        and all(_find(config.interface, ip, table) for ip in peers)
    ):
        text = f"UCARP_PEERS names only this host ({listed(peers)})"
        text += ", which then has no host to advertise to: add the other hosts"
        return NoSource(text, "UCARP_PEERS", is_wrong=True)
    return source


def _named(interface: str, wanted: IPAddress, table: Lookups) -> Source | NoSource:
    if place := _find(interface, wanted, table):
        return Source(wanted, place)
    if wanted in table.duplicates(interface):
        return NoSource(_duplicate(interface, wanted), "UCARP_SRCIP")
    return NoSource(f"source address {wanted} is not on {interface}", "UCARP_SRCIP")


def _known_to_peers(
    interface: str,
    family: Family,
    peers: Sequence[IPAddress],
    table: Lookups,
    is_virtual: Callable[[IPAddress], bool],
) -> Source | NoSource:
    for ip in peers:
        if place := _find(interface, ip, table):
            return Source(ip, place)
    for ip in table.duplicates(interface):
        if ip in peers:
            return NoSource(_duplicate(interface, ip), "UCARP_PEERS")
    there = [each.ip for each in table.addresses(interface) if each.ip.version == family]
    own = [ip for ip in there if not is_virtual(ip)]
    text = f"no address of {interface} ({listed(own) or 'it has none'}) is in UCARP_PEERS"
    text += f" ({listed(peers)})"
    # The right one may be gone only for now, as while the link is down; a link-local one comes by itself.
    if is_wrong := not all(ip.is_link_local for ip in own):
        text += ": add it to the list on all hosts, or set UCARP_SRCIP"
    return NoSource(text, "UCARP_PEERS", is_wrong)


def _first(
    config: Config, family: Family, table: Lookups, is_virtual: Callable[[IPAddress], bool]
) -> Source | NoSource:
    interface = config.interface
    present = [each.ip for each in table.addresses(interface) if each.ip.version == family]
    if family == 6:
        # The link-local address stays; the other addresses of the host may change.
        present.sort(key=lambda ip: not ip.is_link_local)
    # With thousands of addresses, asking about each at every change would delay the timers.
    for ip in present:
        if not is_virtual(ip):
            return Source(ip, interface)
    for ip in table.duplicates(interface):
        if ip.version == family and not is_virtual(ip):
            return NoSource(_duplicate(interface, ip))
    if present:
        key = _key_of(config, present)
        what = f"which is {key or 'virtual'}" if len(present) == 1 else "which are virtual"
        text = f"{interface} has only {listed(present)}, {what}"
        text += ": give this host an address of its own"
        return NoSource(text, key or "UCARP_ADDR", is_wrong=True)
    return NoSource(f"{interface} has no IPv{family} address of its own")


def _key_of(config: Config, ips: Sequence[IPAddress]) -> str | None:
    """Return the key of this file that lists the first of the addresses that any lists, or None.

    The host's own address came before those that a master has added.
    """
    keys = {each.ip: key for key, served in config.served_by_key.items() for each in served}
    return next((keys[ip] for ip in ips if ip in keys), None)


def _find(interface: str, ip: IPAddress, table: Lookups) -> str | None:
    """Return the interface that has the address; `interface` itself, if several have it."""
    if any(each.ip == ip for each in table.addresses(interface)):
        return interface
    # On another link a link-local address is a different address.
    return None if ip.version == 6 and ip.is_link_local else table.where(ip)


def _duplicate(interface: str, ip: IPAddress) -> str:
    return f"{ip} on {interface} is a duplicate: another host has it (the kernel has found it)"
