"""Comparing the units that a file names with this host, for `ucarpd check`."""

import subprocess
from collections.abc import Iterable, Iterator
from contextlib import suppress

from ucarpd.config import Config, Problem
from ucarpd.config.problems import place
from ucarpd.interface.host_checks import Difference
from ucarpd.linux import systemctl, systemd


def find(config: Config) -> Iterator[Difference]:
    """Yield the faults of the units of a file on this host."""
    for unit in config.units:
        text, is_error = _fault(unit)
        if text:
            yield Difference(Problem(config.path, None, "UCARP_UNITS", text), is_error)
        if not systemd.is_running():
            return
    for check in config.checks:
        if check.kind == "unit" and systemd.is_running():
            with suppress(OSError, subprocess.TimeoutExpired):
                if systemctl.is_missing(str(check.where)):
                    text = f"systemd knows no unit {check.where} on this host, so the check fails"
                    problem = Problem(config.path, None, f"UCARP_CHECK_{check.name}", text)
                    yield Difference(problem, is_error=False)


def shared(configs: Iterable[Config]) -> Iterator[Difference]:
    """Yield a warning for each unit that an earlier file names too."""
    first: dict[str, Config] = {}
    for config in configs:
        for unit in config.units:
            other = first.setdefault(unit, config)
            if other is not config:
                text = f"{unit} is in {place(other.path)} too, and each of them stops it, even if"
                text += " the other one is MASTER: keep it in one file"
                yield Difference(Problem(config.path, None, "UCARP_UNITS", text), is_error=False)


def _fault(unit: str) -> tuple[str, bool]:
    if not systemd.is_running():
        text = f"{unit} cannot be started, because systemd does not run on this host"
        return f"{text}: remove the line", True
    try:
        state = systemctl.enablement(unit)
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"cannot ask systemd for {unit}: {error}", False
    if not state:
        return f"systemd knows no unit {unit} on this host", True
    if state in {"masked", "masked-runtime"}:
        return f"{unit} is masked, and cannot be started: type: systemctl unmask {unit}", True
    if state in {"enabled", "enabled-runtime"}:
        text = f"{unit} is enabled, and so starts at boot on every host, whatever its role"
        return f"{text}: type: systemctl disable {unit}", False
    return "", False
