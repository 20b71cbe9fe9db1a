"""Follows a start script to its `ucarp` commands, without running anything.

Variables get the values that the text gives them.  What depends on a condition, on a file that is not
here, or on another program is listed.
"""

import re
from pathlib import Path

from ucarpd.config import foreign_words, key_hints
from ucarpd.config.foreign_words import OPTIONS
from ucarpd.config.keys import BY_NAME
from ucarpd.config.problems import ConfigError
from ucarpd.migrate import containers, environment, options
from ucarpd.migrate.environment import Assignment
from ucarpd.migrate.findings import Findings, Host, Source
from ucarpd.migrate.meaning import put
from ucarpd.migrate.reading import read_named
from ucarpd.migrate.shell_grammar import (
    CLOSING,
    LEADING,
    OPENING,
    SHELLS,
    WRAPPERS,
    behind,
    container_command,
    end_of_loop,
    is_assignment,
    is_pattern,
    is_started,
)
from ucarpd.migrate.shell_words import BETWEEN, Command, Piece, Splitter, Word, plain, source_text
from ucarpd.migrate.variables import Variable, Variables

_ASSIGNMENT = re.compile(r"([A-Za-z_]\w*)(\+?)=", re.ASCII)
_OF_SCRIPTS = {"UCARP_MASK", "UCARP_IF_ALIAS", "UCARP_EXTRA_ADDRS"}
"""Keys that ucarp has no option for: the scripts around it read them."""


class Script:
    """One script on its way through its commands.

    `is_environment` means that other programs than a shell may read the file: then a value continues
    after a space.
    """

    def __init__(
        self,
        findings: Findings,
        path: Path,
        variables: Variables | None = None,
        *,
        is_environment: bool = False,
    ) -> None:
        self._findings = findings
        self._path = path
        self._conditions: list[int] = []
        self._unread: list[str] = []
        self._depth = 0
        self.hosts: list[Host] = []
        self._is_guarded = False
        self._exports_all = False
        self._is_environment = is_environment
        self._doubts: dict[str, list[tuple[int, str]]] = {}
        """Lines that set a variable under a condition, if only its use can show what it means."""
        self.assignments: list[Assignment] = []
        self.variables = variables or Variables()
        self.variables.missing = self._why_missing

    def follow(self, text: str, first_line: int = 1) -> None:
        splitter = Splitter(text, first_line)
        commands = splitter.commands()
        if splitter.slashes:
            lines = ", ".join(map(str, splitter.slashes))
            text = (
                f"a slash ends the lines {lines}, as printed on a page: it is read as the \\ that"
            )
            self._remark(splitter.slashes[0], f"{text} the shell wants there")
        self._run(commands)

    def finish(self) -> None:
        """Say which variables no command has used."""
        for name, variable in self.variables.values.items():
            meant = foreign_words.meaning(name)
            if variable.is_used or not meant or meant.key not in BY_NAME or not self.hosts:
                continue
            is_for_scripts = meant.key in _OF_SCRIPTS and foreign_words.is_prefixed(name)
            if is_for_scripts and len(self.hosts) == 1:
                put(self._findings, self.hosts[0], meant.key, variable.text, name, variable.source)
            elif all(meant.key not in host.values for host in self.hosts):
                text = f"{name} is set, and no ucarp command uses it: {meant.key} is left out"
                self._findings.remark(variable.source, text)

    def _remark(self, line: int | None, text: str) -> None:
        self._findings.remark(Source(self._path, line), text)

    def _why_missing(self, name: str) -> str:
        if self._unread:
            return f"${name} comes from {' or '.join(self._unread)}: import it from there"
        return f"${name} is not set in {self._path.name}"

    # -- commands ----------------------------------------------------------------------------------------

    def _run(self, commands: list[Command]) -> None:
        at = 0
        while at < len(commands):
            command = commands[at]
            self._findings.step(Source(self._path, command.line), len(self.hosts))
            first = plain(command.words[0]) or ""
            while (first in LEADING or first[:1] == "-") and len(command.words) > 1:
                command = Command(command.words[1:], command.lines[1:], command.end)
                if first == "export":
                    self.variables.exported |= {_name(word) for word in command.words}
                first = plain(command.words[0]) or ""  # `declare` has options.
            if first == "for" and (end := end_of_loop(commands, at)) is not None:
                self._loop(command, commands[at + 1 : end])
                at = end
            elif first in OPENING:
                self._conditions.append(command.line)
            elif first in CLOSING or (first == "done" and self._conditions):
                del self._conditions[-1:]
            else:
                self._is_guarded = at > 0 and commands[at - 1].end in {"&&", "||"}
                if self._is_guarded:
                    self._conditions.append(command.line)
                    self._simple(command)
                    self._conditions.pop()
                else:
                    self._simple(command)
            at += 1

    def _loop(self, command: Command, body: list[Command]) -> None:
        name = source_text(command.words[1]) if len(command.words) > 1 else ""
        items = [item for word in command.words[3:] for item in self.variables.expand(word)]
        known = [item for item in items if not self.variables.why(item) and not is_pattern(item)]
        if not items or len(known) < len(items) or len(items) > 64:
            # An unknown number of times: once stands for all.
            shown = " ".join(self.variables.known(item) for item in items)
            items = [self.variables.mark(f"each of {shown or '…'}")]
        for item in items:
            self._set(name, item, command.line)
            self._run(body)

    def _simple(self, command: Command) -> None:
        words, lines = list(command.words), list(command.lines)
        self.variables.source = Source(self._path, command.line)
        while words and (found := _ASSIGNMENT.match(source_text(words[0]))):
            if not is_assignment(words[0]):
                break
            value = self.variables.text(behind(words[0], found.end()))
            following = source_text(words[1]) if len(words) > 1 else ""
            if value.rpartition("/")[2] == "ucarp" and following.startswith("-"):
                # As supervisord has it: command=/usr/sbin/ucarp --vhid=1
                words[0] = [Piece("text", value)]
                break
            if self._is_environment and len(words) > 1 and not is_assignment(words[1]):
                value = " ".join([value, *map(self.variables.text, words[1:])])
                self._tell_unquoted(found[1], command.line)
                words, lines = words[:1], lines[:1]
            self._set(found[1], value, lines[0], is_added=bool(found[2]))
            words, lines = words[1:], lines[1:]
        expanded = [
            (w, line)
            for word, line in zip(words, lines, strict=True)
            for w in self.variables.expand(word)
        ]
        if not expanded:
            return
        program = expanded[0][0].rpartition("/")[2]
        before = len(self.hosts)
        if program == "set" and expanded[1:2] and expanded[1][0] == "--":
            self._set("@", BETWEEN.join(word for word, _ in expanded[2:]), command.line)
        elif program == "set" and expanded[1:2] and expanded[1][0] in {"-a", "+a"}:
            self._exports_all = expanded[1][0] == "-a"
        elif program == "unset" and not self._conditions:
            for word, _ in expanded[1:]:
                self.variables.values.pop(word, None)
        elif program in {"source", "."} and len(expanded) > 1:
            self._source(expanded[1][0], expanded[1][1])
        elif container := container_command(expanded):
            host = containers.of_command(self._findings, container, self.variables)
            self.hosts += [host] if host else []
        elif program == "ucarp":
            self._ucarp(expanded[1:], command.line)
        elif program in WRAPPERS or program in SHELLS or is_started(expanded):
            self._wrapped(program, expanded)
        if len(self.hosts) > before:
            for piece in (piece for word in words for piece in word if piece.kind == "variable"):
                for line, text in self._doubts.pop(piece.text, ()):
                    self._remark(line, text)

    def _tell_unquoted(self, name: str, line: int) -> None:
        if foreign_words.meaning(name):
            text = "a shell ends the value at the space; the rest of the line is taken for a part of it"
            self._remark(line, f"{name}: {text}: put it into quotes")

    def _wrapped(self, program: str, expanded: list[tuple[str, int]]) -> None:
        """A command that starts another one."""
        if program in SHELLS and (texts := [w for w in expanded[1:] if " " in w[0]]):
            if "ucarp" in texts[0][0]:
                self._run(Splitter(texts[0][0], texts[0][1]).commands())
            return
        at = [i for i, (word, _) in enumerate(expanded) if word.rpartition("/")[2] == "ucarp"]
        # `start-stop-daemon --stop` also names the program.
        if not at or any(word in {"--stop", "-K"} for word, _ in expanded):
            return
        rest = expanded[at[-1] + 1 :]
        separators = [i for i, (word, _) in enumerate(rest) if word == "--"]
        if separators:
            rest = rest[separators[0] + 1 :]
        if rest:  # Otherwise it is a name, as in `sudo apt install ucarp`.
            self._ucarp(rest, expanded[0][1])

    def _ucarp(self, words: list[tuple[str, int]], line: int) -> None:
        host = Host(Source(self._path, line))
        sources = [Source(self._path, number) for _, number in words]
        options.take(self._findings, host, [word for word, _ in words], sources, self.variables)
        exported = environment.exported(self.variables)
        environment.keep_for_scripts(self._findings, host, exported, self.variables)
        if not host.values:
            self._remark(line, "ucarp is called without an option that sets something: left out")
            return
        # A test whether it runs already is no condition.
        if self._conditions and not self._is_guarded:
            self._remark(
                line, f"ucarp runs under the condition of line {self._conditions[-1]} only"
            )
        self.hosts.append(host)

    def _source(self, name: str, line: int) -> None:
        """Read a file that the script reads, if it is here."""
        shown = self.variables.known(name)
        if (why := self.variables.why(name)) or is_pattern(name):
            where = " ".join(why).removeprefix("each of ") or shown
            self._unread.append(where)
            self._remark(line, f"the files {where} are not read: import them from there")
            return
        if self._depth > 8:
            return
        source = Source(self._path, line)
        if re.match(r"/(usr/)?lib/|/etc/(rc\.d/)?init\.d/functions|/etc/rc\.subr", name):
            return  # It belongs to the system.
        try:
            path, text = read_named(self._findings, source, self._path.parent / name)
        except ConfigError:
            self._unread.append(name)
            self._remark(line, f"{name} cannot be read, and its variables are not known")
            return
        own, self._path = self._path, path
        self._depth += 1
        self._run(Splitter(text).commands())
        self._depth -= 1
        self._path = own

    # -- variables ---------------------------------------------------------------------------------------

    def _set(self, name: str, text: str, line: int, *, is_added: bool = False) -> None:
        self._findings.step(Source(self._path, line), len(self.hosts))
        before = self.variables.values.get(name)
        if is_added and before:
            text = before.text + text
            self.variables.count(text)
        # An empty value of anything but options is only there to be filled.
        is_real = before and (before.text or text.startswith("-"))
        if self._conditions and before and is_real and before.text != text:
            shown = self.variables.known(text)
            meant = foreign_words.meaning(name)
            more = shown.removeprefix(self.variables.known(before.text)).lstrip()
            is_options = meant.key == OPTIONS if meant else more.startswith("-")
            what = key_hints.of_options(more) if is_options else f"={shown}"
            hidden = not is_options and _is_secret(name)
            text = "$@" if name == "@" else name
            text += f"{'' if hidden else f' ({what})'} depends on the condition of line"
            self._doubt(
                name, line, f"{text} {self._conditions[-1]}: the value of {before.source} is used"
            )
            return
        if self._conditions:
            text_of = f"{name} is set under the condition of line {self._conditions[-1]} only"
            self._doubt(name, line, text_of)
        source = Source(self._path, line)
        used = before.is_used if before else False
        self.variables.values[name] = Variable(text, source, used)
        self.variables.exported |= {name} if self._exports_all else set()
        self.assignments.append(Assignment(name, text.replace(BETWEEN, " ").strip(), source))

    def _doubt(self, name: str, line: int, text: str) -> None:
        if foreign_words.meaning(name):
            self._remark(line, text)
        else:
            self._doubts.setdefault(name, []).append((line, text))


def _name(word: Word) -> str:
    return source_text(word).partition("=")[0]


def _is_secret(name: str) -> bool:
    meant = foreign_words.meaning(name)
    return meant is None or meant.key not in BY_NAME or BY_NAME[meant.key].secret
