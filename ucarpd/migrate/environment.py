"""Variables of a wrapper, an image or another system as a virtual host."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from ucarpd.config import foreign_words, secret_names
from ucarpd.config.foreign_words import NOTHING, OPTIONS
from ucarpd.config.keys import BY_NAME, KEYS, family_of
from ucarpd.config.problems import ConfigError
from ucarpd.migrate import options
from ucarpd.migrate.findings import Findings, Host, Source
from ucarpd.migrate.meaning import SCRIPTS, put
from ucarpd.migrate.reading import read_text
from ucarpd.migrate.shell_words import Splitter
from ucarpd.migrate.variables import Variables

_SMALLER_WINS = ("PRIORITY", "PRIO", "WEIGHT")
_ALWAYS = {*(key.name for key in KEYS), "UCARP_NETMASK", "UCARP_PREFIXLEN"}
"""Variables that scripts get from ucarpd in any case, if there is a value."""

_OF_ANY_PROCESS = {"PATH", "HOME", "PWD", "OLDPWD", "SHLVL", "_"}
"""Variables that say nothing about `ucarp`, and that a file of ucarpd must not set."""

_AS_THIRD_ARGUMENT = {"VIRTUALPREFIX", "MASKLEN", "VIRTUALNET", "PREFIX", "PREFIXLEN", "SUBNET"}
"""Words for a prefix length that wrappers hand to the scripts as $3."""


@dataclass(frozen=True, slots=True)
class Assignment:
    """`value` may have marks of `variables`."""

    name: str
    value: str
    source: Source


def take(
    findings: Findings,
    host: Host,
    assignments: Iterable[Assignment],
    variables: Variables,
    *,
    is_for_scripts: bool = False,
) -> None:
    """Set the keys of `host` from variables; the last of several lines of one name counts.

    `is_for_scripts` means that scripts get the variables that nothing is known of.
    """
    last = {each.name: each for each in assignments}
    for each in last.values():
        meant = foreign_words.meaning(each.name)
        if reasons := variables.why(each.value):
            if meant and meant.key != NOTHING:
                text = f"{each.name}: {' and '.join(reasons)}: left out"
                findings.remark(each.source, f"{text}; {_what(meant.key)}")
        elif meant is None:
            _other(findings, host, each, is_for_scripts=is_for_scripts)
        elif meant.key == NOTHING:
            if foreign_words.is_prefixed(each.name) and each.value:
                findings.remark(
                    each.source, f"{each.name} has no meaning here: {meant.remark}; left out"
                )
        elif meant.key == OPTIONS:
            options.take(findings, host, words_of(each.value, variables), each.source, variables)
        else:
            _set(findings, host, each, meant)
    _one_password(findings, host)


def keep_for_scripts(
    findings: Findings,
    host: Host,
    assignments: Iterable[Assignment],
    variables: Variables,
    *,
    is_inherited: bool = False,
) -> None:
    """Keep the variables that `ucarp` handed to the scripts of `host`, and name those they will lack.

    `assignments` were in the environment of `ucarp`.  A setting, or a variable of an environment
    that `ucarp` has inherited, is kept only if a script reads it.
    """
    scripts = [_read(Path(host.values[key].text)) for key in SCRIPTS if key in host.values]
    if is_inherited:
        if None in scripts:
            text = "a script of this ucarp cannot be read here: add the variables that it needs"
            findings.remark(host.source, text)
        scripts = [text for text in scripts if text is not None]
        assignments = [each for each in assignments if each.name not in _OF_ANY_PROCESS]
    for each in assignments if scripts else ():
        name, reasons = each.name, variables.why(each.value)
        if name in _ALWAYS or not (name.isidentifier() and name.isascii()):
            continue
        is_hidden = foreign_words.is_prefixed(name) or secret_names.is_secret(name)
        is_plain = not (is_inherited or reasons or is_hidden or foreign_words.meaning(name))
        if not (is_plain or any(_may_read(text, name) for text in scripts)):
            continue
        if reasons or is_hidden:
            why = " and ".join(reasons) or "ucarpd hands no variable with such a name to scripts"
            text = f"{name}: {why}, and your scripts may need it: if so, set it in them"
            findings.remark(each.source, text)
        else:
            host.for_scripts[name] = variables.known(each.value)


def exported(variables: Variables) -> list[Assignment]:
    """Return the variables that programs get in their environment."""
    known = variables.values.items()
    return [
        Assignment(name, each.text, each.source)
        for name, each in known
        if name in variables.exported
    ]


def _read(script: Path) -> str | None:
    try:
        return read_text(script)
    except ConfigError:
        return None


def _may_read(text: str | None, name: str) -> bool:
    """Return whether a script reads a variable; also if the script is not here."""
    return text is None or re.search(rf"\$\{{?{re.escape(name)}\b", text) is not None


def _what(key: str) -> str:
    return "its options are not known" if key == OPTIONS else f"add {key}= to the result"


def words_of(text: str, variables: Variables) -> list[str]:
    """Return the options in a text as a shell reads them."""
    commands = Splitter(text).commands()
    return [each for one in commands for word in one.words for each in variables.expand(word)]


def _set(findings: Findings, host: Host, each: Assignment, meant: foreign_words.Meaning) -> None:
    word = foreign_words.squashed(each.name)
    if word.startswith(_SMALLER_WINS) and each.value:
        text = f"{each.name} is advskew there, and becomes UCARP_ADVSKEW: the smaller one wins"
        findings.remark(each.source, f"{text}; reverse it if the larger one won")
    if meant.key == "UCARP_EXTRA_ADDRS" and each.name not in BY_NAME and each.value:
        text = f"{each.name} are addresses that the scripts of that wrapper set: they become"
        findings.remark(each.source, f"{text} UCARP_EXTRA_ADDRS")
    put(findings, host, meant.key, each.value, each.name, each.source)
    if meant.key == "UCARP_MASK" and word in _AS_THIRD_ARGUMENT and each.value:
        host.third_argument = each.value


def _other(findings: Findings, host: Host, each: Assignment, *, is_for_scripts: bool) -> None:
    """A variable that nothing is known of."""
    if family_of(each.name):
        host.for_scripts[each.name] = each.value  # It is ours.
    elif foreign_words.is_prefixed(each.name):
        near = foreign_words.nearest(each.name)
        hint = f"; did you mean {near}?" if near else ""
        findings.remark(each.source, f"{each.name} is not known{hint}; left out")
    elif secret_names.is_secret(each.name):
        findings.remark(each.source, f"{each.name} looks like a password, and is left out")
    elif is_for_scripts and each.value:
        host.for_scripts[each.name] = each.value


def _one_password(findings: Findings, host: Host) -> None:
    """Wrappers with both prefer the file."""
    word, file = host.values.get("UCARP_PASS"), host.values.get("UCARP_PASSFILE")
    if not word or not file:
        return
    text = f"{file.name} in {file.source} and {word.name} in {word.source} both give the password:"
    findings.remark(None, f"{text} the file is kept, as such wrappers prefer it; keep one")
    del host.values["UCARP_PASS"]
