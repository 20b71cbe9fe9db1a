"""The type of a row in the table of configuration keys."""

from collections.abc import Callable
from typing import Any, NamedTuple

from ucarpd.config import types


class Key(NamedTuple):
    """One configuration key.

    `default` is written as in a file; None means that there is none, and then `without` says what
    happens and `unset` is what Config holds.  An optional key with an empty value counts as not
    set.  `fields` are the attributes of Config that come from it; if they are several, `parse`
    returns one value for each, and `write` takes as many and makes the text of a file of them.
    """

    name: str
    parse: Callable[[str], Any]
    kind: str
    help: str
    fields: tuple[str, ...]
    is_live: bool = False
    """Whether a running virtual host can take a new value; otherwise it starts again for it."""
    aliases: tuple[str, ...] = ()
    default: str | None = None
    without: str = "none"
    unset: Any = None
    write: Callable[..., str] = types.written
    required: bool = False
    secret: bool = False
    is_family: bool = False
    """Whether a file may have any number of these keys, each with a name of its own for NAME.

    `parse` returns a dataclass with a field `name`, and Config holds all of them in a tuple.
    """

    @property
    def names(self) -> tuple[str, ...]:
        return (self.name, *self.aliases)
