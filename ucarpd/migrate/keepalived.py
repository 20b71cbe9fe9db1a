"""The VRRP instances of a keepalived.conf, as far as CARP has the same."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from ucarpd.migrate.findings import Findings, Host, Source, Value
from ucarpd.migrate.meaning import put

_ADDRESSES = {"virtual_ipaddress": "UCARP_ADDR", "virtual_ipaddress_excluded": "UCARP_EXTRA_ADDRS"}
_LARGEST_PRIORITY = 254
_QUIET = {
    *("state", "priority", "nopreempt", "authentication"),
    *("garp_master_delay", "debug", "dont_track_primary"),
}
_SAME = {
    "interface": "UCARP_INTERFACE",
    "mcast_src_ip": "UCARP_SRCIP",
    "unicast_src_ip": "UCARP_SRCIP",
    "preempt_delay": "UCARP_PREEMPT_DELAY",
    "garp_master_refresh": "UCARP_ANNOUNCE_INTERVAL",
}
_DEFINITION = re.compile(r"\s*\$(\w+)\s*=\s*(.*?)\s*(?:[!#].*)?")
_VARIABLE = re.compile(r"\$\{?(\w+)\}?")


@dataclass(slots=True)
class _Block:
    """A block, or a line without one: its words, and the blocks in it."""

    words: list[str]
    source: Source
    inside: list["_Block"] = field(default_factory=list)

    def first(self, name: str) -> "_Block | None":
        return next((each for each in self.inside if each.words[0] == name), None)

    def value(self, name: str) -> str | None:
        found = self.first(name)
        return found.words[1] if found and len(found.words) > 1 else None


def read(findings: Findings, path: Path, text: str) -> None:
    """Add the virtual hosts of a keepalived.conf."""
    blocks = _blocks(path, text)
    for block in blocks:
        if block.words[0] == "vrrp_instance":
            findings.hosts.append(_host(findings, block))
        elif block.words[0] == "include":
            findings.remark(block.source, f"{' '.join(block.words[1:])} is not read: import it too")
        elif block.words[0] not in {"global_defs", "vrrp_script"}:
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
        block = _Block(words[:-1] if is_open else words, source)
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
        definition = _DEFINITION.fullmatch(raw)
        line = _VARIABLE.sub(
            lambda found: definitions.get(found[1], found[0]), definition[2] if definition else raw
        )
        if definition:
            definitions[definition[1]] = line
            continue
        words: list[str] = []
        for word in re.findall(r'"[^"]*"|[{}]|[!#].*|[^\s{}"]+', line):
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


def _host(findings: Findings, block: _Block) -> Host:
    host = Host(block.source)
    for each in block.inside:
        name, value = each.words[0], " ".join(each.words[1:])
        if name in _SAME:
            put(findings, host, _SAME[name], value, name, each.source)
        elif name == "virtual_router_id":
            put(findings, host, "UCARP_VHID", _decimal(value), name, each.source)
        elif name == "advert_int":
            put(findings, host, "UCARP_ADVBASE", _whole(findings, each, value), name, each.source)
        elif name == "unicast_peer":
            peers = ",".join(peer.words[0] for peer in each.inside)
            own = block.value("unicast_src_ip")
            put(
                findings,
                host,
                "UCARP_PEERS",
                ",".join(filter(None, (own, peers))),
                name,
                each.source,
            )
            findings.remark(
                each.source, "unicast_peer: give all hosts the same list, with all hosts in it"
            )
        elif name in _ADDRESSES:
            _take_addresses(findings, host, each, block.value("interface"))
        elif name not in _QUIET:
            _remark_on(findings, each)
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
    found = []
    for each in block.inside:
        found.append(each.words[0])
        options = dict(zip(each.words[1::2], each.words[2::2], strict=False))
        if label := options.pop("label", None):
            host.values.setdefault("UCARP_IF_ALIAS", Value(label, "label", each.source))
        device = options.pop("dev", interface)
        if device != interface:
            text = f"{each.words[0]} is on {device}: ucarpd sets addresses on UCARP_INTERFACE;"
            findings.remark(each.source, f"{text} a script can set it elsewhere")
        for name, value in options.items():
            findings.remark(each.source, f"{name} {value} has no counterpart here: left out")
    name = block.words[0]
    put(findings, host, _ADDRESSES[name], ",".join(found), name, block.source)


def _take_rank(findings: Findings, host: Host, block: _Block) -> None:
    """The larger priority is master there, and the smaller advskew here."""
    state, priority = block.first("state"), block.value("priority")
    at = (block.first("priority") or block).source
    shown = f"priority {priority}"
    if priority is None:
        priority = "255" if block.value("state") == "MASTER" else "100"
        shown = f"no priority: keepalived takes {priority}, which"
    if priority.isdecimal():
        number = int(priority[:4])
        priority = str(max(0, _LARGEST_PRIORITY - number))
        text = f"{shown} becomes UCARP_ADVSKEW={priority} ({_LARGEST_PRIORITY} - {number}):"
        findings.remark(at, f"{text} the larger priority wins there, the smaller skew here")
    put(findings, host, "UCARP_ADVSKEW", priority, "priority", at)
    is_preempting = block.first("nopreempt") is None
    source = state.source if state else block.source
    host.values["UCARP_PREEMPT"] = Value("yes" if is_preempting else "no", "nopreempt", source)
    if is_preempting:
        shown = f"state {state.words[1]}" if state and len(state.words) > 1 else "no nopreempt"
        text = f"{shown}: keepalived preempts unless nopreempt is set: UCARP_PREEMPT=yes"
        findings.remark(source, text)


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
    elif name == "track_script":
        text = f"track_script {inside}: UCARP_CHECK_NAME='exec:/PATH' here, one for each script"
    elif name in {"track_interface", "vrrp_sync_group"}:
        text = shown if name == "vrrp_sync_group" else f"{shown} {inside}"
        text += ": the virtual hosts of one process move together, if one interface is unusable"
        text += " (UCARP_IFDOWN_DEMOTION)"
    elif name == "virtual_routes":
        text = f"{name} {inside}: UCARP_ROUTES here, with ; between the routes"
    elif name == "virtual_rules":
        text = f"{name} {inside}: ucarpd sets no rules; a script can"
    elif name == "use_vmac":
        text = "use_vmac: UCARP_VMAC=yes here"
    else:
        text = f"{shown} has no counterpart here: left out"
    findings.remark(block.source, text)
