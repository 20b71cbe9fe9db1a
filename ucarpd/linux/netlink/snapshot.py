"""The kernel's links and addresses at one moment, for commands that read them once."""

from contextlib import closing
from functools import partial

from ucarpd.carp.params import IPAddress
from ucarpd.linux.netlink.lookups import Lookups
from ucarpd.linux.netlink.tables import Tables
from ucarpd.linux.netlink_socket import RequestSocket, consistent


class Snapshot(Lookups):
    """The tables at the time of its construction, which needs no privileges; it raises OSError."""

    def __init__(self) -> None:
        with closing(RequestSocket()) as kernel:
            self._read = consistent(partial(Tables.read, kernel, ()))

    @property
    def _tables(self) -> Tables:
        return self._read

    def where(self, ip: IPAddress) -> str | None:
        """Return the name of an interface of this host that has the address, or None."""
        usable = (entry for entry in self._tables.everywhere(ip) if entry.is_usable)
        links = (self._tables.messages.get(entry.index) for entry in usable)
        return next((link.name for link in links if link is not None), None)
