"""Faults of the scripts that a file names.

`load` accepts such a file, because the script may be on a file system that is mounted later.
"""

import re
from collections.abc import Callable
from pathlib import Path

from ucarpd.config import files, first_line
from ucarpd.config.lines import read_lines
from ucarpd.config.parsed import Draft
from ucarpd.config.problems import ConfigError, Problem, in_order, place

_HARMFUL = re.compile(rb"""^[^#\n]*\bto\s+["']?\$\{?address\}?["']?/32\b""", re.MULTILINE)


def is_harmful(script: Path) -> bool:
    """Whether it has the line of 0.1.0's ucarp-down.sh that deletes foreign IPv6 addresses.

    The line deletes the addresses in ADDRESS/32: one in IPv4, all of a provider in IPv6.
    """
    try:
        return _HARMFUL.search(files.read(script)) is not None
    except OSError:
        return False  # Whoever runs it says why it cannot be read.


def harm(script: Path) -> str:
    """Say what a harmful script does, and what to type."""
    name = place(script)
    return (
        f"{name} has a line from ucarpd 0.1.0 that deletes every IPv6 address in the same /32, the"
        f" host's own too. ucarpd does not run it for IPv6 until you type: sed -i '/ to /s,/32,,' {name}"
    )


def _arguments(script: Path) -> str:
    """The end of the message if the path is that of a script and its arguments."""
    name = str(script).split(maxsplit=1)[0]
    if script.exists() or not Path(name).is_file():
        return ""
    return f"; {name} does: its arguments go into UCARP_XPARAM"


def errors(path: Path, refusal: Callable[[Path], str | None]) -> list[Problem]:
    """Find the scripts in the file `path` that would not be run, sorted by line.

    `refusal` says why a script cannot be run.
    """
    draft = Draft(path)
    try:
        draft.take(read_lines(path)[0])
    except ConfigError:
        return []  # `load` says that.
    has_ipv6 = any(
        ip.version == 6
        for key in ("UCARP_ADDR", "UCARP_EXTRA_ADDRS")
        for ip, _ in draft.meaning(key)
    )
    problems = []
    for key in draft.given.keys() & {"UCARP_UPSCRIPT", "UCARP_DOWNSCRIPT"}:
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
