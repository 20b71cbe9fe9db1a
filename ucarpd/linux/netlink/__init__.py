"""Links and addresses of the kernel: tables that events keep current, and a worker for requests.

`messages` decodes and builds netlink messages by pyroute2, those about links as `ifinfomsg`
describes them; `framing` lists the exceptions.
`netlink` has the tables, and `events` keeps them current.  `kernel` is the interface for the other
rooms: it takes requests, which the `worker` carries out (`address_requests`, and `requests` for
links).  When an address is removed, `departures`, `secondaries`, `routes` and `guards` prevent the
loss of other addresses.
"""

from ucarpd.linux.netlink.events import Listener
from ucarpd.linux.netlink.kernel import Netlink
from ucarpd.linux.netlink.messages import InterfaceAddress, Link, Placed
from ucarpd.linux.netlink.snapshot import Snapshot

__all__ = ["InterfaceAddress", "Link", "Listener", "Netlink", "Placed", "Snapshot"]
