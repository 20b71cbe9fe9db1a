"""Processes that a script has left running, even outside its process group.

Neither the parent nor the group identifies them, so ucarpd finds them by their environment.
"""

import contextlib
import os
import signal
from collections import defaultdict
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import NamedTuple

from ucarpd.scripts.start import PIDS

MARK = "UCARPD_PID"
"""The environment variable of each script with the process id of its daemon."""

_LONGEST_COMMAND = 80

_LONGEST_ENVIRONMENT = 1 << 18
"""Bytes that are read: prctl(2) lets any user show gigabytes as the environment of a process."""


class Survivor(NamedTuple):
    """A process with its command line, which may be cut."""

    pid: int
    command: str

    def __str__(self) -> str:
        return f"{self.pid} ({self.command})"


def find() -> dict[str, list[Survivor]]:
    """Return, by instance, the processes that scripts of this process have left.  Blocks.

    If the environment of a process is unreadable or was replaced, the process is not found.
    """
    ours = _entry(f"{MARK}={os.getpid()}")
    found = defaultdict(list)
    for pid, environment in _environments():
        if ours in environment and not _is_awaited(pid):
            name = environment.partition(b"\0UCARP_INSTANCE=")[2].partition(b"\0")[0]
            found[os.fsdecode(name)].append(Survivor(pid, _command(pid)))
    return dict(found)


def _is_awaited(pid: int) -> bool:
    """Return whether it belongs to a program that still has time to end, such as a notify script."""
    try:
        return os.getsid(pid) in frozenset(PIDS)
    except ProcessLookupError:
        return True  # It has ended by now.


def kill(variables: Collection[str]) -> None:
    """Kill the processes of our scripts with one of these NAME=value in their environment.  Blocks."""
    ours, wanted = _entry(f"{MARK}={os.getpid()}"), [_entry(each) for each in variables]
    for pid, environment in _environments():
        if ours in environment and any(each in environment for each in wanted):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def _entry(variable: str) -> bytes:
    """Return NAME=value as it is in what `_environments` yields."""
    return b"\0%b\0" % os.fsencode(variable)


def _environments() -> Iterator[tuple[int, bytes]]:
    """Yield each process with its environment, with a zero byte before and after each entry."""
    for process in Path("/proc").iterdir():
        if process.name.isdecimal():
            try:
                text = _beginning(process / "environ", _LONGEST_ENVIRONMENT)
            except OSError:
                continue
            yield int(process.name), b"\0%b\0" % text


def _beginning(path: Path, size: int) -> bytes:
    with path.open("rb", buffering=0) as file:
        return file.read(size)


def _command(pid: int) -> str:
    try:
        # A character has four bytes at most.
        text = _beginning(Path("/proc", str(pid), "cmdline"), 4 * _LONGEST_COMMAND + 4)
    except OSError:
        return "?"
    words = text.decode(errors="replace").rstrip("\0").replace("\0", " ")
    printable = "".join(each if each.isprintable() else "?" for each in words)
    more = "…" if len(printable) > _LONGEST_COMMAND else ""
    return f"{printable[:_LONGEST_COMMAND]}{more}"
