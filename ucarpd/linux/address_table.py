"""The addresses of an interface, read and changed without pyroute2, for `ucarpd clear`.

Each address keeps the kernel's own message about it.  Sent back, that message removes the address or
restores it unchanged.
"""

import errno
import os
import struct
from collections.abc import Callable, Sequence
from typing import NamedTuple

from ucarpd.linux import netlink_framing as framing
from ucarpd.linux.netlink_socket import RequestSocket, consistent

_RTM_NEWADDR, _RTM_DELADDR, _RTM_GETADDR = 20, 21, 22
_OF_INTERFACE = struct.Struct("=4xI")


class Entry(NamedTuple):
    """One address of an interface.

    `link` is the index of the interface, `ip` has 4 or 16 bytes, `message` is the kernel's whole
    message about the address.
    """

    link: int
    ip: bytes
    message: bytes

    @property
    def is_ipv4(self) -> bool:
        return len(self.ip) == 4

    @property
    def identity(self) -> bytes:
        """Family, prefix length and address; unique on the interface."""
        return self.message[:2] + self.ip


class AddressTable:
    """The kernel's addresses; every method raises OSError."""

    def __init__(self) -> None:
        self._kernel = RequestSocket()

    def close(self) -> None:
        self._kernel.close()

    def of(self, index: int) -> list[Entry]:
        """Return the addresses of the interface, in the kernel's order; none if it is gone."""
        wanted = framing.request(_RTM_GETADDR, framing.NLM_F_DUMP, _OF_INTERFACE.pack(index))
        try:
            messages = consistent(lambda: list(self._kernel.dump(wanted)))
        except OSError as error:
            if error.errno == errno.ENODEV:
                return []
            raise
        found = ((framing.address(each.data), each.body) for each in messages)
        return [
            Entry(index, of[1], body) for of, body in found if of is not None and of[0] == index
        ]

    def remove(self, entry: Entry) -> None:
        """Remove the address; a missing address is no error."""
        self._ask(_RTM_DELADDR, 0, entry, errno.EADDRNOTAVAIL, errno.ENODEV)

    def keep_routes(
        self, interface: str, entries: Sequence[Entry], remove: Callable[[], None]
    ) -> None:
        """Call `remove`, which removes these last IPv4 addresses, and restore the routes they take along.

        This is slow, because it loads pyroute2.
        """
        from ucarpd.linux.netlink import secondaries  # noqa: PLC0415

        gone = [(each.ip, each.message[1]) for each in entries]
        secondaries.survive(self._kernel, interface, entries[0].link, gone, remove)

    def put_back(self, entry: Entry) -> None:
        """Add the address unchanged; an address that is already there is no error."""
        self._ask(_RTM_NEWADDR, framing.NLM_F_CREATE | framing.NLM_F_EXCL, entry, errno.EEXIST)

    def _ask(self, kind: int, flags: int, entry: Entry, *harmless: int) -> None:
        code = self._kernel.ask(framing.request(kind, framing.NLM_F_ACK | flags, entry.message))
        if code not in (0, *harmless):
            raise OSError(code, os.strerror(code))
