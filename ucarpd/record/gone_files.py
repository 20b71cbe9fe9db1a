"""What dead processes have left for configuration files that are gone: no instance clears that.

systemd runs `ucarpd clear` after each process; this is for a process that was started by hand.
"""

import os
from collections.abc import Collection, Iterator
from ipaddress import ip_address
from pathlib import Path

from ucarpd.addresses.routes import SharedRoutes
from ucarpd.linux.netlink import Netlink
from ucarpd.linux.run_directory import run_directory
from ucarpd.log.messages import Journal
from ucarpd.record.earlier_run import EarlierRun
from ucarpd.record.elsewhere import virtual_addresses_elsewhere
from ucarpd.record.record import Content, read_all


def take_off(
    paths: Collection[Path], netlink: Netlink, shared: SharedRoutes, devices: Collection[str]
) -> None:
    """Remove what is left for files of these directories, but no device that is in use (`devices`).

    A process without the right to read the records leaves it, and so does one that finds an address
    served by another process.
    """
    elsewhere = virtual_addresses_elsewhere()
    try:
        left = list(_left(paths, run_directory()))
    except OSError:
        return  # The record of each instance has the same fault, which is reported.
    for content in left:
        if elsewhere.isdisjoint(ip_address(each.ip) for each in content.addresses):
            log = Journal(content.instance, content.vhid, content.interface, content.facility)
            earlier = EarlierRun(content.instance, run_directory(), netlink, log)
            earlier.take_off(content.device if content.device in devices else "", shared)


def _left(paths: Collection[Path], directory: Path) -> Iterator[Content]:
    wanted = {path.absolute() for path in paths}
    for each in read_all(directory):
        path = Path(each.content.path).absolute()
        is_alive = Path("/proc", str(each.pid)).exists()
        if each.is_left_over and path.parent in wanted and not (is_alive or os.path.lexists(path)):
            yield each.content
