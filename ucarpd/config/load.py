"""One file into one Config, or all that is wrong with it at once."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from ucarpd.config import address_types, cross_checks, files, kinds, masks, passwords
from ucarpd.config.config import Config, VirtualAddress
from ucarpd.config.keys import KEYS
from ucarpd.config.lines import read_lines
from ucarpd.config.parsed import Draft, Given
from ucarpd.config.problems import ConfigError, in_order
from ucarpd.config.secret_names import is_secret


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


def load_with_lines(
    path: Path, environ: Mapping[str, str], read: files.Reader = files.read
) -> Loaded:
    """The same, and where each value stands; raises ConfigError.

    `read` returns the content of a file.
    """
    contents: dict[Path, bytes] = {}

    def note(file: Path) -> bytes:
        content = contents[file] = read(file)
        return content

    draft = Draft(path)
    lines, problems = read_lines(path, note)
    if foreign := kinds.foreign_file(path, lines):
        raise ConfigError([*problems, foreign])
    draft.problems += problems
    draft.take(lines)
    name = _instance_name(draft)
    key = passwords.key(draft, name, environ, note)
    addresses, extra_addresses = masks.virtual_addresses(draft)
    cross_checks.check(draft)
    if draft.problems:
        raise ConfigError(in_order(draft.problems))
    together = {
        "key": key,
        "old_keys": passwords.old_keys(draft, key),
        "addresses": addresses,
        "extra_addresses": extra_addresses,
        "xparam": _xparam(draft),
    }
    config = Config(
        path=path,
        name=name,
        contents=MappingProxyType(contents),
        secrets=passwords.set_secrets(draft),
        script_environment=_script_environment(draft, name, (*addresses, *extra_addresses)),
        **(_each_for_itself(draft) | together),
    )
    return Loaded(config, draft.given)


def _each_for_itself(draft: Draft) -> dict[str, Any]:
    """The fields of Config by what the file or the table says about their keys."""
    fields: dict[str, Any] = {}
    for row in KEYS:
        meaning = draft.meaning(row.name)
        meanings = (meaning,) if len(row.fields) == 1 else meaning
        fields |= zip(row.fields, meanings, strict=True)
    return fields


def _instance_name(draft: Draft) -> str:
    """The file's name without `.conf`; it goes into log lines, file names and unit names."""
    name = draft.path.name.removesuffix(".conf")
    if not name or not name.isprintable() or any(c.isspace() for c in name):
        text = "the name of the file is the name of the instance: it cannot be empty or have spaces"
        draft.refuse(None, None, text)
    return name


def _xparam(draft: Draft) -> str | None:
    """The third argument of the scripts.

    The wrappers that know these two spellings of UCARP_MASK pass them as one.
    """
    if "UCARP_XPARAM" not in draft.given:
        for name in ("UCARP_VIRTUALPREFIX", "UCARP_MASKLEN"):
            if name in draft.written and (text := draft.written[name].value):
                return text
    meaning: str | None = draft.meaning("UCARP_XPARAM")
    return meaning


def _script_environment(
    draft: Draft, name: str, addresses: tuple[VirtualAddress, ...]
) -> Mapping[str, str]:
    """What the scripts see: the file without its secrets, and what scripts of others expect.

    Readers' up-scripts pass UCARP_NETMASK to ifconfig while their files say UCARP_MASK.  With
    several addresses mask and prefix length are those of the first; IPv6 has no dotted masks.
    """
    first = addresses[0]
    environment = {
        written: line.value or ""
        for written, line in draft.written.items()
        if not is_secret(written)
    }
    environment |= {key: given.text for key, given in draft.given.items() if not is_secret(key)}
    length = str(first.prefixlen)
    mask = address_types.dotted_mask(first.prefixlen) if first.ip.version == 4 else length
    environment |= {
        "UCARP_MASK": mask,
        "UCARP_NETMASK": mask,
        "UCARP_PREFIXLEN": length,
        "UCARP_ADDRESSES": " ".join(map(str, addresses)),
        "UCARP_INSTANCE": name,
    }
    return MappingProxyType(environment)
