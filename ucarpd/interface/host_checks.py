"""Comparing configuration files with this machine, for `ucarpd check`.

This needs no privileges.  If the kernel does not show links and addresses, there are no findings.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ucarpd.carp.params import Family, IPAddress
from ucarpd.config import Config, Problem
from ucarpd.interface import host_advice, host_reach, link_faults, misfits, segments, sources
from ucarpd.interface.sources import NoSource
from ucarpd.linux import sysctl
from ucarpd.linux.netlink import InterfaceAddress, Snapshot

IFUPDOWN = Path("/etc/network/interfaces")

_BOTH: frozenset[Family] = frozenset({4, 6})
_FORCE = "(this host could not serve with it: only a restart takes it over)"


@dataclass(frozen=True, slots=True)
class Difference:
    """A difference between a file and this host; `is_error`: the file cannot be used here.

    `lost` are the families in which it keeps the instance from serving now.
    """

    problem: Problem
    is_error: bool
    lost: frozenset[Family] = frozenset()


def find(
    configs: Sequence[Config],
    running: Mapping[str, Config | None],
    held: frozenset[IPAddress] = frozenset(),
) -> list[Difference]:
    """Compare the files with this machine, and return the findings.

    `running` has the names of instances that are running, each with its configuration, or None if this
    user cannot know it.  `held` are the virtual addresses of all running instances; empty if this user
    cannot know them.
    """
    try:
        snapshot = Snapshot()
    except OSError:
        return []
    virtual = {each.ip for config in configs for each in config.served} | held
    found: list[Difference] = []
    for config in configs:
        findings = _Host(snapshot, virtual, config.name in running, held).findings(config)
        old = running.get(config.name)
        if old is not None and old != config:
            ours = {each.ip for each in old.served} | held
            before = _Host(snapshot, ours, True, held).findings(old)
            findings = _worse(findings, config, old, before)
        found += findings
    meetings = segments.meetings(configs, snapshot)
    return [*found, *(Difference(each, is_error=False) for each in meetings)]


def _worse(
    findings: Iterable[Difference], new: Config, old: Config, before: Iterable[Difference]
) -> Iterator[Difference]:
    """Make an error of each finding that ends what the `old` configuration can serve at present.

    `before` are the findings about that one.  An instance that waits anyway has nothing to lose.
    """
    lost = frozenset(family for each in before for family in each.lost)
    is_waiting = lost.issuperset(old.params().families)
    has_moved = old.interface != new.interface
    for each in findings:
        if each.is_error or is_waiting or each.lost <= lost:
            yield each
        else:
            _, _, key, text = each.problem
            key = key or ("UCARP_INTERFACE" if has_moved else "UCARP_ADDR")
            yield Difference(Problem(new.path, None, key, f"{text} {_FORCE}"), is_error=True)


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

    def findings(self, config: Config) -> Iterator[Difference]:
        def error(
            key: str | None, text: str, lost: frozenset[Family] = _BOTH, *, is_error: bool = True
        ) -> Difference:
            return Difference(Problem(config.path, None, key, text), is_error, lost)

        def warning(
            key: str | None, text: str, lost: frozenset[Family] = frozenset()
        ) -> Difference:
            return error(key, text, lost, is_error=False)

        for check in config.checks:
            if check.kind == "link" and self._tables.link(str(check.where)) is None:
                missing = host_advice.missing_link(str(check.where), self._tables)
                text = f"{check.target}: {missing}, so the check fails"
                yield warning(f"UCARP_CHECK_{check.name}", text)
        if no_device := self._missing_device(config):
            yield warning("UCARP_SCRIPT_INTERFACE", no_device, _BOTH)
        link = self._tables.link(config.interface)
        if link is None:
            if other := link_faults.other_name(config.interface, self._tables):
                yield error("UCARP_INTERFACE", other)
            else:
                missing = host_advice.missing_interface(config, self._tables)
                yield warning("UCARP_INTERFACE", missing, _BOTH)
            return
        if not link.is_ethernet:
            yield error("UCARP_INTERFACE", host_advice.not_ethernet(config.interface, self._tables))
        elif deaf := link_faults.deafness(link, self._tables):
            yield error("UCARP_INTERFACE", deaf)
        elif deaf := host_advice.deaf_as_master(config, link):
            yield warning("UCARP_VMAC", deaf)
        if taken := host_advice.taken_device(config, self._tables):
            yield warning("UCARP_VMAC", taken, _BOTH)
        if not config.ignore_carrier and (outage := link_faults.outage(link)):
            text = f"{outage}: ucarpd waits for it, unless UCARP_IGNOREIFSTATE=yes"
            yield warning("UCARP_INTERFACE", text, _BOTH)
        is_own_taken = False
        for family, fault in self._source_faults(config):
            is_own_taken |= fault.is_wrong and fault.key in config.served_by_key
            report = error if fault.is_wrong else warning
            yield report(fault.key, fault.reason, frozenset({family}))
        if not is_own_taken:
            for key, text in self._present(config):
                yield warning(key, text)
        present = self._tables.addresses(config.interface)
        own = [each for each in present if each.ip not in self._virtual]
        if link.is_ethernet:
            for key, text in misfits.find(config, own):
                yield warning(key, text)
        for key, text in host_reach.unreachable(config, self._tables, own):
            yield warning(key, text)
        for text in self._taken_routes(config):
            yield warning("UCARP_ROUTES", text)

    def _missing_device(self, config: Config) -> str | None:
        if config.script_interface is None:
            return None
        device = config.script_interface.partition(":")[0]
        links = self._tables.links(device)
        is_there = any(device in (each.name, *each.altnames) for each in links)
        return None if is_there else host_advice.missing_link(device, self._tables)

    def _source_faults(self, config: Config) -> Iterator[tuple[Family, NoSource]]:
        for family in config.params().families:
            found = sources.choose(config, family, self._tables, self._virtual.__contains__)
            if not isinstance(found, NoSource):
                continue
            if family == 6 and (without := host_advice.no_ipv6(config)):
                found = NoSource(without[1], without[0])
            elif found.key == "UCARP_SRCIP":
                own = host_advice.own_source(config, family, self._tables, self._virtual)
                found = NoSource(found.reason + own, found.key)
            is_of_ours = found.is_wrong and found.key in config.served_by_key
            if not (is_of_ours and self._is_put_there(config)):
                yield family, found

    def _is_put_there(self, config: Config) -> bool:
        """Return whether a running instance has itself put the addresses there."""
        there = {each.ip for each in self._tables.addresses(config.interface)}
        ours = there.intersection(each.ip for each in config.served)
        return self._is_running and (not self._held or ours <= self._held)

    def _present(self, config: Config) -> Iterator[tuple[str, str]]:
        """Yield key and warning for virtual addresses that no instance has put there."""
        # A virtual MAC has a device of its own, so its interface is another one.
        present = () if config.virtual_mac else self._tables.addresses(config.interface)
        if self._is_running:
            # The file may have been edited; only root knows the addresses of what runs.
            present = [each for each in present if self._held and each.ip not in self._held]
        written = ""
        with suppress(OSError):
            written = IFUPDOWN.read_text(errors="replace")
        for key, served in config.served_by_key.items():
            ips = {each.ip for each in served}
            for address in present:
                if address.ip in ips & self._held:
                    text = f"{address.ip} is on {config.interface} now, for another instance of ucarpd:"
                    yield key, f"{text} stop that one, or choose another address"
                elif address.ip in ips:
                    # Another file, a running ucarp, or a run with UCARP_SHUTDOWN=no may have set it.
                    in_file = str(address.ip) in re.split(r"[\s/]", written)
                    advice = "if the network configuration adds it, delete it there first"
                    if in_file:
                        advice = f"remove it from {IFUPDOWN} first"
                    text = f"{address.ip} is on {config.interface} now: {advice}"
                    if along := ", ".join(self._taken_along(config.interface, address)):
                        text += f" (the kernel removes {along} with it)"
                    yield key, text
        if not self._is_running:
            yield from misfits.elsewhere(config, self._tables.where)

    def _taken_along(self, interface: str, address: InterfaceAddress) -> Iterator[str]:
        """Yield the secondary addresses and the routes that the kernel removes with this address."""
        if address.ip.version == 6:
            return
        network = address.network
        alike = [a for a in self._tables.addresses(interface) if a.network == network]
        if alike[0] == address and not sysctl.promotes_secondaries(interface):
            yield from (str(each.ip) for each in alike if each.ip not in self._virtual)
        with suppress(OSError):
            for destination in self._tables.destinations(interface, address.ip):
                yield f"the route {destination}"

    def _taken_routes(self, config: Config) -> Iterator[str]:
        """Yield a warning for each route that a master would not set."""
        with suppress(OSError):
            for route in self._tables.taken(config.routes) if config.routes else ():
                text = f"{route}: this host has another route to the same destination"
                yield f"{text}: remove that one, or give this one another metric"
