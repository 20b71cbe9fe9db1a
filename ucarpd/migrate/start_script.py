"""A start script, a service script, or a file that such scripts read, as virtual hosts."""

import re
import shlex
from pathlib import Path

from ucarpd.config.kinds import Kind, kind_of
from ucarpd.migrate import environment, options
from ucarpd.migrate.findings import Findings, Host, Source
from ucarpd.migrate.shell_script import Script

_VALUE = re.compile(r"^([ \t]*(?:export[ \t]+)?\w+=)([^\s('\"`\\$][^\s'\"`\\$]*)", re.MULTILINE)
_SIGN = re.compile(r"[&|()<>]|;(?!$|export$|[A-Z]\w*=)")
"""A sign of a shell that stands for itself: no other setting follows."""

_SUPERVISORD = re.compile(r"^\[program:", re.MULTILINE)
_DINIT = re.compile(r"^[ \t]*type[ \t]*=[ \t]*(?:bg)?process\b", re.MULTILINE)
_CRON = re.compile(r"^[ \t]*(?:@[a-z]+|(?:[\d*]\S*[ \t]+){3}\S+[ \t]+\S+)[ \t].*", re.MULTILINE)
_COMMAND = re.compile(r"^(command)[ \t]*[=:](.*(?:\n[ \t]+.*)*)", re.MULTILINE)


def read(findings: Findings, path: Path, text: str) -> None:
    """Add the virtual hosts of a script to the findings."""
    is_environment = kind_of(text, path.name)[0] is Kind.KEYS
    if is_environment:
        # A shell would run a part of the value; so whoever wrote it has another program read the file.
        text = _VALUE.sub(lambda f: f[1] + _SIGN.sub(r"\\\g<0>", f[2]), text)
    script = Script(findings, path, is_environment=is_environment)
    if _SUPERVISORD.search(text):
        text = _COMMAND.sub(_of_supervisord, text)
    elif _DINIT.search(text):
        text = _COMMAND.sub(_of_dinit, text)
    # To cron, a percent sign ends the command, unless a backslash is before it.
    text = _CRON.sub(lambda f: re.sub(r"(?<!\\)%.*", "", f[0]).replace(r"\%", "%"), text)
    script.follow(text)
    if not script.hosts and (host := _of_openrc(findings, script)):
        script.hosts.append(host)
    if script.hosts:
        script.finish()
        text = f"before ucarpd@NAME is enabled, stop ucarp, and keep {path.name} from being started"
        findings.remark(None, text)
    else:
        host = Host(Source(path))
        environment.take(findings, host, script.assignments, script.variables, is_for_scripts=True)
        script.hosts += [host] if host.values else []
    findings.hosts += script.hosts


def _of_supervisord(found: re.Match[str]) -> str:
    """Return a command of supervisord, which has no shell, for a shell; in as many lines."""
    try:
        words = shlex.split(re.sub(r"\s[;#].*", "", found[2]))
    except ValueError:
        return found[0]
    # %(NAME)s is a variable, and shlex has put such a word in quotes.
    quoted = re.sub(r"%\((\w+)\)s", r"""'"$\1"'""", shlex.join(words)).replace("%%", "%")
    return f"{found[1]}={quoted}" + "\n" * found[2].count("\n")


def _of_dinit(found: re.Match[str]) -> str:
    """Return a command of dinit, which has no shell, for a shell; its only quotes are double ones."""
    lexer = shlex.shlex(re.sub(r"(^|\s)#.*", "", found[2]), posix=True)
    lexer.whitespace_split, lexer.quotes, lexer.commenters = True, '"', ""
    try:
        words = shlex.join(lexer)
    except ValueError:
        return found[0]
    # A word with a variable is in quotes now.
    quoted = re.sub(r"\$(\w+|\{\w+\})", r"""'"$\1"'""", words)
    return f"{found[1]}={quoted}" + "\n" * found[2].count("\n")


def _of_openrc(findings: Findings, script: Script) -> Host | None:
    """Return the command of a service script of OpenRC, which is two variables."""
    values = script.variables.values
    command, arguments = values.get("command"), values.get("command_args")
    if not command or not arguments or command.text.rpartition("/")[2] != "ucarp":
        return None
    host = Host(arguments.source)
    words = environment.words_of(arguments.text, script.variables)
    options.take(findings, host, words, arguments.source, script.variables)
    return host
