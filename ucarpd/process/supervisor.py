"""The virtual hosts of one process: starts, stops and reloads them.

One virtual host's fault does not touch another, and a bad file is reported and left out.  A running
virtual host is never dropped because its file was edited badly: it keeps the old configuration
until a good one is read.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Collection, Sequence
from pathlib import Path

from ucarpd.addresses.routes import SharedRoutes
from ucarpd.carp.actions import State
from ucarpd.carp.held_addresses import GOLDEN_RATIO
from ucarpd.carp.params import IPAddress
from ucarpd.carp.timing import Phase, slots_of
from ucarpd.config import Config
from ucarpd.config.problems import place
from ucarpd.diagnosis.digest import Suspect
from ucarpd.engine import Timer
from ucarpd.health.demotion import Demotion
from ucarpd.health.lateness import Lateness
from ucarpd.interface.interface import Interface
from ucarpd.linux.file_worker import FileWorker
from ucarpd.linux.lock import AlreadyRunning, BeingCleared, InstanceLock
from ucarpd.linux.netlink import Netlink
from ucarpd.linux.run_directory import run_directory
from ucarpd.linux.scarcity import tells_scarcity
from ucarpd.linux.state_directory import state_directory
from ucarpd.linux.worker import Worker
from ucarpd.log import lines
from ucarpd.process.host import Host
from ucarpd.process.instance import Instance
from ucarpd.process.left_out import LeftOut
from ucarpd.process.left_running import LeftRunning
from ucarpd.process.maintenance import Maintenance
from ucarpd.process.notices import Notices
from ucarpd.process.observer import Observer
from ucarpd.process.old_ucarp import RecentLook
from ucarpd.process.reading import Reading
from ucarpd.process.reading_thread import ReadingThread
from ucarpd.process.reload import changes
from ucarpd.process.suspects import suspects
from ucarpd.process.teller import Listener
from ucarpd.process.together import together
from ucarpd.record.elsewhere import virtual_addresses_elsewhere
from ucarpd.record.happening import Happening
from ucarpd.record.history_writer import HistoryWriter

START_AT_ONCE = 0.05
"""Seconds for which virtual hosts are started before the loop's next turn."""

PATIENCE_WITH_DISK = 1.0
"""Seconds that the end of the process waits until the history is written."""


class Supervisor:
    """Runs the virtual hosts of `paths`, each a file or a directory of files.

    With `stay` it is the normal course that other processes run some of them.
    """

    def __init__(
        self, paths: Sequence[Path], netlink: Netlink, observer: Observer, *, stay: bool = False
    ) -> None:
        self._stay = stay
        self._observer = observer
        self._loop = asyncio.get_running_loop()
        self.lateness = Lateness()
        self._host = Host(
            netlink=netlink,
            demotion=Demotion(),
            lateness=self.lateness,
            timer=Timer(),
            routes=SharedRoutes(),
            in_use=self._in_use,
            others=self._others,
            changed=observer.status_changed,
            tell=self._tell,
            files=FileWorker(lambda: Worker("files")),
            old_ucarps=RecentLook(),
            searches=Worker("search"),
        )
        self._interfaces: dict[str, Interface] = {}
        self._instances: dict[str, Instance] = {}
        self.disk = Worker("disk")
        self.maintenance = Maintenance(state_directory(), self.disk, lambda: self.instances)
        self._history = HistoryWriter(state_directory(), self.disk)
        self._notices = Notices(self.instance)
        self.listeners: list[Listener] = [self._history.tell, self._notices.tell]
        """They are told, in this order, what happens to the virtual hosts."""
        self._reloading: asyncio.Task[None] | None = None
        self._reload_again = False
        self._left_running = LeftRunning(self._host.files)
        self._left_out = LeftOut(self._start_late)
        self._started = 0
        self.reading = Reading()
        """The last one."""
        self._reader = ReadingThread(paths)
        self.is_ending = False
        self.may_start_later = False
        """Whether `ucarpd clear` still clears an instance, or something lacked to read a file."""

    @property
    def instances(self) -> Collection[Instance]:
        """The instances that run."""
        return self._instances.values()

    def instance(self, name: str) -> Instance | None:
        """Return the instance of this name, if it runs."""
        return self._instances.get(name)

    @property
    def interfaces(self) -> Collection[Interface]:
        """The interfaces that virtual hosts run on, or have run on."""
        return self._interfaces.values()

    async def read(self) -> Reading | None:
        """Read the files for `start`, and the maintenance notes; log their faults.

        Return None if the process is to end first.
        """
        result = await self._reader.at_start(self.maintenance.read_first)
        if result is None:
            return None
        self.reading, apply_maintenance = result
        self.may_start_later = any(tells_scarcity(each.text) for each in self.reading.problems)
        self._log_reading()
        apply_maintenance()
        return self.reading

    def end(self) -> None:
        """The process is to end: a reload is cut short, and no other one begins."""
        self.is_ending = True
        self._left_out.forget()
        self._reader.end()

    def _log_reading(self, told: Collection[str] = ()) -> None:
        """Log the faults of the files, and the warnings that have not been `told`."""
        for line in self.reading.lines:
            lines.write_problem(line)
        for line in self.reading.warnings:
            if line not in told:
                lines.write(logging.WARNING, line)

    async def start(self) -> None:
        """Start the virtual hosts of the last reading; no reload may begin before their start."""
        await self._start_all(self.reading.configs)

    def _tell(self, happening: Happening) -> None:
        for listener in self.listeners:
            listener(happening)

    def _demote(self, reason: str, amount: int) -> None:
        """Note that something makes the whole host less fit, or no longer does (0)."""
        if self._host.demotion.set(reason, amount):
            for instance in self.instances:
                instance.demotion_changed()

    # -- starting and stopping ---------------------------------------------------------------------------

    async def _start_all(self, configs: Sequence[Config]) -> None:
        """Start them when each knows the virtual addresses of all, which cannot be its source.

        Those that run already hear their peers in between.  The end of the process cuts it short.
        """
        for each in configs:
            self._interface(each.interface).expect(each)
        slots = slots_of(len(self._instances) + len(configs))
        left = deque(configs)
        while left:
            turn_ends = self._loop.time() + START_AT_ONCE
            with self._host.netlink.held(), self._host.files.held():
                while left and self._loop.time() <= turn_ends:
                    each = left.popleft()
                    try:
                        self._start(each, slots)
                    except AlreadyRunning as error:
                        self.may_start_later |= isinstance(error, BeingCleared)
                        self._left_out.add(each, error, is_usual=self._stay)
            await asyncio.sleep(0)
            if self.is_ending:
                return

    def _interface(self, name: str) -> Interface:
        if name not in self._interfaces:
            self._interfaces[name] = Interface(
                name, self._host.netlink, self._demote, virtual_addresses_elsewhere
            )
        return self._interfaces[name]

    def _start_late(self, new: Config) -> None:
        self._interface(new.interface).expect(new)
        self._start(new, slots_of(len(self._instances) + 1))

    def _start(self, new: Config, slots: int) -> None:
        """Start it; raise AlreadyRunning if another process runs it."""
        path = Path(place(new.path))
        lock = InstanceLock(new.name, run_directory(), new.interface, new.vhid, path)
        if lock.fault is not None:
            text = f"{new.name}: running without a lock, so a second start goes unnoticed: {lock.fault}"
            lines.write(logging.ERROR, text)
        for name in (new.interface, new.address_device):
            self._host.netlink.follow(name)
        instance = Instance(
            new,
            host=self._host,
            interface=self._interface(new.interface),
            lock=lock,
            phase=Phase(self._next_share(), slots),
        )
        self._instances[new.name] = instance
        if not self.reading.is_refused(new.path):
            instance.parts.keeper.keep_configuration(new)
        self.maintenance.concern(instance)
        instance.start()

    def _next_share(self) -> float:
        """Spread the advertisements of many virtual hosts evenly, however many there will be."""
        share = 1 - self._started * GOLDEN_RATIO % 1
        self._started += 1
        return share

    def _others(self, name: str) -> tuple[Suspect, ...]:
        """List the other files of this host, which a host with a wrong digest may have copied from."""
        return suspects(each.config for each in self.instances if each.config.name != name)

    def _in_use(self, device: str) -> set[IPAddress] | None:
        users = [each for each in self.instances if each.config.address_device == device]
        masters = (each.config for each in users if each.state is State.MASTER)
        return {address.ip for each in masters for address in each.served} if users else None

    async def _stop(self, instance: Instance, reason: str) -> None:
        await instance.stop(reason)
        stopped = self._instances.pop(instance.config.name, None)
        if stopped is not None:
            self._left_running.stopped(stopped)

    async def stop(self) -> None:
        """Stop all at once, whatever a reload is waiting for, and then the reload."""
        stops = [self._stop(each, "stopping") for each in self.instances]
        reload = [self._reloading] if self._reloading is not None else []
        await together(*stops, *reload)
        self.maintenance.stop()
        await self._notices.finish()
        await self._left_running.log()
        await self._history.finish(PATIENCE_WITH_DISK)

    # -- reload ------------------------------------------------------------------------------------------

    def reload(self) -> None:
        """Read the files again, and apply the changes; one reload at a time."""
        self._reload_again = True
        if self._reloading is None or self._reloading.done():
            self._reloading = self._loop.create_task(self._reload())

    async def _reload(self) -> None:
        while self._reload_again and not self.is_ending:
            self._reload_again = False
            self._observer.reload_begins()
            try:
                await self._reload_once()
                await self._left_running.log()
            except Exception as error:  # noqa: BLE001 - running instances keep running, and can stop
                lines.write_failure("the reload failed", error)
            if not self.is_ending:
                self._observer.reload_ended()

    async def _reload_once(self) -> None:
        """Apply the files as they are now; a stop of the process cuts that short."""
        self._left_out.forget()
        self.maintenance.read_again()
        told = self.reading.warnings
        read = await self._reader.at_reload([each.config for each in self.instances])
        if read is None or self.is_ending:
            return
        self.reading = read
        self._log_reading(told)
        wanted = {each.name: each for each in self.reading.configs}
        before = {name: each.config.path for name, each in self._instances.items()}
        gone, restarted, reconfigured = changes(self.instances, self.reading)
        for instance, new in (*restarted, *reconfigured):
            if instance.config.hashed_set_differs(new):
                instance.parts.log.flag_day()
        for instance, _ in restarted:
            instance.parts.log.reconfigured(restarted=True)
        await together(
            *(self._stop(each, f"{each.config.path} is gone") for each in gone),
            *(self._stop(each, "restarting with the new configuration") for each, _ in restarted),
        )
        if self.is_ending:
            return
        # An address may move from one file to another: all are removed before any is added.
        for instance, new in reconfigured:
            instance.parts.addresses.reconfigure(new)
        for instance, new in reconfigured:
            instance.reconfigure(new)
        for name, instance in self._instances.items():
            # The file as it is now, even if it means the same.
            now = wanted.get(name, instance.config)
            instance.parts.exposure.look(now)
            if not instance.parts.keeper.keeps(now):
                instance.parts.keeper.keep_configuration(now)
            instance.parts.fitness.try_again(is_master=instance.state is State.MASTER)
            instance.parts.removals.forget()
        await self._start_all([new for name, new in wanted.items() if name not in self._instances])
        used = {each.config.interface for each in self.instances}
        for name in self._interfaces.keys() - used:
            self._interfaces[name].tell_faults()
        counts = {
            "changed": len(restarted) + len(reconfigured),
            "started": len(self._instances.keys() - before.keys()),
            "ended": len(gone),
        }
        lines.write_reloaded(counts, self.reading.refused_names(before.values()))
