"""Warnings of `ucarpd check` about a file that loads, but may not do what its author expects."""

import re
import shlex
import stat
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from ucarpd.carp.frame import virtual_mac
from ucarpd.carp.params import TieBreak
from ucarpd.carp.timing import UNFIT_ADVBASE, UNITS_PER_SECOND, in_words, master_down_units
from ucarpd.config import (
    bash,
    environment,
    files,
    health_checks,
    kinds,
    look_alikes,
    masks,
    misspelt,
    password_advice,
    unit_names,
)
from ucarpd.config import key_hints as words
from ucarpd.config.keys import BY_NAME, DEFAULTS, PREFIX, family_of
from ucarpd.config.lines import Line, read_lines
from ucarpd.config.problems import ConfigError, Problem, in_order, place
from ucarpd.config.secret_names import holds_password, is_secret

_READ = stat.S_IRGRP | stat.S_IROTH


def warnings(path: Path, lines: Iterable[Line]) -> list[Problem]:
    """Return the warnings about the lines of the file `path`, sorted by line."""
    sound = [line for line in lines if line.fault is None and line.text]
    given = {BY_NAME[line.name].name: line for line in sound if line.name in BY_NAME and line.value}
    is_file = not environment.is_environment(path)
    problems = [] if is_file else _about_other_variables(path)
    found = [
        *(_about_bash(sound) if is_file else ()),
        *_about_keys(sound),
        *(each for about in _OF_KEYS for each in _while_sound(about(given))),
        *_while_sound(_about_checks(sound, given)),
    ]
    problems += [Problem(path, line.number, line.name, text) for line, text in found]
    has_secret = any(BY_NAME[name].secret for name in given)
    if has_secret and (text := _readable_by_others(path)):
        problems.append(Problem(path, None, None, text))
    if is_file and (text := unit_names.fault(path)):
        problems.append(Problem(path, None, None, text))
    return in_order(problems)


def hints(path: Path, told: set[int | None]) -> list[Problem]:
    """Return what may be meant in a file that does not load, without the lines in `told`.

    Empty if it is a file of another kind, or cannot be read, because `load` says that.
    """
    try:
        lines, _ = read_lines(path)
    except ConfigError:
        return []
    if kinds.foreign_file(path, lines):
        return []
    sound = [line for line in lines if line.fault is None and line.text and line.number not in told]
    return [Problem(path, line.number, line.name, text) for line, text in _about_keys(sound)]


def _about_other_variables(path: Path) -> list[Problem]:
    if names := environment.ignored(files.read(path)):
        text = f"ignored: {', '.join(names)} (Docker and Kubernetes set these for a service ucarp…)"
        return [Problem(path, None, None, text)]
    return []


def _about_bash(lines: list[Line]) -> Iterator[tuple[Line, str]]:
    for line in lines:
        if reason := bash.difference(line):
            yield line, f"bash {reason}: {_advice(line)}"
        elif re.match(r"\s*export\s", line.text):
            yield line, f"export is not needed: {_advice(line)}"


def _advice(line: Line) -> str:
    if line.name is None or line.value is None:
        return "make it a comment, with # in front"
    spelled = bash.spell(line.value)
    if spelled is None:
        return "no spelling means the same to both, so choose another value"
    # A variable of bash has no other signs.
    name = re.sub(r"\W", "_", line.name, flags=re.ASCII)
    if name not in BY_NAME or BY_NAME[name].secret:
        # Keys of other programs may also hold secrets.
        spelled = f"{spelled[0]}…{spelled[0]}" if spelled[0] in "'\"" else "…"
    return f"write {name}={spelled}"


def _about_keys(lines: list[Line]) -> Iterator[tuple[Line, str]]:
    given = {BY_NAME[line.name].name for line in lines if line.name in BY_NAME and line.value}
    earlier: dict[str, Line] = {}
    for line in lines:
        if line.name is None:
            continue
        if line.name in earlier:
            text = (
                f"is already set in line {earlier[line.name].number}; this one, the last, counts:"
            )
            yield line, f"{text} keep one of them"
        elif line.name not in BY_NAME and (meant := _of_another_file(line, given)):
            yield line, meant
        earlier[line.name] = line


def _of_another_file(line: Line, given: set[str]) -> str | None:
    """Advice for a key that is none of ours; `given` are the canonical keys of the file."""
    name, value = line.name or "", line.value or ""
    if name.startswith(PREFIX):
        return words.without_meaning(name)
    if meant := words.without_prefix(name, value, given):
        is_hidden = is_secret(name) or holds_password(name, value)
        what = "is ignored" if is_hidden else "goes to the scripts only"
        return f"{what}, because it does not begin with {PREFIX}: {meant}"
    return None


def _while_sound(found: Iterator[tuple[Line, str]]) -> Iterator[tuple[Line, str]]:
    """Yield the warnings up to a value that cannot be parsed: `load` reports the fault."""
    with suppress(ValueError):
        yield from found


def _about_peers(given: dict[str, Line]) -> Iterator[tuple[Line, str]]:
    """Warn if a family still advertises to its group, because only the other family has peers."""
    if "UCARP_PEERS" not in given:
        return
    peers = {ip.version for ip in _meaning(given, "UCARP_PEERS")}
    hashed = {ip.version for ip, _ in _meaning(given, "UCARP_ADDR")}
    hashed |= {ip.version for ip in _meaning(given, "UCARP_HASH_ADDRS")}
    for group in _meaning(given, "UCARP_MCAST"):
        if group.version in hashed - peers:
            family = f"IPv{group.version}"
            text = f"{family} advertisements still go to the group {group}:"
            text += f" add the peers' {family} addresses"
            # carppeer there is for IPv4 alone, and it takes IPv6 from the group only.
            text += ", unless one is an OpenBSD" if group.version == 6 else ""
            yield given["UCARP_PEERS"], text


def _about_wait(given: dict[str, Line]) -> Iterator[tuple[Line, str]]:
    """Warn if a backup waits 254 s or more.

    A host that leaves or is less fit advertises an interval of 254 s, and other systems compare it
    with their own wait.
    """
    wait = _meaning(given, "UCARP_ADVBASE") * _meaning(given, "UCARP_DEADRATIO")
    if wait >= UNFIT_ADVBASE:
        line = given.get("UCARP_ADVBASE") or given["UCARP_DEADRATIO"]
        text = f"a backup waits UCARP_ADVBASE times UCARP_DEADRATIO, {wait} s: keep it below"
        yield (
            line,
            f"{text} {UNFIT_ADVBASE} s, or other systems do not see that a master hands over",
        )


def _about_delay(given: dict[str, Line]) -> Iterator[tuple[Line, str]]:
    if _meaning(given, "UCARP_PREEMPT_DELAY") and not _meaning(given, "UCARP_PREEMPT"):
        yield given["UCARP_PREEMPT_DELAY"], "has no effect without UCARP_PREEMPT=yes"


def _about_ties(given: dict[str, Line]) -> Iterator[tuple[Line, str]]:
    """Warn if the election has no clear winner, or if two systems choose different winners."""
    advbase, advskew = _meaning(given, "UCARP_ADVBASE"), _meaning(given, "UCARP_ADVSKEW")
    deadratio = _meaning(given, "UCARP_DEADRATIO")
    if _meaning(given, "UCARP_TIEBREAK") is TieBreak.YIELD:
        text = "two ucarpd that advertise equally fast would both give way, again and again:"
        yield given["UCARP_TIEBREAK"], f"{text} give each host its own UCARP_ADVSKEW"
    if advbase == advskew == 0:
        wait = master_down_units(0, 0, deadratio) / UNITS_PER_SECOND
        text = (
            "without UCARP_ADVSKEW it advertises 256 times a second, and a silence of"
            f" {in_words(wait)} makes a second master; OpenBSD also prefers it to UCARP_ADVSKEW=1,"
            " which is equally fast: set UCARP_ADVSKEW, such as 20"
        )
        yield given["UCARP_ADVBASE"], text


def _about_mac(given: dict[str, Line]) -> Iterator[tuple[Line, str]]:
    """Warn about the virtual MAC as UCARP_LLADDR, because OpenBSD does not hash that one."""
    vhid, mac = _meaning(given, "UCARP_VHID"), _meaning(given, "UCARP_LLADDR")
    if vhid is not None and mac == virtual_mac(vhid):
        text = f"is the virtual MAC address of vhid {vhid}, which OpenBSD does not hash:"
        yield given["UCARP_LLADDR"], f"{text} remove the line, or the digests differ"


def _meaning(given: dict[str, Line], name: str) -> Any:
    """Return the value of a key, from the file or by default; raise ValueError."""
    key = BY_NAME[name]
    return key.parse(given[name].value or "") if name in given else DEFAULTS[key.name]


def _about_letters(given: dict[str, Line]) -> Iterator[tuple[Line, str]]:
    """Letters that look like others: both hosts show the same, and do not have the same."""
    interface = given.get("UCARP_INTERFACE")
    if interface and (text := look_alikes.strange(interface.value or "")):
        yield interface, f"{text}: type the name again, if it is not in `ip link`"


def _about_checks(lines: list[Line], given: dict[str, Line]) -> Iterator[tuple[Line, str]]:
    """Warn of a check that may do something else than its author expects."""
    virtual = {str(ip) for key in masks.LISTS for ip, _ in _meaning(given, key)}
    for line in lines:
        if not (line.name and line.value and family_of(line.name)):
            continue
        with suppress(ValueError):  # `load` reports the fault.
            check = health_checks.parse(line.value)
            if check.demote is None:
                yield line, "if this check (demote=never) fails on all hosts, no host serves"
            if found := misspelt.option_of(check):
                text = f"{found[0]} is an argument of the program: did you mean {found[1]}=?"
                yield line, text
            if isinstance(check.where, health_checks.Endpoint) and check.where.host in virtual:
                text = (
                    f"{check.where.host} is a virtual address, so a BACKUP asks the master's server"
                )
                yield line, f"{text}: name 127.0.0.1, or an address of this host"
            if check.where in _meaning(given, "UCARP_UNITS"):
                text = f"{check.where} is in UCARP_UNITS, so it does not run on a BACKUP, and"
                yield line, f"{text} the check fails there: remove the check"


def _about_files(given: dict[str, Line]) -> Iterator[tuple[Line, str]]:
    file = given.get("UCARP_PASSFILE")
    if file and (text := _readable_by_others(Path(file.value or ""))):
        yield file, text
    up, down = given.get("UCARP_UPSCRIPT"), given.get("UCARP_DOWNSCRIPT")
    if up and not down:
        yield up, "there is no UCARP_DOWNSCRIPT: nothing would take the address away again"
    if down and not up:
        yield down, "there is no UCARP_UPSCRIPT: nothing would set the address"


def _readable_by_others(path: Path) -> str | None:
    """Return a warning if group or others can read the file; None if not, or if it is missing."""
    try:
        mode = path.stat().st_mode
    except OSError:
        return None
    if mode & _READ:
        file = shlex.quote(place(path))
        return f"users other than its owner can read the password in it: chmod 600 {file}"
    return None


_OF_KEYS = (
    *(password_advice.warnings, _about_peers, _about_wait, _about_delay, _about_ties, _about_mac),
    *(_about_files, _about_letters),
)
"""Each takes the lines by canonical key, and yields warnings about them."""
