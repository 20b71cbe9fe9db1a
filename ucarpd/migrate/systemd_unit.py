"""A systemd unit or drop-in that starts `ucarp`."""

import re
import shlex
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from ucarpd.config.problems import ConfigError
from ucarpd.migrate import environment, options, systemd_words
from ucarpd.migrate.environment import Assignment
from ucarpd.migrate.findings import Findings, Host, Source
from ucarpd.migrate.reading import read_named, read_text
from ucarpd.migrate.shell_script import Script
from ucarpd.migrate.shell_words import Splitter
from ucarpd.migrate.variables import Variable, Variables

_SETTING = re.compile(r"\s*([A-Za-z]+)\s*=\s*(.*)", re.DOTALL)
_PREFIXES = "@-:+!|"


def read(findings: Findings, path: Path, text: str) -> None:
    """Add the virtual hosts of a unit, with its drop-ins if they are beside it."""
    settings = _settings(path, text)
    drop_ins = path.parent / f"{path.name}.d"
    for drop_in in sorted(drop_ins.glob("*.conf")) if drop_ins.is_dir() else []:
        settings += _settings(drop_in, read_text(drop_in))
    variables = Variables()
    variables.missing = lambda name: f"${name} is not set in the unit"
    assignments: list[Assignment] = []
    for name, value, source in settings:
        if name == "Environment":
            assignments += _environment(findings, path, value, source, variables)
        elif name == "EnvironmentFile":
            assignments += _environment_file(findings, path, value, source, variables)
    for each in assignments:
        variables.values[each.name] = Variable(each.value, each.source)
    before = len(findings.hosts)
    starts: list[tuple[str, Source]] = []
    for name, value, source in settings:
        if name == "ExecStart":
            # An empty one takes back those above.
            starts = [*starts, (value, source)] if value else []
        elif name in {"ExecStartPre", "ExecStartPost", "ExecStopPost"} and value:
            findings.remark(source, f"{name}={value}: ucarpd does not run it")
    for value, source in starts:
        _start(findings, path, value, source, variables)
    for host in findings.hosts[before:]:
        environment.keep_for_scripts(findings, host, assignments, variables)
    if len(findings.hosts) == before and assignments:
        host = Host(assignments[0].source)
        environment.take(findings, host, assignments, variables)
        for name, value, source in settings:
            if name == "Exec" and value.startswith("-"):
                # The arguments of a container.
                words = environment.words_of(value, variables)
                options.take(findings, host, words, source, variables)
        findings.hosts += [host] if host.values else []
    if path.suffix == ".service" and starts:
        stop = f"systemctl disable --now {path.name}"
        if path.stem.endswith("@"):
            text = "this is a template: import the link of each instance, in *.wants beside it"
            findings.remark(Source(path), text)
            stop = f"systemctl disable {path.name}; systemctl stop '{path.stem}*'"
        findings.remark(None, f"before ucarpd@NAME is enabled, type: {stop}")
    elif starts:
        text = "before ucarpd@NAME is enabled, disable the unit of these lines: systemctl disable --now"
        findings.remark(None, f"{text} UNIT")


def _settings(path: Path, text: str) -> list[tuple[str, str, Source]]:
    """Return the settings with their lines; a backslash at the end continues a line."""
    found: list[tuple[str, str, Source]] = []
    pending, start = "", 0
    for number, line in enumerate(text.splitlines(), 1):
        if line.lstrip().startswith(("#", ";")):
            continue
        start = start if pending else number
        if (len(line) - len(line.rstrip("\\"))) % 2:
            pending += line[:-1] + " "
            continue
        if setting := _SETTING.fullmatch(pending + line):
            found.append((setting[1], setting[2].strip(), Source(path, start)))
        pending = ""
    return found


def _environment(
    findings: Findings, unit: Path, value: str, source: Source, variables: Variables
) -> list[Assignment]:
    found = _words(findings, unit, "Environment", value, source, variables)
    pairs = [word.partition("=") for word in found]
    return [Assignment(name, text, source) for name, equals, text in pairs if equals]


def _words(
    findings: Findings, unit: Path, name: str, value: str, source: Source, variables: Variables
) -> list[str]:
    try:
        return [_specified(word, unit, variables) for word in systemd_words.words(value)]
    except ValueError:
        findings.remark(source, f"{name} has a quote that is not closed: left out")
        return []


def _specified(text: str, unit: Path, variables: Variables) -> str:
    """Return the text with the name of the instance for %i, and marks for other specifiers."""
    instance = unit.stem.partition("@")[2]

    def meaning(found: re.Match[str]) -> str:
        if found[1] == "%":
            return "%"
        if found[1] in "iI" and instance:
            return instance
        return variables.mark(f"{found[0]} is filled in by systemd")

    return re.sub("%([%A-Za-z])", meaning, text)


def _environment_file(
    findings: Findings, unit: Path, value: str, source: Source, variables: Variables
) -> list[Assignment]:
    instance = unit.stem.partition("@")[2]
    named = value.removeprefix("-")
    if instance:
        named = named.replace("%i", instance).replace("%I", instance)
    try:
        path, text = read_named(findings, source, unit.parent / named)
    except ConfigError:
        findings.remark(source, f"{named} cannot be read, and its variables are not known")
        variables.missing = lambda name: f"${name} comes from {named}: import it from there"
        return []
    found = systemd_words.assignments(text)
    return [Assignment(variable, text, Source(path, line)) for variable, text, line in found]


def _for_shell(word: str, variables: Variables) -> Iterable[str]:
    """Return the word as a shell has to read it; unlike that, systemd heeds quotes in the value of $NAME."""
    known = variables.values.get(word[1:]) if word[:1] == "$" else None
    if known is not None:
        variables.count(known.text)
        with suppress(ValueError):
            return map(shlex.quote, shlex.split(known.text))
    return [systemd_words.for_shell(word)]


def _start(
    findings: Findings, unit: Path, value: str, source: Source, variables: Variables
) -> None:
    found = _words(findings, unit, "ExecStart", value.lstrip(_PREFIXES), source, variables)
    line = " ".join(each for word in found for each in _for_shell(word, variables))
    missing = variables.missing
    before = len(findings.hosts)
    script = Script(findings, source.path, variables)
    variables.missing = missing
    script.follow(line, source.line or 1)
    findings.hosts += script.hosts
    if len(findings.hosts) > before or not line:
        return
    words = [word for each in Splitter(line).commands() for word in each.words]
    plain = [text for word in words for text in variables.expand(word)]
    started = [Path(text) for text in plain if text.startswith("/")]
    for named in started[-1:]:
        if "libexec/ucarp" in str(named):
            findings.remark(source, "starts the wrapper of Fedora: import /etc/ucarp instead")
            return
        try:
            path, text = read_named(findings, source, named)
        except ConfigError:
            findings.remark(source, f"starts {named}: import it too")
            return
        inner = Script(findings, path, variables)
        inner.follow(text)
        findings.hosts += inner.hosts
