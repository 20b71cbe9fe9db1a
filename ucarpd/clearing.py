"""Takes away what a process that died has left: its virtual addresses.

systemd calls it after the end of a service, whatever the end was.  The next start would do the same,
but a host whose daemon stays dead must not go on answering beside its successor.
"""

import asyncio
import logging
from collections.abc import Sequence

from ucarpd import journal
from ucarpd.addresses import addresses_for
from ucarpd.carp.actions import State
from ucarpd.carp.params import IPAddress
from ucarpd.config import Config
from ucarpd.engine import Transition
from ucarpd.journal import Journal
from ucarpd.linux.netlink import Netlink
from ucarpd.lock import AlreadyRunning, InstanceLock, run_directory


class _Nobody:
    """A listener that has no use for changes."""

    def link_changed(self, interface: str) -> None: ...
    def address_added(self, interface: str, ip: IPAddress) -> None: ...
    def address_removed(self, interface: str, ip: IPAddress) -> None: ...


async def clear(configs: Sequence[Config]) -> None:
    """Release the addresses of every instance that no process runs; with its down-script, if any.

    An instance with UCARP_SHUTDOWN=no keeps them: its operator has asked for that.
    """
    netlink = Netlink(_Nobody())
    await netlink.open()
    try:
        for config in configs:
            if config.shutdown:
                await _clear_one(config, netlink)
    finally:
        await netlink.close()


async def _clear_one(config: Config, netlink: Netlink) -> None:
    try:
        lock = InstanceLock(config.name, run_directory())
    except AlreadyRunning as error:
        journal.write(logging.INFO, f"{error}; left alone")
        return
    log = Journal(config.name, config.vhid, config.interface, config.facility)
    addresses = addresses_for(config, netlink, log)
    present = {address.ip for address in netlink.addresses(config.device)}
    left_over = [str(ip) for ip in config.params().addresses if ip in present]
    if left_over:
        log.address_left_over(", ".join(left_over))
        released = asyncio.get_running_loop().create_future()
        transition = Transition(State.INIT, State.MASTER, "the daemon has died")
        addresses.release(transition, False, lambda: released.set_result(None))
        await released
    await addresses.dispose()
    lock.release()
