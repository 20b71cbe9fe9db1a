"""The second part of clearing up after a dead process, when its addresses are gone.

This is the slower part: log lines, the down-script, and the virtual MAC device with its settings.
"""

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from ucarpd.addresses.arp_settings import ParentArp
from ucarpd.carp.params import IPAddress
from ucarpd.config import harm
from ucarpd.config.routes import routes
from ucarpd.linux import systemd
from ucarpd.linux.netlink import Netlink
from ucarpd.linux.run_directory import run_directory
from ucarpd.linux.served import Served
from ucarpd.log.messages import Journal
from ucarpd.record.clearing import Cleared
from ucarpd.record.promoted import report_unrestored, restore_left_over
from ucarpd.record.record import Content, Record
from ucarpd.scripts.runner import Hook, HookRunner
from ucarpd.scripts.units import Units


class _Nobody:
    """A listener that ignores all changes."""

    def link_changed(self, interface: str) -> None: ...
    def address_added(self, interface: str, ip: IPAddress) -> None: ...
    def address_removed(self, interface: str, ip: IPAddress) -> None: ...


async def clear_leftovers(
    cleared: Sequence[Cleared], make_netlink: Callable[..., Netlink] = Netlink
) -> bool:
    """Finish the work of `clearing`, all instances at a time; return whether all is cleared."""
    try:
        restore_left_over(run_directory())
    except OSError as error:
        report_unrestored(error)
    # One for all: hundreds would need more file descriptors than a process may have.  It is not
    # opened: no request below needs the tables.
    netlink = make_netlink(_Nobody(), served=Served(run_directory()))
    try:
        work = asyncio.gather(*(clear_one(each, netlink) for each in cleared))
        return all(await systemd.patiently(work))
    finally:
        await netlink.close()


async def clear_one(cleared: Cleared, netlink: Netlink) -> bool:
    """Finish the work for one instance; return whether all is cleared."""
    content = cleared.content
    log = Journal(content.instance, content.vhid, content.interface, content.facility)
    log.device = content.device
    if cleared.error is not None:
        log.address_not_removed(cleared.error)
    elif cleared.found:
        log.address_left_over(cleared.found)
    if cleared.bowed_out:
        log.bowed_out_for_the_dead()
    if content.routes and (error := await _remove_routes(content, netlink)):
        log.route_not_removed(error)
    await _stop_units(content, log)
    await _run_down_script(cleared, log)
    device_error = None
    if content.virtual_mac:
        device_error = await _remove_device(content, netlink)
    if device_error is not None:
        log.device_refused(device_error)
    is_done = cleared.error is None and device_error is None
    if is_done:
        Record(content.instance, run_directory()).remove()
    cleared.lock.release()
    return is_done


async def _remove_routes(content: Content, netlink: Netlink) -> OSError | None:
    removed = asyncio.Future[OSError | None]()
    netlink.remove_routes(routes(content.routes), removed.set_result)
    return await removed


async def _stop_units(content: Content, log: Journal) -> None:
    if content.units:
        stopped = asyncio.Event()
        Units(content.units, log, environment={}).stop(stopped.set)
        await stopped.wait()


async def _run_down_script(cleared: Cleared, log: Journal) -> None:
    content = cleared.content
    script = content.down_script
    if script is None:
        return
    arguments = tuple(script.arguments)
    hook = Hook("down", Path(script.path), arguments, script.environment, script.timeout)
    # Many down-scripts fail if there is no address to remove.
    hook = hook._replace(is_excused=lambda: cleared.error is None)
    if any(":" in each.ip for each in content.addresses):
        hook = hook._replace(objection=partial(harm, Path(script.path)))
    ended = asyncio.Event()
    HookRunner(log).request(hook, lambda _result: ended.set())
    await ended.wait()


async def _remove_device(content: Content, netlink: Netlink) -> OSError | None:
    """Remove the device, and restore the ARP settings of the interface."""
    removed, restored = asyncio.Future[OSError | None](), asyncio.Future[OSError | None]()
    netlink.remove_link(content.device, removed.set_result)
    restore = ParentArp(content.interface, run_directory()).release
    netlink.beside(restore, restored.set_result)
    return await removed or await restored
