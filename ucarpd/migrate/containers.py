"""Environments of containers: `docker run`, Compose files and Dockerfiles."""

import json
import re
from collections.abc import Sequence
from contextlib import suppress
from itertools import takewhile
from pathlib import Path

from ucarpd.migrate import environment, options
from ucarpd.migrate.environment import Assignment
from ucarpd.migrate.findings import Findings, Host, Source
from ucarpd.migrate.shell_words import Splitter
from ucarpd.migrate.variables import Variable, Variables

_FLAGS = {
    *("--rm", "--init", "--privileged", "--detach", "--tty"),
    *("-d", "-i", "-t", "-it", "-dit", "-ti"),
}
_ENDS = {"&&", "||", ";", "|"}
"""What ends a command of a shell."""
_KEY = re.compile(r"""(["']?)([\w.-]+)\1\s*:(?:\s+(.*))?""")


def of_command(findings: Findings, words: Sequence[str], variables: Variables) -> Host | None:
    """Return the virtual host of `docker run …`; None for another command.

    The command stands at the source of `variables`, which has the meanings of the marks in the words.
    """
    rest = list(words[1:])
    if "run" not in rest and "create" not in rest:
        return None
    rest = rest[rest.index("run" if "run" in rest else "create") + 1 :]
    source = variables.source
    assignments: list[Assignment] = []
    arguments: list[str] = []
    while rest:
        word = rest.pop(0)
        name, equals, value = word.partition("=")
        if not word.startswith("-"):
            arguments = _behind_ucarp(rest) or rest
            break
        if name in {"-e", "--env", "--env-file"}:
            text = value if equals else rest.pop(0) if rest else ""
            if name == "--env-file":
                told = f"the variables of {text} are not read: import {text} too"
                findings.remark(source, told)
            else:
                variable, _, given = text.partition("=")
                assignments.append(Assignment(variable, given, source))
        elif not equals and word not in _FLAGS and rest and not rest[0].startswith("-"):
            rest.pop(0)
    host = Host(source)
    environment.take(findings, host, assignments, variables)
    if any(word.startswith("-") for word in arguments):
        options.take(findings, host, arguments, [source] * len(arguments), variables)
    return host if host.values else None


def read_compose(findings: Findings, path: Path, text: str) -> None:
    """Add the services of a Compose file that set something of `ucarp`."""
    services: dict[str, list[Assignment]] = {}
    commands: dict[str, tuple[str, Source]] = {}
    parents: list[tuple[int, str]] = []
    variables = Variables()
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
        elif section == "command":
            before, began = commands.get(service, ("", source))
            where = source if "ucarp" in row else began
            commands[service] = (f"{before} {_without_comment(row).removeprefix('- ')}", where)
        elif found:
            key, value = found[2], _without_comment(found[3] or "")
            parents.append((indent, key))
            if key == "command" and value:
                commands[section] = (value, source)
            elif key == "env_file":
                findings.remark(source, "the variables of env_file are not read: import it too")
            elif key == "environment" and value and not value.startswith("&"):
                text = "environment in one line is not read: write each variable in its own line"
                findings.remark(source, text)
    for each in dict.fromkeys([*services, *commands]):
        assignments = services.get(each, [])
        host = Host(assignments[0].source if assignments else commands[each][1])
        environment.take(findings, host, assignments, variables)
        if each in commands:
            command, source = commands[each]
            words = _arguments(command)
            options.take(findings, host, words, [source] * len(words))
        if host.values:
            findings.hosts.append(host)


def read_variables(findings: Findings, path: Path, text: str) -> None:
    """Add the settings of the variables of an Ansible role, one in a line."""
    variables = Variables()
    assignments: list[Assignment] = []
    for number, line in enumerate(text.splitlines(), 1):
        if found := _KEY.fullmatch(line.strip()):
            value = _scalar(found[3] or "")
            if "{{" in value:
                value = variables.mark(f"{value} is computed by the role")
            assignments.append(Assignment(found[2], value, Source(path, number)))
    if not assignments:
        return
    host = Host(assignments[0].source)
    environment.take(findings, host, assignments, variables)
    findings.hosts += [host] if host.values else []


def read_dockerfile(findings: Findings, path: Path, text: str) -> None:
    """Add the settings of the ENV lines and the command of a Dockerfile."""
    assignments: list[Assignment] = []
    commands: list[tuple[str, Source]] = []
    variables = Variables()
    for command in Splitter(text).commands():
        words = [each for word in command.words for each in variables.expand(word)]
        source = Source(path, command.line)
        instruction = words[0] if words else ""
        if instruction in {"ENV", "ARG"}:
            if instruction == "ENV" and words[1:] and "=" not in words[1]:
                words[1:] = [f"{words[1]}={' '.join(words[2:])}"]
            for name, equals, value in (each.partition("=") for each in words[1:]):
                if equals:
                    assignments.append(Assignment(name, value, source))
                    variables.values[name] = Variable(value, source)
        elif instruction in {"CMD", "ENTRYPOINT"}:
            commands.append((" ".join(words[1:]), source))
    host = Host(Source(path))
    environment.take(findings, host, assignments, variables)
    for text_of, source in commands:
        arguments = _arguments(text_of)
        options.take(findings, host, arguments, [source] * len(arguments), variables)
    if host.values:
        findings.hosts.append(host)


def _arguments(text: str) -> list[str]:
    """Return the words behind `ucarp` of a command, as a list of JSON or as a shell has them."""
    try:
        words = [str(each) for each in json.loads(text)]
    except (ValueError, TypeError):
        words = [word.strip("[],\"'") for word in text.split()]
    if behind := _behind_ucarp(words):
        return behind
    names = [place for place, word in enumerate(words) if word.rpartition("/")[2] == "ucarp"]
    if names:
        return words[names[0] + 1 :]
    return words if words and words[0].startswith("-") else []


def _behind_ucarp(words: list[str]) -> list[str] | None:
    """Return the words behind `ucarp` up to the end of its command; None if it is not called."""
    for place in range(1, len(words)):
        if words[place - 1].rpartition("/")[2] == "ucarp" and words[place].startswith("-"):
            return list(takewhile(lambda word: word not in _ENDS, words[place:]))
    return None


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
