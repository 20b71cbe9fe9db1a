"""One network interface as its virtual hosts see it: whether it can be used, and a way in and out.

The packet socket is shared.  It is opened when the interface appears, and anew when an interface of
the same name appears in its place.
"""

import asyncio
from dataclasses import dataclass
from ipaddress import IPv4Address

from ucarpd import journal
from ucarpd.carp.frame import peek_vhid
from ucarpd.carp.params import IPAddress
from ucarpd.config import Config
from ucarpd.engine import Engine
from ucarpd.linux.netlink import Link, Netlink
from ucarpd.linux.packet_socket import PacketSocket

FRAMES_AT_ONCE = 64
"""Frames taken in before timers get their turn, so that a flood cannot hold them up."""


@dataclass(frozen=True, slots=True)
class Ready:
    source: IPAddress


@dataclass(frozen=True, slots=True)
class NotReady:
    reason: str
    can_send: bool = False


class Interface:
    """The interface of this name, whether it exists at the moment or not."""

    def __init__(self, name: str, netlink: Netlink) -> None:
        self.name = name
        self._netlink = netlink
        self._loop = asyncio.get_running_loop()
        self._socket: PacketSocket | None = None
        self._open_fault: str | None = None
        self._link: Link | None = None
        self._members: dict[int, tuple[Config, Engine]] = {}

    # -- for engines: the Wire -------------------------------------------------------------------------

    @property
    def mac(self) -> bytes:
        return self._link.mac if self._link else bytes(6)

    def send(self, frame: bytes) -> None:
        """Raises OSError."""
        if self._socket is None:
            raise OSError(0, self._open_fault or f"interface {self.name} does not exist")
        self._socket.send(frame)

    # -- for the supervisor ------------------------------------------------------------------------------

    def attach(self, config: Config, engine: Engine) -> None:
        self._members[config.vhid] = config, engine
        self._follow_link()
        self._join(config.group)
        self._tell(config, engine)

    def detach(self, config: Config) -> None:
        self._members.pop(config.vhid, None)
        if not self._members:
            self._close_socket()

    def readiness(self, config: Config) -> Ready | NotReady:
        """Whether this virtual host can work here now, and if not, why, in the operator's words."""
        link = self._link
        if link is None:
            return NotReady(f"interface {self.name} does not exist")
        if not link.is_ethernet:
            return NotReady(f"interface {self.name} is not Ethernet")
        if self._socket is None:
            return NotReady(self._open_fault or f"interface {self.name} is not open")
        if not config.ignore_carrier:
            if not link.is_up:
                return NotReady(f"interface {self.name} is down")
            if not link.has_carrier:
                return NotReady(f"no carrier on {self.name}")
        present = [address.ip for address in self._netlink.addresses(self.name)]
        if config.source is not None:
            if config.source in present:
                return Ready(config.source)
            return NotReady(f"source address {config.source} is not on {self.name}", can_send=True)
        # A virtual address, ours or another file's, moves away when the role does.
        virtual = {address.ip for other, _ in self._members.values() for address in other.addresses}
        source = next((ip for ip in present if ip not in virtual), None)
        if source is None:
            return NotReady(f"{self.name} has no IPv4 address of its own", can_send=True)
        return Ready(source)

    def link_changed(self) -> None:
        """The kernel's entry of this interface has changed, come or gone."""
        old_mac = self.mac
        self._follow_link()
        self.update()
        if self._link is not None and self._link.mac != old_mac:
            for _, engine in self._members.values():
                engine.hardware_address_changed()

    def update(self) -> None:
        """Tell every virtual host whether it can work."""
        for config, engine in list(self._members.values()):
            self._tell(config, engine)

    def address_added(self, ip: IPAddress) -> None:
        self.update()
        for config, engine in list(self._members.values()):
            if any(address.ip == ip for address in config.addresses):
                engine.address_added(ip)

    def address_removed(self, ip: IPAddress) -> None:
        self.update()
        for config, engine in list(self._members.values()):
            if any(address.ip == ip for address in config.addresses):
                engine.address_removed(ip)

    # -- inside --------------------------------------------------------------------------------------------

    def _tell(self, config: Config, engine: Engine) -> None:
        match self.readiness(config):
            case Ready(source):
                engine.interface_ready(source)
            case NotReady(reason, can_send):
                engine.interface_lost(reason, can_send)

    def _follow_link(self) -> None:
        old, self._link = self._link, self._netlink.link(self.name)
        if old is None or self._link is None or old.index != self._link.index:
            self._close_socket()
        if self._socket is None and self._link is not None and self._link.is_ethernet:
            self._open_socket(self._link)

    def _open_socket(self, link: Link) -> None:
        try:
            self._socket = PacketSocket(link.name, link.index)
        except OSError as error:
            self._open_fault = f"cannot open a packet socket on {self.name}: {error.strerror}"
            return
        self._open_fault = None
        self._loop.add_reader(self._socket, self._read)
        for config, _ in self._members.values():
            self._join(config.group)

    def _join(self, group: IPv4Address) -> None:
        if self._socket is None:
            return
        try:
            self._socket.join(group)
        except OSError as error:
            journal.root.warning("cannot join %s on %s: %s", group, self.name, error.strerror)

    def _close_socket(self) -> None:
        if self._socket is not None:
            self._loop.remove_reader(self._socket)
            self._socket.close()
            self._socket = None

    def _read(self) -> None:
        assert self._socket is not None
        try:
            frames = self._socket.receive(FRAMES_AT_ONCE)
        except OSError:
            # The interface went down or away; netlink tells which, and we act on that.
            return
        for frame in frames:
            engine = self._addressee(frame)
            if engine is not None:
                engine.receive(frame)

    def _addressee(self, frame: bytes) -> Engine | None:
        """The virtual host of the frame's vhid.  Where there is none, any: it counts and reports."""
        vhid = peek_vhid(frame)
        member = self._members.get(vhid) if vhid is not None else None
        if member is None:
            member = next(iter(self._members.values()), None)
        return member[1] if member else None
