"""Finds a C ucarp on this host that serves the same virtual host as `ucarpd` is to serve.

The two would both be MASTER, and each would take the other's advertisements for those of this host.
"""

import os
from collections.abc import Iterator
from pathlib import Path

from ucarpd.linux.namespace import network_namespace
from ucarpd.migrate import ucarp_options
from ucarpd.migrate.ucarp_settings import number

_PROC = Path("/proc")


def find(vhid: int, interface: str) -> list[int]:
    """Return the processes, of this network namespace; looks at all processes of the host."""
    return [pid for pid in _processes() if _serves(pid, vhid, interface)]


def warning(pid: int, vhid: int, interface: str) -> str:
    """Say what to do about such a process."""
    return (
        f"process {pid} is the old ucarp, which serves vhid {vhid} on {interface} too: "
        f"end it (type: kill {pid}) and take it out of what starts it"
    )


def _processes() -> Iterator[int]:
    for name in os.listdir(_PROC):  # noqa: PTH208 - only the names are needed
        if name.isdecimal():
            yield int(name)


def _serves(pid: int, vhid: int, interface: str) -> bool:
    process = _PROC / str(pid)
    try:
        # Our own command has this name too, but its program is the Python interpreter.
        if (process / "comm").read_bytes() != b"ucarp\n":
            return False
        if not (process / "exe").readlink().name.startswith("ucarp"):
            return False
        if (process / "ns/net").stat().st_ino != network_namespace():
            return False
        words = os.fsdecode((process / "cmdline").read_bytes()).split("\0")[1:-1]
    except OSError:
        return False  # It has ended, or is not ours to look at.
    given = ucarp_options.read(words).values
    try:
        same = number(given.get("vhid", ""))[0] == vhid
    except ValueError:
        return False
    # Without an interface it has taken the first one, which may be this one.
    return same and given.get("interface", interface).partition(":")[0] == interface
