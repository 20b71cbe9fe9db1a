"""One side of an election, and how two of them compare.

An election compares what hosts *state*.  A fit host states its advertisement interval.  A less fit
host states an interval beyond every fit one (254 s and more, the more the less fit), or
in the OpenBSD style a demotion, which is compared first.

The tie: the BSDs have no rule (both yield).  ucarp compares the two source addresses as host
integers although they are in network order.  On little-endian machines the last octet therefore
counts most: 10.0.1.1 is lower than 10.0.0.2, and the lower one wins.  Both ends must use the same
rule, or both yield, or, worse, neither does.  Hence we compare reversed octets, unless TieBreak
says otherwise.
"""

from ucarpd.carp.params import IPAddress, TieBreak
from ucarpd.carp.timing import BOW_OUT_UNITS, UNFIT_UNITS


class Contender:
    """The statement of one side of an election.

    `units` is its advertisement interval in 1/256 s, `demotion` counts in the OpenBSD style only.
    """

    __slots__ = ("demotion", "is_leaving", "is_unfit", "rank", "source", "units")

    def __init__(self, units: int, source: IPAddress, demotion: int = 0) -> None:
        self.units = units
        self.source = source
        self.demotion = demotion
        self.rank = demotion, units
        """The lower, the better."""
        self.is_leaving = units == BOW_OUT_UNITS
        self.is_unfit = demotion > 0 or units >= UNFIT_UNITS
        """It states that it is less fit, in either style."""

    def is_preferred_to(self, other: "Contender", tiebreak: TieBreak) -> bool:
        return (self.rank, _tie_rank(self, tiebreak)) < (other.rank, _tie_rank(other, tiebreak))

    def wins_tie(self, other: "Contender", tiebreak: TieBreak) -> bool:
        """Whether its source address is the lower one."""
        return _tie_rank(self, tiebreak) < _tie_rank(other, tiebreak)


def _tie_rank(contender: Contender, tiebreak: TieBreak) -> bytes:
    octets = contender.source.packed
    is_reversed = tiebreak is TieBreak.REVERSED and contender.source.version == 4
    return octets[::-1] if is_reversed else octets
