"""Up- and down-scripts that a test writes for a host."""

from pathlib import Path

from lab import Host
from nodes import VIP

UP = "/etc/ucarp/up.sh"
DOWN = "/etc/ucarp/down.sh"
BOTH = {"UPSCRIPT": UP, "DOWNSCRIPT": DOWN}

ADD = f"ip address replace {VIP}/16 dev eth0\n"
REMOVE = f"ip address delete {VIP}/16 dev eth0 || true\n"


def write_scripts(host: Host, up: str = ADD, down: str = REMOVE) -> None:
    host.write("ucarp/up.sh", f"#!/bin/bash\n{up}")
    host.write("ucarp/down.sh", f"#!/bin/bash\n{down}")


def process_exists(pid: str) -> bool:
    """Return whether there is such a process; one of which only the exit status is left is none."""
    try:
        stat = Path(f"/proc/{pid.strip()}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


def read(path: Path) -> str | None:
    return path.read_text() if path.exists() else None
