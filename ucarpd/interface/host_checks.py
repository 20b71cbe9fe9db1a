"""Comparing configuration files with this machine, for `ucarpd check`.

This needs no privileges.  If the kernel does not show links and addresses, there are no findings.
"""

import re
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ucarpd.carp.params import IPAddress
from ucarpd.config import Check, Config, Problem, about_checks
from ucarpd.interface import host_advice, host_reach, link_faults, segments, sources
from ucarpd.interface.sources import NoSource
from ucarpd.linux import sysctl
from ucarpd.linux.netlink import InterfaceAddress, Snapshot

IFUPDOWN = Path("/etc/network/interfaces")


@dataclass(frozen=True, slots=True)
class Finding:
    """A difference between a file and this host; `is_error`: the instance cannot work now."""

    problem: Problem
    is_error: bool


def find(
    configs: Sequence[Config],
    running: Collection[str],
    held: frozenset[IPAddress] = frozenset(),
) -> list[Finding]:
    """Compare the files with this machine, and return the findings.

    `running` are names of instances that are running.  `held` are the virtual addresses of all
    running instances; empty if this user cannot know them.
    """
    try:
        snapshot = Snapshot()
    except OSError:
        return []
    virtual = {each.ip for config in configs for each in config.served} | held
    found = [
        finding
        for config in configs
        for finding in _Host(snapshot, virtual, config.name in running, held).findings(config)
    ]
    meetings = segments.meetings(configs, snapshot)
    return [*found, *(Finding(each, is_error=False) for each in meetings)]


class _Host:
    """This machine, for one instance; `virtual` are the addresses of all instances."""

    def __init__(
        self,
        tables: Snapshot,
        virtual: set[IPAddress],
        is_running: bool,
        held: frozenset[IPAddress],
    ) -> None:
        self._tables = tables
        self._virtual = virtual
        self._is_running = is_running
        self._held = held

    def findings(self, config: Config) -> Iterator[Finding]:
        def error(key: str | None, text: str) -> Finding:
            return Finding(Problem(config.path, None, key, text), is_error=True)

        def warning(key: str | None, text: str) -> Finding:
            return Finding(Problem(config.path, None, key, text), is_error=False)

        for problem in about_checks(config.path, self._missing_link):
            yield Finding(problem, is_error=False)
        link = self._tables.link(config.interface)
        if link is None:
            if other := link_faults.other_name(config.interface, self._tables):
                yield error("UCARP_INTERFACE", other)
            else:
                yield warning(
                    "UCARP_INTERFACE", host_advice.missing_interface(config, self._tables)
                )
            return
        if not link.is_ethernet:
            yield error("UCARP_INTERFACE", host_advice.not_ethernet(config.interface, self._tables))
        elif deaf := link_faults.deafness(link, self._tables):
            yield error("UCARP_INTERFACE", deaf)
        is_own_taken = False
        for fault in self._source_faults(config):
            is_own_taken |= fault.is_wrong and fault.key in {"UCARP_ADDR", "UCARP_EXTRA_ADDRS"}
            yield (error if fault.is_wrong else warning)(fault.key, fault.reason)
        if not self._is_running and not is_own_taken:
            for key, text in self._present(config):
                yield warning(key, text)
        is_virtual = self._virtual.__contains__
        for key, text in host_advice.foreign_networks(config, self._tables, is_virtual):
            yield warning(key, text)
        for key, text in host_reach.unreachable(config, self._tables, is_virtual):
            yield warning(key, text)
        for text in self._masks(config):
            yield warning("UCARP_MASK", text)

    def _missing_link(self, check: Check) -> str | None:
        if check.kind != "link" or self._tables.link(str(check.where)) is not None:
            return None
        return f"{host_advice.missing_link(str(check.where), self._tables)}, so the check fails"

    def _source_faults(self, config: Config) -> Iterator[NoSource]:
        for family in config.params().families:
            found = sources.choose(config, family, self._tables, self._virtual.__contains__)
            if not isinstance(found, NoSource):
                continue
            if family == 6 and (without := host_advice.no_ipv6(config)):
                found = NoSource(without[1], without[0])
            elif found.key == "UCARP_SRCIP":
                own = host_advice.own_source(config, family, self._tables, self._virtual)
                found = NoSource(found.reason + own, found.key)
            if not (found.is_wrong and found.key == "UCARP_ADDR" and self._is_put_there(config)):
                yield found

    def _is_put_there(self, config: Config) -> bool:
        """Return whether a running instance has itself put the addresses there."""
        there = {each.ip for each in self._tables.addresses(config.interface)}
        ours = there.intersection(each.ip for each in config.served)
        return self._is_running and (not self._held or ours <= self._held)

    def _present(self, config: Config) -> Iterator[tuple[str, str]]:
        """Yield key and warning for virtual addresses that exist before the instance starts."""
        present = self._tables.addresses(config.interface)
        written = ""
        with suppress(OSError):
            written = IFUPDOWN.read_text(errors="replace")
        for key, served in config.served_by_key.items():
            ips = {each.ip for each in served}
            for address in present:
                if address.ip in ips:
                    # Another file, or a running ucarp, may have set it.
                    in_file = str(address.ip) in re.split(r"[\s/]", written)
                    where = IFUPDOWN if in_file else "the network configuration"
                    text = (
                        f"{address.ip} is on {config.interface} now: remove it from {where} first"
                    )
                    if along := self._taken_along(config.interface, address):
                        listed = ", ".join(str(each.ip) for each in along)
                        text += f" (the kernel removes {listed} with it)"
                    yield key, text
            for ip in sorted(ips.difference(each.ip for each in present), key=str):
                place = self._tables.where(ip)
                if place not in {None, config.address_device}:
                    yield key, f"{ip} is on {place} now: remove it there, or choose another"

    def _taken_along(self, interface: str, address: InterfaceAddress) -> list[InterfaceAddress]:
        """Return the secondary addresses that the kernel removes together with this address."""
        if address.ip.version == 6 or sysctl.promotes_secondaries(interface):
            return []
        network = address.network
        alike = [a for a in self._tables.addresses(interface) if a.network == network]
        others = [each for each in alike[1:] if each.ip not in self._virtual]
        return others if alike[0] == address else []

    def _masks(self, config: Config) -> Iterator[str]:
        """Yield warnings about addresses that the kernel would choose as the source for a network,
        and about IPv6 addresses that would take other networks along.

        If the host has an address with a shorter prefix around it, ucarpd adds no route, and the
        virtual address does no harm.
        """
        own = [a for a in self._tables.addresses(config.interface) if a.ip not in self._virtual]
        for each in config.served:
            covering = [a for a in own if a.ip.version == each.ip.version and each.ip in a.network]
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
