"""Other hosts that a file names and that this host cannot reach, for `ucarpd check`."""

from collections.abc import Iterable, Iterator
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

from ucarpd.carp.params import IPAddress
from ucarpd.config import Config
from ucarpd.interface.host_advice import missing_link
from ucarpd.linux.netlink import InterfaceAddress, Lookups

Network = IPv4Network | IPv6Network
Found = tuple[str, str]
"""A key and a warning about its value."""


def unreachable(config: Config, table: Lookups, own: Iterable[InterfaceAddress]) -> Iterator[Found]:
    """Yield what keeps gateways and checked neighbours from answering.

    `own` are the interface's addresses that are not virtual.
    """
    yield from _neighbours(config, [each.network for each in own])
    yield from _gateways(config, table)


def _neighbours(config: Config, networks: list[Network]) -> Iterator[Found]:
    for check in config.checks:
        ip = check.where
        if not isinstance(ip, IPv4Address | IPv6Address) or ip.is_link_local:
            continue
        # A network of one address, as of a DHCPv6 client, says nothing about its neighbours.
        near = [n for n in networks if n.version == ip.version and n.num_addresses > 1]
        if near and not _is_in(ip, near):
            text = f"{ip} is in no network of {config.interface} ({', '.join(map(str, near))}), so"
            yield f"UCARP_CHECK_{check.name}", f"{text} it is not a neighbour, and does not answer"


def _gateways(config: Config, table: Lookups) -> Iterator[Found]:
    served = [InterfaceAddress(each.ip, each.prefixlen) for each in config.served]
    for route in config.routes:
        device = route.device
        if device is not None and table.link(device) is None:
            yield "UCARP_ROUTES", f"{route}: {missing_link(device, table)}"
            continue
        names = [device] if device is not None else [link.name for link in table.links()]
        networks = [a.network for a in (*served, *(a for n in names for a in table.addresses(n)))]
        gateway, source = route.gateway, route.source
        if gateway is not None and not gateway.is_link_local and not _is_in(gateway, networks):
            text = (
                f"{route}: {gateway} is in no network of {device or 'this host'}: a typing error?"
            )
            yield "UCARP_ROUTES", f"{text} The kernel refuses a gateway that is not a neighbour"
        is_ours = source is None or source in {each.ip for each in served}
        if source is not None and not is_ours and table.where(source) is None:
            yield "UCARP_ROUTES", f"{route}: this host has no address {source}"


def _is_in(ip: IPAddress, networks: list[Network]) -> bool:
    return any(ip in network for network in networks)
