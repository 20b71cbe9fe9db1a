"""The state of ucarpd's units, as systemd reports it."""

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import subprocess

ALL = "ucarpd.service"
"""The unit that runs all files which no unit of their own runs."""

_BOOTED = Path("/run/systemd/system")
"""Exists if systemd is process 1; sd_booted(3)."""

_TIMEOUT = 1.0

_PROPERTIES = "Id,ActiveState,SubState,Result,ExecMainStatus,StateChangeTimestamp,UnitFileState"

_MEANINGS = {
    "75": "another process runs it",
    "77": "not enough privileges",
    "78": "bad configuration",
}

_RESULTS = {
    "core-dump": "killed by signal {status}",
    "exit-code": "exit status {status}",
    "oom-kill": "killed for lack of memory",
    "signal": "killed by signal {status}",
    "start-limit-hit": "it died too often",
    "timeout": "it took too long to start or to stop",
    "watchdog": "it hung, and was killed",
}


class Unit(NamedTuple):
    """One unit; `active` and `sub` are the states of `systemctl show`, `since` seconds since 1970."""

    name: str
    active: str
    sub: str
    result: str
    status: str
    since: float | None
    is_enabled: bool
    """Whether it starts at boot."""

    @property
    def is_failed(self) -> bool:
        return self.active == "failed" or self.sub.startswith("auto-restart")

    @property
    def why(self) -> str:
        """Why it has failed."""
        text = _RESULTS.get(self.result, self.result).format(status=self.status)
        if self.result == "exit-code" and (meaning := _MEANINGS.get(self.status)):
            text = f"{text}, {meaning}"
        again = "; systemd starts it again" if self.active != "failed" else ""
        return f"{self.name} has failed ({text}){again}: journalctl -u {self.name}"


def of_instance(name: str) -> str:
    """Return the name of the unit that runs only this instance."""
    return f"ucarpd@{name}.service"


class Question:
    """A question to systemd that is under way; `answer` collects the units that systemd has loaded."""

    def __init__(self) -> None:
        self._process = _asked()

    def answer(self) -> dict[str, Unit]:
        """Return the units by name; none if systemd does not answer within a second."""
        if self._process is None:
            return {}
        import subprocess

        try:
            text = self._process.communicate(timeout=_TIMEOUT)[0]
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.communicate()
            return {}
        return parsed(text)


def _asked() -> "subprocess.Popen[str] | None":
    """Return the running command, or None without systemd, or without systemctl as in some containers."""
    if not _BOOTED.exists():
        return None
    import subprocess

    try:
        return subprocess.Popen(
            ["systemctl", "show", ALL, of_instance("*"), "--timestamp=unix", "-p", _PROPERTIES],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
    except OSError:
        return None


def parsed(text: str) -> dict[str, Unit]:
    """Return the units in the output of `systemctl show`."""
    units = {}
    for block in text.split("\n\n"):
        lines = (line.partition("=") for line in block.splitlines())
        has = {key: value for key, _, value in lines}
        if name := has.get("Id", ""):
            since = has.get("StateChangeTimestamp", "").removeprefix("@")
            units[name] = Unit(
                name,
                has.get("ActiveState", ""),
                has.get("SubState", ""),
                has.get("Result", ""),
                has.get("ExecMainStatus", ""),
                float(since) if since.isdecimal() else None,
                has.get("UnitFileState") == "enabled",
            )
    return units
