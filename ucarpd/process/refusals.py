"""The list of refused files that `ucarpd check --reload` leaves for a running process.

`check` reports the faults to the operator, and finds more faults than the process does.  So the
process refuses the listed files without repeating the reasons.
"""

import json
from collections.abc import Collection
from pathlib import Path

from ucarpd.linux.namespace import process_namespace
from ucarpd.linux.run_directory import private_directory, private_path, replace_file


def leave(pid: int, paths: Collection[Path], directory: Path) -> None:
    """Leave the list for the next reload of process `pid`.  Raises OSError."""
    if paths:
        content = json.dumps(sorted(map(str, paths))).encode()
        replace_file(private_directory(directory) / _name(pid), content)
    else:
        # This needs no directory, so good files can be reloaded even if the file system is full.
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


def _name(pid: int) -> str:
    # Containers that share the run directory number their processes alike.
    return f"{pid}-{process_namespace()}.refused"
