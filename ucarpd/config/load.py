"""One file into one Config, or all that is wrong with it at once."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path
from types import MappingProxyType

from ucarpd.config import files, values
from ucarpd.config.draft import Draft, Given
from ucarpd.config.keys import BY_NAME, KEYS
from ucarpd.config.lines import read_lines
from ucarpd.config.problems import ConfigError, got, in_order, place
from ucarpd.config.settings import Config, VirtualAddress


@dataclass(frozen=True, slots=True)
class Loaded:
    """A Config and, by canonical key, where in the file its values stand."""

    config: Config
    given: Mapping[str, Given]


def load(path: Path, environ: Mapping[str, str] = os.environ) -> Config:
    """The configuration in `path`; raises ConfigError.

    `environ` is asked for CREDENTIALS_DIRECTORY, where systemd may have put `NAME.pass`.
    """
    return load_with_lines(path, environ).config


def load_with_lines(path: Path, environ: Mapping[str, str]) -> Loaded:
    """The same, and where each value stands; raises ConfigError."""
    draft = Draft(path)
    lines, problems = read_lines(path)
    draft.problems += problems
    draft.take(lines)
    name = _instance_name(draft)
    key = _password(draft, name, environ)
    addresses = _addresses(draft)
    _check_source(draft)
    _check_label(draft)
    if draft.problems:
        raise ConfigError(in_order(draft.problems))
    simple = {
        row.fields[0]: draft.meaning(row.name)
        for row in KEYS
        if not {"key", "addresses"}.intersection(row.fields)
    }
    config = Config(
        path=path,
        name=name,
        key=key,
        addresses=addresses,
        script_environment=_script_environment(draft, name, addresses),
        **simple,
    )
    return Loaded(config, draft.given)


def _instance_name(draft: Draft) -> str:
    """The file's name without `.conf`; it goes into log lines, file names and unit names."""
    name = draft.path.name.removesuffix(".conf")
    if not name or not name.isprintable() or any(c.isspace() for c in name):
        text = "the name of the file is the name of the instance: it cannot be empty or have spaces"
        draft.refuse(None, None, text)
    return name


def _password(draft: Draft, name: str, environ: Mapping[str, str]) -> bytes:
    """From the file, from the file that it names, or from systemd's credential; empty if refused."""
    # Lines, not values: a password that was refused still stands beside a file.
    inline = [line for line in draft.lines_of("UCARP_PASS") if line.value]
    file = [line for line in draft.lines_of("UCARP_PASSFILE") if line.value]
    if inline and file:
        earlier, later = sorted((inline[0], file[0]), key=lambda line: line.number)
        text = f"cannot be used together with {earlier.name} in line {earlier.number}: keep one"
        draft.refuse(later.number, later.name, text)
    if given := draft.given.get("UCARP_PASSFILE"):
        return _read_password(draft, given.line, given.name, given.meaning)
    if draft.faulty & {"UCARP_PASS", "UCARP_PASSFILE"}:
        return b""
    if given := draft.given.get("UCARP_PASS"):
        return bytes(given.meaning)
    credentials = environ.get("CREDENTIALS_DIRECTORY")
    if credentials and os.path.lexists(path := Path(credentials, f"{name}.pass")):
        return _read_password(draft, None, "UCARP_PASS", path)
    draft.miss(BY_NAME["UCARP_PASS"])
    return b""


def _read_password(draft: Draft, line: int | None, name: str, path: Path) -> bytes:
    try:
        first_line = files.read(path).split(b"\n", 1)[0].rstrip(b"\r")
        if not first_line:
            draft.refuse(line, name, f"{place(path)} has no password in its first line")
            return b""
        return values.password_bytes(first_line)
    except OSError as error:
        draft.refuse(line, name, f"{place(path)} {files.why_not(error)}")
    except ValueError as error:
        draft.refuse(line, name, f"{place(path)}: {error}")
    return b""


def _addresses(draft: Draft) -> tuple[VirtualAddress, ...]:
    """The virtual addresses with their prefix lengths; an explicit one must agree with the mask."""
    given, mask = draft.given.get("UCARP_ADDR"), draft.given.get("UCARP_MASK")
    if given is None or "UCARP_MASK" in draft.faulty:
        return ()
    default = draft.meaning("UCARP_MASK")
    addresses = []
    for ip, written in given.meaning:
        prefixlen = default if written is None else written
        addresses.append(VirtualAddress(ip, prefixlen))
        if mask and prefixlen != default:
            earlier, later = _in_order(given, mask)
            text = f"differs from {earlier.name} in line {earlier.line} about the mask of {ip}:"
            text += f" /{written} or /{default}? {got(later.text)}"
            draft.refuse(later.line, later.name, text)
        elif kind := _not_a_host(IPv4Network((ip, prefixlen), strict=False), ip):
            draft.refuse(given.line, given.name, f"{kind}; no host can have it {got(given.text)}")
    return tuple(addresses)


def _not_a_host(network: IPv4Network, ip: IPv4Address) -> str | None:
    if network.prefixlen >= 31:
        return None
    if ip == network.network_address:
        return f"{ip} is the name of the network {network} itself"
    if ip == network.broadcast_address:
        return f"{ip} is the broadcast address of {network}"
    return None


def _check_source(draft: Draft) -> None:
    source, addresses = draft.given.get("UCARP_SRCIP"), draft.given.get("UCARP_ADDR")
    if source and addresses and source.meaning in dict(addresses.meaning):
        earlier, later = _in_order(source, addresses)
        text = f"{source.meaning} is {earlier.name} in line {earlier.line} as well:"
        text += f" a virtual address cannot be a host's own {got(later.text)}"
        draft.refuse(later.line, later.name, text)


def _check_label(draft: Draft) -> None:
    """The kernel takes any label, but ifconfig shows only those that begin with the interface."""
    label, interface = draft.given.get("UCARP_IF_ALIAS"), draft.given.get("UCARP_INTERFACE")
    scripts = {"UCARP_UPSCRIPT", "UCARP_DOWNSCRIPT"}
    if not label or not interface or scripts & (draft.given.keys() | draft.faulty):
        return
    name = interface.meaning
    if label.meaning != name and not label.meaning.startswith(f"{name}:"):
        text = f"must begin with the interface, as {name}:0 does {got(label.text)}"
        draft.refuse(label.line, label.name, text)


def _in_order(one: Given, other: Given) -> tuple[Given, Given]:
    """As the file has them: it is the later one that is refused."""
    return (one, other) if one.line < other.line else (other, one)


def _script_environment(
    draft: Draft, name: str, addresses: tuple[VirtualAddress, ...]
) -> Mapping[str, str]:
    """What the scripts see: the file without its secrets, and what scripts of others expect.

    Readers' up-scripts pass UCARP_NETMASK to ifconfig while their files say UCARP_MASK.  With
    several addresses mask and prefix length are those of the first.
    """
    secrets = {secret for key in KEYS if key.secret for secret in key.names}
    environment = {
        written: line.value or ""
        for written, line in draft.written.items()
        if written not in secrets
    }
    environment |= {key: given.text for key, given in draft.given.items() if key not in secrets}
    prefixlen = addresses[0].prefixlen
    mask = values.dotted_mask(prefixlen)
    environment |= {
        "UCARP_MASK": mask,
        "UCARP_NETMASK": mask,
        "UCARP_PREFIXLEN": str(prefixlen),
        "UCARP_INSTANCE": name,
    }
    return MappingProxyType(environment)
