"""The `ucarp_*` lines that FreeBSD's port of `ucarp` reads from rc.conf."""

import re
from pathlib import Path

from ucarpd.migrate import environment
from ucarpd.migrate.findings import Findings, Host, Source
from ucarpd.migrate.shell_script import Script

_LINUX = re.compile(r"(eth|en[opsx]|bond|br|wlan)\d|br-")
"""Names of interfaces on Linux."""


def read(findings: Findings, path: Path, text: str) -> None:
    """Add the virtual host of an rc.conf."""
    script = Script(findings, path)
    script.follow(text)
    ours = [each for each in script.assignments if re.match("ucarp_", each.name)]
    host = Host(ours[0].source if ours else Source(path))
    environment.take(findings, host, ours, script.variables)
    if not host.values:
        return
    findings.hosts.append(host)
    interface = host.values.get("UCARP_INTERFACE")
    if interface and not _LINUX.match(interface.text):
        text = f"{interface.text} is a name that FreeBSD gives: write this host's name for the interface"
        findings.remark(interface.source, text)
