"""The type of UCARP_UNITS: names of systemd units, as systemd.unit(5) spells them."""

import re

_STARTABLE = ("service", "socket", "target", "timer", "path", "mount", "automount", "swap", "slice")
_LONGEST = 255

_OWN = re.compile(r"ucarpd(@.*)?\.(service|slice)")
"""Units of ucarpd: systemctl would wait for the process that waits for it."""


def units(text: str) -> tuple[str, ...]:
    """Parse a list of units with spaces or commas between them; each counts once."""
    found = re.split(r"[,\s]+", text.strip(", \t"))
    for each in found:
        if fault := _fault(each):
            raise ValueError(f"{each}: {fault}")
    return tuple(dict.fromkeys(found))


def written(names: tuple[str, ...]) -> str:
    """Return the text of a file for these units."""
    return " ".join(names)


def _fault(name: str) -> str | None:
    stem, _, suffix = name.rpartition(".")
    if "/" in name:
        return "must be the name of a unit, not the path of its file"
    if not re.fullmatch(r"[A-Za-z0-9:_.\\@-]+", name) or len(name) > _LONGEST:
        return "cannot be the name of a unit"
    if suffix not in _STARTABLE or not stem:
        return f"must end with {', .'.join(('', *_STARTABLE))[2:]}, as {name}.service does"
    if stem.endswith("@"):
        return f"is a template: name an instance of it, such as {stem}web.{suffix}"
    if stem.startswith(("-", "@")):
        return "cannot be the name of a unit"
    if _OWN.fullmatch(name):
        return "is ucarpd itself: name the units that follow the role"
    return None
