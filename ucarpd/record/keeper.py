"""The record of a running virtual host: its content, and keeping it current outside the loop."""

import asyncio
import errno
import mmap
from collections.abc import Sequence, Set
from functools import partial
from ipaddress import ip_address
from pathlib import Path

from ucarpd.addresses.arp_settings import ParentArp
from ucarpd.addresses.routes import SharedRoutes
from ucarpd.carp.bow_out import BOW_OUT_COPIES, bow_out_of
from ucarpd.carp.params import IPAddress
from ucarpd.carp.timing import advertisement_interval
from ucarpd.carp.transmit import Datagram, Transmitter
from ucarpd.config import Config
from ucarpd.config.routes import routes, written
from ucarpd.linux.lock import AlreadyRunning, InstanceLock
from ucarpd.linux.netlink import InterfaceAddress, Netlink
from ucarpd.linux.run_directory import run_directory
from ucarpd.log.messages import Journal
from ucarpd.record.last_good import LastGood
from ucarpd.record.record import Address, Content, Packet, Record, Recorded, Script, read
from ucarpd.scripts.runner import Hook

_COUNTER_AHEAD = 1 << 40
"""Distance beyond every counter of the instance: 136 years of 256 advertisements a second."""


class Keeper:
    """Keeper of the record of one instance; it also removes addresses that an earlier run left.

    If the record is removed while the instance runs, the keeper makes it again.  It renews the lock
    first: a record without a lock means that the instance has died.
    """

    def __init__(
        self, name: str, netlink: Netlink, log: Journal, lock: InstanceLock, arp: ParentArp
    ) -> None:
        self._netlink = netlink
        self._log = log
        self._lock = lock
        self._arp = arp
        self._content: Content | None = None
        self._loop = asyncio.get_running_loop()
        self._renewal: asyncio.Future[None] | None = None
        self._is_closed = False
        directory = run_directory()
        self._last_good = LastGood(name, directory)
        self._earlier: Recorded | None = None
        try:
            self._earlier = read(name, directory)
        except OSError as error:
            log.record_fault(error)
        self._record = Record(name, directory)
        self.advertised = self._record.advertised
        if self._record.fault is not None:
            log.record_fault(self._record.fault)

    @property
    def placed(self) -> bool:
        """Whether an address, or the work of an up-script, may be in place."""
        return self._record.placed

    @placed.setter
    def placed(self, value: bool) -> None:
        self._record.placed = value

    def write(self, content: Content) -> None:
        """Replace the content of the record, before the next request to the kernel."""
        self._content = content
        self._netlink.attempt(partial(self._record.write, content), self._not_written)

    def _not_written(self, error: OSError) -> None:
        if error.errno == errno.ENOENT:
            self._renew()  # The directory was removed.
        else:
            self._log.record_fault(error)

    # -- removed files -----------------------------------------------------------------------------

    def files_present(self, names: Set[str]) -> None:
        """Make missing files again; `names` are the files in the private directory."""
        ours = self._lock.files | self._record.files | self._arp.files
        if self._content is not None and not names >= ours:
            self._renew()

    def _renew(self) -> None:
        if self._renewal is not None or self._is_closed:
            return
        self._renewal = self._loop.create_future()
        made: list[tuple[mmap.mmap, Path]] = []

        def make() -> None:
            try:
                self._lock.renew()
            except AlreadyRunning as error:
                raise OSError(errno.EBUSY, f"{error}: stop one of them") from error
            self._arp.renew()
            made.append(self._record.make_live())

        def is_made(error: OSError | None) -> None:
            if error is not None:
                self._renewed(error)
                return
            assert self._content is not None
            self._record.use_live(*made[0])
            self._netlink.beside(partial(self._record.write, self._content), self._renewed)

        self._netlink.beside(make, is_made)

    def _renewed(self, error: OSError | None) -> None:
        assert self._renewal is not None
        self._renewal.set_result(None)
        self._renewal = None
        if error is not None:
            self._log.record_fault(error)
        else:
            self._log.record_renewed()

    def keep_configuration(self, config: Config) -> None:
        """Keep a copy of the configuration, for the start after a crash.

        The environment is the same then, unless an operator has changed it, and the
        password in it is in no file.
        """
        if config.is_of_environment:
            return
        keep = partial(self._last_good.keep, config)
        self._netlink.attempt(keep, self._log.configuration_not_kept)

    async def forget_configuration(self) -> None:
        """Remove the copy of the configuration, after all requests under way."""
        done = asyncio.get_running_loop().create_future()
        self._netlink.beside(self._last_good.forget, done.set_result)
        if error := await done:
            self._log.configuration_not_kept(error)

    def take_off_left_over(self, device: str, shared: SharedRoutes) -> None:
        """Remove what an earlier run has recorded; `device` is the current one.

        Routes that a virtual host of this process wants, according to `shared`, stay.
        """
        earlier, self._earlier = self._earlier, None
        if earlier is None or not earlier.placed:
            return
        content = earlier.content
        addresses = [InterfaceAddress(ip_address(a.ip), a.prefixlen) for a in content.addresses]
        present = [a.ip for a in addresses if self._netlink.has(content.device, a.ip)]
        if present:
            self._log.address_left_over(present)
            self._netlink.remove(content.device, addresses, self._taken_off)
        left = routes(content.routes) if content.routes else ()
        if unwanted := shared.of_no_other(left):
            self._netlink.remove_routes(unwanted, self._routes_taken_off)
        if content.virtual_mac and content.device != device:
            self._netlink.remove_link(content.device, self._taken_off)
            arp = ParentArp(content.interface, run_directory())
            self._netlink.beside(arp.release, self._taken_off)

    def _taken_off(self, error: OSError | None) -> None:
        if error is not None:
            self._log.address_not_removed(error)

    def _routes_taken_off(self, error: OSError | None) -> None:
        if error is not None:
            self._log.route_not_removed(error)

    async def close(self) -> None:
        """Remove the record, unless an address of it is still in place."""
        self._is_closed = True
        if self._renewal is not None:
            await self._renewal
        if self._record.placed:
            self._record.close()
        else:
            self._record.remove()


def content_of(
    config: Config, sources: Sequence[IPAddress], mac: bytes, counter: int, down: Hook | None
) -> Content:
    """Return the content of the record: all facts needed to clear up and bow out after a crash.

    `mac` is the MAC address of the interface, `counter` belongs to the next advertisement, and
    `down` is the run of the down-script, or None.
    """
    transmitter = Transmitter(config.params())
    return Content(
        instance=config.name,
        path=str(config.path),
        interface=config.interface,
        vhid=config.vhid,
        device=config.address_device,
        virtual_mac=config.virtual_mac,
        facility=config.facility,
        addresses=[Address(str(each.ip), each.prefixlen, config.label) for each in config.served],
        down_script=_script(down),
        release_on_stop=config.shutdown,
        interval=advertisement_interval(config.advbase, config.advskew),
        bow_outs=[
            _bow_out(transmitter, sources, mac, (counter + _COUNTER_AHEAD + copy) % (1 << 64))
            for copy in range(BOW_OUT_COPIES)
        ],
        units=list(config.units),
        routes=written(config.routes),
    )


def _script(hook: Hook | None) -> Script | None:
    if hook is None or hook.script is None:
        return None
    arguments, environment = list(hook.arguments), dict(hook.environment)
    return Script(str(hook.script), arguments, environment, hook.timeout)


def _bow_out(
    transmitter: Transmitter, sources: Sequence[IPAddress], mac: bytes, counter: int
) -> list[Packet]:
    return [
        _packet(each)
        for source in sources
        for each in transmitter.advertisement(bow_out_of(source, counter), mac)
    ]


def _packet(outgoing: bytes | Datagram) -> Packet:
    if isinstance(outgoing, Datagram):
        return Packet(outgoing.packet, str(outgoing.destination))
    return Packet(outgoing, None)
