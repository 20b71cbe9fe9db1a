"""One network interface as its virtual hosts see it: whether it can be used, and a way in and out.

Its sockets are opened when the interface appears, and anew when an interface of the same name appears
in its place.
"""

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from ucarpd import journal
from ucarpd.carp.frame import peek_vhid
from ucarpd.carp.params import Family, IPAddress, Params
from ucarpd.carp.transmit import Datagram
from ucarpd.config import Config
from ucarpd.engine import Engine
from ucarpd.linux import sysctl
from ucarpd.linux.netlink import Link, Netlink
from ucarpd.sockets import Sockets


@dataclass(frozen=True, slots=True)
class Ready:
    sources: tuple[IPAddress, ...]


@dataclass(frozen=True, slots=True)
class NotReady:
    reason: str
    can_send: bool = False


@dataclass(frozen=True, slots=True)
class Member:
    """A virtual host that runs here."""

    config: Config
    params: Params
    engine: Engine


class Interface:
    """The interface of this name, whether it exists at the moment or not.

    `demote` is told how much less fit this host is while the interface cannot be used; 0: not at
    all.
    """

    def __init__(self, name: str, netlink: Netlink, demote: Callable[[str, int], None]) -> None:
        self.name = name
        self._netlink = netlink
        self._demote = demote
        self._sockets = Sockets(self._deliver)
        self._open_fault: str | None = None
        self._link: Link | None = None
        self._was_seen = False
        self._members: dict[int, Member] = {}
        self._owners: dict[tuple[str, IPAddress], Member] = {}
        """Whose virtual address it is, by device and address."""
        self._virtual: set[IPAddress] = set()

    # -- for engines: the Wire -------------------------------------------------------------------------

    @property
    def mac(self) -> bytes:
        return self._link.mac if self._link else bytes(6)

    @property
    def is_router(self) -> bool:
        try:
            return sysctl.get(self.name, 6, "forwarding") != "0"
        except OSError:
            return False  # IPv6 is switched off here.

    def send(self, frame: bytes) -> None:
        """Raises OSError."""
        self._sockets.send(frame)

    def send_datagram(self, datagram: Datagram) -> None:
        """Raises OSError."""
        self._sockets.send_datagram(datagram)

    # -- for the supervisor ------------------------------------------------------------------------------

    @property
    def fault(self) -> str:
        """What makes the host less fit while this interface is down or gone."""
        return f"{self.name} cannot be used"

    def attach(self, config: Config, engine: Engine) -> None:
        self._members[config.vhid] = member = Member(config, config.params(), engine)
        self._owners |= {(config.device, ip): member for ip in member.params.addresses}
        self._virtual.update(member.params.addresses)
        self._sockets.serve(self._members)
        if len(self._members) == 1:
            self._follow_link()
        elif self._link is not None and self._link.is_ethernet:
            self._open_sockets(self._link, (member,))
        self._tell(member)
        self._tell_faults()

    def detach(self, config: Config) -> None:
        member = self._members.pop(config.vhid, None)
        if member is not None:
            for ip in member.params.addresses:
                del self._owners[config.device, ip]
            self._virtual.difference_update(member.params.addresses)
            self._sockets.serve(self._members)
        self._tell_faults()
        if not self._members:
            self._sockets.close()

    def link_changed(self, device: str) -> None:
        """The kernel's entry of this interface, or of a device on it, has changed, come or gone."""
        if device != self.name:
            self._device_changed(device)
            return
        old_mac = self.mac
        self._follow_link()
        # First whom it concerns most: they lose the role to the link, not to being less fit.
        self._update()
        self._tell_faults()
        if self._link is not None and self._link.mac != old_mac:
            for member in self._members.values():
                member.engine.hardware_address_changed()

    def address_added(self, device: str, ip: IPAddress) -> None:
        self._address_changed(device, ip)
        if owner := self._owners.get((device, ip)):
            owner.engine.address_added(ip)

    def address_removed(self, device: str, ip: IPAddress) -> None:
        self._address_changed(device, ip)
        if owner := self._owners.get((device, ip)):
            owner.engine.address_removed(ip)

    # -- whether it can be used --------------------------------------------------------------------------

    def readiness(self, member: Member) -> Ready | NotReady:
        """Whether this virtual host can work here now, and if not, why, in the operator's words."""
        if self._link is None:
            return NotReady(f"interface {self.name} does not exist")
        if not self._link.is_ethernet:
            return NotReady(f"interface {self.name} is not Ethernet")
        if not all(self._sockets.has(family) for family in member.params.families):
            return NotReady(self._open_fault or f"interface {self.name} is not open")
        if not member.config.ignore_carrier and (fault := self._link_fault()):
            return NotReady(fault)
        sources = []
        for family in member.params.families:
            source = self._source(member.config, family)
            if isinstance(source, NotReady):
                return source
            sources.append(source)
        return Ready(tuple(sources))

    def _link_fault(self) -> str | None:
        if self._link is None:
            return f"interface {self.name} does not exist"
        if not self._link.is_up:
            return f"interface {self.name} is down"
        if not self._link.has_carrier:
            return f"no carrier on {self.name}"
        return None

    def _source(self, config: Config, family: Family) -> IPAddress | NotReady:
        """The address to advertise from in this family."""
        present = [a.ip for a in self._netlink.addresses(self.name) if a.ip.version == family]
        for wanted in config.sources:
            if wanted.version == family:
                if wanted in present:
                    return wanted
                return NotReady(f"source address {wanted} is not on {self.name}", can_send=True)
        # A virtual address, ours or another file's, moves away when the role does.
        own = [ip for ip in present if ip not in self._virtual]
        if not own:
            return NotReady(f"{self.name} has no IPv{family} address of its own", can_send=True)
        # IPv6 hosts have a link-local address that stays, besides others that may change.
        return next((ip for ip in own if family == 6 and ip.is_link_local), own[0])

    def _tell_faults(self) -> None:
        """What keeps this interface from its work makes the whole host less fit.

        One that has never been there is not counted: its file was written for another machine, or
        has a typo, and the other virtual hosts shall not suffer from that.
        """
        self._was_seen = bool(self._members) and (self._was_seen or self._link is not None)
        amount = 0
        if self._was_seen and self._link_fault() is not None:
            configs = (member.config for member in self._members.values())
            amount = max((c.ifdown_demotion for c in configs if not c.ignore_carrier), default=0)
        self._demote(self.fault, amount)

    def _address_changed(self, device: str, ip: IPAddress) -> None:
        # Virtual addresses come and go by the hundred; no readiness hangs on them.
        if device == self.name and ip not in self._virtual:
            self._update()

    def _device_changed(self, device: str) -> None:
        """A virtual MAC device that somebody has shut down takes its addresses with it."""
        link = self._netlink.link(device)
        if link is not None and not link.is_up:
            for member in list(self._members.values()):
                if member.config.device == device:
                    for ip in member.params.addresses:
                        member.engine.address_removed(ip)

    def _update(self) -> None:
        """Tell every virtual host whether it can work."""
        for member in list(self._members.values()):
            self._tell(member)

    def _tell(self, member: Member) -> None:
        match self.readiness(member):
            case Ready(sources):
                member.engine.interface_ready(sources)
            case NotReady(reason, can_send):
                member.engine.interface_lost(reason, can_send)

    # -- the sockets ---------------------------------------------------------------------------------------

    def _follow_link(self) -> None:
        old, self._link = self._link, self._netlink.link(self.name)
        if old is None or self._link is None or old.index != self._link.index:
            self._sockets.close()
        if self._link is not None and self._link.is_ethernet:
            self._open_sockets(self._link, self._members.values())

    def _open_sockets(self, link: Link, members: Iterable[Member]) -> None:
        """Open what these members need and is not open yet."""
        self._open_fault = None
        try:
            for member in members:
                for family in member.params.families:
                    self._sockets.open(link, family)
                    if member.params.peers_of(family):
                        self._sockets.open_unicast(link, family)
                    else:
                        self._join(member.params.group_of(family))
        except OSError as error:
            self._open_fault = f"cannot open a packet socket on {self.name}: {error.strerror}"

    def _join(self, group: IPAddress) -> None:
        try:
            self._sockets.join(group)
        except OSError as error:
            text = f"cannot join {group} on {self.name}: {error.strerror}"
            journal.write(logging.WARNING, text)

    def _deliver(self, frame: bytes, at: float) -> IPAddress | None:
        """Hand a frame to its virtual host; its source, if that found the digest to be good."""
        engine = self._addressee(frame)
        return engine.receive(frame, at) if engine is not None else None

    def _addressee(self, frame: bytes) -> Engine | None:
        """The virtual host of the frame's vhid.  Where there is none, any: it counts and reports."""
        vhid = peek_vhid(frame)
        member = self._members.get(vhid) if vhid is not None else None
        if member is None:
            member = next(iter(self._members.values()), None)
        return member.engine if member else None
