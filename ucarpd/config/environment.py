"""The variables of the environment instead of a file: `ucarpd run --env`, for containers.

`take` makes a file of them that exists only in this process, at a path that no real file can have.
It has one NAME=VALUE for each variable, with a zero byte after each, as in /proc/PID/environ, so a
value needs no quotes.
"""

import re
from collections.abc import Mapping
from pathlib import Path

from ucarpd.config.keys import PREFIX
from ucarpd.config.secret_names import is_secret

WORD = "environment"
"""The name of the file in messages."""

NAME = "UCARP_NAME"
"""The variable with the name of the instance, which otherwise is vhid-NUMBER."""

_DIRECTORY = Path("/proc/self/environ")
_BEGIN = f"{_DIRECTORY}/"
_END = b"\0"
_OF_LINKS = (
    r"UCARP_(?!CHECK_)(\w+_)?(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT"
    r"|PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?|ENV_\w+)"
)
"""The variables that Kubernetes and Docker set in each container for a service called ucarp…

Any name that begins with UCARP_CHECK_ is a health check.
"""

_contents: dict[Path, bytes] = {}


def take(environ: Mapping[str, str], name: str | None = None) -> Path:
    """Return the path that stands for the variables with our prefix.

    `name` is the name of the instance; None: the one in the variables.
    """
    ours = {key: value for key, value in environ.items() if key.startswith(PREFIX)}
    # Docker sets UCARP_NAME=/this/other for a link to a container called ucarp.
    given = ours.pop(NAME, "") if "/" not in ours.get(NAME, "") else ""
    path = _DIRECTORY / f"{name or given or _by_vhid(ours)}.conf"
    lines = (f"{key}={value}".encode(errors="surrogateescape") for key, value in ours.items())
    _contents[path] = _END.join(lines)
    return path


def _by_vhid(variables: Mapping[str, str]) -> str:
    vhid = variables.get("UCARP_VHID", "")
    return f"vhid-{vhid}" if re.fullmatch("[0-9]+", vhid) else WORD


def is_environment(path: Path) -> bool:
    """Return whether the path stands for the environment."""
    return str(path).startswith(_BEGIN)


def content(path: Path) -> bytes:
    """Return the content of the file; raise FileNotFoundError if this process has not taken it."""
    if path not in _contents:
        raise FileNotFoundError
    return _contents[path]


def lines(content: bytes) -> list[bytes]:
    """Return the NAME=VALUE in the content, without the variables of other programs."""
    return [row for row in content.split(_END) if row and not _is_of_links(row)]


def ignored(content: bytes) -> list[str]:
    """Return the names of the variables that other programs have set."""
    return [_name(row) for row in content.split(_END) if _is_of_links(row)]


def _is_of_links(row: bytes) -> bool:
    name = _name(row)
    return name == NAME or re.fullmatch(_OF_LINKS, name) is not None


def _name(row: bytes) -> str:
    return row.partition(b"=")[0].decode(errors="replace")


def secrets(environ: Mapping[str, str]) -> list[str]:
    """Return the names of our variables that hold a password or a key."""
    return [name for name in environ if name.startswith(PREFIX) and is_secret(name)]
