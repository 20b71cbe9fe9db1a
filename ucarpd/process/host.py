"""What all virtual hosts of this process share."""

from collections.abc import Callable
from typing import NamedTuple

from ucarpd.addresses.routes import SharedRoutes
from ucarpd.diagnosis.digest import Suspect
from ucarpd.engine import Timer
from ucarpd.health.demotion import Demotion
from ucarpd.health.lateness import Lateness
from ucarpd.linux.file_worker import FileWorker
from ucarpd.linux.netlink import Netlink
from ucarpd.linux.worker import Worker
from ucarpd.process.old_ucarp import RecentLook
from ucarpd.process.teller import Listener
from ucarpd.record.earlier_run import InUse


class Host(NamedTuple):
    """`demotion` is how much less fit the whole host is, and `lateness` how late its timers are.

    `others` takes the name of a virtual host, and returns the other ones: a peer with a wrong digest
    may have copied from their files.  `changed` is called after each change of a state, `tell` with all
    that happens to a virtual host.  `files` looks at files and processes of the host, `searches`
    for the mistakes of other hosts.
    """

    netlink: Netlink
    demotion: Demotion
    lateness: Lateness
    timer: Timer
    routes: SharedRoutes
    in_use: InUse
    others: Callable[[str], tuple[Suspect, ...]]
    changed: Callable[[], None]
    tell: Listener
    files: FileWorker
    old_ucarps: RecentLook
    searches: Worker
