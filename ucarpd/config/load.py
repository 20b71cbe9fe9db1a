"""Loading one file: the result is a Config, or all faults at once."""

import os
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from ucarpd.config import address_types, cross_checks, environment, files, kinds, masks, passwords
from ucarpd.config.config import Config, VirtualAddress
from ucarpd.config.key import Key
from ucarpd.config.keys import BY_NAME, DEFAULTS, KEYS
from ucarpd.config.lines import Line, read_lines
from ucarpd.config.named_files import named_files
from ucarpd.config.parsed import Draft, Given
from ucarpd.config.problems import ConfigError, Problem, in_order
from ucarpd.config.secret_names import holds_password, is_secret


class Loaded(NamedTuple):
    """A Config with the lines of the file, and with the values in it, by canonical key.

    Those of a family are there by their own names too.
    """

    config: Config
    lines: list[Line]
    given: Mapping[str, Given]

    def in_its_line(self, problem: Problem) -> Problem:
        """Return a fault of this file with the line and the spelling of its key, if the file has it."""
        given = self.given.get(problem.key or "")
        if given is None or problem.line is not None:
            return problem
        return problem._replace(line=given.line, key=given.name)


def load(path: Path, environ: Mapping[str, str] = os.environ) -> Config:
    """Return the configuration in `path`; raise ConfigError.

    systemd may put `NAME.pass` in the CREDENTIALS_DIRECTORY of `environ`.
    """
    return load_with_lines(path, environ).config


def load_with_lines(
    path: Path, environ: Mapping[str, str], read: files.Reader = files.read
) -> Loaded:
    """Return the configuration in `path` and the line of each value; raise ConfigError.

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
        named_files=named_files(draft),
        secrets=passwords.set_secrets(draft),
        script_environment=_script_environment(draft, name, (*addresses, *extra_addresses)),
        **(_each_for_itself(draft) | together),
    )
    return Loaded(config, lines, draft.given | draft.members)


def _each_for_itself(draft: Draft) -> dict[str, Any]:
    """Return the fields of Config whose values come from single keys, or from their defaults."""
    fields = dict(_DEFAULT_FIELDS)
    for name, given in draft.given.items():
        fields |= _fields(BY_NAME[name], given.meaning)
    return fields


def _fields(row: Key, meaning: Any) -> dict[str, Any]:
    meanings = (meaning,) if len(row.fields) == 1 else meaning
    return dict(zip(row.fields, meanings, strict=True))


_DEFAULT_FIELDS = {
    field: meaning for row in KEYS for field, meaning in _fields(row, DEFAULTS[row.name]).items()
}


def _instance_name(draft: Draft) -> str:
    """Return the file's name without `.conf`, which appears in logs, file names and unit names."""
    name = draft.path.name.removesuffix(".conf")
    if not name or not name.isprintable() or any(c.isspace() for c in name):
        text = "cannot be empty, or have spaces or characters that cannot be printed"
        if environment.is_environment(draft.path):
            draft.refuse(None, environment.NAME, f"the name of the instance {text}")
        else:
            text = f"the name of the file is the name of the instance: it {text}"
            draft.refuse(None, None, text)
    return name


def _xparam(draft: Draft) -> str | None:
    """Return the third argument of the scripts.

    Wrappers that accept these two spellings of UCARP_MASK pass them as this argument.
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
    """Return the environment of the scripts: the file without its secrets, and derived variables.

    Existing up-scripts pass UCARP_NETMASK to ifconfig, although their files set UCARP_MASK.  If
    there are several addresses, the first one gives mask and prefix length; IPv6 has no dotted
    masks.
    """
    first = addresses[0]
    environment = {
        written: line.value or ""
        for written, line in draft.written.items()
        if not (is_secret(written) or holds_password(written, line.value or ""))
    }
    environment |= {
        key: given.text
        for key, given in draft.given.items()
        if not (BY_NAME[key].is_family or is_secret(key))
    }
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
