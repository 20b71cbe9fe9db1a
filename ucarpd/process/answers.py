"""What the control socket tells of this process and does in it."""

from collections.abc import Sequence
from typing import Any

from ucarpd.process.supervisor import Supervisor


class Answers:
    """The process, as `control.service.Host` wants it."""

    def __init__(self, supervisor: Supervisor) -> None:
        self._supervisor = supervisor

    def names(self) -> Sequence[str]:
        return [each.config.name for each in self._supervisor.instances]

    def instance(self, name: str) -> dict[str, Any]:
        (status,) = self._supervisor.snapshot(name)["instances"]
        return dict(status)

    def overview(self) -> dict[str, Any]:
        return self._supervisor.overview()

    def step_down(self, name: str | None) -> list[str]:
        return self._supervisor.step_down(name)

    def apply_maintenance(self) -> list[str]:
        return self._supervisor.apply_maintenance()
