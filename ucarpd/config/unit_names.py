"""Names of files that systemd takes as the names of instances."""

import re
import shlex
from pathlib import Path

from ucarpd.config.problems import place


def fault(path: Path) -> str | None:
    """Say why no unit ucarpd@NAME can run the file; None if one can."""
    name = path.name.removesuffix(".conf")
    # Neither does systemd take a name like that, nor is one with @ worth the trouble.
    if re.fullmatch(r"[A-Za-z0-9:_.-]+", name, re.ASCII):
        return None
    plain = re.sub(r"[^A-Za-z0-9:_.-]+", "-", name, flags=re.ASCII).strip("-") or "web"
    new = shlex.quote(place(path.with_name(f"{plain}.conf")))
    text = "no systemd unit can have this name: use ASCII letters, digits, - _ . and : only"
    return f"{text}: type: mv {shlex.quote(place(path))} {new}"
