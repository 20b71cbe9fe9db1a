"""The key with which a virtual host signs, and the other keys that it accepts."""

import os
from collections.abc import Mapping
from pathlib import Path

from ucarpd.carp.params import KEY_SIZE
from ucarpd.config import files, types
from ucarpd.config.keys import BY_NAME, KEYS
from ucarpd.config.parsed import Draft
from ucarpd.config.problems import place

WAYS = ("UCARP_PASS", "UCARP_PASSFILE", "UCARP_KEY")
"""The keys that can set the key; if none of them is set, systemd's credential does."""

_OF_UNITS = Path("/run/credentials")
"""Where root finds the credentials of each running unit, for commands outside of the unit."""


def key(draft: Draft, name: str, environ: Mapping[str, str], read: files.Reader) -> bytes:
    """Return the key from the file, its password file or systemd's credential; empty: refused."""
    # This counts lines, not values: a refused password also conflicts with a password file.
    lines = ([line for line in draft.lines_of(way) if line.value] for way in WAYS)
    ways = sorted((some[0] for some in lines if some), key=lambda line: line.number)
    for way in ways[1:]:
        text = f"cannot be used together with {ways[0].name} in line {ways[0].number}: keep one"
        draft.refuse(way.number, way.name, text)
    if given := draft.given.get("UCARP_PASSFILE"):
        return _read(draft, given.line, given.name, given.meaning, read)
    if draft.faulty.intersection(WAYS):
        return b""
    if given := draft.given.get("UCARP_PASS") or draft.given.get("UCARP_KEY"):
        return bytes(given.meaning)
    units = (f"ucarpd@{name}.service", "ucarpd.service")
    for directory in (environ.get("CREDENTIALS_DIRECTORY"), *map(_OF_UNITS.joinpath, units)):
        if directory and os.path.lexists(path := Path(directory, f"{name}.pass")):
            return _read(draft, None, "UCARP_PASS", path, read)
    draft.miss(BY_NAME["UCARP_PASS"])
    return b""


def _read(draft: Draft, line: int | None, name: str, path: Path, read: files.Reader) -> bytes:
    try:
        first_line = read(path).split(b"\n", 1)[0].rstrip(b"\r")
        if not first_line:
            draft.refuse(line, name, f"{place(path)} has no password in its first line")
            return b""
        return types.password_bytes(first_line)
    except OSError as error:
        draft.refuse(line, name, f"{place(path)} {files.why_not(error)}")
    except ValueError as error:
        draft.refuse(line, name, f"{place(path)}: {error}")
    return b""


def old_keys(draft: Draft, key: bytes) -> tuple[bytes, ...]:
    """Return the other accepted keys, without `key`, each once."""
    password = draft.meaning("UCARP_PASS_OLD")
    every = (*([password] if password else []), *draft.meaning("UCARP_KEY_OLD"))
    # Zero bytes at the end do not make a different key.
    distinct = {each.ljust(KEY_SIZE, b"\0"): each for each in reversed(every)}
    distinct.pop(key.ljust(KEY_SIZE, b"\0"), None)
    return tuple(reversed(distinct.values()))


def set_secrets(draft: Draft) -> tuple[str, ...]:
    """Return the secret keys with a value, in table order; a credential counts as UCARP_PASS."""
    has_credential = not draft.given.keys() & set(WAYS)
    return tuple(
        key.name
        for key in KEYS
        if key.secret and (key.name in draft.given or (key.name == "UCARP_PASS" and has_credential))
    )
