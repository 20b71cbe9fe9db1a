"""Files in YAML, read line by line: Compose files, and the variables of an Ansible role."""

import json
import re
import shlex
from contextlib import suppress
from pathlib import Path

from ucarpd.config import foreign_words
from ucarpd.migrate import containers, environment, options
from ucarpd.migrate.environment import Assignment
from ucarpd.migrate.findings import Findings, Host, Source
from ucarpd.migrate.variables import Variables

_COMMANDS = ("entrypoint", "command")
_KEY = re.compile(r"""(["']?)([\w.-]+)\1\s*:(?:\s+(.*))?""")
_ITEMS = re.compile(r"""'(?:''|[^'])*'|"(?:\\.|[^"\\])*"|[^][,\s"'][^],]*""")
"""The items of a list in one line."""
_VARIABLE = re.compile(r"\$\$?(\w+|\{[^}]*\})")
"""One of Compose, or with two dollar signs, one of a shell in the container."""


def read_compose(findings: Findings, path: Path, text: str) -> None:
    """Add the services of a Compose file that set something of `ucarp`."""
    variables = Variables()
    services, commands = _services(findings, path, text, variables)
    for each in dict.fromkeys([*services, *(service for service, _ in commands)]):
        assignments = services.get(each, [])
        parts = [commands[each, key] for key in _COMMANDS if (each, key) in commands]
        host = Host(assignments[0].source if assignments else parts[0][1])
        environment.take(findings, host, assignments, variables)
        for command, source in parts:
            words = [
                _VARIABLE.sub(lambda f: variables.mark(f"{f[0]} comes from the environment"), word)
                for word in containers.arguments(containers.split(command))
            ]
            options.take(findings, host, words, source, variables)
        environment.keep_for_scripts(findings, host, assignments, variables)
        if host.values:
            findings.hosts.append(host)


def _services(
    findings: Findings, path: Path, text: str, variables: Variables
) -> tuple[dict[str, list[Assignment]], dict[tuple[str, str], tuple[str, Source]]]:
    """Return the environment of each service, and its entrypoint and command, as for a shell."""
    services: dict[str, list[Assignment]] = {}
    commands: dict[tuple[str, str], tuple[str, Source]] = {}
    blocks: set[tuple[str, str]] = set()
    parents: list[tuple[int, str]] = []
    for number, line in enumerate(text.splitlines(), 1):
        row, source = line.strip(), Source(path, number)
        if not row or row.startswith("#"):
            continue
        indent, is_item = len(line) - len(line.lstrip()), row.startswith("- ")
        # The items of a list need not be further to the right than its key.
        while parents and parents[-1][0] >= indent + is_item:
            parents.pop()
        *_, service, section = ("", "", *(key for _, key in parents))
        found = _KEY.fullmatch(row)
        if section == "environment" and (found or is_item):
            name, equals, value = _scalar(row[2:]).partition("=")
            if found:
                name, value = found[2], _scalar(found[3] or "")
                equals = _without_comment(found[3] or "")
            if not equals or "$" in value.replace("$$", ""):
                text = f"{value or 'its value'} comes from the environment of Compose"
                value = variables.mark(text)
            assignment = Assignment(name, value.replace("$$", "$"), source)
            services.setdefault(service, []).append(assignment)
        elif section == "environment":
            findings.remark(source, f"{row} is not read: write the variables themselves")
        elif section in _COMMANDS:
            more = shlex.quote(_scalar(row[2:])) if is_item else _command(row)
            more = row if (service, section) in blocks else more
            before, began = commands.get((service, section), ("", source))
            where = source if re.search(r"\bucarp(\W*\s-|\W*$)", row) else began
            commands[service, section] = (f"{before} {more}", where)
        elif found:
            key, value = found[2], _without_comment(found[3] or "")
            parents.append((indent, key))
            if key in _COMMANDS and value.startswith((">", "|")):
                blocks.add((section, key))
            elif key in _COMMANDS and value:
                commands[section, key] = (_command(found[3]), source)
            elif key == "env_file":
                findings.remark(source, "the variables of env_file are not read: import it too")
            elif key == "environment" and value and not value.startswith("&"):
                text = "environment on one line is not read: write each variable on its own line"
                findings.remark(source, text)
    return services, commands


def _command(value: str) -> str:
    """Return the line of a shell for a command, or a part of one, that may be a list."""
    if not value.startswith("[") and not value.endswith((",", "]")):
        return _scalar(value)
    return shlex.join(_scalar(item.strip()) for item in _ITEMS.findall(value))


def read_variables(findings: Findings, path: Path, text: str) -> None:
    """Add the settings of the variables of an Ansible role, one in a line; a list has several hosts."""
    variables = Variables()
    for_all: list[Assignment] = []
    items: list[list[Assignment]] = []
    dash, current = -1, for_all
    for number, line in enumerate(text.splitlines(), 1):
        row, indent = line.strip(), len(line) - len(line.lstrip())
        if not row or row.startswith("#"):
            continue
        if re.match("-( |$)", row) and (dash < 0 or indent <= dash):
            dash, current = indent, []
            items.append(current)
            row = row[1:].lstrip()
        elif indent <= dash:
            dash, current = -1, for_all
        source = Source(path, number)
        if row.startswith("{"):
            text = "an item on one line is not read: write each variable on its own line"
            findings.remark(source, text)
        # Without a value it begins a list.
        elif (found := _KEY.fullmatch(row)) and (value := _scalar(found[3] or "")):
            if "{{" in value:
                value = variables.mark(f"{value} is computed by the role")
            current.append(Assignment(found[2], value, source))
    for each in _hosts(items, for_all) or [[]]:
        if assignments := [*for_all, *each]:
            host = Host((each or assignments)[0].source)
            environment.take(findings, host, assignments, variables)
            findings.hosts += [host] if host.values else []


def _hosts(items: list[list[Assignment]], for_all: list[Assignment]) -> list[list[Assignment]]:
    """Return the items of lists that are virtual hosts, and not users, packages or other servers."""
    needed = {"UCARP_ADDR", "UCARP_VHID"}
    whole = [
        item
        for item in items
        if needed <= _keys(item) or any(foreign_words.is_prefixed(each.name) for each in item)
    ]
    return whole or [item for item in items if not needed & _keys(item) <= _keys(for_all)]


def _keys(assignments: list[Assignment]) -> set[str]:
    meanings = (foreign_words.meaning(each.name) for each in assignments)
    return {meant.key for meant in meanings if meant}


def _scalar(text: str) -> str:
    """Return a value of YAML in one line without its quotes or a comment."""
    if found := re.fullmatch(r"'((?:''|[^'])*)'\s*(#.*)?", text):
        return found[1].replace("''", "'")
    if found := re.fullmatch(r'("(?:\\.|[^"\\])*")\s*(#.*)?', text):
        with suppress(ValueError):  # Few escapes are not those of JSON.
            return str(json.loads(found[1]))
        return found[1][1:-1]
    return _without_comment(text)


def _without_comment(text: str) -> str:
    return re.sub(r"(^|\s+)#.*", "", text)
