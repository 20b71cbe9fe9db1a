"""THE table of configuration keys: one row a key, with all that holds for the key alone.

The loader, `show-config`, the list in the man page and the shipped ucarp.conf follow the table.  What
holds between several keys is in `cross_checks`.
"""

from ucarpd.config.key import Key
from ucarpd.config.key_groups import identity, packets, role, scripts

PREFIX = "UCARP_"
"""Keys that begin so are ours; all others are handed to the scripts untouched."""

KEYS: tuple[Key, ...] = (*identity.ROWS, *role.ROWS, *scripts.ROWS, *packets.ROWS)
"""In the order in which they are shown."""

BY_NAME: dict[str, Key] = {name: key for key in KEYS for name in key.names}
"""The rows by canonical name and by alias."""
