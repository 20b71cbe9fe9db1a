"""The process of the `ucarp` command: one virtual host, and ucarp's signals."""

import signal
from collections.abc import Callable
from functools import partial
from pathlib import Path

from ucarpd.carp.actions import State
from ucarpd.process.main import Process

SAY_BEFORE = 0.3
"""Seconds before the caller gives up: time to say why the virtual host waits."""


class Command(Process):
    """Calls `started` once it has a role, with "", or shortly before `deadline`, with the reason."""

    def __init__(self, path: Path, started: Callable[[str], None], deadline: float) -> None:
        super().__init__([path])
        self._started_up = started
        self._say = self._loop.call_at(deadline - SAY_BEFORE, self._still_waiting)

    async def run(self) -> int:
        try:
            return await super().run()
        finally:
            self._say.cancel()

    def _handle_signals(self) -> None:
        super()._handle_signals()
        # There is no file to read again: ucarp ends.
        self._handle(signal.SIGHUP, partial(self._end, signal.SIGHUP))

    def status_changed(self) -> None:
        super().status_changed()
        if any(each.state is not State.INIT for each in self._supervisor.instances):
            self._say.cancel()
            self._started_up("")

    def _still_waiting(self) -> None:
        self._started_up(
            "".join(each.shown.note for each in self._supervisor.instances).lstrip(":;, ")
        )
