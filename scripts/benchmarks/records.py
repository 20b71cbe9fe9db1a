"""Stored results: one record for each run, and facts about machine and versions."""

import json
import os
import platform
import subprocess
import time
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from lab import PROJECT

from benchmarks.daemons import Daemon, Ucarpd
from ucarpd import __version__


@dataclass(frozen=True)
class Record:
    """One run.  `values` are as the measure gave them; `error` says why there are none."""

    measure: str
    case: int
    daemon: str
    at: float
    took: float
    load: float
    values: Mapping[str, float | None] = field(default_factory=dict)
    error: str = ""


@dataclass
class Results:
    """`facts` are pairs of a name and words about the machine and the versions."""

    facts: dict[str, str]
    records: list[Record] = field(default_factory=list)

    def save(self, path: Path) -> None:
        text = json.dumps(asdict(self), indent=1)
        path.write_text(text + "\n", encoding="utf-8")


def load(path: Path) -> Results:
    data = json.loads(path.read_text(encoding="utf-8"))
    return Results(data["facts"], [Record(**record) for record in data["records"]])


def facts(daemons: Iterable[Daemon]) -> dict[str, str]:
    """Return the facts about this machine and its versions."""
    packages = {daemon.package for daemon in daemons if not isinstance(daemon, Ucarpd)}
    return {
        "date": time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()),
        "processor": f"{os.cpu_count()} x {_field('/proc/cpuinfo', 'model name')}",
        "memory": f"{int(_field('/proc/meminfo', 'MemTotal').split()[0]) / 2**20:.0f} GiB",
        "kernel": platform.release(),
        "distribution": platform.freedesktop_os_release()["PRETTY_NAME"],
        "Python": platform.python_version(),
        "ucarpd": f"{__version__} {_commit()}".strip(),
        **{name: _package_version(name) for name in sorted(packages)},
    }


def _field(path: str, name: str) -> str:
    for line in Path(path).read_text(encoding="utf-8").splitlines():
        key, _, value = line.partition(":")
        if key.strip() == name:
            return value.strip()
    return "0 unknown"


def _commit() -> str:
    said = _output("git", "-C", str(PROJECT), "describe", "--always", "--dirty")
    return f"(commit {said})" if said else ""


def _package_version(name: str) -> str:
    return _output("dpkg-query", "-W", "-f", "${Version}", name) or "unknown"


def _output(*command: str) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)
    except OSError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
