"""The virtual addresses of other processes of this host, by their records."""

import os
from collections.abc import Collection, Iterator
from ipaddress import ip_address
from pathlib import Path

from ucarpd.carp.params import IPAddress
from ucarpd.linux.lock import held_elsewhere
from ucarpd.linux.namespace import process_namespace
from ucarpd.linux.run_directory import run_directory
from ucarpd.record.record import Content, here, paths, written_in


def virtual_addresses_elsewhere() -> frozenset[IPAddress]:
    """Return them.  This is cheap: an unchanged file is not read again."""
    try:
        found = list(others(run_directory()))
    except OSError:
        return frozenset()  # Our own record has the same fault, which is reported.
    return frozenset(ip_address(a.ip) for each in found for a in each.addresses)


def sharers(ips: Collection[IPAddress]) -> list[str]:
    """Say which files that other processes run list any of these addresses.

    Raises PermissionError if the records may not be read.
    """
    wanted = {str(ip) for ip in ips}
    return [
        f"{content.path}, which another process runs or has run, also has {each.ip}: keep it in one file"
        for content in others(run_directory())
        for each in content.addresses
        if each.ip in wanted
    ]


def others(directory: Path) -> Iterator[Content]:
    """Yield the records of the instances that other processes run, or may run in a container.

    A container that has ended counts until the next boot, except for the machine itself and for an
    instance that runs here now.  Raises PermissionError if they may not be read.
    """
    where, namespace = here(), process_namespace()
    of_containers: dict[str, Content] = {}
    for path in paths(directory):
        try:
            written = written_in(path)
        except OSError:
            continue  # Other records stay usable; the instance itself reports the fault.
        if written is None or written.here != where:
            continue
        if written.pid_namespace not in {None, namespace}:
            of_containers[path.stem] = written.content
        elif written.pid != os.getpid() and Path("/proc", str(written.pid)).exists():
            yield written.content
    if of_containers:
        for name in sorted(held_elsewhere(of_containers, directory)):
            yield of_containers[name]
