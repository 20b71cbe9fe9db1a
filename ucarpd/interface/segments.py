"""Interfaces of this host that one bridge joins: virtual hosts on them are in one network."""

from collections import defaultdict
from collections.abc import Iterator, Sequence

from ucarpd.config import Config, Problem
from ucarpd.linux.netlink import Link, Lookups

_BRIDGES = {"bridge", "openvswitch"}


def meetings(configs: Sequence[Config], table: Lookups) -> Iterator[Problem]:
    """Yield a problem for each file whose interface is in one network with an earlier file's.

    Different vhids there do no harm, unless the interfaces are ports: ports receive no frames.
    """
    on_bridge: defaultdict[int, list[Config]] = defaultdict(list)
    for config in configs:
        link = table.link(config.interface)
        bridge = _bridge(link, table) if link else None
        if link is None or bridge is None:
            continue
        earlier = [each for each in on_bridge[bridge.index] if each.interface != link.name]
        rival = next((each for each in earlier if each.vhid == config.vhid), None)
        on_bridge[bridge.index].append(config)
        if rival is not None:
            text = (
                f"{link.name} and {rival.interface} of {rival.path} are joined by {bridge.name}, so"
                f" two virtual hosts with vhid {config.vhid} would meet: give each its own number"
            )
            yield Problem(config.path, None, "UCARP_VHID", text)
        elif earlier and link.slave_kind in _BRIDGES:
            other = earlier[0]
            text = (
                f"{link.name} and {other.interface} of {other.path} are joined by {bridge.name}:"
                " both files are for one network"
            )
            yield Problem(config.path, None, "UCARP_INTERFACE", text)


def _bridge(link: Link, table: Lookups) -> Link | None:
    """Return the bridge of a link: the link itself, its master, or the master of its other end."""
    other_end = table.link_of_index(link.parent) if link.kind == "veth" and link.parent else None
    for each in (link, other_end):
        if each is not None and each.slave_kind in _BRIDGES and each.master is not None:
            return table.link_of_index(each.master)
    return link if link.kind in _BRIDGES else None
