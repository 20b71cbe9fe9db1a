"""How this host stands in an election: what its advertisements state, and how often it sends them.

A fit host states its interval.  A host that is less fit says so in either of two ways
(DemoteStyle):

    skew      advbase 254, advskew says how unfit, byte 4 of the header is 255
    openbsd   its usual interval, and byte 4 says how many reasons there are

In the first way every kind of peer takes over at once, preempting or not, up to a master-down
interval of 254 s; byte 4 is for an OpenBSD with advbase 0, which does not look at intervals in that
case.  With 0 there an OpenBSD that is demoted itself would take over on our IPv4 advertisement and
yield to our IPv6 one.  In the second way 254 must never be stated: if an OpenBSD took over from it
by its slowness, we would take the role back by its demotion.

How unfit a host is has one order:

    HEALTHY < failing, 1 to LARGEST_FAILING < MAINTENANCE < NEVER

A host that is failing or in maintenance still serves if no fitter host does.  A host that may NEVER
serve gives its addresses up at once, heard or not, and takes over from no host.

A host states the faults that it knows, even if its health checks have not run yet.  As a backup it
then compares itself as the most failing one: it challenges no master that may be the fitter one.

A host that is less fit does not keep to an interval that it states: it advertises at least once a
second, so that it is relieved soon.
"""

from dataclasses import dataclass, field, replace
from typing import NamedTuple

from ucarpd.carp.contender import Contender
from ucarpd.carp.election import reason_to_depose
from ucarpd.carp.params import DemoteStyle, IPAddress, Params
from ucarpd.carp.statement import Statement
from ucarpd.carp.timing import (
    BOW_OUT_ADVBASE,
    BOW_OUT_ADVSKEW,
    UNFIT_ADVBASE,
    UNITS_PER_SECOND,
    advertisement_interval,
    in_words,
    interval_units,
    master_down_units,
)

HEALTHY = 0
DOWN_AMOUNT = 240
"""How unfit a fault makes a host: FreeBSD's ifdown and senderr demotion factors."""
LARGEST_FAILING = 252
"""However many reasons there are, a failing host is fitter than one in maintenance."""
MAINTENANCE = 254
NEVER = 255

LARGEST_DEMOTION = 255
"""What byte 4 of the header can hold."""

SLOWEST_UNFIT_PACE = 1.0
"""Seconds between two advertisements of a host that is less fit than usual, at most."""


class Stated(NamedTuple):
    """The bytes of an advertisement that an election compares."""

    advbase: int
    advskew: int
    demotion: int


BOW_OUT = Stated(BOW_OUT_ADVBASE, BOW_OUT_ADVSKEW, LARGEST_DEMOTION)


# Not frozen, and no cached properties: reading them takes several times as long.
@dataclass(slots=True)
class Rank:
    """`demotion` is a place in the order above, HEALTHY to NEVER.  `is_tested`: the checks ran.

    It never changes; `replace` makes another one.  It is asked several times for each advertisement,
    so it works its values out once.
    """

    params: Params
    demotion: int = HEALTHY
    is_tested: bool = True
    is_stepping_down: bool = False
    unfitness: int = field(init=False, repr=False)
    """The demotion that it states; a host that steps down states maintenance at least."""
    is_unfit: bool = field(init=False, repr=False)
    may_serve: bool = field(init=False, repr=False)
    stated: Stated = field(init=False, repr=False)
    interval: float = field(init=False, repr=False)
    """Seconds between two of our advertisements."""
    master_down_units: int = field(init=False, repr=False)
    master_down_interval: float = field(init=False, repr=False)
    """Our own one, in seconds, independent of the other hosts."""
    reluctance: float = field(init=False, repr=False)
    """Extra seconds of waiting: if two files are equal, the fitter host wakes up first."""
    _in_header: bool = field(init=False, repr=False)

    def __post_init__(self) -> None:
        own = self.params
        self._in_header = own.demote_style is DemoteStyle.OPENBSD
        self.unfitness = max(self.demotion, MAINTENANCE) if self.is_stepping_down else self.demotion
        self.is_unfit = self.unfitness > HEALTHY
        self.may_serve = self.demotion < NEVER
        self.stated = self._state()
        self.interval = advertisement_interval(own.advbase, own.advskew)
        if self.is_unfit:
            self.interval = min(self.interval, SLOWEST_UNFIT_PACE)
        self.master_down_units = master_down_units(
            own.advbase, own.advskew, own.deadratio, as_openbsd=self._in_header
        )
        self.master_down_interval = self.master_down_units / UNITS_PER_SECOND
        self.reluctance = self.unfitness / UNITS_PER_SECOND * self.interval

    def _state(self) -> Stated:
        own = self.params
        if not self.is_unfit:
            return Stated(own.advbase, own.advskew, 0)
        if self._in_header:
            is_failing = self.unfitness <= LARGEST_FAILING
            return Stated(
                own.advbase, own.advskew, self.unfitness if is_failing else LARGEST_DEMOTION
            )
        return Stated(UNFIT_ADVBASE, min(self.unfitness, MAINTENANCE), LARGEST_DEMOTION)

    # -- our side of an election, and the other one ------------------------------------------------

    def own(self, source: IPAddress) -> Contender:
        """Return our side; `source` is the address that we advertise from."""
        units, demotion = self._own
        return Contender(units, source, demotion)

    def challenger(self, source: IPAddress) -> Contender:
        """Return our side as a backup: an untested host counts as failing (rule B8)."""
        if self.is_tested:
            return self.own(source)
        most_failing = max(self.demotion, LARGEST_FAILING)
        return replace(self, demotion=most_failing, is_tested=True).own(source)

    @property
    def _own(self) -> tuple[int, int]:
        """Our interval in units, and our demotion, as an election compares them."""
        advbase, advskew, demotion = self.stated
        return interval_units(advbase, advskew), demotion if self._in_header else 0

    def rival(self, heard: Statement) -> Contender:
        """Return the side of the sender."""
        return heard.sides[self._in_header]

    def takes_for_kernel(self, heard: Statement) -> bool:
        """Return whether the sender is a BSD kernel, unless we speak from that MAC address too."""
        return heard.from_virtual_mac and not self.params.source_mac_is_virtual

    def is_given_way(self, heard: Statement) -> bool:
        """Return whether the sender, as MASTER, yields to us although it may be faster (rule M7).

        An OpenBSD that is demoted does so.  If it did not wait for our next advertisement, it would
        take the role back again and again.
        """
        is_fitter = heard.demote > 0 and not self.is_unfit
        return is_fitter and self._own[0] < master_down_units(heard.advbase, heard.advskew, 3)

    def compared_with(self, heard: Statement) -> str:
        """Return why the other host won, or lost, in words for the operator."""
        theirs, ours = in_words(heard.units / UNITS_PER_SECOND), in_words(self.interval)
        intervals = f"it advertises every {theirs}, this host every {ours}"
        demotions = f"it is demoted by {heard.stated_demotion}, this host by {self.unfitness}"
        if self._in_header:
            return f"{intervals}; {demotions}" if heard.demote or self.is_unfit else intervals
        return demotions if heard.is_unfit or self.is_unfit else intervals

    # -- waiting -----------------------------------------------------------------------------------

    def waits_for(self, peer: Contender) -> bool:
        """Return whether a backup waits for a master that states this."""
        own = self.challenger(peer.source)
        return reason_to_depose(own, peer, self.master_down_units) is None
