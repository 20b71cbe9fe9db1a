"""The kernel's links and addresses at one moment, for a program that looks once and ends."""

from contextlib import closing

from ucarpd.carp.params import IPAddress
from ucarpd.linux.netlink.library import NetlinkError
from ucarpd.linux.netlink.messages import (
    InterfaceAddress,
    Link,
    address_of,
    is_duplicate,
    is_usable,
    link_of,
)
from ucarpd.linux.netlink.requests import Requests


class Snapshot:
    """The tables as `Netlink` has them.  Reading them needs no privileges; raises OSError."""

    def __init__(self) -> None:
        try:
            with closing(Requests()) as requests:
                links, self._messages = requests.dump()
        except NetlinkError as error:
            raise OSError(error.code, str(error)) from error
        self._links = {message["index"]: link_of(message) for message in links}

    def link(self, interface: str) -> Link | None:
        return next((link for link in self.links() if link.name == interface), None)

    def link_of_index(self, index: int) -> Link | None:
        return self._links.get(index)

    def links(self) -> tuple[Link, ...]:
        return tuple(self._links.values())

    def addresses(self, interface: str) -> list[InterfaceAddress]:
        """Those that the host answers for, in the kernel's order."""
        link = self.link(interface)
        if link is None:
            return []
        on_it = (each for each in self._messages if each["index"] == link.index)
        return [address_of(each) for each in on_it if is_usable(each)]

    def where(self, ip: IPAddress) -> str | None:
        """The name of an interface of this host that has the address."""
        for each in self._messages:
            if address_of(each).ip == ip and is_usable(each):
                link = self._links.get(each["index"])
                return link.name if link else None
        return None

    def dad_failed(self, interface: str, ip: IPAddress) -> bool:
        """Whether the address is there, as a duplicate of another host's."""
        link = self.link(interface)
        return link is not None and any(
            each["index"] == link.index and address_of(each).ip == ip and is_duplicate(each)
            for each in self._messages
        )
