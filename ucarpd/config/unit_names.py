"""Names of files that systemd takes as the names of instances."""

import re
import shlex
from pathlib import Path

from ucarpd.config.problems import place

ADVICE = "use ASCII letters, digits, - _ . and : only"


def is_possible(name: str) -> bool:
    """Return whether ucarpd@NAME can be the name of a unit.

    systemd takes @ too, but that is not worth the trouble.
    """
    return re.fullmatch(r"[A-Za-z0-9:_.-]+", name) is not None


def fault(path: Path) -> str | None:
    """Say why no unit ucarpd@NAME can run the file; None if one can."""
    name = path.name.removesuffix(".conf")
    if is_possible(name):
        return None
    plain = re.sub(r"[^A-Za-z0-9:_.-]+", "-", name).strip("-") or "web"
    new = shlex.quote(place(path.with_name(f"{plain}.conf")))
    text = f"no systemd unit can have this name: {ADVICE}"
    return f"{text}: type: mv {shlex.quote(place(path))} {new}"
