"""Warnings about a file that works, but does not fit the networks of its interface."""

from collections.abc import Callable, Iterator, Sequence

from ucarpd.carp.params import IPAddress
from ucarpd.config import Config
from ucarpd.interface.host_advice import covered, listed
from ucarpd.linux.netlink import InterfaceAddress

Found = tuple[str, str]
"""A key and a warning about its value."""


def find(config: Config, own: Sequence[InterfaceAddress]) -> Iterator[Found]:
    """Yield the warnings; `own` are the interface's addresses that are not virtual."""
    yield from _foreign_networks(config, own)
    yield from _sources(config, own)
    yield from _peers(config, own)
    for text in _masks(config, own):
        yield "UCARP_MASK", text


def elsewhere(config: Config, where: Callable[[IPAddress], str | None]) -> Iterator[Found]:
    """Yield each virtual address that another interface of this host has; a backup answers for it.

    `where` returns the name of an interface that has an address.
    """
    for key, served in config.served_by_key.items():
        for ip in (each.ip for each in served if not each.ip.is_link_local):
            place = where(ip)
            if place not in {None, config.address_device}:
                yield key, f"{ip} is on {place} now: remove it there, or choose another"


def shared(config: Config, is_foreign: Callable[[IPAddress], bool]) -> Iterator[Found]:
    """Yield each virtual address that another process of this host has too.

    With another vhid, both are MASTER.  A link-local address may be on several interfaces.
    """
    for key, served in config.served_by_key.items():
        for ip in (each.ip for each in served if not each.ip.is_link_local):
            if is_foreign(ip):
                text = f"{ip} is also a virtual address of another ucarpd on this host:"
                yield key, f"{text} if two files have it, keep it in one"


def _foreign_networks(config: Config, own: Sequence[InterfaceAddress]) -> Iterator[Found]:
    """Yield each virtual address that is in no network of the interface.

    With UCARP_PEERS there is no warning: routed peers and clouds may put an address anywhere.
    """
    if config.peers:
        return
    for key, served in config.served_by_key.items():
        for each in served:
            near = [a for a in own if a.ip.version == each.ip.version and _has_network(a)]
            if near and not each.ip.is_link_local and not covered(each.ip, near):
                networks = listed(dict.fromkeys(str(a.network) for a in near))
                text = f"{each.ip} is in no network of {config.interface} ({networks}):"
                yield key, f"{text} a typing error? Otherwise, clients need a route to it"


def _has_network(address: InterfaceAddress) -> bool:
    """Return whether the address is in a network with others; by DHCPv6 it is a /128, and routes show that."""
    return not address.ip.is_link_local and address.prefixlen < address.ip.max_prefixlen


def _sources(config: Config, own: Sequence[InterfaceAddress]) -> Iterator[Found]:
    """Yield each source that the peers ignore, because the list names another address of this host."""
    listed_here = [each.ip for each in own if each.ip in config.peers]
    for source in config.sources:
        if source not in config.peers:
            for ip in listed_here:
                if ip.version == source.version:
                    text = f"{source} is not in UCARP_PEERS, but {ip} of this host is: peers with"
                    yield "UCARP_SRCIP", f"{text} this list ignore it; set it to {ip}"


def _peers(config: Config, own: Sequence[InterfaceAddress]) -> Iterator[Found]:
    """Yield each peer that is the first or last address of a network, which no host has."""
    for peer in config.peers:
        for network in (each.network for each in own):
            ends = (network.network_address, network.broadcast_address)
            # In a network of one or two addresses, and of IPv6, each is the address of a host.
            if network.version == 4 and network.prefixlen < 31 and peer in ends:
                yield "UCARP_PEERS", f"{peer} is no host's address in {network}: list each host"


def _masks(config: Config, own: Sequence[InterfaceAddress]) -> Iterator[str]:
    """Yield warnings about addresses that the kernel would choose as the source for a network,
    and about IPv6 addresses that would take other networks along.

    If the host has an address with a shorter prefix around it, ucarpd adds no route, and the
    virtual address does no harm.
    """
    for each in config.served:
        covering = [a for a in own if each.ip in a.network]
        lengths = {a.prefixlen for a in covering}
        if each.ip.version == 6:
            if lengths and each.prefixlen < min(lengths):
                network = InterfaceAddress(each.ip, each.prefixlen).network
                yield (
                    f"{each} has a shorter prefix than this host's {covering[0].ip}/"
                    f"{covering[0].prefixlen}, so the master would look for all of {network} on"
                    f" {config.interface}: write /{covering[0].prefixlen}"
                )
            continue
        is_routed = config.is_scripted or config.virtual_mac
        if lengths and not is_routed and min(lengths) < each.prefixlen:
            continue
        if lengths and each.prefixlen not in {*lengths, 32}:
            yield (
                f"{each} has a different mask from this host's {covering[0].ip}/"
                f"{covering[0].prefixlen}, so the master would use the virtual address for"
                f" connections of its own: write /{covering[0].prefixlen}"
            )
