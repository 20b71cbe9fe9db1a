"""A command line of `ucarp` as a virtual host."""

import re
from collections.abc import Sequence

from ucarpd.config.keys import BY_NAME
from ucarpd.migrate.findings import Findings, Host, Source
from ucarpd.migrate.meaning import put
from ucarpd.migrate.variables import Variables
from ucarpd.ucarp_options import Found, split

_FROM_FILE = re.compile(
    r"[`$(]{1,2}(?:cat |< ?)\s*(/[\w./-]+)\s*[`)] is computed when the script runs$"
)
_WAYS = {"UCARP_PASS", "UCARP_PASSFILE"}
_MEANT_FOR_SCRIPTS = {"P": "-u", "B": "-d"}


def take(
    findings: Findings,
    host: Host,
    words: Sequence[str],
    sources: Source | Sequence[Source],
    variables: Variables | None = None,
) -> None:
    """Set the keys of `host` from the words after the name of the command.

    `sources` is the place of all words, or has that of each; `variables` has the meanings of the
    marks in them.
    """
    variables = variables or Variables()
    before: Found | None = None
    every = split(words)
    ways = [each.option for each in every if each.option and each.option.key in _WAYS]
    for found in every:
        source = sources if isinstance(sources, Source) else sources[found.index]
        if found.fault:
            spelled = variables.known(found.spelled)
            findings.remark(source, f"{spelled} {found.fault}: ucarp would not start; left out")
        elif found.option is None:
            _stray(findings, source, found.value or "", before, variables)
        elif found.option in ways[:-1] and found.option != ways[-1]:
            text = f"--{found.option.long}: ucarp takes the --{ways[-1].long} after it: left out"
            findings.remark(source, text)
        elif found.option.key is not None:
            _set(findings, host, source, found, variables)
        if found.option or found.fault:
            before = found


def _set(
    findings: Findings, host: Host, source: Source, found: Found, variables: Variables
) -> None:
    option = found.option
    assert option is not None
    assert option.key is not None
    text = found.value if option.has_value else "yes"
    assert text is not None
    name = f"--{option.long}"
    reasons = variables.why(text)
    if option.key == "UCARP_PASS" and (file := _FROM_FILE.match(" ".join(reasons))):
        findings.remark(
            source, f"{name}: comes from {file[1]}: UCARP_PASSFILE, which is read when it starts"
        )
        put(findings, host, "UCARP_PASSFILE", file[1], name, source, is_option=True)
        return
    if reasons:
        why = " and ".join(dict.fromkeys(reasons))
        findings.remark(source, f"{name}: {why}: left out; {_without(option.key)}")
        return
    if option.key == "UCARP_SHUTDOWN":
        findings.remark(source, f"{name} is UCARP_SHUTDOWN=yes, the default here")
    put(findings, host, option.key, text, name, source, is_option=True)


def _without(key: str) -> str:
    """Return what happens without a key."""
    if key == "UCARP_SRCIP":
        return "without UCARP_SRCIP, ucarpd takes the interface's first address"
    if BY_NAME[key].required:
        return f"add {key}= to the result"
    return f"add {key}= to the result if it is needed"


def _stray(
    findings: Findings, source: Source, word: str, before: Found | None, variables: Variables
) -> None:
    """A word that is no option, and that `ucarp` silently ignores."""
    shown = variables.known(word)
    reasons = variables.why(word)
    if reasons:
        findings.remark(source, f"{' and '.join(reasons)}: its options are not known")
        return
    if not word:
        return
    letter = before.option.short if before and before.option else ""
    if word == "/":
        findings.remark(source, "/ stands where the shell wants \\ at the end of a line")
    elif letter in _MEANT_FOR_SCRIPTS and shown.startswith("/"):
        meant = _MEANT_FOR_SCRIPTS[letter]
        text = f"{shown} after -{letter} is not an argument of it, and ucarp ignores it:"
        findings.remark(source, f"{text} probably {meant} was meant; left out")
    else:
        findings.remark(source, f"{shown} is not an option, and ucarp ignores it: left out")
