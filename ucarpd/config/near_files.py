"""Advice about the name of a file that does not exist: similar names that do."""

import shlex
from pathlib import Path

from ucarpd.config.problems import place

_MOST = 8


def hint(missing: Path) -> str:
    """Return the end of a message about a missing file, empty if nothing is near."""
    if missing.is_symlink():
        return ""
    twice = missing.name.removesuffix(".conf")
    if twice.endswith(".conf") and missing.with_name(twice).exists():
        name = twice.removesuffix(".conf")
        return f": the instance is called {name}, without .conf"
    bare = missing.with_name(twice)
    if twice != missing.name and bare.is_file():
        names = f"{shlex.quote(place(bare))} {shlex.quote(place(missing))}"
        return f", but {place(bare)} does: type: mv {names}"
    if missing.parent == Path("/etc"):
        return ""  # The files there belong to other programs.
    try:
        names_there = sorted(each.name for each in missing.parent.iterdir())
    except OSError:
        return ""
    there = [name for name in names_there if name.endswith(".conf") and not name.startswith(".")]
    if not there:
        return ""
    more = ", …" if len(there) > _MOST else ""
    return f" (there are: {', '.join(map(_shown, there[:_MOST]))}{more})"


def _shown(name: str) -> str:
    return place(Path(name))
