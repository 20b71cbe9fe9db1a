"""Names of runs, from which another run can tell whether the run is still there.

A laboratory's namespaces, directory and control groups carry `PIDtTIME` for each process that owns
them: the id of the process, and the time of its start in clock ticks since the boot.  A name may
carry two: the name of `scripts/test`, and the name of the pytest worker.  The ids of processes are
used again after a while; together with the start time they are not.
"""

import os
import re
from pathlib import Path
from typing import NamedTuple

_OWNER = re.compile(r"(\d+)t(\d+)")
_PREFIX = re.compile(r"(?:\w*?\d+t\d+(?:x\d+)?)+")
_START_TIME = 19
"""The place of the start time in /proc/PID/stat, behind the name of the program."""


class Owner(NamedTuple):
    """A process, as it stands in a name."""

    pid: int
    started: int
    """Clock ticks since the boot."""

    def __str__(self) -> str:
        return f"{self.pid}t{self.started}"

    @property
    def is_alive(self) -> bool:
        return _start_time(self.pid) == self.started


def _start_time(pid: int) -> int | None:
    """When a process started; None if there is none, or only its exit status is left of it."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return None
    # The name of a program may contain spaces and brackets.
    fields = stat.rpartition(")")[2].split()
    return None if fields[0] in "ZX" else int(fields[_START_TIME])


def this_process() -> Owner:
    pid = os.getpid()
    started = _start_time(pid)
    assert started is not None
    return Owner(pid, started)


def name_of_part() -> str:
    """The beginning of the names of all things that this process makes, as a part of its run."""
    return f"{os.environ.get('UCARPD_LAB', 'lab')}n{this_process()}"


def owners(name: str) -> list[Owner]:
    """The processes that a name carries; none for a name that is not ours."""
    return [Owner(int(pid), int(started)) for pid, started in _OWNER.findall(name)]


def prefix(name: str) -> str:
    """The part of a name that all things of one laboratory, or of one run, begin with."""
    found = _PREFIX.match(name)
    return found[0] if found else ""


def is_dead(name: str, kept: bool = False) -> bool:
    """Whether one of the owners is gone; the last one may be, if the laboratory is `kept`."""
    found = owners(name)
    return any(not owner.is_alive for owner in (found[:-1] if kept else found))
