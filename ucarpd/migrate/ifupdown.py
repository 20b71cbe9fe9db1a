"""The `ucarp-*` options of Debian's /etc/network/interfaces, and the stanza eth0:ucarp."""

import re
from dataclasses import dataclass, field
from pathlib import Path

from ucarpd.migrate.findings import Findings, Host, Source, Value
from ucarpd.migrate.meaning import OF_TEMPLATE, put

_KEYS = {
    "vid": "UCARP_VHID",
    "vhid": "UCARP_VHID",
    "vip": "UCARP_ADDR",
    "mvip": "UCARP_EXTRA_ADDRS",
    "vips": "UCARP_EXTRA_ADDRS",
    "password": "UCARP_PASS",
    "passfile": "UCARP_PASSFILE",
    "advskew": "UCARP_ADVSKEW",
    "advbase": "UCARP_ADVBASE",
    "master": "UCARP_PREEMPT",
    "upscript": "UCARP_UPSCRIPT",
    "downscript": "UCARP_DOWNSCRIPT",
    "deadratio": "UCARP_DEADRATIO",
    "nomcast": "UCARP_NOMCAST",
    "xparam": "UCARP_XPARAM",
    "facility": "UCARP_FACILITY",
}
_NO = ("no", "off", "false", "0")
"""To Debian's hook, a word that begins so is no; any other one is yes, also in capitals."""

_COMMANDS = {"up", "post-up", "pre-up", "down", "post-down", "pre-down"}
_BESIDES = {"mtu", "gateway", "metric", "hwaddress", "provider", "scope", "pointopoint"}


@dataclass(slots=True)
class _Stanza:
    interface: str
    source: Source
    options: list[tuple[str, str, Source]] = field(default_factory=list)

    def first(self, name: str) -> tuple[str, Source] | None:
        return next(((value, at) for key, value, at in self.options if key == name), None)


def read(findings: Findings, path: Path, text: str) -> None:
    """Add the virtual hosts of an interfaces(5) file."""
    stanzas = _stanzas(findings, path, text)
    used: set[int] = set()
    for stanza in stanzas:
        _tell_unused(findings, stanza)
        for number in _numbers(stanza):
            host = _host(findings, stanza, number)
            if number == _numbers(stanza)[0]:
                _take_more_addresses(findings, host, stanza)
            aliases = [each for each in stanzas if _is_alias(each, stanza.interface)]
            vip = (host.text("UCARP_ADDR") or "").partition("/")[0]
            fitting = [each for each in aliases if _address(each) == vip]
            if fitting or len(aliases) == 1:
                alias = (fitting or aliases)[0]
                used.add(id(alias))
                _take_alias(findings, host, alias, vip)
            findings.hosts.append(host)
    for each in stanzas:
        if ":ucarp" in each.interface and id(each) not in used and findings.hosts:
            text = f"the stanza of {each.interface} fits no ucarp-vip: left out"
            findings.remark(each.source, text)
    if findings.hosts:
        text = f"before ucarpd@NAME is enabled, remove the ucarp- lines from {path},"
        if names := " and ".join(each.interface for each in stanzas if id(each) in used):
            text += f" and the stanza of {names} unless your scripts call it,"
        findings.remark(None, f"{text} and stop the running ucarp")


def _stanzas(findings: Findings, path: Path, text: str) -> list[_Stanza]:
    found: list[_Stanza] = []
    # A piece of a stanza has no iface line.
    current: _Stanza | None = _Stanza("", Source(path, 1))
    pending, start = "", 0
    for number, line in enumerate(text.splitlines(), 1):
        start = start if pending else number
        if line.endswith("\\"):
            pending += line[:-1] + " "
            continue
        row = (pending + line).strip()
        pending = ""
        if not row or row.startswith("#"):
            continue
        word, _, value = (*re.split(r"(\s+)", row, maxsplit=1), "", "")[:3]
        source = Source(path, start)
        if word == "iface":
            current = _Stanza(value.split()[0] if value else "", source)
            found.append(current)
        elif word in {"auto", "mapping", "rename"} or word.startswith("allow-"):
            current = None
        elif word in {"source", "source-directory"}:
            findings.remark(source, f"{value} is not read: import it too")
            current = None
        elif current is not None:
            if not current.interface and current not in found:
                found.append(current)
            current.options.append((word, value, source))
    return found


def _numbers(stanza: _Stanza) -> list[str]:
    """Return the numbers at the ends of the options of the virtual hosts; "" for no number."""
    found: dict[str, None] = {}
    for name, _, _ in stanza.options:
        if (split := _split(name)) and split[0] in {"vid", "vhid"}:
            found[split[1]] = None
    if not found and any(_split(name) for name, _, _ in stanza.options):
        found[""] = None
    return list(found)


def _split(option: str) -> tuple[str, str] | None:
    """`ucarp-vip-2` and `ucarp-vip2` as ("vip", "2")."""
    found = re.fullmatch(r"ucarp-([a-z]+?)[-_]?([0-9]*)", option.replace("ucarp_", "ucarp-"))
    return (found[1], found[2]) if found else None


def _tell_unused(findings: Findings, stanza: _Stanza) -> None:
    """Name the options that no virtual host takes; `_take_more_addresses` takes addresses."""
    for name, _, source in stanza.options:
        split = _split(name)
        if name.startswith("ucarp") and split is None:
            findings.remark(source, f"{name} is not known: left out")
        elif split and split[0] != "vip" and split[1] not in {"", *_numbers(stanza)}:
            findings.remark(source, f"{name}: there is no ucarp-vid with this number: left out")


def _host(findings: Findings, stanza: _Stanza, number: str) -> Host:
    host = Host(stanza.source)
    if stanza.interface:
        host.values["UCARP_INTERFACE"] = Value(stanza.interface, "iface", stanza.source)
    if address := stanza.first("address"):
        own = address[0].partition("/")[0]
        put(findings, host, "UCARP_SRCIP", own, "address", address[1])
    options: dict[str, tuple[str, str, Source]] = {}
    for suffix in ("", number):
        options |= {s[0]: o for o in stanza.options if (s := _split(o[0])) and s[1] == suffix}
    for short, (name, value, source) in options.items():
        key = _KEYS.get(short)
        if key is None:
            findings.remark(source, f"{name} is not known: left out")
        elif key in {"UCARP_PREEMPT", "UCARP_NOMCAST"}:
            is_on = not value.startswith(_NO)
            if is_on and value not in {"yes", "on", "true", "1"}:
                findings.remark(source, f"{name} {value}: the hook takes any such word for yes")
            put(findings, host, key, "yes" if is_on else "no", name, source)
        else:
            is_whole = key == "UCARP_EXTRA_ADDRS" or OF_TEMPLATE.search(value)
            first = value if is_whole else re.split(r"\s", value)[0]
            if first != value:
                text = f"{name}: the hook gives ucarp only the first word, and so does the result"
                findings.remark(source, text)
            put(findings, host, key, first, name, source, is_option=key == "UCARP_PASS")
    return host


def _take_more_addresses(findings: Findings, host: Host, stanza: _Stanza) -> None:
    """Numbered addresses without a number of a virtual host of their own."""
    with_own = _numbers(stanza)
    for name, value, source in stanza.options:
        split = _split(name)
        if not split or split[0] != "vip" or split[1] in with_own:
            continue
        if "UCARP_ADDR" not in host.values:
            put(findings, host, "UCARP_ADDR", value, name, source)
            continue
        findings.remark(source, f"{name} has no ucarp-vid of its own: it becomes UCARP_EXTRA_ADDRS")
        more = ",".join(filter(None, (host.text("UCARP_EXTRA_ADDRS"), value)))
        host.values["UCARP_EXTRA_ADDRS"] = Value(more, name, source)


def _is_alias(stanza: _Stanza, interface: str) -> bool:
    return bool(interface) and stanza.interface.startswith(f"{interface}:")


def _address(stanza: _Stanza) -> str:
    address = stanza.first("address")
    return address[0].partition("/")[0] if address else ""


def _take_alias(findings: Findings, host: Host, alias: _Stanza, vip: str) -> None:
    """List the other parts of the stanza, which ucarpd does not run."""
    name = alias.interface
    if "UCARP_UPSCRIPT" not in host.values:
        host.values["UCARP_IF_ALIAS"] = Value(name, "iface", alias.source)
    address, mask = alias.first("address"), alias.first("netmask")
    if address and vip and _address(alias) != vip:
        text = f"{name} has the address {_address(alias)}, and ucarp-vip is {vip}:"
        if "UCARP_UPSCRIPT" in host.values:
            text += " ucarp-vip counts"
        else:
            # The hosts agree on ucarp-vip, and the clients know the other one.
            text += " the master has both, the first as UCARP_EXTRA_ADDRS"
            more = ",".join(filter(None, (host.text("UCARP_EXTRA_ADDRS"), _address(alias))))
            host.values["UCARP_EXTRA_ADDRS"] = Value(more, "address", address[1])
        findings.remark(alias.source, text)
    if address and "/" in address[0]:
        host.values["UCARP_MASK"] = Value(address[0].partition("/")[2], "address", address[1])
    elif mask:
        host.values["UCARP_MASK"] = Value(mask[0], "netmask", mask[1])
    lost = [each for each in alias.options if each[0] in _COMMANDS | _BESIDES]
    for word, value, source in lost:
        findings.remark(source, f"{name}: {word} {value}: ucarpd does not do it by itself")
    if lost and "UCARP_UPSCRIPT" not in host.values:
        host.open_lines += [
            "UCARP_UPSCRIPT=/usr/share/ucarp/vip-up",
            "UCARP_DOWNSCRIPT=/usr/share/ucarp/vip-down",
        ]
        text = "to keep that, keep the stanza and remove the # before the two script lines of the"
        text += f" result: they call ifup and ifdown {name}, and are in the package ucarpd-ucarp;"
        findings.remark(alias.source, f"{text} or write scripts of your own")
