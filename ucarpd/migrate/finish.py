"""Completes a virtual host, and writes it as a file that ucarpd reads."""

import re
from contextlib import suppress
from dataclasses import replace
from ipaddress import ip_address
from pathlib import Path

from ucarpd.config import address_types, files, passwords
from ucarpd.config.bash import spell_for_ucarpd
from ucarpd.config.keys import KEYS
from ucarpd.config.masks import LISTS
from ucarpd.config.problems import got
from ucarpd.migrate.findings import Findings, Host, Value
from ucarpd.migrate.meaning import SCRIPTS
from ucarpd.migrate.reading import NOT_UTF_8


def finish(findings: Findings, host: Host) -> None:
    """Combine prefix lengths, labels and scripts with their addresses; name missing parts."""
    third = host.third_argument
    has_scripts = any(key in host.values for key in SCRIPTS)
    _add_prefix_lengths(findings, host)
    _keep_carriage_return(findings, host)
    if alias := host.values.get("UCARP_IF_ALIAS"):
        interface = host.text("UCARP_INTERFACE")
        if interface and not alias.text.startswith(interface):
            label = f"{interface}:{alias.text.lstrip(':')}"
            text = f"{alias.name}: a label begins with its interface: {label}"
            findings.remark(alias.source, text)
            host.values["UCARP_IF_ALIAS"] = Value(label, alias.name, alias.source)
    if has_scripts and third and "UCARP_XPARAM" not in host.values:
        text = f"the prefix length {third} is the third argument of such scripts: UCARP_XPARAM"
        findings.remark(host.source, text)
        host.values["UCARP_XPARAM"] = Value(third, "UCARP_XPARAM", host.source)
    if has_scripts and "UCARP_SCRIPT_TIMEOUT" not in host.values:
        host.values["UCARP_SCRIPT_TIMEOUT"] = Value("0", "UCARP_SCRIPT_TIMEOUT", host.source)
    for key in KEYS:
        if key.required and key.name not in host.values:
            if key.secret and any(way in host.values for way in passwords.WAYS):
                continue
            host.is_complete = False
            text = f"{key.name} is missing: complete the line in the result"
            value = ""
            if key.name == "UCARP_INTERFACE" and (value := default_interface()):
                text += f"; the default route of this host is on {value}"
            if all(not line.startswith(f"{key.name}=") for line in host.open_lines):
                host.open_lines.append(f"{key.name}={value}")
            findings.remark(host.source, text)


def _keep_carriage_return(findings: Findings, host: Host) -> None:
    """Write the key itself for a password file with DOS line ends: ucarp has the \\r in its key."""
    if (file := host.values.get("UCARP_PASSFILE")) is None:
        return
    try:
        secret = files.read(Path(file.text)).split(b"\n", 1)[0]
    except OSError:
        return  # The check of the result says so.
    if secret.endswith(b"\r"):
        text = f"{file.name}: the password in {file.text} ends with a carriage return to ucarp:"
        findings.remark(file.source, f"{text} UCARP_KEY in the result has it too")
        del host.values["UCARP_PASSFILE"]
        host.values["UCARP_KEY"] = Value(secret.hex(), file.name, file.source)


def default_interface(table: Path = Path("/proc/net/route")) -> str:
    """Return the interface of this host's IPv4 default route; empty if there is none."""
    try:
        rows = [line.split() for line in table.read_text(encoding="ascii").splitlines()]
    except OSError:
        return ""
    return next((row[0] for row in rows if row[1:2] == ["00000000"] == row[7:8]), "")


def _add_prefix_lengths(findings: Findings, host: Host) -> None:
    """Write the mask behind the addresses that it holds for, as `config.masks` reads it."""
    mask = host.values.pop("UCARP_MASK", None)
    items = {key: host.values[key].text.split(",") for key in LISTS if key in host.values}
    versions = {_version(item) for each in items.values() for item in each}
    length = _length(findings, mask, versions) if mask else None
    if mask and length and "UCARP_ADDR" not in items:
        host.values["UCARP_MASK"] = Value(str(length), mask.name, mask.source)
    for key, each in items.items():
        written = (
            _with_prefix(item, None if ":" in item and 4 in versions else length) for item in each
        )
        host.values[key] = replace(host.values[key], text=",".join(written))


def _length(findings: Findings, mask: Value, versions: set[int | None]) -> int | None:
    """Return the prefix length; None, with a remark, if the addresses cannot have this mask."""
    text = mask.text.rpartition("/")[2]
    longest = address_types.PREFIX_LENGTHS[4 if 4 in versions else 6]
    is_dotted_for_ipv6 = "." in text and 6 in versions and 4 not in versions
    with suppress(ValueError):
        if (length := address_types.mask(text)) <= longest and not is_dotted_for_ipv6:
            return length
    findings.remark(mask.source, f"{mask.name}: cannot be the mask: left out {got(mask.text)}")
    return None


def _version(item: str) -> int | None:
    try:
        return ip_address(item.partition("/")[0]).version
    except ValueError:
        return None


def _with_prefix(item: str, length: int | None) -> str:
    """Return ADDRESS/PREFIX; the check of the result reports a text that is no address."""
    version = _version(item)
    if version is None or "/" in item:
        return item
    return f"{item}/{length or address_types.PREFIX_LENGTHS[version]}"


def name(host: Host, taken: set[str], wanted: str | None = None) -> str:
    """Return a name for the instance that is not taken: the wanted name, or the name of the file."""
    stem = wanted or re.sub(
        r"\.(conf|sh|service|d|cfg|ya?ml|container)$|^cmdline$", "", host.source.path.name
    )
    stem = re.sub("[^A-Za-z0-9_.-]", "-", stem).strip("-.") or "ucarp"
    vhid = host.text("UCARP_VHID")
    start = f"{stem}-{vhid}" if vhid else stem
    for candidate in (stem, start, *(f"{start}-{n}" for n in range(2, 1000))):
        if candidate not in taken:
            return candidate
    raise AssertionError("more than a thousand virtual hosts of one file have the same vhid")


def text(host: Host, title: str) -> str:
    """Return the text of the file."""
    given = {key.name: host.values[key.name].text for key in KEYS if key.name in host.values}
    lines = [f"{name}={spell_for_ucarpd(value)}" for name, value in given.items()]
    still_open = [f"#{line}" for line in host.open_lines]
    foreign = [f"{name}={spell_for_ucarpd(value)}" for name, value in host.for_scripts.items()]
    return "\n".join(map(_in_utf_8, [f"# {title}", "", *lines, *still_open, *foreign, ""]))


def _in_utf_8(line: str) -> str:
    if not NOT_UTF_8.search(line):
        return line
    return line.encode(errors="surrogateescape").decode("latin-1")
