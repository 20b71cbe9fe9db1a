"""Whether the files of a running instance have another content than the process has read.

NAME.good in the private directory holds that content; see last_good.
"""

import json
import re
import shlex
from contextlib import suppress
from pathlib import Path

from ucarpd.linux.run_directory import private_path, run_directory

SUFFIX = ".good"


def kept(name: str) -> dict[Path, bytes]:
    """Return the files that an instance runs with; none if this user may not know."""
    try:
        said = json.loads((private_path(run_directory()) / f"{name}{SUFFIX}").read_bytes())
        return {Path(path): bytes.fromhex(said["contents"][path]) for path in said["contents"]}
    except (OSError, ValueError, TypeError, KeyError):
        return {}


def edited(name: str, pid: int) -> str:
    """Return which file has changed since the process read it, and what to type; or an empty text.

    Blocks: the file system may hang.
    """
    for path, content in kept(name).items():
        with suppress(OSError):
            # As the process sees it, which may be in a container.
            if Path(f"/proc/{pid}/root{path}").read_bytes() != content:
                return f"{path} has changed since the process read it: {reload_command(pid)}"
    return ""


def reload_command(pid: int, proc: Path = Path("/proc")) -> str:
    """Return the command that makes a process read its files again."""
    with suppress(OSError):
        text = (proc / f"{pid}/cgroup").read_text(encoding="utf-8", errors="replace")
        if found := re.search(r"/(ucarpd(@[^/]+)?)\.service$", text, re.MULTILINE):
            return f"systemctl reload {shlex.quote(found[1])}"
    return f"kill -HUP {pid}"
