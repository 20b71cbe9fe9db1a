"""What operators ask of this process: by the control socket, by a signal, or in `systemctl status`."""

import asyncio
import logging
from collections.abc import Sequence
from typing import Any

from ucarpd.carp.actions import State
from ucarpd.log import lines
from ucarpd.process.moments import Moments
from ucarpd.process.snapshot import of_instance, of_process
from ucarpd.process.status_line import status_line
from ucarpd.process.supervisor import Supervisor


class Answers:
    """The Daemon of `control.service`, and the status for systemd and for the log."""

    def __init__(self, supervisor: Supervisor) -> None:
        self._loop = asyncio.get_running_loop()
        self._began = self._loop.time()
        self._supervisor = supervisor
        self.apply_maintenance = supervisor.maintenance.read_again

    def names(self) -> Sequence[str]:
        return [each.name for each in self._supervisor.instances]

    def instance(self, name: str) -> dict[str, Any] | None:
        found = self._supervisor.instance(name)
        return None if found is None else of_instance(found.parts, Moments.at_present(self._loop))

    def overview(self) -> dict[str, Any]:
        reading, lateness = self._supervisor.reading, self._supervisor.lateness
        return of_process(lateness, self._began, reading, Moments.at_present(self._loop))

    def step_down(self, name: str | None = None) -> list[str]:
        asked = [each for each in self._supervisor.instances if name in {None, each.name}]
        offered = [each.name for each in asked if each.state is State.MASTER]
        for instance in asked:
            instance.step_down("asked to step down")
        return offered

    def status(self) -> str:
        """Return the line that `systemctl status` shows."""
        running = list(self._supervisor.instances)
        refused = self._supervisor.reading.refused_names(each.config.path for each in running)
        return status_line(running, refused)

    def report_status(self) -> None:
        """Log a line for each virtual host, and how late timers are."""
        for instance in self._supervisor.instances:
            instance.shown.report_status()
        lines.write(logging.INFO, str(self._supervisor.lateness))
