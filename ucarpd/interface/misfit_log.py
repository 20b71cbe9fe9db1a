"""Logging which virtual hosts do not fit the networks of their interface."""

import asyncio
from collections.abc import Mapping, Sequence

from ucarpd.interface import misfits
from ucarpd.interface.address_book import AddressBook
from ucarpd.interface.member import Member
from ucarpd.linux.alarm import Alarm
from ucarpd.linux.netlink import InterfaceAddress, Netlink
from ucarpd.linux.share import share_of

PATIENCE = 3.0
"""Seconds after a change: when a network is configured, its addresses come one by one."""

LATEST = 8.0
"""The same at most: the looks of many interfaces at one moment would delay the protocol."""


class MisfitLog:
    """A look at the virtual hosts of an interface some time after a change; each misfit is logged once."""

    def __init__(
        self,
        interface: str,
        netlink: Netlink,
        members: Mapping[int, Member],
        book: AddressBook,
    ) -> None:
        self._interface = interface
        self._netlink = netlink
        self._members = members
        self._book = book
        self._loop = asyncio.get_running_loop()
        self._patience = PATIENCE + share_of(interface) * (LATEST - PATIENCE)
        self._alarm = Alarm()
        self.stop = self._alarm.cancel

    def look_soon(self) -> None:
        if self._alarm.at is None:
            self._alarm.set(self._patience, self._look)

    def _look(self) -> None:
        self._book.look_elsewhere()
        present = self._netlink.addresses(self._interface)
        own = [each for each in present if not self._book.is_virtual(each.ip)]
        self._tell([*self._members], own)

    def _tell(self, vhids: list[int], own: Sequence[InterfaceAddress]) -> None:
        """Take one virtual host in each turn of the event loop, since there may be hundreds."""
        if not vhids:
            return
        member = self._members.get(vhids.pop(0))
        if member is not None and member.own:  # The others wait, perhaps for an address.
            found = [*misfits.find(member.config, own)]
            found += misfits.shared(member.config, self._book.is_foreign)
            if not member.config.is_scripted:  # A script may put them anywhere.
                found += misfits.elsewhere(member.config, self._netlink.where)
            member.tell_misfits(f"{key}: {text}" for key, text in found)
        self._loop.call_soon(self._tell, vhids, own)
