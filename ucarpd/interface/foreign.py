"""Which foreign advertisements of a segment need not be read any more.

On a segment with 254 foreign virtual hosts, a host with a single virtual host would spend its time
with frames that it only counts.  Once the first advertisements of a foreign virtual host have been
looked at, the kernel passes one in 64, or fewer.

One is always read: it shows that the segment is heard, unless another host of our own virtual hosts
does.  And only advertisements that come often are left out, because only these cost time.
"""

from math import inf

from ucarpd.carp.params import IPAddress

FIRST = 3
"""Advertisements of a source for a vhid that are read in any case."""

OFTEN = 10.0
"""Seconds within which these come, if they come often."""

SILENCE = OFTEN / 2
"""Seconds without an advertisement that is surely read, after which all are read again."""

MOST = 448
"""Most sources and vhids that are remembered, and most instructions about them in the filter.

The kernel takes some 2000 of a socket, unless net.core.optmem_max is raised: the old filter counts
until the new one is there.
"""

COST_OF_A_SOURCE = 5
"""Instructions about a source, beside one for each of its vhids."""

Kind = tuple[IPAddress, int]
"""Source and vhid."""


class Foreign:
    """The packets heard so far; the kernel drops most packets in `sampled`."""

    def __init__(self) -> None:
        self.sampled: set[Kind] = set()
        self._seen: dict[Kind, tuple[int, float]] = {}
        """How many of a kind, and the monotonic second of the first."""
        self._always_read: Kind | None = None
        self.heard_at = -inf
        """The monotonic second of the last advertisement of that kind, or for our own virtual hosts."""

    def forget(self) -> bool:
        """Begin again: all are read.  Return whether that changes `sampled`."""
        was_sampling = bool(self.sampled)
        self.sampled.clear()
        self._seen.clear()
        self._always_read, self.heard_at = None, -inf
        return was_sampling

    def look(self, at: float) -> bool:
        """Begin again if nothing that is surely read has come lately; return as `forget` does."""
        return at - self.heard_at > SILENCE and self.forget()

    def note(self, kind: Kind, at: float) -> bool:
        """Note an advertisement that came at this monotonic second.

        Return whether that changes `sampled`.
        """
        if kind == self._always_read:
            self.heard_at = at
        elif kind in self.sampled:
            return self.look(at)
        elif self._comes_often(kind, at):
            return self._add(kind, at)
        return len(self._seen) > MOST and self.forget()

    def _comes_often(self, kind: Kind, at: float) -> bool:
        number, since = self._seen.get(kind, (0, at))
        if at - since > OFTEN:
            number, since = 0, at
        self._seen[kind] = number + 1, since
        return number + 1 >= FIRST

    def _add(self, kind: Kind, at: float) -> bool:
        if self._always_read is None and at - self.heard_at > SILENCE:
            self._always_read, self.heard_at = kind, at
            return False
        self.sampled.add(kind)
        sources = {source for source, _ in self.sampled}
        if len(self.sampled) + COST_OF_A_SOURCE * len(sources) > MOST:
            self.forget()
        return True
