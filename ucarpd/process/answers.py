"""The replies and actions of this process for the control socket."""

import asyncio
from collections.abc import Sequence
from typing import Any

from ucarpd.process.moments import Moments
from ucarpd.process.supervisor import Supervisor


class Answers:
    """The process, as `control.service.Daemon` wants it."""

    def __init__(self, supervisor: Supervisor) -> None:
        self._loop = asyncio.get_running_loop()
        self._supervisor = supervisor
        self.overview = supervisor.overview
        self.step_down = supervisor.step_down
        self.apply_maintenance = supervisor.apply_maintenance

    def names(self) -> Sequence[str]:
        return [each.config.name for each in self._supervisor.instances]

    def instance(self, name: str) -> dict[str, Any] | None:
        found = self._supervisor.instance(name)
        return None if found is None else found.shown.snapshot(Moments.at_present(self._loop))
