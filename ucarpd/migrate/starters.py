"""The files of this host that start `ucarp`, and scripts that start programs which stay."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

from ucarpd.config.problems import ConfigError
from ucarpd.migrate.findings import Findings, Host, Source
from ucarpd.migrate.meaning import SCRIPTS
from ucarpd.migrate.reading import read_text

_PLACES = (
    "etc/rc.local",
    "etc/rc.d/rc.local",
    "etc/crontab",
    "etc/cron.d/*",
    "etc/cron.hourly/*",
    "etc/cron.daily/*",
    "var/spool/cron/*",
    "var/spool/cron/crontabs/*",
    "etc/systemd/system/*.service",
    "etc/systemd/system/*.service.d/*.conf",
    "etc/init.d/*",
    "etc/local.d/*.start",
    "etc/network/interfaces",
    "etc/network/interfaces.d/*",
)
_UCARP = re.compile(r"(?<![\w.-])ucarp(?![\w.-]*d\b)(?=[\s\"'|;]|$|-vip|-vid)")
_STAYS = re.compile(
    r"^\s*(?!#).*(\b(nohup|setsid|daemonize)\s|\bhaproxy\b.*\s-D\b"
    r"|\bstart-stop-daemon\b.*\s(-S|--start)\b|[^&>|]&\s*$)"
)
_ENDS = re.compile(r"^\s*(\S*/)?(arping\s.*-[cw]\s*\d|(logger|mailx?|sendmail|curl|wget)\s)")
"""Commands that end by themselves, also in the background."""


def tell(findings: Findings, path: Path, root: Path = Path("/")) -> None:
    """List the parts to switch off before ucarpd serves the file that was imported from `path`."""
    whole = os.path.abspath(path)  # noqa: PTH100 - keeps links
    named = re.compile(rf"(?<![\w/.-]){re.escape(whole)}(?![\w/.-])")
    for source, line in _lines(root):
        if str(source.path) == whole or not (_UCARP.search(line) or named.search(line)):
            continue
        findings.remark(source, "starts or watches ucarp: switch that off before ucarpd@NAME runs")


def _lines(root: Path) -> Iterator[tuple[Source, str]]:
    for place in _PLACES:
        for file in sorted(root.glob(place)):
            # Path.is_file() raises an error if this user may not look.
            if not os.path.isfile(file):  # noqa: PTH113
                continue
            try:
                text = read_text(file)
            except ConfigError:
                continue
            for number, line in enumerate(text.splitlines(), 1):
                if not line.lstrip().startswith("#"):
                    yield Source(file, number), line


def tell_of_scripts(findings: Findings, host: Host) -> None:
    """Say which line of a script starts a program that stays: systemd ends it with the unit."""
    for key in SCRIPTS:
        if key not in host.values:
            continue
        path = Path(host.values[key].text)
        try:
            text = read_text(path)
        except ConfigError:
            continue
        for number, line in enumerate(text.splitlines(), 1):
            if _STAYS.search(line) and not _ENDS.match(line):
                findings.remark(
                    Source(path, number),
                    "starts a program that stays, and systemd ends it with ucarpd@NAME: start it"
                    " as a unit of its own, with systemctl start",
                )
