"""Advice about keys that ucarpd does not know."""

from ucarpd import ucarp_options
from ucarpd.config import foreign_words
from ucarpd.config.foreign_words import NOTHING, OPTIONS
from ucarpd.config.keys import BY_NAME, PREFIX


def unknown(name: str, value: str) -> str | None:
    """Return the fault of an unknown key that has our prefix; None if it has no meaning here.

    The text never repeats `value`, which may be a password under a name that was mistyped.
    """
    meant = foreign_words.meaning(name)
    near = foreign_words.nearest_of_family(name) or foreign_words.nearest(name)
    if meant is None or foreign_words.is_spelling_of(name, meant.key):
        return f"unknown key; did you mean {near}?" if near else "unknown key"
    if meant.key == NOTHING:
        return None
    if meant.key == OPTIONS:
        return f"unknown key; ucarpd takes no options here: {of_options(value)}"
    remark = f": {meant.remark}" if meant.remark else ""
    return f"unknown key; write {meant.key}{remark}"


def without_meaning(name: str) -> str | None:
    """Return the advice for a key that is allowed, but does nothing; None for any other key."""
    meant = foreign_words.meaning(name)
    if not name.startswith(PREFIX) or meant is None or meant.key != NOTHING:
        return None
    return f"has no meaning here, because {meant.remark}: remove the line"


def without_prefix(name: str, value: str, given: set[str]) -> str | None:
    """Return the advice for a key without our prefix that looks like one of ours; None for others.

    `given` are the canonical keys that the file sets.
    """
    meant = foreign_words.meaning(name)
    if meant is None:
        near = foreign_words.nearest(name, limit=1)
        return f"did you mean {near}?" if near else None
    if meant.key == OPTIONS:
        return of_options(value) if value.startswith("-") else None
    if meant.key not in BY_NAME:
        return None
    if meant.key in given and not foreign_words.is_prefixed(name):
        return None
    return f"did you mean {meant.key}?"


def of_options(value: str) -> str:
    """Return each option of a list as a key; the values only of options that hold no secret."""
    keys = []
    for found in ucarp_options.split(value.split()):
        option = found.option
        if option is None or option.key is None:
            continue
        if not option.has_value:
            keys.append(f"{option.key}=yes")
        elif BY_NAME[option.key].secret or "$" in (found.value or ""):
            keys.append(f"{option.key}=…")
        else:
            keys.append(f"{option.key}={found.value}")
    return f"write {', '.join(keys)}" if keys else "write each of them as a key"
