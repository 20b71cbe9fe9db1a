"""THE table of configuration keys: one row a key, with all that holds for the key alone.

The loader, `show-config`, the list in the man page and the shipped ucarp.conf follow the table.  What
holds between several keys is in `cross_checks`.
"""

from difflib import get_close_matches

from ucarpd.config.key import Key
from ucarpd.config.key_groups import identity, packets, role, scripts

PREFIX = "UCARP_"
"""Keys that begin so are ours; all others are handed to the scripts untouched."""

KEYS: tuple[Key, ...] = (*identity.ROWS, *role.ROWS, *scripts.ROWS, *packets.ROWS)
"""In the order in which they are shown."""

BY_NAME: dict[str, Key] = {name: key for key in KEYS for name in key.names}
"""The rows by canonical name and by alias."""


def nearest(name: str, cutoff: float = 0.6) -> str | None:
    """The known key that `name` was most likely meant to be, by its canonical name."""
    # The common prefix would make everything look alike.
    known = {known.removeprefix(PREFIX): known for known in BY_NAME}
    word = name.upper().removeprefix(PREFIX.rstrip("_")).lstrip("_")
    close = get_close_matches(word, known, n=1, cutoff=cutoff)
    return BY_NAME[known[close[0]]].name if close else None
