"""Whose an address is: a virtual host's, another process's, or this host's own."""

from collections.abc import Callable, Collection, Mapping

from ucarpd.carp.params import IPAddress
from ucarpd.config import Config
from ucarpd.interface.member import Member


class AddressBook:
    """The addresses of the virtual hosts of one interface, `members`, and those that their files name.

    `elsewhere` returns the virtual addresses that other processes of this host serve.
    """

    def __init__(
        self, members: Mapping[int, Member], elsewhere: Callable[[], Collection[IPAddress]]
    ) -> None:
        self._members = members
        self._elsewhere = elsewhere
        self._owners: dict[tuple[str, IPAddress], Member] = {}
        """Whose virtual address it is, by device and address."""
        self._virtual: set[IPAddress] = set()
        self._foreign: Collection[IPAddress] = ()
        """Virtual addresses of other processes."""
        self._named: Collection[IPAddress] | None = None
        """The addresses in `is_named`; None: not gathered yet."""

    def owner(self, device: str, ip: IPAddress) -> Member | None:
        """Return whose virtual address it is on this device; None if it is none."""
        return self._owners.get((device, ip))

    def is_virtual(self, ip: IPAddress) -> bool:
        """Return whether the address moves between hosts, and so cannot be a source."""
        return ip in self._virtual or ip in self._foreign

    def is_foreign(self, ip: IPAddress) -> bool:
        """Return whether another process of this host has this virtual address too."""
        return ip in self._foreign

    def is_named(self, ip: IPAddress) -> bool:
        """Return whether a file names the address as this host's own or another host's.

        They are gathered once: each address that comes to any interface of the host is looked up.
        """
        if self._named is None:
            configs = [member.config for member in self._members.values()]
            self._named = frozenset(ip for each in configs for ip in (*each.sources, *each.peers))
        return ip in self._named

    def look_elsewhere(self) -> None:
        """Ask for the addresses of other processes again."""
        self._foreign = self._elsewhere()

    def expect(self, addresses: Collection[IPAddress]) -> None:
        """Enter the addresses of a virtual host that is not among the members yet."""
        self._virtual.update(addresses)

    def enter(self, member: Member) -> None:
        device, addresses = member.config.address_device, member.params.addresses
        self._owners |= {(device, ip): member for ip in addresses}
        self._virtual.update(addresses)
        self._named = None

    def strike(self, config: Config, member: Member | None) -> None:
        """Strike out the addresses of a member that leaves; None: it was only expected."""
        for ip in config.params().addresses:
            # A reload may have given the address to another virtual host.
            if self.owner(config.address_device, ip) is member:
                self._owners.pop((config.address_device, ip), None)
                self._virtual.discard(ip)
