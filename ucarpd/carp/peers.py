"""The other hosts of a vhid, as far as this host has heard them.

A backup remembers which hosts serve (election rule B0): it keeps the newest advertisement of each
source for as long as a backup waits for the next one.  A host has a source in each family, and must
not hide itself in the other family, so sources whose counters follow each other are the same host.
Nor does the former address of a host hide that it leaves.

There are two reasons not to believe an advertisement:

* Frames overtake each other (rule H3).  After a bow-out, or a statement to be less fit, older
  frames of the same host may still arrive; a host that believed them would yield to a host that is
  gone.  After any other statement, older frames are not believed for a moment.  This applies to
  both families: an advertisement in IPv4 and its twin in IPv6 have counters that follow each other.
* The digest does not cover the interval that an advertisement states.  A backup waits for a longer
  interval than its own master-down interval only if it has heard a host keep it; otherwise one
  forged packet would bar it from serving for 762 s.

The digest does not cover a source either: `SOURCES` limits our memory of invented ones.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass

from ucarpd.carp.contender import Contender
from ucarpd.carp.events import AdvertisementReceived
from ucarpd.carp.params import IPAddress, TieBreak
from ucarpd.carp.statement import Statement
from ucarpd.carp.timing import BOW_OUT_UNITS, UNITS_PER_SECOND, later

SOURCES = 64
"""How many sources are remembered: the latest ones that were heard."""

OVERTAKEN = 16
"""How far below the latest counter an overtaken frame may be; our counters go up by one."""

REORDERED = 0.1
"""Seconds for which a frame that an ordinary advertisement has overtaken is not believed.

No longer, because a FreeBSD continues from the counters that it hears, and these may be lower.
"""

ONE_RUN = 1024
"""Counters of one host are never further apart within a master-down interval; the counters of two
hosts are, except by chance.
"""

SLOWEST_UNFIT_UNITS = UNITS_PER_SECOND
"""The interval of a host that is less fit than usual, at most, whatever it states."""

LATE = 1.5
"""Intervals of its own after which a master is late.  It may still serve, but the host that bows
out took over since, and a living master would have answered that one at once (rule M2).
"""

_COUNTER_MASK = (1 << 64) - 1


@dataclass(slots=True)
class Peer:
    """Our knowledge of one source.  Times are monotonic seconds."""

    newest: Statement
    counter: int
    """That of its newest advertisement."""
    heard_at: float
    contender: Contender | None = None
    """It serves, or did when it was last heard."""
    serves_until: float = 0.0
    """When `contender` is out of date, unless it is heard again."""
    fit_units: int = BOW_OUT_UNITS
    """The interval that it stated when it was last fit; as it is, if it never was."""
    has_yielded: bool = False
    """A better host served when it was last heard, so that it is a backup now."""
    worst_gap: float = 0.0
    """The longest time between two of its advertisements while it was master; 0: there were no two.
    """

    def note(self, counter: int, now: float) -> None:
        """Note an advertisement of it."""
        gap = now - self.heard_at
        if gap > self.worst_gap and self.is_master(now):
            self.worst_gap = gap
        self.counter, self.heard_at = counter, now

    def is_master(self, now: float) -> bool:
        """Return whether it serves, as far as this host knows."""
        return self.contender is not None and now < self.serves_until and not self.has_yielded


@dataclass(slots=True)
class LastWord:
    """The last advertisement of a source; until `until` we drop others that it has overtaken."""

    said: Statement
    counter: int
    until: float


class Peers:
    """The memory of one virtual host."""

    def __init__(self) -> None:
        self._peers: dict[IPAddress, Peer] = {}
        self._latest: Peer | None = None
        """The peer that was heard last; the next advertisement mostly also comes from it."""
        self._latest_word: LastWord | None = None
        """Its last word, if that is remembered."""
        self._last_words: dict[IPAddress, LastWord] = {}
        self._longest_kept_units = 0

    @property
    def shortest_units(self) -> int:
        """The shortest interval that a host has stated last while it was fit, in 1/256 s."""
        return min((each.fit_units for each in self.heard), default=BOW_OUT_UNITS)

    @property
    def heard(self) -> Collection[Peer]:
        """The peers that are remembered, the latest one last."""
        return self._peers.values()

    def is_overtaken(self, event: AdvertisementReceived, now: float) -> bool:
        """Return whether its sender has said something else after having sent this."""
        heard = event.statement
        for last in self._last_words.values():
            if (
                now < last.until
                and 0 < (last.counter - event.counter) & _COUNTER_MASK <= OVERTAKEN
                and heard.stated != last.said.stated
                and (last.said.family != heard.family or last.said.source == heard.source)
            ):
                return True
        return False

    def hear(self, event: AdvertisementReceived, now: float, patience: float) -> None:
        """Take in an advertisement; `patience` is our own master-down interval in seconds.

        Only a lasting statement needs it.
        """
        heard, peer = event.statement, self._latest
        # Equal addresses are mostly one object; if they are not, this only takes longer.
        if peer is None or peer.newest.source is not heard.source:
            peer = self._latest = self._peers.pop(heard.source, None) or Peer(
                heard, event.counter, now
            )
            self._peers[heard.source] = peer
            self._latest_word = self._last_words.get(heard.source)
            if len(self._peers) > SOURCES:
                del self._peers[next(iter(self._peers))]
        gap = now - peer.heard_at
        peer.note(event.counter, now)
        lasts = patience if heard.is_lasting else REORDERED
        self._note_last_word(event, now, now + lasts)
        if heard.is_bow_out:
            peer.contender = None
        elif not heard.is_unfit:
            peer.fit_units = heard.units
            if (
                heard.units > self._longest_kept_units
                and peer.newest.units == heard.units
                and gap >= heard.units / UNITS_PER_SECOND / 2
            ):
                self._longest_kept_units = heard.units
        peer.newest, peer.has_yielded = heard, False

    def hear_again(self, counter: int, now: float, until: float) -> None:
        """Do what `hear` and `serves` did for the latest advertisement, for another one like it.

        The memory must be settled.
        """
        peer, last = self._latest, self._latest_word
        assert peer is not None, "`hear` comes first"
        assert last is not None
        peer.note(counter, now)
        peer.serves_until = until
        last.counter, last.until = counter, later(now + REORDERED, last.until)

    def is_settled(self, heard: Statement, now: float) -> bool:
        """Return whether the sender, heard last, can change nothing by saying the same again.

        Nor does it if time passes: every other host has been silent for too long to matter.
        """
        return (
            not heard.is_lasting
            and heard.units <= self._longest_kept_units
            and all(
                each is self._latest_word or now >= each.until for each in self._last_words.values()
            )
            and all(
                each is self._latest or now >= each.serves_until for each in self._peers.values()
            )
        )

    def _note_last_word(self, event: AdvertisementReceived, now: float, until: float) -> None:
        last = self._latest_word
        if last is not None:
            last.said, last.counter = event.statement, event.counter
            last.until = later(until, last.until)
            return
        if len(self._last_words) >= SOURCES:
            words = self._last_words.items()
            self._last_words = {source: each for source, each in words if now < each.until}
        if len(self._last_words) < SOURCES:
            last = LastWord(event.statement, event.counter, until)
            self._latest_word = self._last_words[last.said.source] = last

    def interval_units(self, heard: Statement, own_master_down_units: int) -> int:
        """Return the interval, in 1/256 s, at which its sender may be expected to advertise."""
        if heard.is_unfit:
            peer = self._peers.get(heard.source)
            return SLOWEST_UNFIT_UNITS if peer is None else min(peer.fit_units, SLOWEST_UNFIT_UNITS)
        return min(heard.units, max(own_master_down_units, self._longest_kept_units))

    # -- who serves --------------------------------------------------------------------------------

    def serves(self, contender: Contender, until: float, *, is_hidden: bool = False) -> None:
        """Note that the sender of the advertisement heard last, `contender`, says that it is master.

        A worse master yields to it, perhaps silently.
        """
        peer = self._latest
        assert peer is not None, "`hear` comes first"
        peer.contender, peer.serves_until, peer.has_yielded = contender, until, is_hidden
        for each in self._peers.values():
            if each.contender is not None and contender.rank < each.contender.rank:
                each.has_yielded = True

    def hides(
        self,
        event: AdvertisementReceived,
        peer: Contender,
        now: float,
        tiebreak: TieBreak,
        is_waited_for: Callable[[Contender], bool],
    ) -> bool:
        """Return whether another host serves that is waited for, and preferred to the sender."""
        heard = event.statement
        for source, each in self._peers.items():
            other = each.contender
            if each.newest is heard or other is None or now >= each.serves_until:
                continue
            if source == heard.source:
                continue
            if heard.is_bow_out and (_is_late(each, now) or _continues(event, each)):
                continue
            if source.version == heard.family:
                is_better = other.is_preferred_to(peer, tiebreak)
            else:
                is_better = other.rank < peer.rank and not _are_twins(event.counter, each.counter)
            if is_better and is_waited_for(other):
                return True
        return False

    def ready(self, heard: Statement) -> list[Statement]:
        """Return the newest words of each backup that may take over from the sender of `heard`."""
        return [
            each.newest
            for source, each in self._peers.items()
            if each.has_yielded and source.version == heard.family and source != heard.source
        ]

    def nobody_serves(self) -> None:
        """Note that this host serves now, or can no longer tell which host does."""
        for peer in self._peers.values():
            peer.contender, peer.has_yielded = None, False


def _are_twins(one: int, other: int) -> bool:
    """Return whether two sources of two families may be one host, by their counters."""
    distance = (one - other) & _COUNTER_MASK
    return min(distance, _COUNTER_MASK - distance) < ONE_RUN


def _continues(event: AdvertisementReceived, peer: Peer) -> bool:
    """Return whether this is the same host under another address, as after a change by DHCP."""
    return 0 < (event.counter - peer.counter) & _COUNTER_MASK < ONE_RUN


def _is_late(peer: Peer, now: float) -> bool:
    return now - peer.heard_at > LATE * peer.newest.units / UNITS_PER_SECOND
