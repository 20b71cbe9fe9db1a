"""The interface of a kind of check, and the knowledge that it can use."""

from collections.abc import Callable, Mapping
from typing import NamedTuple, Protocol

from ucarpd.carp.neighbours import Answered
from ucarpd.carp.params import Family, IPAddress
from ucarpd.linux.netlink import Link

LONGEST_LINE = 200
"""Characters of a line for the operator that are kept."""


class Failed(Exception):
    """A run has failed; the text is a line for the operator."""


def fit(line: str) -> str:
    """Return the line of another program, fit for a log and a terminal."""
    return "".join(c if c.isprintable() else "?" for c in line[:LONGEST_LINE])


class Probe(Protocol):
    """One check of one virtual host.

    `run` returns a line for the operator, or raises Failed.  It awaits only what other events of the
    loop end, and a cancellation ends it at once.  `watches` names an interface whose
    changes are the only reason to run; None: it runs at its interval.
    """

    @property
    def watches(self) -> str | None: ...
    async def run(self) -> str: ...


class Surroundings(NamedTuple):
    """Knowledge for the checks of a virtual host: its `interface`, the kernel's links, this host's own
    address in a family, and the environment of its scripts with its present state.

    `ask` asks, from its second argument, for the host of an address; the third gets the answer, if
    one comes soon.  It raises OSError.
    """

    interface: str
    link: Callable[[str], Link | None]
    source: Callable[[Family], IPAddress | None]
    ask: Callable[[IPAddress, IPAddress, Answered], None]
    environment: Callable[[], Mapping[str, str]]
