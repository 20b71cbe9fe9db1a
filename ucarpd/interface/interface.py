"""One network interface as its virtual hosts see it: its frames, and its changes.

Its sockets are opened when the interface appears, and again when an interface of the same name appears
in its place.  `readiness` finds out whether it can be used.
"""

import asyncio
from collections.abc import Callable, Collection, Iterable

from ucarpd.carp.actions import State
from ucarpd.carp.neighbours import Answered, question
from ucarpd.carp.params import Family, IPAddress
from ucarpd.carp.transmit import Datagram
from ucarpd.config import Config
from ucarpd.engine import Engine
from ucarpd.interface.address_book import AddressBook
from ucarpd.interface.double_watch import DoubleWatch
from ucarpd.interface.incoming import Incoming
from ucarpd.interface.member import Demote, Member
from ucarpd.interface.misfit_log import MisfitLog
from ucarpd.interface.neighbours import Neighbours
from ucarpd.interface.readiness import Readiness, Ready
from ucarpd.interface.sockets import Sockets
from ucarpd.interface.sources import Source, choose
from ucarpd.linux import sysctl
from ucarpd.linux.alarm import Alarm
from ucarpd.linux.netlink import Link, Netlink
from ucarpd.log.messages import Journal

LOOK_AGAIN_AFTER = 3.0
"""Seconds between two looks at what keeps a virtual host from working: not every cause has an event."""


class Interface:
    """The interface of this name, whether it exists at the moment or not.

    `demote` gets the amount by which this host is less fit while the interface cannot be used.
    `elsewhere` returns the virtual addresses that other processes of this host serve.
    """

    def __init__(
        self,
        name: str,
        netlink: Netlink,
        demote: Callable[[str, int], None],
        elsewhere: Callable[[], Collection[IPAddress]] = tuple,
    ) -> None:
        self.name = name
        self._loop = asyncio.get_running_loop()
        self._netlink = netlink
        self._demote = demote
        self._link: Link | None = None
        self.mac = bytes(6)
        """Its MAC address."""
        self._was_seen = False
        self._was_ready = False
        self._is_idle = False
        """Whether a lost source address, or the like, has ended the work of all virtual hosts here."""
        self._members: dict[int, Member] = {}
        self._book = AddressBook(self._members, elsewhere)
        self._incoming = Incoming(self._members, self._pass_over)
        self._sockets = Sockets(self._incoming.deliver)
        self._readiness = Readiness(name, netlink, self._sockets, self._book.is_virtual)
        self._neighbours = Neighbours(name, netlink, self._members.values)
        self._double_watch = DoubleWatch(
            name, self._members.keys(), self._long_enough, self._incoming.sent_from_here
        )
        self._misfits = MisfitLog(name, netlink, self._members, self._book)
        self._look_again = Alarm()

    # -- for engines: the Wire -------------------------------------------------------------------------

    @property
    def is_router(self) -> bool:
        try:
            return sysctl.get(self.name, 6, "forwarding") != "0"
        except OSError:
            return False  # IPv6 is switched off here.

    def send(self, frame: bytes) -> None:
        (self._double_watch.tap or self._sockets).send(frame)

    def send_datagram(self, datagram: Datagram) -> None:
        self._sockets.send_datagram(datagram)

    def read_until(self, at: float) -> bool:
        return self._sockets.read_until(at)

    def expect_answers(self, addresses: Collection[IPAddress], answered: Answered) -> None:
        self._neighbours.expect(addresses, answered)

    def ask(self, address: IPAddress, source: IPAddress, answered: Answered) -> None:
        """Ask the neighbours, from `source`, for the host of an address.  Raises OSError."""
        # A virtual host may ask in a family in which it has no address.
        self._neighbours.open((address.version,))
        self.expect_answers((address,), answered)
        self.send(question(address, source, self.mac))

    def own_address(self, config: Config, family: Family) -> IPAddress | None:
        """Return the address from which the virtual host would advertise in this family."""
        found = choose(config, family, self._netlink, self._book.is_virtual)
        return found.ip if isinstance(found, Source) else None

    # -- for the supervisor ------------------------------------------------------------------------------

    @property
    def fault(self) -> str:
        """What makes the host less fit while this interface is down or gone."""
        return f"{self.name} cannot be used"

    def expect(self, config: Config) -> None:
        """Stop using the addresses of a virtual host, which will be attached, as sources of others."""
        addresses = config.params().addresses
        self._book.expect(addresses)
        for member in list(self._members.values()):
            if not set(member.own).isdisjoint(addresses):
                self._tell(member)

    def attach(self, config: Config, engine: Engine, log: Journal, demote: Demote) -> None:
        self._admit(member := Member(config, engine, log, demote))
        if len(self._members) == 1:
            self._book.look_elsewhere()
            self._link = None  # All is closed since the last one has left.
            self._follow_link()
        elif self._link is not None and self._link.is_ethernet:
            self._open_sockets(self._link, (member,))
        self._tell(member)
        self.tell_faults()

    def replace(self, config: Config) -> None:
        """Let a virtual host go on with another configuration, and with all that it has heard.

        A virtual host that is not attached yet will be, with the new configuration.
        """
        member = self._members.get(config.vhid)
        if member is None:
            return
        self._book.strike(member.config, member)
        member.configure(config)
        self._admit(member)
        self._neighbours.open(member.served_families)
        self._tell(member)
        self.tell_faults()

    def detach(self, config: Config) -> None:
        """Let a virtual host leave.

        If it is the last one here, it may start again: the host stays less fit until `tell_faults`.
        """
        member = self._members.pop(config.vhid, None)
        self._book.strike(config, member)
        if member is not None:
            member.demote_for(())
            self._serve()
        self._neighbours.change()
        if self._members:
            self.tell_faults()
        else:
            self._close_sockets()
            self._misfits.stop()
            self._look_again.cancel()

    def role_changed(self) -> None:
        """A virtual host has another state."""
        self._sockets.role_changed()
        self._neighbours.change()
        members = self._members.values()
        is_idle = self._was_ready and all(
            not each.own and each.engine.state is State.INIT for each in members
        )
        if is_idle != self._is_idle:
            self._is_idle = is_idle
            # The state changes in the midst of an event, and another demotion is an event too.
            self._loop.call_soon(self.tell_faults)

    def _admit(self, member: Member) -> None:
        self._members[member.config.vhid] = member
        self._book.enter(member)
        self._serve()
        self._neighbours.change()
        self._misfits.look_soon()

    def _serve(self) -> None:
        self._sockets.serve([each.params for each in self._members.values()])

    def link_changed(self, device: str) -> None:
        """The kernel's entry of this interface, or of a device on it, has changed, come or gone."""
        if device != self.name:
            self._device_changed(device)
            return
        old_mac = self.mac
        self._follow_link()
        # The virtual hosts here come first: they lose the role to the link, not to being less fit.
        self._update()
        self.tell_faults()
        if self._link is not None and self._link.mac != old_mac:
            for member in self._members.values():
                member.engine.hardware_address_changed()

    def address_added(self, device: str, ip: IPAddress) -> None:
        self._address_changed(device, ip)
        if member := self._book.owner(device, ip):
            member.engine.address_added(ip)

    def address_removed(self, device: str, ip: IPAddress) -> None:
        self._address_changed(device, ip)
        if member := self._book.owner(device, ip):
            member.engine.address_removed(ip)

    # -- whether it can be used --------------------------------------------------------------------------

    def tell_faults(self) -> None:
        """Make the whole host less fit while this interface cannot be used.

        An interface that was never seen, or never ready, does not count: its file was written for
        another machine, or has a typo, and the other virtual hosts must not suffer from that.
        """
        self._was_seen = bool(self._members) and (self._was_seen or self._link is not None)
        self._was_ready = self._was_ready and self._was_seen
        is_faulty = self._readiness.link_fault(self._link) is not None
        amount = 0
        if (self._was_seen and is_faulty) or (self._was_ready and self._is_idle):
            if any(member.engine.is_loss_held for member in self._members.values()):
                return  # It may be an up-script's doing, and over in a moment.
            configs = (member.config for member in self._members.values())
            amount = max((c.ifdown_demotion for c in configs if not c.ignore_carrier), default=0)
        self._demote(self.fault, amount)

    def _address_changed(self, device: str, ip: IPAddress) -> None:
        # Virtual addresses come and go by the hundred, and no readiness depends on them.
        if self._book.is_virtual(ip):
            return
        if device == self.name or self._book.is_named(ip):
            self._update()

    def _device_changed(self, device: str) -> None:
        """A virtual MAC device that an operator has shut down takes its addresses with it."""
        link = self._netlink.link(device)
        if link is not None and not link.is_up:
            for member in list(self._members.values()):
                if member.config.address_device == device:
                    for ip in member.params.addresses:
                        member.engine.address_removed(ip)

    def _update(self) -> None:
        """Tell every virtual host whether it can work."""
        self._book.look_elsewhere()
        self._misfits.look_soon()
        for member in list(self._members.values()):
            self._tell(member)

    def _tell(self, member: Member) -> None:
        readiness = self._readiness.of(member.config, member.params, self._link)
        self._was_ready |= isinstance(readiness, Ready)
        member.tell(readiness)
        is_well = isinstance(readiness, Ready) and not readiness.faults
        if not is_well and self._look_again.at is None and self._members:
            self._look_again.set(LOOK_AGAIN_AFTER, self._look)

    def _look(self) -> None:
        self._follow_link()
        self._update()

    # -- the sockets ---------------------------------------------------------------------------------------

    def _follow_link(self) -> None:
        old, self._link = self._link, self._netlink.link(self.name)
        self._incoming.mac = self.mac = self._link.mac if self._link else bytes(6)
        # If ucarpd hears late of a removal, another interface may have the name and the index by now.
        is_another = old is None or self._link is None or old.index != self._link.index
        is_another = is_another or not self._sockets.are_bound
        if is_another:
            self._close_sockets()
        if self._link is not None and self._link.is_ethernet:
            self._sockets.forget_lost_groups()
            self._open_sockets(self._link, self._members.values())
            if is_another:
                self._double_watch.start()

    def _open_sockets(self, link: Link, members: Iterable[Member]) -> None:
        for member in members:
            self._sockets.open(link, member.params)
            self._neighbours.open(member.served_families)
        self._neighbours.change()

    def _close_sockets(self) -> None:
        self._sockets.close()
        self._neighbours.close()
        self._double_watch.stop()

    def _pass_over(self, source: IPAddress, vhid: int, at: float) -> None:
        self._sockets.pass_over(source, vhid, at)

    def _long_enough(self) -> float:
        """Return seconds within which a daemon with our configuration advertises at least once."""
        return 2.5 + max((member.params.advbase for member in self._members.values()), default=0)
