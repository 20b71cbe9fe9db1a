"""One process: its event loop, signals, the kernel's notices, systemd, and the exit status.

The virtual hosts in it are the supervisor's.
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
from ucarpd.control.control import Control
from ucarpd.exit_status import EXIT_ALL_RUN_ELSEWHERE, EXIT_CONFIG, EXIT_INTERNAL_ERROR
from ucarpd.linux import held_signals, scheduling, systemd
from ucarpd.linux.netlink import Netlink
from ucarpd.linux.orphans import Orphans
from ucarpd.linux.run_directory import run_directory
from ucarpd.linux.served import Served
from ucarpd.log import lines
from ucarpd.process.answers import Answers
from ucarpd.process.installed_version import InstalledVersion
from ucarpd.process.old_ucarp import OldUcarpWatch
from ucarpd.process.supervisor import Supervisor
from ucarpd.process.upkeep import Upkeep
from ucarpd.record.abandoned import Abandoned
from ucarpd.record.elsewhere import virtual_addresses_elsewhere
from ucarpd.record.promoted import Promotions, report_unrestored, restore_left_over
from ucarpd.scripts.start import PIDS

STATUS_PAUSE = 0.0005
"""Seconds for each virtual host before the line of `systemctl status` is made anew; that takes some 2 % of
them.
"""


class Process:
    """Runs the virtual hosts of `paths`, each a file or a directory of files.

    With `stay` the process keeps running when it has nothing to do, until a reload finds something.
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
        served = Served(run_directory())
        self._netlink = netlink(self, virtual_addresses_elsewhere, promotions, served)
        self._supervisor = Supervisor(paths, self._netlink, self, stay=stay)
        self._answers = Answers(self._supervisor)
        self._installed = InstalledVersion(self._supervisor.disk, self._show_status)
        self._control: Control | None = None
        self._status_is_due = False
        self._shown_status = ""
        self._is_started = False
        self._early: list[Callable[[], object]] = []
        """What signals have asked for before it was started."""
        self._ending = asyncio.Event()

    async def run(self) -> int:
        """Run until a signal ends the process, and return its exit status."""
        self._loop.set_exception_handler(_report_defect)
        self._handle_signals()
        held_signals.release()
        try:
            return await self._run()
        finally:
            # Until the interpreter has ended.
            for number in held_signals.SIGNALS:
                signal.signal(number, signal.SIG_IGN)
            self._loop.remove_signal_handler(signal.SIGCHLD)

    async def _run(self) -> int:
        reading = await self._supervisor.read()
        if reading is None:
            return 0
        if not reading.configs and not reading.lines:
            lines.write_problem(config.nothing_in(self._paths))
        if not reading.configs and (reading.lines or not self._stay):
            may_later = self._supervisor.may_start_later
            return EXIT_INTERNAL_ERROR if may_later else EXIT_CONFIG
        Orphans(PIDS)
        lines.postpone(self._loop.call_later)
        try:
            try:
                await self._netlink.open()
            except OSError as error:
                # As without memory; systemd starts the process again.
                text = f"cannot read links and addresses: {error.strerror or error}"
                lines.write(logging.CRITICAL, text)
                return EXIT_INTERNAL_ERROR
            return await self._serve()
        finally:
            await self._netlink.close()
            lines.postpone(None)

    async def _serve(self) -> int:
        self._netlink.beside(partial(restore_left_over, run_directory()), report_unrestored)
        abandoned = Abandoned(self._netlink)
        wanted = {(each.interface, each.vhid) for each in self._supervisor.reading.configs}
        await abandoned.clear(wanted, self._ending)
        if self._ending.is_set():
            return 0
        await self._supervisor.start()
        if not self._supervisor.instances and not self._stay:
            self._supervisor.end()
            if self._supervisor.may_start_later:
                return EXIT_INTERNAL_ERROR  # systemd starts the process again.
            return EXIT_CONFIG if self._supervisor.reading.refused else EXIT_ALL_RUN_ELSEWHERE
        # What start-up made stays; collecting it, now and again, would only cost time.
        gc.freeze()
        gc.enable()
        _lock_memory_if_realtime()
        control = Control(self._answers, self._netlink.beside, run_directory())
        self._control = control
        self._supervisor.listeners.append(lambda _happening: control.changed())
        systemd.notify_ready(self._status())
        self._feed_watchdog(systemd.watchdog_interval())
        self._act_on_early_signals()
        upkeep = Upkeep(
            self._netlink,
            lambda: [each.parts.keeper for each in self._supervisor.instances],
            control.look,
        )
        old_ucarp = OldUcarpWatch(self._supervisor.disk, lambda: self._supervisor.instances)
        await self._ending.wait()
        upkeep.stop()
        old_ucarp.stop()
        self._installed.stop()
        systemd.notify_stopping()
        try:
            await systemd.patiently(self._supervisor.stop())
        finally:
            control.close()
        return 0

    # -- signals -----------------------------------------------------------------------------------------

    def _handle_signals(self) -> None:
        # For any signal, this lets the kernel wake the loop if another thread gets it.
        self._loop.add_signal_handler(signal.SIGCHLD, lambda: None)
        signal.set_wakeup_fd(signal.set_wakeup_fd(-1), warn_on_full_buffer=False)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT):
            self._handle(number, partial(self._end, number))
        for number, act in (
            (signal.SIGHUP, self._supervisor.reload),
            (signal.SIGUSR1, self._answers.report_status),
            (signal.SIGUSR2, self._answers.step_down),
        ):
            self._handle(number, partial(self._when_started, act))

    def _handle(self, number: signal.Signals, act: Callable[[], object]) -> None:
        """Call `act` in the loop at each of these signals.

        The loop's own handlers need the pipe by which threads wake it.  Hundreds of threads fill that, and
        the loop would not hear of a signal; it is awake then, so another handler can tell it.
        """
        signal.signal(number, lambda *_: self._loop.call_soon_threadsafe(act))
        signal.siginterrupt(number, False)

    def _when_started(self, act: Callable[[], object]) -> None:
        if self._is_started:
            act()
        elif act not in self._early:
            self._early.append(act)

    def _act_on_early_signals(self) -> None:
        self._is_started = True
        for act in self._early:
            act()

    def _end(self, number: signal.Signals) -> None:
        if self._ending.is_set():
            return
        lines.write(logging.INFO, f"stopping on {number.name}")
        self._supervisor.end()
        self._ending.set()

    # -- from netlink ------------------------------------------------------------------------------------

    def link_changed(self, interface: str) -> None:
        for each in self._supervisor.interfaces:
            each.link_changed(interface)
        for instance in self._supervisor.instances:
            instance.parts.checking.link_changed(interface)

    def address_added(self, interface: str, ip: IPAddress) -> None:
        for each in self._supervisor.interfaces:
            each.address_added(interface, ip)

    def address_removed(self, interface: str, ip: IPAddress) -> None:
        for each in self._supervisor.interfaces:
            each.address_removed(interface, ip)

    # -- from the supervisor, for systemd ----------------------------------------------------------------

    def status_changed(self) -> None:
        """Tell systemd and the clients when the work of the transition is done."""
        self._tell_clients()
        if not self._status_is_due:
            self._status_is_due = True
            # The line looks at all virtual hosts, and in a takeover of all each of them changes it.
            pause = STATUS_PAUSE * len(self._supervisor.instances)
            self._loop.call_later(max(lines.AFTER_THE_WORK, pause), self._show_status)

    def _tell_clients(self) -> None:
        if self._control is not None:
            self._control.changed()

    def reload_begins(self) -> None:
        systemd.notify_reloading()
        if any(map(config.is_environment, self._paths)):
            text = (
                "environment: it cannot change while ucarpd runs; only UCARP_PASSFILE is read again"
            )
            lines.write(logging.WARNING, text)

    def reload_ended(self) -> None:
        systemd.notify_ready(self._status())
        self._tell_clients()

    def _status(self) -> str:
        return self._answers.status() + self._installed.note

    def _show_status(self) -> None:
        self._status_is_due = False
        status = self._status()
        if status != self._shown_status:
            self._shown_status = status
            systemd.notify_status(status)

    def _feed_watchdog(self, interval: float | None) -> None:
        """From the loop that serves the protocol: if that hangs, systemd must notice."""
        if interval is not None:
            systemd.feed_watchdog()
            self._show_status()  # What an instance waits for may change without a change of state.
            self._loop.call_later(interval / 3, self._feed_watchdog, interval)


def _lock_memory_if_realtime() -> None:
    """Keep our pages in memory, since real-time scheduling should not wait for a disk either."""
    if os.sched_getscheduler(0) in {os.SCHED_FIFO, os.SCHED_RR}:
        try:
            scheduling.lock_memory()
        except OSError as error:
            lines.write(logging.WARNING, f"cannot lock the memory: {error.strerror}")


def _report_defect(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Report an exception of a callback outside the engines; the other callbacks keep running."""
    error = context.get("exception")
    lines.write(logging.CRITICAL, f"internal error: {context['message']}", error=error)
