"""Tells what kind of file a text is, when it is not a configuration of ours."""

import re
import shlex
from enum import Enum
from pathlib import Path

from ucarpd.config import foreign_words
from ucarpd.config.keys import BY_NAME, PREFIX
from ucarpd.config.lines import Line
from ucarpd.config.problems import Problem, place


class Kind(Enum):
    """A kind of file; the value is its name for the operator."""

    KEYS = "a file of KEY=VALUE lines"
    KEEPALIVED = "a keepalived.conf"
    IFUPDOWN = "an ifupdown stanza of /etc/network/interfaces"
    UNIT = "a systemd unit"
    KUBERNETES = "a manifest of Kubernetes"
    COMPOSE = "a Compose file"
    DOCKERFILE = "a Dockerfile"
    OPTIONS = "a list of ucarp options"
    PROCESS = "the command line of a process"
    VARIABLES = "a YAML file with variables"
    RC_CONF = "an rc.conf with the ucarp lines of FreeBSD"
    VIP_COMMON = "the common part of Fedora's vip-NNN.conf files"
    VIP = "a vip-NNN.conf of Fedora's ucarp"
    KERNEL_CARP = "a CARP configuration of a BSD kernel"
    SHELL = "a script"
    PROGRAM = "a program"


KEYS_FOR_A_KERNEL = (
    "OTHER SYSTEMS in ucarpd.conf(5) says which keys to write for the same vhid, password and "
    "addresses"
)

_ASSIGNMENT = re.compile(r"\s*(?:export\s+)?([A-Za-z_]\w*)=", re.ASCII)
_RUNS_UCARP = r"(?:^|[\s;&|(])(?:\S*/)?ucarp(?:\s+(?:-|/|\\$|\"?\$)|\s*$)"
_KERNEL_CARP = r"(.*[\s\"'])?(vhid|carpnodes)\s+\d|\s*<vhid>"
_COMMAND = r"\s*(if|for|while|case|function|sudo|exec|nohup|docker|podman)\s"

# The rest is compiled when a file is not plainly ours.
_KINDS: tuple[tuple[Kind, str], ...] = (
    (
        Kind.KEEPALIVED,
        r"\s*(vrrp_(instance|script|sync_group|track_\w+)|global_defs|virtual_server)\b[^=]*$",
    ),
    (
        Kind.IFUPDOWN,
        r"\s*(iface\s+\S+\s+inet6?\s|(auto|allow-\w+)\s+[\w:.@-]+\s*$|ucarp-[\w-]+\s+\S)",
    ),
    (
        Kind.UNIT,
        (
            r"\s*(\[(Unit|Service|Install|Container)\]\s*$"
            r"|(Environment(File)?|ExecStart(Pre|Post)?|ExecStop(Post)?)\s*=)"
        ),
    ),
    (Kind.KUBERNETES, r"\s*apiVersion\s*:\s+\S"),
    (Kind.COMPOSE, r"\s*(services|environment|env_file)\s*:\s*$"),
    (Kind.DOCKERFILE, r"\s*(FROM|ENV|ENTRYPOINT|CMD)\s+[\w\[\"./]"),
    (Kind.VARIABLES, r"\s*ucarp_\w+\s*:(\s|$)"),
    (Kind.RC_CONF, r"\s*ucarp_[a-z0-9_]+="),
    (Kind.VIP_COMMON, r"\s*(BIND_INTERFACE|SOURCE_ADDRESS)="),
    (Kind.VIP, r"\s*(VIP_ADDRESS|ID)="),
)


def kind_of(text: str, name: str = "") -> tuple[Kind, int]:
    """Return the kind of a file called `name`, and the number of the line that shows it.

    A file that nothing is known of is taken for KEYS.
    """
    if re.match(r"(\S*/)?ucarp\0", text):
        return Kind.PROCESS, 1
    if re.fullmatch(r"vip-common\.conf", name):
        return Kind.VIP_COMMON, 1
    lines = text.splitlines() or [""]
    if lines[0].startswith("#!"):
        is_shell = re.search(r"\b(ba|da|a|k|z)?sh\b|openrc-run|runscript", lines[0])
        return (Kind.SHELL if is_shell else Kind.PROGRAM), 1
    numbered = [
        (number, line)
        for number, line in enumerate(lines, 1)
        if line.strip() and not line.lstrip().startswith("#")
    ]
    if numbered and re.match(r"\s*-{1,2}[A-Za-z]", numbered[0][1]):
        return Kind.OPTIONS, numbered[0][0]
    words = {found[1] for _, line in numbered if (found := _ASSIGNMENT.match(line))}
    if "VIP_ADDRESS" in words and not any(word.startswith("UCARP_") for word in words):
        return Kind.VIP, numbered[0][0]
    # In lower case too these two are ours: FreeBSD has ucarp_if and ucarp_src.
    has_own = bool(words & {"ucarp_interface", "ucarp_srcip"}) or any(
        _is_own(line) for _, line in numbered
    )
    for kind, pattern in _KINDS:
        if has_own and kind in {Kind.RC_CONF, Kind.VIP, Kind.VIP_COMMON}:
            continue
        for number, line in numbered:
            if re.match(pattern, line) and (
                kind is not Kind.VIP or re.match(r"vip-\d+\.conf", name)
            ):
                return kind, number
    for number, line in numbered:
        if _runs_a_command(line):
            return Kind.SHELL, number
    for number, line in numbered:
        if re.match(_KERNEL_CARP, line):
            return Kind.KERNEL_CARP, number
    return Kind.KEYS, 1


def foreign_file(path: Path, lines: list[Line]) -> Problem | None:
    """Return the one fault of a file of another kind; None if it may be a configuration."""
    if all(line.fault is None for line in lines) and any(_is_own(line.text) for line in lines):
        return None
    kind, number = kind_of("\n".join(line.text for line in lines), path.name)
    faulty = [line.number for line in lines if line.fault is not None]
    if kind is Kind.KEYS and faulty and not any(map(_is_near_to_ours, lines)):
        text = "this is not a configuration of ucarpd: no line sets a key, such as UCARP_VHID=1"
        return Problem(path, faulty[0], None, text)
    if kind in {Kind.SHELL, Kind.PROGRAM}:
        is_ours = all(line.fault is None for line in lines)
    else:
        # A single line of another kind among our own is a mistake of that line.
        is_ours = kind is Kind.KEYS or any(_is_own(line.text) for line in lines)
    if is_ours:
        return None
    what = f"this is {kind.value}, not a configuration of ucarpd"
    if kind is Kind.KERNEL_CARP:
        what += f": {KEYS_FOR_A_KERNEL}"
    if kind in {Kind.PROGRAM, Kind.KUBERNETES, Kind.KERNEL_CARP}:
        return Problem(path, number, None, what)
    imported = path.parent if kind is Kind.VIP_COMMON else path
    text = f"{what}: ucarpd import {shlex.quote(place(imported))}"
    return Problem(path, number, None, f"{text} converts it")


def _is_own(line: str) -> bool:
    assigned = _ASSIGNMENT.match(line)
    return assigned is not None and assigned[1] in BY_NAME


def _is_near_to_ours(line: Line) -> bool:
    """Return whether the line sets a key of ours, or seems to."""
    name = line.name or ""
    return name.startswith(PREFIX) or name in BY_NAME or foreign_words.meaning(name) is not None


def _runs_a_command(line: str) -> bool:
    if _ASSIGNMENT.match(line):
        return False
    return bool(re.search(_RUNS_UCARP, line) or re.match(_COMMAND, line))
