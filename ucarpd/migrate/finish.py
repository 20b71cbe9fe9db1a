"""Completes a virtual host, and writes it as a file that ucarpd reads."""

import re
from ipaddress import ip_address
from pathlib import Path

from ucarpd.config import address_types
from ucarpd.config.bash import spell_for_ucarpd
from ucarpd.config.keys import KEYS
from ucarpd.migrate.findings import Findings, Host, Value

_WAYS = ("UCARP_PASS", "UCARP_PASSFILE", "UCARP_KEY")
_SCRIPTS = ("UCARP_UPSCRIPT", "UCARP_DOWNSCRIPT")


def finish(findings: Findings, host: Host) -> None:
    """Combine prefix lengths, labels and scripts with their addresses; name missing parts."""
    third = host.third_argument
    has_scripts = any(key in host.values for key in _SCRIPTS)
    _add_prefix_lengths(host)
    if alias := host.values.get("UCARP_IF_ALIAS"):
        interface = host.text("UCARP_INTERFACE")
        if interface and not alias.text.startswith(interface):
            label = f"{interface}:{alias.text.lstrip(':')}"
            findings.remark(
                alias.source, f"{alias.name}: a label has its interface in front: {label}"
            )
            host.values["UCARP_IF_ALIAS"] = Value(label, alias.name, alias.source)
    if has_scripts and third and "UCARP_XPARAM" not in host.values:
        text = f"the prefix length {third} is the third argument of such scripts: UCARP_XPARAM"
        findings.remark(host.source, text)
        host.values["UCARP_XPARAM"] = Value(third, "UCARP_XPARAM", host.source)
    if has_scripts and "UCARP_SCRIPT_TIMEOUT" not in host.values:
        host.values["UCARP_SCRIPT_TIMEOUT"] = Value("0", "UCARP_SCRIPT_TIMEOUT", host.source)
    for key in KEYS:
        if key.required and key.name not in host.values:
            if key.secret and any(way in host.values for way in _WAYS):
                continue
            host.is_complete = False
            text = f"{key.name} is missing: complete the line in the result"
            value = ""
            if key.name == "UCARP_INTERFACE" and (value := default_interface()):
                text += f"; the default route of this host is on {value}"
            if all(not line.startswith(f"{key.name}=") for line in host.open_lines):
                host.open_lines.append(f"{key.name}={value}")
            findings.remark(host.source, text)


def default_interface(table: Path = Path("/proc/net/route")) -> str:
    """Return the interface of this host's IPv4 default route; empty if there is none."""
    try:
        rows = [line.split() for line in table.read_text(encoding="ascii").splitlines()]
    except OSError:
        return ""
    return next((row[0] for row in rows if row[1:2] == ["00000000"] == row[7:8]), "")


def _add_prefix_lengths(host: Host) -> None:
    mask = host.values.pop("UCARP_MASK", None)
    for key in ("UCARP_ADDR", "UCARP_EXTRA_ADDRS"):
        if value := host.values.get(key):
            items = [_with_prefix(item, mask) for item in value.text.split(",")]
            host.values[key] = Value(",".join(items), value.name, value.source)


def _with_prefix(item: str, mask: Value | None) -> str:
    """Return ADDRESS/PREFIX; the check of the result reports a text that is no address."""
    try:
        version = ip_address(item).version
        longest = address_types.PREFIX_LENGTHS[version]
        length = address_types.mask(mask.text.rpartition("/")[2]) if mask else longest
    except ValueError:
        return item
    return f"{item}/{min(length, longest)}"


def name(host: Host, taken: set[str], wanted: str | None = None) -> str:
    """Return a name for the instance that is not taken: the wanted name, or the name of the file."""
    stem = wanted or re.sub(
        r"\.(conf|sh|service|d|cfg|ya?ml|container)$|^cmdline$", "", host.source.path.name
    )
    stem = re.sub("[^A-Za-z0-9_.-]", "-", stem).strip("-.") or "ucarp"
    numbered = f"{stem}-{vhid}" if (vhid := host.text("UCARP_VHID")) else stem
    for candidate in (stem, numbered, *(f"{numbered}-{n}" for n in range(2, 1000))):
        if candidate not in taken:
            return candidate
    raise AssertionError("a thousand virtual hosts of one file have one number")


def text(host: Host, title: str) -> str:
    """Return the text of the file."""
    given = {key.name: host.values[key.name].text for key in KEYS if key.name in host.values}
    lines = [f"{name}={spell_for_ucarpd(value)}" for name, value in given.items()]
    still_open = [f"#{line}" for line in host.open_lines]
    foreign = [f"{name}={spell_for_ucarpd(value)}" for name, value in host.for_scripts.items()]
    return "\n".join([f"# {title}", "", *lines, *still_open, *foreign, ""])
