"""A cable that a master loses for a moment, or a switch port that flaps.

No backup can have missed a master whose link is back before the first backup's timer can end: that
is `deadratio` intervals after its last advertisement, and one interval earlier is early enough even
if that one was lost with the link.  The shortest interval counts that this host or any other of its
vhid has stated.  Such a master stays MASTER; a virtual address on a dead link misleads no client.
A link that keeps flapping is another matter: a master outlasts one outage in a master-down
interval.
"""

from ucarpd.carp.election import OwnVerdict, judge_lost_link


class Outage:
    """Times are monotonic seconds, intervals seconds."""

    def __init__(self) -> None:
        self.reason = ""
        self.until: float | None = None
        """When the role is lost with the link; None while there is a link."""
        self._not_before = float("-inf")

    def begin(self, reason: str, now: float, *, until: float, master_down_interval: float) -> bool:
        """The link is lost; whether that may be outlasted.  `reason` is for the operator."""
        verdict = judge_lost_link(now, missed_at=until, not_before=self._not_before)
        if verdict is OwnVerdict.LEAVE_LOST:
            return False
        self.reason, self.until = reason, until
        self._not_before = now + master_down_interval
        return True

    def end(self) -> None:
        self.until = None
