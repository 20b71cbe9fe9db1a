"""THE table of configuration keys: one row a key, with all that holds for the key alone.

The loader, `show-config`, the list in the man page and the shipped ucarp.conf follow the table.  What
holds between several keys is in `cross_checks`.
"""

from typing import Any

from ucarpd.config.key import Key
from ucarpd.config.key_groups import health, identity, packets, role, scripts

PREFIX = "UCARP_"
"""Keys that begin so are ours; all others are handed to the scripts untouched."""

KEYS: tuple[Key, ...] = (*identity.ROWS, *role.ROWS, *health.ROWS, *scripts.ROWS, *packets.ROWS)
"""In the order in which they are shown."""

BY_NAME: dict[str, Key] = {name: key for key in KEYS for name in key.names}
"""The rows by canonical name and by alias."""

DEFAULTS: dict[str, Any] = {
    key.name: key.unset if key.default is None else key.parse(key.default) for key in KEYS
}
"""The value in Config of a key that is not in the file, by canonical name."""

FAMILY_NAME = "NAME"
"""The part of a family's name that stands for the name of each of its keys."""

FAMILIES: dict[str, Key] = {
    key.name.removesuffix(FAMILY_NAME): key for key in KEYS if key.is_family
}
"""The rows of families, by the text that each of their keys begins with."""


def family_of(name: str) -> tuple[Key, str] | None:
    """Return the row of a family that the key `name` belongs to, and its own name in it."""
    for stem, key in FAMILIES.items():
        if name.startswith(stem) and name != stem:
            return key, name.removeprefix(stem)
    return None
