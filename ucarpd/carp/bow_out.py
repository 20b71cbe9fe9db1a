"""The last advertisements of a host that has given up the role.

A bow-out moves the role to a peer at once instead of after its master-down interval.  The parting
advertisement of election rules M1, M3 and M5 makes the winner announce the addresses again.  Both
must wait until our addresses are gone, or two hosts would hold them.  Once the peers have settled
the matter without them, both are worthless, and a bow-out even does harm.  Hence the time limit.
"""

from ucarpd.carp.actions import SendAdvertisement
from ucarpd.carp.params import Family, IPAddress
from ucarpd.carp.rank import BOW_OUT, Stated

BOW_OUT_COPIES = 2
"""A bow-out is sent twice in each family: a lost one costs the clients a master-down interval."""

OFFER_SPACING = 0.05
"""Seconds between two copies of a bow-out, or of another offer of the role (see `transitions`)."""


def bow_out_of(source: IPAddress, counter: int) -> SendAdvertisement:
    """Return the bow-out of a host in one family."""
    advbase, advskew, demotion = BOW_OUT
    return SendAdvertisement(source, advbase, advskew, counter, demotion, is_final=True)


class FinalAdvertisements:
    """`copies` advertisements, to be sent after the release of the addresses and before `until`.

    `family`: in this family alone.
    """

    def __init__(
        self, stated: Stated, copies: int, until: float, family: Family | None = None
    ) -> None:
        self.stated = stated
        self.copies = copies
        self.until = until
        self.family = family
        self.send_at: float | None = None

    @classmethod
    def bow_out(cls, until: float, families: int = 1) -> "FinalAdvertisements":
        """With two families there is a copy more: the first one goes out in one family alone."""
        return cls(BOW_OUT, BOW_OUT_COPIES + (families > 1), until)

    @classmethod
    def parting(cls, stated: Stated, until: float, family: Family) -> "FinalAdvertisements":
        """`family`: the one in which the winner was heard.  It might lose a tie in the other one."""
        return cls(stated, 1, until, family)

    @property
    def is_bow_out(self) -> bool:
        return self.stated == BOW_OUT

    @property
    def is_over(self) -> bool:
        return self.copies == 0

    def take(self, now: float) -> bool:
        """Return whether to send a copy now; if so, plan the next one."""
        if self.send_at is None or now < self.send_at or self.is_over:
            return False
        if now > self.until:
            self.copies = 0
            return False
        self.copies -= 1
        self.send_at = now + OFFER_SPACING
        return True
