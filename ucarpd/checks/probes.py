"""THE table of probes: how a check of each kind is run.  `config.health_checks` has the same kinds."""

from collections.abc import Callable
from pathlib import Path

from ucarpd.checks import programs
from ucarpd.checks.neighbours import LinkUp, Neighbour
from ucarpd.checks.probe import Probe, Surroundings
from ucarpd.checks.programs import Program
from ucarpd.checks.servers import Connection, Page
from ucarpd.config import Check
from ucarpd.linux import systemd


def _program(check: Check, surroundings: Surroundings) -> Probe:
    assert isinstance(check.where, tuple)
    return Program(check, surroundings, check.where)


def _unit(check: Check, surroundings: Surroundings) -> Probe:
    return Program(check, surroundings, programs.command_of_unit(str(check.where)))


PROBES: dict[str, Callable[[Check, Surroundings], Probe]] = {
    "exec": _program,
    "tcp": lambda check, _surroundings: Connection(check),
    "http": lambda check, _surroundings: Page(check),
    "https": lambda check, _surroundings: Page(check),
    "unit": _unit,
    "link": LinkUp,
    "arp": Neighbour,
}


def obstacle(check: Check) -> str | None:
    """Return why a check can never run on this host as it is now, or None.  Blocks."""
    if check.kind == "exec":
        assert isinstance(check.where, tuple)
        return programs.obstacle(Path(check.where[0]), check.user)
    if check.kind == "unit" and not systemd.is_running():
        return "systemd does not run on this host"
    return None
