"""Links and addresses of the kernel: a table kept current by events, and a worker that changes it.

`messages` has pyroute2 decode and build what is said to the kernel and by it, but for what `framing`
names; `tables` holds what is told, `events` keeps it current.  `kernel` is the whole as others use
it: it takes requests, which the `worker` carries out (`address_requests`, `requests` for links).
`departures`, `secondaries`, `routes` and `guards` see to it that an address which goes takes no other
along.
"""

from ucarpd.linux.netlink.events import Listener
from ucarpd.linux.netlink.kernel import Netlink
from ucarpd.linux.netlink.messages import InterfaceAddress, Link, Placed
from ucarpd.linux.netlink.snapshot import Snapshot

__all__ = ["InterfaceAddress", "Link", "Listener", "Netlink", "Placed", "Snapshot"]
