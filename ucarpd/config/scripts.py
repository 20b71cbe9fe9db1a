"""Faults of the scripts that a file names.

`load` accepts such a configuration, because the script may be on a file system mounted later.
"""

import re
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from ucarpd.config import files, first_line
from ucarpd.config.health_checks import Check
from ucarpd.config.lines import read_lines
from ucarpd.config.parsed import Draft
from ucarpd.config.problems import ConfigError, Problem, in_order, place

_KEYS = {"UCARP_UPSCRIPT", "UCARP_DOWNSCRIPT", "UCARP_NOTIFYSCRIPT"}

_HARMFUL = rb"""(?m)^[^#\n]*\bto\s+["']?\$\{?address\}?["']?/32\b"""


def is_harmful(script: Path) -> bool:
    """Return whether the script has a line of 0.1.0's ucarp-down.sh that deletes other addresses.

    The line deletes all addresses in ADDRESS/32: one address of IPv4, a whole provider's of IPv6.
    """
    try:
        return re.search(_HARMFUL, files.read(script)) is not None
    except OSError:
        return False  # The code that runs the script reports this error.


def harm(script: Path) -> str:
    """Return the text about a harmful script, with the command that repairs it."""
    name = place(script)
    return (
        f"{name} has a line from ucarpd 0.1.0 that deletes every IPv6 address in the same /32,"
        f" also the host's own. ucarpd does not run it for IPv6 until you type: sed -i '/ to /s,/32,,' {name}"
    )


def _arguments(script: Path) -> str:
    """Return the end of the message if the path is a script with its arguments."""
    name = str(script).split(maxsplit=1)[0]
    if script.exists() or not Path(name).is_file():
        return ""
    return f"; {name} does: its arguments go into UCARP_XPARAM"


def errors(path: Path, refusal: Callable[[Path], str | None]) -> list[Problem]:
    """Return the problems of scripts in the file `path` that ucarpd would not run, by line.

    `refusal` returns why a script cannot be run, or None.
    """
    draft = _draft_of(path)
    has_ipv6 = any(
        ip.version == 6
        for key in ("UCARP_ADDR", "UCARP_EXTRA_ADDRS")
        for ip, _ in draft.meaning(key)
    )
    problems = []
    for key in draft.given.keys() & _KEYS:
        given = draft.given[key]
        script = given.meaning
        if why := refusal(script) or first_line.fault(script):
            text = f"{place(script)} cannot be run: {why}{_arguments(script)}"
        elif key == "UCARP_DOWNSCRIPT" and has_ipv6 and is_harmful(script):
            text = harm(script)
        else:
            continue
        problems.append(Problem(path, given.line, given.name, text))
    return in_order(problems)


def errors_of_checks(path: Path, obstacle: Callable[[Check], str | None]) -> list[Problem]:
    """Return the problems of health checks in the file `path` that cannot run here, by line.

    `obstacle` returns why a check cannot run, or None.
    """
    return about_checks(path, lambda check: obstacle(check) or _first_line_fault(check))


def about_checks(path: Path, fault: Callable[[Check], str | None]) -> list[Problem]:
    """Return what `fault` says of the health checks in the file `path`, by line."""
    draft = _draft_of(path)
    return in_order(
        Problem(path, given.line, given.name, f"{given.meaning.target}: {why}")
        for given in draft.members.values()
        if (why := fault(given.meaning))
    )


def _draft_of(path: Path) -> Draft:
    """Return the meaning of the file `path`; nothing if it cannot be read, which `load` reports."""
    draft = Draft(path)
    with suppress(ConfigError):
        draft.take(read_lines(path)[0])
    return draft


def _first_line_fault(check: Check) -> str | None:
    return first_line.fault(Path(check.where[0])) if isinstance(check.where, tuple) else None
