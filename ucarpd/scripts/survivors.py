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
    ours = f"{MARK}={os.getpid()}".encode()
    found = defaultdict(list)
    for pid, environment in _environments():
        if ours in environment and not _is_awaited(pid):
            name = next((e for e in environment if e.startswith(b"UCARP_INSTANCE=")), b"=")
            instance = os.fsdecode(name.partition(b"=")[2])
            found[instance].append(Survivor(pid, _command(pid)))
    return dict(found)


def _is_awaited(pid: int) -> bool:
    """Return whether it belongs to a program that still has time to end, such as a notify script."""
    try:
        return os.getsid(pid) in frozenset(PIDS)
    except ProcessLookupError:
        return True  # It has ended by now.


def kill(variables: Collection[str]) -> None:
    """Kill the processes of our scripts with one of these NAME=value in their environment.  Blocks."""
    ours, wanted = f"{MARK}={os.getpid()}".encode(), set(map(os.fsencode, variables))
    for pid, environment in _environments():
        if ours in environment and not wanted.isdisjoint(environment):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def _environments() -> Iterator[tuple[int, list[bytes]]]:
    for process in Path("/proc").iterdir():
        if process.name.isdecimal():
            try:
                text = (process / "environ").read_bytes()
            except OSError:
                continue
            yield int(process.name), text.split(b"\0")


def _command(pid: int) -> str:
    try:
        text = Path("/proc", str(pid), "cmdline").read_bytes()
    except OSError:
        return "?"
    words = text.decode(errors="replace").rstrip("\0").replace("\0", " ")
    printable = "".join(each if each.isprintable() else "?" for each in words)
    more = "…" if len(printable) > _LONGEST_COMMAND else ""
    return f"{printable[:_LONGEST_COMMAND]}{more}"
