"""How this host stands in an election: its interval and its demotion, as the peers see them.

A host that is less fit than usual says so in one of two ways (DemoteStyle): it adds the demotion to
its advskew, as FreeBSD does and every peer understands; or it states it in byte 4 of the header, as
OpenBSD does, where 0 is healthy and others always put 0.
"""

from dataclasses import dataclass

from ucarpd.carp.election import Contender
from ucarpd.carp.events import AdvertisementReceived
from ucarpd.carp.params import DemoteStyle, IPAddress, Params
from ucarpd.carp.timing import (
    UNITS_PER_SECOND,
    advertisement_interval,
    demoted_advskew,
    in_words,
    interval_units,
)

LARGEST_DEMOTION = 255
"""What header byte 4 can hold."""


@dataclass(frozen=True, slots=True)
class Standing:
    """`demotion` is the sum of all that makes this host less fit; 0 is healthy."""

    params: Params
    demotion: int = 0

    @property
    def advskew(self) -> int:
        """What our advertisements state, in 1/256 s."""
        if self._in_header:
            return self.params.advskew
        return demoted_advskew(self.params.advskew, self.demotion)

    @property
    def header_demotion(self) -> int:
        """What byte 4 of our advertisements states."""
        return max(0, min(self.demotion, LARGEST_DEMOTION)) if self._in_header else 0

    @property
    def rank(self) -> tuple[int, int]:
        """The lower, the better; comparable with an earlier rank of ours."""
        return self.header_demotion, interval_units(self.params.advbase, self.advskew)

    @property
    def interval(self) -> float:
        """Seconds between two of our advertisements."""
        return advertisement_interval(self.params.advbase, self.advskew)

    def own(self, source: IPAddress, counter: int) -> Contender:
        """Our side of an election; `source` and `counter` are those of our advertisements."""
        demotion, units = self.rank
        return Contender(units, source, counter, demotion)

    def rival(self, heard: AdvertisementReceived) -> Contender:
        """The other side."""
        # A host that is leaving is no rival, however fit it is: its interval alone counts.
        counts = self._in_header and not heard.is_bow_out
        demotion = heard.demote if counts else self.header_demotion
        return Contender(heard.units, heard.source, heard.counter, demotion)

    def compared_with(self, heard: AdvertisementReceived) -> str:
        """For the operator: why the other host won, or lost."""
        theirs, ours = in_words(heard.units / UNITS_PER_SECOND), in_words(self.interval)
        text = f"it advertises every {theirs}, this host every {ours}"
        if self._in_header:
            text += f"; it is demoted by {heard.demote}, this host by {self.header_demotion}"
        return text

    @property
    def _in_header(self) -> bool:
        return self.params.demote_style is DemoteStyle.OPENBSD
