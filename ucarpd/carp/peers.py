"""The other hosts of a vhid, as far as they have been heard: who serves, and who can be believed.

A backup remembers who serves (election rule B0): the newest advertisement of each source, for as
long as a backup waits for the next one.  Each family has its sources, and so a memory of its own.

Two things keep an advertisement from being taken at its word:

* Frames overtake each other.  What a host sent before its bow-out, or before it said that it is
  less fit, is not believed when it comes afterwards: it would win over those who have taken over.
* Nobody signs the interval that an advertisement states.  A longer one than our own master-down
  interval is only waited for when a host has been heard to keep it; otherwise one forged packet
  would bar a backup from serving for 762 s.

Nor is a source signed: `SOURCES` bounds what a forger can make us remember.
"""

from collections.abc import Callable
from dataclasses import dataclass

from ucarpd.carp.election import Contender
from ucarpd.carp.events import AdvertisementReceived
from ucarpd.carp.params import IPAddress, TieBreak
from ucarpd.carp.timing import BOW_OUT_UNITS, UNITS_PER_SECOND

SOURCES = 64
"""How many hosts are remembered: those that were heard last."""

OVERTAKEN = 16
"""Counters below that of a bow-out or statement which are not believed; ours count by one."""

SLOWEST_UNFIT_UNITS = UNITS_PER_SECOND
"""The interval of a host that is less fit than usual, at most, whatever it states."""

_COUNTER_MASK = (1 << 64) - 1


@dataclass(slots=True)
class Peer:
    """What is known of one source.  Times are monotonic seconds."""

    newest: AdvertisementReceived
    heard_at: float
    contender: Contender | None = None
    """It serves, or did when it was last heard."""
    serves_until: float = 0.0
    """When that says nothing any more, unless it is heard again."""
    fit_units: int = SLOWEST_UNFIT_UNITS
    """The interval that it stated when it was last fit."""
    last_word: int = 0
    """The counter of its bow-out, or of what it last said about being less fit."""
    last_word_until: float = 0.0


class Peers:
    """The memory of one virtual host."""

    def __init__(self) -> None:
        self._peers: dict[IPAddress, Peer] = {}
        self._longest_kept_units = 0
        self.shortest_units = BOW_OUT_UNITS
        """The shortest interval that was ever stated, in 1/256 s."""

    def is_overtaken(self, heard: AdvertisementReceived, now: float) -> bool:
        """Whether its sender has bowed out, or said that it is less fit, after having sent this."""
        peer = self._peers.get(heard.source)
        if peer is None or now >= peer.last_word_until:
            return False
        return 0 < (peer.last_word - heard.counter) & _COUNTER_MASK <= OVERTAKEN

    def hear(self, heard: AdvertisementReceived, now: float, patience: float) -> None:
        """Take in an advertisement; `patience` is our own master-down interval in seconds."""
        peer = self._peers.pop(heard.source, None) or Peer(heard, now)
        self._peers[heard.source] = peer
        if len(self._peers) > SOURCES:
            del self._peers[next(iter(self._peers))]
        if heard.is_bow_out or heard.stated_demotion:
            peer.last_word = heard.counter
            peer.last_word_until = now + patience
        if heard.is_bow_out:
            peer.contender = None
        elif not heard.is_unfit:
            peer.fit_units = heard.units
            self.shortest_units = min(self.shortest_units, heard.units)
            half_of_it = heard.units / UNITS_PER_SECOND / 2
            if peer.newest.units == heard.units and now - peer.heard_at >= half_of_it:
                self._longest_kept_units = max(self._longest_kept_units, heard.units)
        peer.newest, peer.heard_at = heard, now

    def interval_units(self, heard: AdvertisementReceived, own_master_down_units: int) -> int:
        """The interval at which its sender may be expected to advertise; `hear` comes first."""
        if heard.is_unfit:
            return min(self._peers[heard.source].fit_units, SLOWEST_UNFIT_UNITS)
        return min(heard.units, max(own_master_down_units, self._longest_kept_units))

    # -- who serves --------------------------------------------------------------------------------

    def serves(self, contender: Contender, until: float) -> None:
        """Its newest advertisement says that it is master; `hear` comes first."""
        peer = self._peers[contender.source]
        peer.contender, peer.serves_until = contender, until

    def hides(
        self,
        peer: Contender,
        now: float,
        tiebreak: TieBreak,
        is_waited_for: Callable[[Contender], bool],
    ) -> bool:
        """Whether another host of its family serves that is preferred to it, and waited for."""
        return any(
            each.contender is not None
            and now < each.serves_until
            and source.version == peer.source.version
            and source != peer.source
            and each.contender.is_preferred_to(peer, tiebreak)
            and is_waited_for(each.contender)
            for source, each in self._peers.items()
        )

    def nobody_serves(self) -> None:
        """This host does now, or cannot tell any more."""
        for peer in self._peers.values():
            peer.contender = None
