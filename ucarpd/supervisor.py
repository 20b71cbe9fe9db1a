"""One process, many virtual hosts: starts, stops, reloads and restarts them.

One virtual host's fault does not touch another: a bad file is reported and left out, an engine that
fails is started again after a pause that grows.  A running virtual host is never dropped because
its file was edited badly: the old configuration goes on until a good one is read.
"""

import asyncio
import gc
import logging
import secrets
import signal
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from ucarpd import config, journal
from ucarpd.addresses import NetlinkAddresses, ScriptedAddresses
from ucarpd.carp.params import IPAddress
from ucarpd.config import Config
from ucarpd.engine import Engine
from ucarpd.hooks import HookRunner
from ucarpd.interface import Interface
from ucarpd.journal import Journal
from ucarpd.linux.netlink import Netlink
from ucarpd.lock import AlreadyRunning, InstanceLock, run_directory

EXIT_ALL_RUN_ELSEWHERE = 75
EXIT_CONFIG = 78
"""Exit status when nothing could be started: EX_TEMPFAIL and EX_CONFIG of sysexits.h."""

FIRST_RESTART_PAUSE = 1.0
LONGEST_RESTART_PAUSE = 60.0
"""Seconds before a failed virtual host is started again; each failure doubles the pause."""

RESTART_FORGOTTEN_AFTER = 300.0
"""Seconds of good work after which the pause is short again."""


@dataclass(slots=True)
class Instance:
    """One configuration file at work.  `engine` is None while it waits to be started again."""

    config: Config
    lock: InstanceLock
    log: Journal
    addresses: NetlinkAddresses | ScriptedAddresses
    engine: Engine | None = None
    started_at: float = 0.0
    pause: float = FIRST_RESTART_PAUSE
    restart: asyncio.TimerHandle | None = None
    is_stopping: bool = False
    stopped: asyncio.Event = field(default_factory=asyncio.Event)


class Supervisor:
    """Runs the virtual hosts of `paths`, each a file or a directory of files."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self._paths = paths
        self._loop = asyncio.get_running_loop()
        self._netlink = Netlink(self)
        self._interfaces: dict[str, Interface] = {}
        self._instances: dict[str, Instance] = {}
        self._reloading: asyncio.Task[None] | None = None
        self._reload_again = False
        self._ending = asyncio.Event()

    async def run(self) -> int:
        """Until a signal ends it; returns the exit status."""
        configs, problems = config.load_all(self._paths)
        for problem in problems:
            journal.write_problem(str(problem))
        if not configs:
            if not problems:
                where = ", ".join(map(str, self._paths))
                journal.write_problem(f"{where}: no configuration file (NAME.conf) in it")
            return EXIT_CONFIG
        self._loop.set_exception_handler(_report_defect)
        await self._netlink.open()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT):
            self._loop.add_signal_handler(number, self._end, number)
        self._loop.add_signal_handler(signal.SIGHUP, self.reload)
        self._loop.add_signal_handler(signal.SIGUSR1, self.report_status)
        self._loop.add_signal_handler(signal.SIGUSR2, self.step_down)
        try:
            for each in configs:
                self._start(each)
            if not self._instances:
                return EXIT_ALL_RUN_ELSEWHERE
            # What start-up made stays; collecting it again and again would only cost time.
            gc.collect()
            gc.freeze()
            await self._ending.wait()
            await self._stop_all()
        finally:
            await self._netlink.close()
        return 0

    # -- signals -----------------------------------------------------------------------------------------

    def _end(self, number: signal.Signals) -> None:
        journal.write(logging.INFO, f"stopping on {number.name}")
        self._ending.set()

    def reload(self) -> None:
        """Read the files anew, and do what has changed; one reload at a time."""
        if self._reloading is not None and not self._reloading.done():
            self._reload_again = True
            return
        self._reloading = self._loop.create_task(self._reload())

    def report_status(self) -> None:
        """One line for each virtual host, in ucarp's words: `MASTER on eth0 id 1`."""
        for instance in self._instances.values():
            engine = instance.engine
            if engine is None:
                instance.log.status("INIT", "restarting after an internal error")
                continue
            since = self._loop.time() - engine.since
            drops = ", ".join(
                f"{reason.value} {count}" for reason, count in engine.receiver.dropped.items()
            )
            instance.log.status(
                engine.state.value,
                f"for {since:.0f} s: {engine.reason}; {engine.receiver.accepted} advertisements "
                f"accepted, dropped: {drops or 'none'}",
            )

    def step_down(self) -> None:
        for instance in self._instances.values():
            if instance.engine is not None:
                instance.engine.step_down("asked to step down")

    # -- from netlink ------------------------------------------------------------------------------------

    def link_changed(self, interface: str) -> None:
        if interface in self._interfaces:
            self._interfaces[interface].link_changed()

    def address_added(self, interface: str, ip: IPAddress) -> None:
        if interface in self._interfaces:
            self._interfaces[interface].address_added(ip)

    def address_removed(self, interface: str, ip: IPAddress) -> None:
        if interface in self._interfaces:
            self._interfaces[interface].address_removed(ip)

    # -- from engines ------------------------------------------------------------------------------------

    def finished(self, engine: Engine) -> None:
        """The engine has stopped as it was asked to."""
        for instance in self._instances.values():
            if instance.engine is engine:
                instance.stopped.set()

    def failed(self, engine: Engine) -> None:
        """The engine has met a defect of ours and left the role; start it again after a pause."""
        for instance in self._instances.values():
            if instance.engine is engine and instance.is_stopping:
                instance.stopped.set()
            elif instance.engine is engine:
                self._interface(instance.config.interface).detach(instance.config)
                instance.engine = None
                if self._loop.time() - instance.started_at > RESTART_FORGOTTEN_AFTER:
                    instance.pause = FIRST_RESTART_PAUSE
                instance.log.restarting(instance.pause)
                instance.restart = self._loop.call_later(
                    instance.pause, partial(self._run_engine, instance)
                )
                instance.pause = min(2 * instance.pause, LONGEST_RESTART_PAUSE)

    # -- starting and stopping -----------------------------------------------------------------------------

    def _start(self, new: Config) -> None:
        try:
            lock = InstanceLock(new.name, run_directory())
        except AlreadyRunning as error:
            journal.write(logging.ERROR, str(error))
            return
        except OSError as error:
            journal.write(logging.ERROR, f"{new.name}: cannot take the lock: {error}")
            return
        log = Journal(new.name, new.vhid, new.interface, new.facility)
        instance = Instance(new, lock, log, self._addresses_for(new, log))
        self._instances[new.name] = instance
        self._run_engine(instance)

    def _addresses_for(self, new: Config, log: Journal) -> NetlinkAddresses | ScriptedAddresses:
        over_netlink = NetlinkAddresses(new, self._netlink, log)
        if new.up_script is None and new.down_script is None:
            return over_netlink
        return ScriptedAddresses(new, over_netlink, HookRunner(log), log)

    def _run_engine(self, instance: Instance) -> None:
        interface = self._interface(instance.config.interface)
        instance.restart = None
        instance.started_at = self._loop.time()
        instance.engine = Engine(
            instance.config.params(),
            secrets.randbits(64),
            wire=interface,
            addresses=instance.addresses,
            log=instance.log,
            owner=self,
        )
        interface.attach(instance.config, instance.engine)

    def _interface(self, name: str) -> Interface:
        if name not in self._interfaces:
            self._interfaces[name] = Interface(name, self._netlink)
        return self._interfaces[name]

    async def _stop(self, instance: Instance, reason: str) -> None:
        instance.is_stopping = True
        if instance.restart is not None:
            instance.restart.cancel()
        if instance.engine is not None:
            instance.engine.stop(reason)
            await instance.stopped.wait()
            self._interface(instance.config.interface).detach(instance.config)
        if not self._interface(instance.config.interface).is_used:
            del self._interfaces[instance.config.interface]
        del self._instances[instance.config.name]
        instance.lock.release()

    async def _stop_all(self) -> None:
        if self._reloading is not None:
            await self._reloading
        await asyncio.gather(
            *(self._stop(instance, "stopping") for instance in list(self._instances.values()))
        )

    # -- reload --------------------------------------------------------------------------------------------

    async def _reload(self) -> None:
        self._reload_again = True
        while self._reload_again:
            self._reload_again = False
            await self._reload_once()

    async def _reload_once(self) -> None:
        """Apply what the files say now.

        A file that is gone ends its instance.  One that cannot be used leaves it as it is.
        """
        configs, problems = await asyncio.to_thread(config.load_all, self._paths)
        for problem in problems:
            journal.write_problem(f"{problem}; the running configuration stays")
        wanted = {each.name: each for each in configs}
        faulty = {problem.path for problem in problems}
        for name, instance in list(self._instances.items()):
            path = instance.config.path
            if path in faulty or path.parent in faulty:
                continue
            if name not in wanted:
                instance.log.file_is_gone()
                await self._stop(instance, "its file is gone")
            elif instance.config.needs_restart(wanted[name]):
                instance.log.reconfigured(restarted=True)
                await self._stop(instance, "restarting with a new configuration")
            elif instance.config != wanted[name]:
                self._reconfigure(instance, wanted[name])
        for name, new in wanted.items():
            if name not in self._instances:
                self._start(new)
        journal.write(logging.INFO, f"reloaded: {len(self._instances)} running")

    def _reconfigure(self, instance: Instance, new: Config) -> None:
        """Take over a configuration that differs only in what may change while running."""
        interface = self._interface(new.interface)
        interface.detach(instance.config)
        instance.config = new
        instance.log.facility = new.facility
        instance.addresses.reconfigure(new)
        if instance.engine is not None:
            instance.engine.change_params(new.params())
            interface.attach(new, instance.engine)
        instance.log.reconfigured(restarted=False)


def _report_defect(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """What a callback outside the engines has raised; the others go on."""
    error = context.get("exception")
    journal.write(logging.CRITICAL, f"internal error: {context['message']}", error=error)
