"""Lines about `ucarp` that no reader follows: in a text that a script writes, or of another language."""

import re
from pathlib import Path

from ucarpd.migrate.findings import Findings, Source

_COMMAND = re.compile(r"""(?<![\w.@-])ucarp["']?\s+(-{1,2}[A-Za-z]|\\$)""")
_SHOWN = re.compile(r"\s*(echo|printf)\s[^>|]*$")
"""A text that a script prints, and writes nowhere."""
_ADDED = re.compile(r"(.*\s)?procd_append_param\s+command\s")
"""As OpenWrt's start scripts have it."""
_STANZA = re.compile(r"\s*ucarp-vi[dp][\w-]*\s+\S")


def tell(findings: Findings, path: Path, text: str) -> None:
    """Name the lines that seem to start `ucarp`, and that nothing has been found or said about."""
    known: set[int | None] = set()
    for host in findings.hosts:
        sources = (host.source, *(value.source for value in host.values.values()))
        known.update(each.line for each in sources if each.path == path)
    first = 1
    lines = text.splitlines()
    for number, line in enumerate(lines, 1):
        if number == 1 or not lines[number - 2].endswith("\\"):
            first = number
        if line.lstrip().startswith("#") or _SHOWN.match(line):
            continue
        if not known.isdisjoint({first, number}):
            continue
        source = Source(path, number)
        if any(remark.startswith(f"{source}: ") for remark in findings.remarks):
            continue
        if _COMMAND.search(line):
            words = "this ucarp is not imported: give its command line to  ucarpd import --command"
            findings.remark(source, words)
        elif findings.hosts and _ADDED.match(line):
            words = "these options of a command are not imported: add those of ucarp to the result"
            findings.remark(source, words)
        elif _STANZA.match(line):
            words = "this is a line of /etc/network/interfaces: import that file"
            findings.remark(source, words)
