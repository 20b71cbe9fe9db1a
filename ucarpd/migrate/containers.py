"""Environments and commands of containers: `docker run`, and Dockerfiles."""

import re
import shlex
from collections.abc import Iterable, Sequence
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
    behind: list[str] = []
    while rest:
        word = rest.pop(0)
        name, equals, value = word.partition("=")
        if not word.startswith("-"):
            behind = _behind_ucarp(rest) or rest
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
    if any(word.startswith("-") for word in behind):
        options.take(findings, host, behind, source, variables)
        environment.keep_for_scripts(findings, host, assignments, variables)
    elif behind and host.values:
        findings.remark(source, "the words after the image are not read: add their settings")
    return host if host.values else None


def read_dockerfile(findings: Findings, path: Path, text: str) -> None:
    """Add the settings of the ENV lines and the command of a Dockerfile."""
    assignments: list[Assignment] = []
    commands: list[tuple[list[str], Source]] = []
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
            # A list of JSON has lost its quotes.
            is_list = words[1:] and words[1].startswith("[")
            words = [word.strip("[],") for word in words] if is_list else words
            commands.append((words[1:], source))
    host = Host(Source(path))
    environment.take(findings, host, assignments, variables)
    for words, source in commands:
        options.take(findings, host, arguments(words), source, variables)
    environment.keep_for_scripts(findings, host, assignments, variables)
    if host.values:
        findings.hosts.append(host)


def arguments(words: Iterable[str]) -> list[str]:
    """Return the words behind `ucarp` of a command; one of the words may be a line for a shell."""
    flat: list[str] = []
    for word in words:
        is_line = re.search(r"ucarp\s", word) or re.match(r"-.*\s-", word)
        flat += split(word) if is_line else [word]
    if behind := _behind_ucarp(flat):
        return behind
    names = [place for place, word in enumerate(flat) if word.rpartition("/")[2] == "ucarp"]
    if names:
        return flat[names[0] + 1 :]
    return flat if flat and flat[0].startswith("-") else []


def split(line: str) -> list[str]:
    """Return the words of a line as a shell has them."""
    try:
        return shlex.split(line)
    except ValueError:  # A quote is not closed.
        return line.split()


def _behind_ucarp(words: list[str]) -> list[str] | None:
    """Return the words behind `ucarp` up to the end of its command; None if it is not called."""
    for place in range(1, len(words)):
        if words[place - 1].rpartition("/")[2] == "ucarp" and words[place].startswith("-"):
            return list(takewhile(lambda word: word not in _ENDS, words[place:]))
    return None
