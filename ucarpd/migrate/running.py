"""The process of the `ucarp` command: one virtual host, and ucarp's signals."""

import asyncio
import logging
import signal
from collections.abc import Callable
from pathlib import Path

from ucarpd.carp.actions import State
from ucarpd.log import lines
from ucarpd.migrate import old_ucarp
from ucarpd.process.main import Process

LOOK_AGAIN_AFTER = 10.0
"""Seconds between two looks for an old ucarp, which may be started later."""

SAY_BEFORE = 0.3
"""Seconds before the caller gives up in which it is told what the virtual host waits for."""


class Command(Process):
    """Calls `started` once it has a role, with "", or shortly before `deadline`, with what it waits for."""

    def __init__(
        self,
        path: Path,
        vhid: int,
        interface: str,
        started: Callable[[str], None],
        deadline: float,
    ) -> None:
        super().__init__([path])
        self._vhid = vhid
        self._interface_name = interface
        self._started_up = started
        self._known: set[int] = set()
        self._say = self._loop.call_at(deadline - SAY_BEFORE, self._still_waiting)
        self._look = self._loop.call_later(LOOK_AGAIN_AFTER, self._look_for_old_ucarp)

    async def run(self) -> int:
        try:
            return await super().run()
        finally:
            self._say.cancel()
            self._look.cancel()

    def _handle_signals(self) -> None:
        super()._handle_signals()
        # There is no file to read again: ucarp ends.
        self._loop.add_signal_handler(signal.SIGHUP, self._end, signal.SIGHUP)

    def status_changed(self) -> None:
        super().status_changed()
        if any(each.state is not State.INIT for each in self._supervisor.instances):
            self._say.cancel()
            self._started_up("")

    def _still_waiting(self) -> None:
        self._started_up("".join(each.note for each in self._supervisor.instances).lstrip(":;, "))

    def _look_for_old_ucarp(self) -> None:
        self._look = self._loop.call_later(LOOK_AGAIN_AFTER, self._look_for_old_ucarp)
        search = asyncio.ensure_future(
            asyncio.to_thread(old_ucarp.find, self._vhid, self._interface_name)
        )
        search.add_done_callback(self._found)

    def _found(self, search: "asyncio.Task[list[int]]") -> None:
        if search.cancelled():
            return
        found = set(search.result())
        for pid in sorted(found - self._known):
            text = old_ucarp.warning(pid, self._vhid, self._interface_name)
            lines.write(logging.WARNING, text)
        self._known = found
