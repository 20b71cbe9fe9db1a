"""A cable that a master loses for a moment, a switch port that flaps, or a source address that is
removed and added again.

Nobody can have missed a master whose link is back before the first backup's timer can end: that is
`deadratio` intervals after its last advertisement, and one interval earlier is early enough even if
that one was lost with the link.  The shortest interval counts that this host or any other of its
vhid has stated.  Such a master stays what it was; a virtual address on a dead link misleads nobody, and one without a
source address still serves.
A link that goes on flapping is another matter: one outage is outlasted in a master-down interval.
"""

from ucarpd.carp.events import InterfaceLost


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
        """The link or the source is lost; whether that may be outlasted."""
        if now >= until or now < self._not_before:
            return False
        self.reason, self.can_send, self.until = lost.reason, lost.can_send, until
        self._not_before = now + master_down_interval
        return True

    def goes_on(self, lost: InterfaceLost) -> None:
        """Another thing is lost meanwhile, or one of two is back."""
        self.reason, self.can_send = lost.reason, lost.can_send

    def end(self) -> None:
        self.until = None
