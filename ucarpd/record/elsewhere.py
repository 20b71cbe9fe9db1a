"""The virtual addresses that other processes of this host serve, by their records."""

import os
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path

from ucarpd.carp.params import IPAddress
from ucarpd.linux.run_directory import run_directory
from ucarpd.record.record import Content, here, paths, written_in


def virtual_addresses_elsewhere() -> frozenset[IPAddress]:
    """Return them.  This is cheap: an unchanged file is not read again."""
    try:
        found = list(others(run_directory()))
    except OSError:
        return frozenset()  # Our own record has the same fault, which is reported.
    return frozenset(ip_address(a.ip) for each in found for a in each.addresses)


def others(directory: Path) -> Iterator[Content]:
    """Yield the records of the instances that other processes run.

    Raises PermissionError if they may not be read.
    """
    where = here()
    for path in paths(directory):
        try:
            written = written_in(path)
        except PermissionError:
            raise
        except OSError:
            continue  # Other records stay usable; the instance itself reports the fault.
        if written is None or written.pid == os.getpid() or written.here != where:
            continue
        if Path("/proc", str(written.pid)).exists():
            yield written.content
