"""The credentials that systemd has given to another process (systemd.exec(5))."""

import os
from pathlib import Path


def credentials_of(pid: int) -> dict[str, str]:
    """Return CREDENTIALS_DIRECTORY of process `pid`, with a path that other processes can use.

    systemd does not set it for every command of a unit.  Empty if the variable is not set, or not
    readable.
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
