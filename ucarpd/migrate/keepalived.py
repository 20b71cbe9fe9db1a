"""The VRRP instances of a keepalived.conf, as far as CARP has the same."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from ucarpd.migrate.findings import Findings, Host, Source, Value
from ucarpd.migrate.meaning import put

_ADDRESSES = {"virtual_ipaddress": "UCARP_ADDR", "virtual_ipaddress_excluded": "UCARP_EXTRA_ADDRS"}
_LARGEST_PRIORITY = 254
_QUIET = {
    *("state", "priority", "preempt", "nopreempt", "preempt_delay", "authentication"),
    *("garp_master_delay", "debug", "dont_track_primary"),
}
_SAME = {
    "interface": "UCARP_INTERFACE",
    "mcast_src_ip": "UCARP_SRCIP",
    "unicast_src_ip": "UCARP_SRCIP",
    "garp_master_refresh": "UCARP_ANNOUNCE_INTERVAL",
}
_FOR_ALL = {
    "default_interface": "UCARP_INTERFACE",
    "vrrp_garp_master_refresh": "UCARP_ANNOUNCE_INTERVAL",
}
"""Words of global_defs, for the instances that have none of their own."""
_ADDRESS_OPTIONS = {"dev", "label", "brd", "broadcast", "scope", "peer", "metric", "preferred_lft"}
"""Options of an address that have a value; the others are flags."""
_CHECKS = {
    "track_script": "exec:/PATH",
    "track_process": "unit:NAME.service",
    "track_interface": "link:INTERFACE",
}
_READ_ELSEWHERE = {"global_defs", "vrrp_script", "vrrp_track_process", "vrrp_track_file"}
_DEFINITION = re.compile(r"\s*\$(\w+)\s*=\s*(.*?)\s*(?:[!#].*)?")
_VARIABLE = re.compile(r"\$\{?(\w+)\}?")
_WORD = re.compile(r'"[^"]*"|[{}]|[!#].*|(?:\\[!#]|[^\s{}"!#])+')
_TEMPLATE = re.compile(r"\{\{.*?\}\}|<%.*?%>|\{%.*?%\}")
_FILLED_IN = "<%…%>"
"""Stands for a part of a template: its braces are no blocks."""


@dataclass(slots=True)
class _Block:
    """A block, or a line without one: its words, and the blocks in it.

    `condition` is @WORD in front of it: it holds on some hosts only.
    """

    words: list[str]
    source: Source
    condition: str = ""
    inside: list["_Block"] = field(default_factory=list)

    def first(self, name: str) -> "_Block | None":
        found = (each for each in self.inside if each.words[0] == name and not each.condition)
        return next(found, None)

    def value(self, name: str) -> str | None:
        found = self.first(name)
        return found.words[1] if found and len(found.words) > 1 else None


def read(findings: Findings, path: Path, text: str) -> None:
    """Add the virtual hosts of a keepalived.conf."""
    blocks = _blocks(path, text)
    inside = [each for block in blocks if block.words[0] == "global_defs" for each in block.inside]
    general = _Block(["global_defs"], Source(path), inside=inside)
    for block in blocks:
        if _is_left_out(findings, block):
            continue
        if block.words[0] == "vrrp_instance":
            findings.hosts.append(_host(findings, block, general))
        elif block.words[0] not in _READ_ELSEWHERE:
            _remark_on(findings, block)
    if findings.hosts:
        text = "every host of the group has to change over: VRRP and CARP do not hear each other;"
        findings.remark(None, f"{text} then type: systemctl disable --now keepalived")


def _blocks(path: Path, text: str) -> list[_Block]:
    top = _Block(["top"], Source(path))
    open_blocks = [top]
    for words, source in _statements(path, text):
        if words == ["}"]:
            if len(open_blocks) > 1:
                open_blocks.pop()
            continue
        is_open = words[-1] == "{"
        condition = words.pop(0) if words[0].startswith("@") and len(words) > 1 else ""
        block = _Block(words[:-1] if is_open else words, source, condition)
        if not block.words:
            # A brace in a line of its own belongs to the line above.
            block = open_blocks[-1].inside[-1] if open_blocks[-1].inside else top
        else:
            open_blocks[-1].inside.append(block)
        if is_open:
            open_blocks.append(block)
    return top.inside


def _statements(path: Path, text: str) -> Iterator[tuple[list[str], Source]]:
    definitions: dict[str, str] = {}
    for number, raw in enumerate(text.splitlines(), 1):
        row = _TEMPLATE.sub(_FILLED_IN, raw)
        if row.strip() == _FILLED_IN and re.match(r"\s*(\{%|<%[^=])", raw):
            continue
        definition = _DEFINITION.fullmatch(row)
        line = _VARIABLE.sub(
            lambda found: definitions.get(found[1], found[0]), definition[2] if definition else row
        )
        if definition:
            if not line.endswith("\\"):
                definitions[definition[1]] = line
            continue
        words: list[str] = []
        for word in _WORD.findall(line):
            if word[0] in "!#":
                break
            if word == "}" and words:
                yield words, Source(path, number)
                words = []
            words.append(word.strip('"') or '""')
            if word in "{}":
                yield words, Source(path, number)
                words = []
        if words:
            yield words, Source(path, number)


def _is_left_out(findings: Findings, block: _Block) -> bool:
    """Return whether the block may not hold here, or has a variable without a value; say so."""
    shown = " ".join(block.words)
    if block.condition:
        text = f"{block.condition} {shown}: is for some hosts only (keepalived --config-id)"
        text += ": left out"
    elif (found := _VARIABLE.search(shown)) and not shown.startswith("notify"):
        text = f"{shown}: {found[0]} is not defined in one line of this file: left out"
    else:
        return False
    findings.remark(block.source, text)
    return True


def _host(findings: Findings, block: _Block, general: _Block) -> Host:
    host = Host(block.source)
    interface = block.value("interface") or general.value("default_interface")
    for each in block.inside:
        name, value = each.words[0], " ".join(each.words[1:])
        if (each.condition or name not in _QUIET) and _is_left_out(findings, each):
            continue
        if name in _SAME:
            put(findings, host, _SAME[name], value, name, each.source)
        elif name == "virtual_router_id":
            put(findings, host, "UCARP_VHID", _decimal(value), name, each.source)
        elif name == "advert_int":
            put(findings, host, "UCARP_ADVBASE", _whole(findings, each, value), name, each.source)
        elif name == "unicast_peer":
            # A peer under a condition is another host's view of the list that all hosts get here.
            known = [
                one for one in each.inside if not _is_left_out(findings, replace(one, condition=""))
            ]
            peers = [block.value("unicast_src_ip"), *(one.words[0] for one in known)]
            listed = ",".join(peer.partition("/")[0] for peer in peers if peer and "$" not in peer)
            put(findings, host, "UCARP_PEERS", listed, name, each.source)
            findings.remark(
                each.source, "unicast_peer: give all hosts the same list, with all hosts in it"
            )
        elif name in _ADDRESSES:
            _take_addresses(findings, host, each, interface)
        elif name == "track_interface":
            # ucarpd watches its own interface anyway.
            each.inside = [one for one in each.inside if one.words[0] != interface]
            if each.inside:
                _remark_on(findings, each)
        elif name not in _QUIET:
            _remark_on(findings, each)
    for name, key in _FOR_ALL.items():
        if (found := general.first(name)) and key not in host.values:
            put(findings, host, key, " ".join(found.words[1:]), name, found.source)
    _take_rank(findings, host, block)
    _take_password(findings, block)
    return host


def _whole(findings: Findings, block: _Block, value: str) -> str:
    whole, point, _ = value.partition(".")
    if point:
        # With 0, a host with a high priority would advertise up to 256 times a second.
        whole = whole.lstrip("0") or "1"
        text = f"advert_int {value}: UCARP_ADVBASE is in whole seconds; UCARP_ADVBASE=0 with"
        findings.remark(block.source, f"{text} UCARP_ADVSKEW is shorter than a second")
    return _decimal(whole)


def _decimal(text: str) -> str:
    """Return a number without the zeros in front, which mean octal to ucarp, and nothing here."""
    return text.lstrip("0") or text[:1]


def _take_addresses(findings: Findings, host: Host, block: _Block, interface: str | None) -> None:
    found: dict[str, None] = {}
    for each in block.inside:
        if _is_left_out(findings, each):
            continue
        address, *rest = each.words
        found[address] = None
        options: dict[str, str] = {}
        while rest:
            option = rest.pop(0)
            options[option] = rest.pop(0) if option in _ADDRESS_OPTIONS and rest else ""
        if label := options.pop("label", None):
            host.values.setdefault("UCARP_IF_ALIAS", Value(label, "label", each.source))
        device = options.pop("dev", interface)
        if device != interface:
            text = f"{address} is on {device}: ucarpd sets addresses on UCARP_INTERFACE;"
            findings.remark(each.source, f"{text} a script can set it elsewhere")
        for option, value in options.items():
            shown = f"{option} {value}".rstrip()
            findings.remark(each.source, f"{shown} has no counterpart here: left out")
    name = block.words[0]
    put(findings, host, _ADDRESSES[name], ",".join(found), name, block.source)


def _take_rank(findings: Findings, host: Host, block: _Block) -> None:
    """The larger priority is master there, and the smaller advskew here."""
    state, priority = block.first("state"), block.value("priority")
    is_master = block.value("state") == "MASTER"
    at = (block.first("priority") or block).source
    shown = f"priority {priority}"
    if priority is None and any(each.words[0] == "priority" for each in block.inside):
        text = f"UCARP_ADVSKEW is {_LARGEST_PRIORITY} minus the priority of this host"
        findings.remark(at, f"{text}: complete the line in the result")
        host.open_lines.append("UCARP_ADVSKEW=")
        host.is_complete = False
        priority = ""
    elif priority is None:
        priority = "255" if is_master else "100"
        shown = f"no priority: keepalived takes {priority}, which"
    if priority.isdecimal():
        number = int(priority[:4])
        priority = str(max(0, _LARGEST_PRIORITY - number))
        text = f"{shown} becomes UCARP_ADVSKEW={priority} ({_LARGEST_PRIORITY} - {number}):"
        findings.remark(at, f"{text} the larger priority wins there, the smaller skew here")
    put(findings, host, "UCARP_ADVSKEW", priority, "priority", at)
    nopreempt, delay = block.first("nopreempt"), block.first("preempt_delay")
    is_preempting = nopreempt is None or is_master
    source = state.source if state else block.source
    host.values["UCARP_PREEMPT"] = Value("yes" if is_preempting else "no", "nopreempt", source)
    if nopreempt and is_master:
        text = "nopreempt: keepalived ignores it with state MASTER: UCARP_PREEMPT=yes"
        findings.remark(nopreempt.source, text)
    elif is_preempting:
        shown = f"state {state.words[1]}" if state and len(state.words) > 1 else "no nopreempt"
        text = f"{shown}: keepalived preempts unless nopreempt is set: UCARP_PREEMPT=yes"
        findings.remark(source, text)
    if delay and (is_master or not is_preempting):
        why = "state MASTER" if is_master else "nopreempt"
        text = f"preempt_delay: keepalived ignores it with {why}: left out"
        findings.remark(delay.source, text)
    elif delay:
        value = " ".join(delay.words[1:])
        put(findings, host, "UCARP_PREEMPT_DELAY", value, delay.words[0], delay.source)


def _take_password(findings: Findings, block: _Block) -> None:
    authentication = block.first("authentication")
    password = authentication.first("auth_pass") if authentication else None
    if password:
        text = "VRRP sends auth_pass in clear, so any host on the network may know it:"
        findings.remark(password.source, f"{text} choose another password for UCARP_PASS")


def _remark_on(findings: Findings, block: _Block) -> None:
    name = block.words[0]
    shown = " ".join(block.words)
    inside = ", ".join(" ".join(each.words) for each in block.inside)
    if name.startswith("notify"):
        text = f"{shown}: UCARP_NOTIFYSCRIPT here; it runs at every event, and gets the arguments"
        text += " INSTANCE EVENT STATE REASON"
    elif name in _CHECKS:
        text = f"{name} {inside}: UCARP_CHECK_NAME='{_CHECKS[name]}' here, one for each of them"
    elif name == "vrrp_sync_group":
        text = f"{shown}: the virtual hosts of one process move together, if one interface is"
        text += " unusable (UCARP_IFDOWN_DEMOTION)"
    elif name.startswith("include"):
        text = f"{' '.join(block.words[1:])} is not read: import it too"
    elif name == "virtual_routes":
        text = f"{name} {inside}: UCARP_ROUTES here, with ; between the routes"
    elif name == "virtual_rules":
        text = f"{name} {inside}: ucarpd sets no rules; a script can"
    elif name == "use_vmac":
        text = "use_vmac: UCARP_VMAC=yes here"
    else:
        text = f"{shown} has no counterpart here: left out"
    findings.remark(block.source, text)
