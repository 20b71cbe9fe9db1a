"""Faults of the scripts that a file names.

`load` accepts such a configuration, because the script may be on a file system mounted later.
"""

import os
import re
import shlex
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from ucarpd.config import files, first_line, kinds, masks
from ucarpd.config.health_checks import Check
from ucarpd.config.lines import read_lines
from ucarpd.config.parsed import Draft
from ucarpd.config.problems import ConfigError, Problem, in_order, place

_KEYS = {"UCARP_UPSCRIPT", "UCARP_DOWNSCRIPT", "UCARP_NOTIFYSCRIPT"}

_HARMFUL = rb"""(?m)^[^#\n]*\bto\s+["']?\$\{?address\}?["']?/32\b"""


def harm(script: Path) -> str | None:
    """Return why the script must not run for IPv6, and the command that repairs it; None if it may.

    A line of 0.1.0's ucarp-down.sh deletes all addresses in ADDRESS/32: one address of IPv4, a whole
    provider's of IPv6.  Blocks.
    """
    try:
        if re.search(_HARMFUL, files.read(script)) is None:
            return None
    except OSError:
        return None  # The code that runs the script reports this error.
    return (
        "it has a line from ucarpd 0.1.0 that deletes every IPv6 address in the same /32, also the"
        f" host's own (sed -i '/ to /s,/32,,' {shlex.quote(place(script))})"
    )


def _arguments(script: Path) -> str:
    """Return the end of the message if the path is a script with its arguments."""
    name = str(script).split(maxsplit=1)[0]
    # The methods of Path raise errors: this user may not be allowed to look.
    if os.path.exists(script) or not os.path.isfile(name):  # noqa: PTH110, PTH113
        return ""
    return f"; {name} does: its arguments go into UCARP_XPARAM"


def errors(
    path: Path, refusal: Callable[[Path], str | None], obstacle: Callable[[Check], str | None]
) -> list[Problem]:
    """Return the problems of scripts and health checks in the file `path` that cannot run here, by line.

    `refusal` returns why a script cannot be run, and `obstacle` why a check cannot, or None.
    """
    draft = draft_of(path)
    has_ipv6 = _has_ipv6(draft)
    problems = []
    for key in draft.given.keys() & _KEYS:
        given = draft.given[key]
        script = given.meaning
        why = refusal(script) or first_line.fault(script)
        if why is None and key == "UCARP_DOWNSCRIPT" and has_ipv6:
            why = harm(script)
        if why is not None:
            text = f"{place(script)} cannot be run: {why}{_arguments(script)}"
            problems.append(Problem(path, given.line, given.name, text))
    for given in draft.members.values():
        check: Check = given.meaning
        why = obstacle(check)
        if why is None and isinstance(check.where, tuple):
            why = first_line.fault(Path(check.where[0]))
        if why is not None:
            problems.append(Problem(path, given.line, given.name, f"{check.target}: {why}"))
    return in_order(problems)


def warnings(path: Path) -> list[Problem]:
    """Return the problems of scripts in the file `path` that ucarpd runs for its IPv4 addresses alone."""
    draft = draft_of(path)
    given = draft.given.get("UCARP_DOWNSCRIPT")
    if given is None or _has_ipv6(draft) or (why := harm(given.meaning)) is None:
        return []
    text = f"{place(given.meaning)} will not be run for IPv6: {why}"
    return [Problem(path, given.line, given.name, text)]


def _has_ipv6(draft: Draft) -> bool:
    return any(ip.version == 6 for key in masks.LISTS for ip, _ in draft.meaning(key))


def draft_of(path: Path) -> Draft:
    """Return the meaning of the file `path`.

    Empty if it is a file of another kind, or cannot be read, because `load` says that.
    """
    draft = Draft(path)
    with suppress(ConfigError):
        lines, _ = read_lines(path)
        if not kinds.foreign_file(path, lines):
            draft.take(lines)
    return draft
