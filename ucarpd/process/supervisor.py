"""One process, many virtual hosts: starts, stops and reloads them.

One virtual host's fault does not touch another, and a bad file is reported and left out.  A running
virtual host is never dropped because its file was edited badly: the old configuration goes on
until a good one is read.
"""

import asyncio
import gc
import logging
import os
import signal
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from ucarpd import config
from ucarpd.carp.params import IPAddress
from ucarpd.config import Config
from ucarpd.diagnosis.digest import Suspect
from ucarpd.exit_status import EXIT_ALL_RUN_ELSEWHERE, EXIT_CONFIG
from ucarpd.health.demotion import Demotion
from ucarpd.health.lateness import Lateness
from ucarpd.interface.interface import Interface
from ucarpd.linux import scheduling, systemd
from ucarpd.linux.lock import AlreadyRunning, InstanceLock
from ucarpd.linux.netlink import Netlink
from ucarpd.linux.orphans import Orphans
from ucarpd.linux.run_directory import run_directory
from ucarpd.log import lines
from ucarpd.process import reading
from ucarpd.process.instance import Instance
from ucarpd.process.reading import Reading
from ucarpd.process.status_line import status_line
from ucarpd.process.upkeep import Upkeep
from ucarpd.record.keeper import virtual_addresses_elsewhere
from ucarpd.record.promoted import Promotions, restore_left_over
from ucarpd.scripts import survivors
from ucarpd.scripts.child import PIDS

GOLDEN_RATIO = (5**0.5 - 1) / 2


class Supervisor:
    """Runs the virtual hosts of `paths`, each a file or a directory of files.

    With `stay` it goes on when there is nothing for it to do, until a reload finds something.
    """

    def __init__(
        self,
        paths: Sequence[Path],
        stay: bool = False,
        netlink: Callable[..., Netlink] = Netlink,
    ) -> None:
        self._paths = paths
        self._stay = stay
        self._loop = asyncio.get_running_loop()
        promotions = Promotions(run_directory())
        self._netlink = netlink(self, virtual_addresses_elsewhere, promotions)
        self._interfaces: dict[str, Interface] = {}
        self._instances: dict[str, Instance] = {}
        self._reloading: asyncio.Task[None] | None = None
        self._reload_again = False
        self._stopped: list[Instance] = []
        """Those with scripts, until it is known what these have left running."""
        self._status_is_due = False
        self._shown_status = ""
        self._reading = Reading()
        self._demotion = Demotion()
        self._lateness = Lateness()
        self._started = 0
        self._ending = asyncio.Event()

    async def run(self) -> int:
        """Until a signal ends it; returns the exit status."""
        self._reading = reading.at_start(self._paths)
        configs, problems = self._reading.configs, self._reading.lines
        for line in problems:
            lines.write_problem(line)
        if not configs and not problems:
            lines.write_problem(config.nothing_in(self._paths))
        if not configs and (problems or not self._stay):
            return EXIT_CONFIG
        self._loop.set_exception_handler(_report_defect)
        self._handle_signals()
        Orphans(PIDS)
        lines.postpone(self._loop.call_later)
        try:
            await self._netlink.open()
            return await self._serve(configs)
        finally:
            await self._netlink.close()
            lines.postpone(None)

    async def _serve(self, configs: Sequence[Config]) -> int:
        self._netlink.beside(partial(restore_left_over, run_directory()), _report_unrestored)
        self._start_all(configs)
        if not self._instances and not self._stay:
            return EXIT_CONFIG if self._reading.refused else EXIT_ALL_RUN_ELSEWHERE
        # What start-up made stays; collecting it again and again would only cost time.
        gc.collect()
        gc.freeze()
        _lock_memory_if_realtime()
        systemd.notify_ready(self._status())
        self._feed_watchdog(systemd.watchdog_interval())
        upkeep = Upkeep(self._netlink, self._instances.values)
        await self._ending.wait()
        upkeep.stop()
        systemd.notify_stopping()
        await systemd.patiently(self._stop_all())
        return 0

    # -- signals -----------------------------------------------------------------------------------------

    def _handle_signals(self) -> None:
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT):
            self._loop.add_signal_handler(number, self._end, number)
        self._loop.add_signal_handler(signal.SIGHUP, self.reload)
        self._loop.add_signal_handler(signal.SIGUSR1, self.report_status)
        self._loop.add_signal_handler(signal.SIGUSR2, self.step_down)

    def _end(self, number: signal.Signals) -> None:
        lines.write(logging.INFO, f"stopping on {number.name}")
        self._ending.set()

    def reload(self) -> None:
        """Read the files again, and apply the changes; one reload at a time."""
        self._reload_again = True
        if self._reloading is None or self._reloading.done():
            self._reloading = self._loop.create_task(self._reload())

    def report_status(self) -> None:
        for instance in self._instances.values():
            instance.report_status()
        lines.write(logging.INFO, str(self._lateness))

    def step_down(self) -> None:
        for instance in self._instances.values():
            instance.step_down("asked to step down")

    # -- from netlink ------------------------------------------------------------------------------------

    def link_changed(self, interface: str) -> None:
        for each in self._interfaces.values():
            each.link_changed(interface)

    def address_added(self, interface: str, ip: IPAddress) -> None:
        for each in self._interfaces.values():
            each.address_added(interface, ip)

    def address_removed(self, interface: str, ip: IPAddress) -> None:
        for each in self._interfaces.values():
            each.address_removed(interface, ip)

    # -- demotion ----------------------------------------------------------------------------------------

    def _demote(self, reason: str, amount: int) -> None:
        """Something makes the whole host less fit, or no longer."""
        if self._demotion.set(reason, amount):
            for instance in self._instances.values():
                instance.demotion_changed()

    # -- starting and stopping ---------------------------------------------------------------------------

    def _start_all(self, configs: Sequence[Config]) -> None:
        """Each knows the virtual addresses of all of them before it looks for an address of its own."""
        for each in configs:
            self._interface(each.interface).expect(each)
        for each in configs:
            self._start(each)

    def _interface(self, name: str) -> Interface:
        if name not in self._interfaces:
            self._interfaces[name] = Interface(
                name, self._netlink, self._demote, virtual_addresses_elsewhere
            )
        return self._interfaces[name]

    def _start(self, new: Config) -> None:
        try:
            lock = InstanceLock(new.name, run_directory(), new.interface, new.vhid, new.path)
        except AlreadyRunning as error:
            # To the service that takes what is left, it is the normal course.
            lines.write(logging.INFO if self._stay else logging.ERROR, str(error))
            return
        if lock.fault is not None:
            text = f"{new.name}: running without a lock, so a second start goes unnoticed: {lock.fault}"
            lines.write(logging.ERROR, text)
        for name in (new.interface, new.address_device):
            self._netlink.follow(name)
        instance = Instance(
            new,
            lock,
            self._interface(new.interface),
            self._netlink,
            self._demotion,
            self._others,
            self._next_phase(),
            self._lateness,
            self._status_changed,
        )
        self._instances[new.name] = instance
        if not self._reading.is_refused(new.path):
            instance.keep_configuration()
        instance.start()

    def _next_phase(self) -> float:
        """Spreads the advertisements of many virtual hosts evenly, however many there will be."""
        phase = 1 - self._started * GOLDEN_RATIO % 1
        self._started += 1
        return phase

    def _others(self, name: str) -> tuple[Suspect, ...]:
        """What a host with a wrong digest may have taken from another file of this one."""
        configs = (each.config for each in self._instances.values() if each.config.name != name)
        return tuple(
            Suspect(name=each.name, vhid=each.vhid, key=each.key, hashed=each.params().hashed)
            for each in configs
        )

    async def _stop(self, instance: Instance, reason: str) -> None:
        await instance.stop(reason)
        stopped = self._instances.pop(instance.config.name, None)
        if stopped is not None and stopped.config.is_scripted:
            self._stopped.append(stopped)

    async def _tell_survivors(self) -> None:
        """Name the processes that scripts of the instances that have stopped have left running."""
        stopped, self._stopped = self._stopped, []
        found = await asyncio.to_thread(survivors.find) if stopped else {}
        for instance in stopped:
            if processes := found.get(instance.config.name):
                instance.left_running(processes)

    async def _stop_all(self) -> None:
        """All at once, whatever a reload is waiting for, and then the reload."""
        stops = [self._stop(each, "stopping") for each in self._instances.values()]
        reload = [self._reloading] if self._reloading is not None else []
        for result in await asyncio.gather(*stops, *reload, return_exceptions=True):
            if isinstance(result, Exception):
                lines.write(logging.CRITICAL, f"internal error: {result!r}", error=result)
        await self._tell_survivors()

    # -- reload ------------------------------------------------------------------------------------------

    async def _reload(self) -> None:
        while self._reload_again and not self._ending.is_set():
            self._reload_again = False
            systemd.notify_reloading()
            try:
                await self._reload_once()
                await self._tell_survivors()
            except Exception as error:  # noqa: BLE001 - whatever it is, what runs goes on, and can stop
                lines.write(logging.CRITICAL, f"the reload failed: {error!r}", error=error)
            if not self._ending.is_set():
                systemd.notify_ready(self._status())

    async def _reload_once(self) -> None:
        """Apply what the files say now.

        A file that is gone ends its instance.  One that cannot be used leaves it as it is.  A stop of
        the process cuts it short.
        """
        self._reading = await asyncio.to_thread(reading.at_reload, self._paths)
        for line in self._reading.lines:
            lines.write_problem(line)
        wanted = {each.name: each for each in self._reading.configs}
        before = {name: each.config.path for name, each in self._instances.items()}
        counts = {"changed": 0, "started": 0, "ended": 0}
        for name, instance in list(self._instances.items()):
            if self._ending.is_set():
                return
            path = instance.config.path
            if self._reading.is_refused(path):
                continue
            if name in wanted and instance.config.hashed_set_differs(wanted[name]):
                instance.warn_of_flag_day()
            if name not in wanted:
                counts["ended"] += 1
                await self._stop(instance, f"{path} is gone")
            elif instance.config.needs_restart(wanted[name]):
                counts["changed"] += 1
                instance.announce_restart()
                await self._stop(instance, "restarting with the new configuration")
            elif instance.config != wanted[name]:
                counts["changed"] += 1
                instance.reconfigure(wanted[name])
        if self._ending.is_set():
            return
        for instance in self._instances.values():
            instance.exposure.look(instance.config.path)
        self._start_all([new for name, new in wanted.items() if name not in self._instances])
        counts["started"] = len(self._instances.keys() - before.keys())
        lines.write_reloaded(counts, self._reading.refused_names(before.values()))

    # -- for systemd -------------------------------------------------------------------------------------

    def _feed_watchdog(self, interval: float | None) -> None:
        """From the loop that serves the protocol, so that systemd notices when that one hangs."""
        if interval is not None:
            systemd.feed_watchdog()
            self._show_status()  # What an instance waits for may change without a change of state.
            self._loop.call_later(interval / 3, self._feed_watchdog, interval)

    def _status_changed(self) -> None:
        """systemd hears of it when the work of the transition is done."""
        if not self._status_is_due:
            self._status_is_due = True
            self._loop.call_later(lines.AFTER_THE_WORK, self._show_status)

    def _show_status(self) -> None:
        self._status_is_due = False
        status = self._status()
        if status != self._shown_status:
            self._shown_status = status
            systemd.notify_status(status)

    def _status(self) -> str:
        """What `systemctl status` shows in one line."""
        instances = list(self._instances.values())
        return status_line(instances, self._reading.refused_names(i.config.path for i in instances))


def _lock_memory_if_realtime() -> None:
    """Keep our pages in memory, since real-time scheduling should not wait for a disk either."""
    if os.sched_getscheduler(0) in {os.SCHED_FIFO, os.SCHED_RR}:
        try:
            scheduling.lock()
        except OSError as error:
            lines.write(logging.WARNING, f"cannot lock the memory: {error.strerror}")


def _report_unrestored(error: OSError | None) -> None:
    if error is not None:
        text = f"cannot restore a setting that an earlier run has left: {error.strerror or error}"
        lines.write(logging.WARNING, text)


def _report_defect(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """What a callback outside the engines has raised; the others go on."""
    error = context.get("exception")
    lines.write(logging.CRITICAL, f"internal error: {context['message']}", error=error)
