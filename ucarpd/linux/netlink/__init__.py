"""Links and addresses of the kernel: tables that events keep current, and a worker for requests.

`kernel` is the interface for the other rooms, and `snapshot` the one for commands; both answer
`lookups` from `tables`, which `events` keeps current for `kernel`.  A worker carries out the
requests by `netlink_socket`: `address_requests`, `route_requests`, and `requests` for links.  When
an address is removed, `departures`, `secondaries`, `routes` and `guards` prevent the loss of other
addresses.  `messages` decodes and builds netlink messages by pyroute2, those about links as
`ifinfomsg` describes them; `netlink_framing` lists the exceptions, `pyroute` imports the library.
"""

from ucarpd.linux.netlink.address_requests import LeftInPlace
from ucarpd.linux.netlink.events import Listener
from ucarpd.linux.netlink.kernel import Netlink
from ucarpd.linux.netlink.lookups import Lookups
from ucarpd.linux.netlink.messages import InterfaceAddress, Link, Placed
from ucarpd.linux.netlink.snapshot import Snapshot

__all__ = [
    "InterfaceAddress",
    "LeftInPlace",
    "Link",
    "Listener",
    "Lookups",
    "Netlink",
    "Placed",
    "Snapshot",
]
