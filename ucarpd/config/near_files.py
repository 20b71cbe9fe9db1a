"""Advice about the name of a file that does not exist: similar names that do."""

import re
import shlex
from pathlib import Path

from ucarpd.config.problems import place
from ucarpd.configuration_directory import DIRECTORY

_MOST = 8

_ENDING = r"(\.(cnf|cfg|config|con|txt|conf(\..+)?))?"
"""What stands for .conf in a name that was mistyped, or that another system has completed."""


def hint(missing: Path) -> str:
    """Return the end of a message about a missing file, empty if nothing is near."""
    if missing.is_symlink():
        return ""
    twice = missing.name.removesuffix(".conf")
    if twice.endswith(".conf") and missing.with_name(twice).exists():
        name = twice.removesuffix(".conf")
        return f": the instance is called {name}, without .conf"
    if missing.parent == Path() and f"{twice}.conf" in _names_in(DIRECTORY):
        return f", but {place(DIRECTORY / twice)}.conf does"
    if missing.parent == Path("/etc"):
        return ""  # The files there belong to other programs.
    there = _names_in(missing.parent)
    alike = [
        name for name in there if re.fullmatch(re.escape(twice) + _ENDING, name, re.IGNORECASE)
    ]
    if twice != missing.name and len(alike) == 1 and missing.with_name(alike[0]).is_file():
        found = missing.with_name(alike[0])
        names = f"{shlex.quote(place(found))} {shlex.quote(place(missing))}"
        return f", but {place(found)} does: type: mv {names}"
    return _listed([name for name in there if name.endswith(".conf")])


def others_in(directory: Path) -> str:
    """Return the end of a message about a directory without NAME.conf; empty if it is empty."""
    return _listed(_names_in(directory))


def _names_in(directory: Path) -> list[str]:
    try:
        names = sorted(each.name for each in directory.iterdir())
    except OSError:
        return []
    return [name for name in names if not name.startswith(".")]


def _listed(names: list[str]) -> str:
    if not names:
        return ""
    more = ", …" if len(names) > _MOST else ""
    return f" (there are: {', '.join(place(Path(name)) for name in names[:_MOST])}{more})"
