"""Links and addresses of the kernel: a table kept current by events, and a worker that changes it.

`messages` says what a message of the kernel means, `tables` follows the kernel and takes requests,
`requests` and `address_requests` carry them out in the worker.  `snapshot` looks at the kernel once.
"""

from ucarpd.linux.netlink.messages import InterfaceAddress, Link
from ucarpd.linux.netlink.snapshot import Snapshot
from ucarpd.linux.netlink.tables import Listener, Netlink

__all__ = ["InterfaceAddress", "Link", "Listener", "Netlink", "Snapshot"]
