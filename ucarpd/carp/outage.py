"""A cable that a master loses for a moment, a switch port that flaps, or a source address that is
removed and added again.

No backup can have missed a master whose link is back before the first backup's timer can end: that
is `deadratio` intervals after its last advertisement, and one interval earlier is early enough even
if that one was lost with the link.  It takes the shortest interval that this host or any other of
its vhid has stated.  Such a master stays MASTER: a virtual address on a dead link misleads no
client, and a host without a source address still serves.

If a link keeps flapping, a master outlasts only one outage in a master-down interval.
"""

from ucarpd.carp.election import judge_lost_link, judge_rival_in_outage
from ucarpd.carp.events import AdvertisementReceived, InterfaceLost
from ucarpd.carp.verdicts import OwnVerdict


class Outage:
    """Times are monotonic seconds, intervals seconds."""

    def __init__(self) -> None:
        self.reason = ""
        self.until: float | None = None
        """When the role is lost with the link; None while there is a link."""
        self.can_send = False
        """Whether a bow-out would get out: there is a link, and no source address."""
        self._not_before = float("-inf")

    def begin(
        self, lost: InterfaceLost, now: float, *, until: float, master_down_interval: float
    ) -> bool:
        """Begin an outage of link or source, if it may be outlasted; return whether it may."""
        verdict = judge_lost_link(now, missed_at=until, not_before=self._not_before)
        if verdict is OwnVerdict.LEAVE_LOST:
            return False
        self.reason, self.can_send, self.until = lost.reason, lost.can_send, until
        self._not_before = now + master_down_interval
        return True

    def goes_on(self, lost: InterfaceLost) -> None:
        """Note during an outage that link or source has also been lost, or is back."""
        self.reason, self.can_send = lost.reason, lost.can_send

    def is_ended_by(self, heard: AdvertisementReceived) -> bool:
        """Return whether to leave, because another master is heard during the outage."""
        if self.until is None:
            return False
        verdict = judge_rival_in_outage(has_link=self.can_send, is_leaving=heard.is_bow_out)
        return verdict is OwnVerdict.LEAVE_TO_RIVAL

    def end(self) -> None:
        self.until = None
