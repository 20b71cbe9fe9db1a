"""How `ucarpd check --reload` tells a running process which files it must not take over.

`check` names the faults where the operator looks for them, and finds some that the process does not
look for.  So the process refuses these files, and does not repeat why.
"""

import json
import os
from collections.abc import Collection
from pathlib import Path

from ucarpd.linux.run_directory import private_directory, private_path, replace_file


def leave(pid: int, paths: Collection[Path], directory: Path) -> None:
    """Leave the list for the next reload of process `pid`.  Raises OSError."""
    if paths:
        content = json.dumps(sorted(map(str, paths))).encode()
        replace_file(private_directory(directory) / _name(pid), content)
    else:
        # Needs no directory: on a file system without room, good files can still be reloaded.
        take(pid, directory)


def take(pid: int, directory: Path) -> set[Path]:
    """Return the list that was left for process `pid`, once.  Blocks."""
    path = private_path(directory) / _name(pid)
    try:
        text = path.read_bytes()
        path.unlink()
        return {Path(each) for each in json.loads(text)}
    except (OSError, ValueError):
        return set()


def credentials_of(pid: int) -> dict[str, str]:
    """Return the variable by which process `pid` finds its credentials, as another process can use it.

    systemd does not set it for every command of a unit.  Empty if there is none, or if the process
    does not let us see it.
    """
    try:
        entries = Path("/proc", str(pid), "environ").read_bytes().split(b"\0")
    except OSError:
        return {}
    for name, _, value in (entry.partition(b"=") for entry in entries):
        if name == b"CREDENTIALS_DIRECTORY":
            # Another command of a unit may have other mounts.
            return {os.fsdecode(name): f"/proc/{pid}/root{os.fsdecode(value)}"}
    return {}


def _name(pid: int) -> str:
    return f"{pid}.refused"
