"""Fedora's vip-common.conf and vip-NNN.conf."""

import re
from pathlib import Path

from ucarpd.config.problems import ConfigError
from ucarpd.migrate import environment, options
from ucarpd.migrate.environment import Assignment
from ucarpd.migrate.findings import Findings, Host, Source, Value
from ucarpd.migrate.meaning import put
from ucarpd.migrate.reading import read_text
from ucarpd.migrate.shell_script import Script
from ucarpd.migrate.variables import Variables

COMMON = "vip-common.conf"
_SCRIPTS = {
    "UCARP_UPSCRIPT": "/usr/libexec/ucarp/vip-up",
    "UCARP_DOWNSCRIPT": "/usr/libexec/ucarp/vip-down",
}


def instances(directory: Path) -> list[Path]:
    """Return the vip-NNN.conf of a directory, sorted; some packages take names instead of numbers."""
    return sorted(p for p in directory.glob("vip-*.conf") if p.name != COMMON)


def read(findings: Findings, path: Path) -> None:
    """Add the virtual host of vip-NNN.conf; of vip-common.conf, add all those beside it.

    Raises ConfigError if the file cannot be read.
    """
    if path.name == COMMON:
        files = instances(path.parent)
        if not files:
            findings.remark(Source(path), "there is no vip-NNN.conf beside it")
        for each in files:
            read(findings, each)
        return
    variables = Variables()
    common = path.parent / COMMON
    given: dict[str, Assignment] = {}
    try:
        given = _assignments(findings, common, variables)
    except ConfigError:
        findings.remark(Source(common), "is not there: its settings are not known")
    own = _assignments(findings, path, variables)
    for name in own.keys() & given.keys():
        _tell_replaced(findings, given[name], own[name])
    host = Host(Source(path))
    environment.take(findings, host, (given | own).values(), variables)
    found = re.fullmatch(r"vip-([\w.-]+)\.conf", path.name)
    if found and found[1].isdecimal() and not (given | own).keys() & {"ID", "VID"}:
        put(findings, host, "UCARP_VHID", found[1], "the name of the file", Source(path))
    if "OPTIONS" in own and "OPTIONS" in given:
        for key in _keys(given["OPTIONS"].value) - host.values.keys():
            if key in {"UCARP_PREEMPT", "UCARP_NEUTRAL", "UCARP_NOMCAST", "UCARP_IGNOREIFSTATE"}:
                host.values[key] = Value("no", "OPTIONS", own["OPTIONS"].source)
    for key, script in _SCRIPTS.items():
        host.values.setdefault(key, Value(script, key, Source(path)))
    findings.hosts.append(host)
    text = f"systemctl disable --now ucarp@{found[1] if found else 'NNN'}.service"
    text = f"before ucarpd@NAME is enabled, type: {text}"
    findings.remark(None, text)


def _assignments(findings: Findings, path: Path, variables: Variables) -> dict[str, Assignment]:
    script = Script(findings, path, variables)
    script.follow(read_text(path))
    return {each.name: each for each in script.assignments}


def _tell_replaced(findings: Findings, common: Assignment, own: Assignment) -> None:
    lost = sorted(set(common.value.split()) - set(own.value.split()))
    if common.name == "OPTIONS" and lost:
        shown = ", ".join(each.partition("=")[0] for each in lost)
        text = f"OPTIONS replaces the OPTIONS of {common.source}, and does not add to them: {shown}"
        findings.remark(own.source, f"{text} is not in force")


def _keys(text: str) -> set[str]:
    host = Host(Source(Path()))
    options.take(Findings(), host, text.split(), host.source)
    return set(host.values)
