"""A cable that a master loses for a moment, a switch port that flaps, a source address that is
removed and added again, or an interface that this host itself takes down.

No backup can have missed a master whose link is back before the first backup's timer can end: that
is `deadratio` intervals after its last advertisement, and one interval earlier is early enough even
if that one was lost with the link.  It takes the shortest interval of this host and of any other of
its vhid, as each has stated it last.  Such a master stays MASTER: a virtual address on a dead link
misleads no client, and a host without a source address still serves.

If a link keeps flapping, a master outlasts only one outage in a master-down interval.

A script, or a network card that answers a new address, can take the interface down each time that
this host becomes MASTER.  A host that left each time would never serve.  So it stays MASTER while
the up-script runs, and if it has lost the interface several times in a row right after it took the
role.
"""

from ucarpd.carp.election import judge_lost_link, judge_rival_in_outage
from ucarpd.carp.events import InterfaceLost
from ucarpd.carp.statement import Statement
from ucarpd.carp.verdicts import OwnVerdict

EARLY = 10.0
"""Seconds after its scripts began in which a host that loses the interface may itself be the cause."""

TIMES = 3
MEMORY = 3600.0
"""Roles lost so early, and the seconds within which they show that this host is the cause."""

LONGEST = 30.0
"""Seconds for which it then waits for the interface."""

UNTIL_TOLD = float("inf")


class Outage:
    """Times are monotonic seconds, intervals seconds."""

    def __init__(self) -> None:
        self.reason = ""
        self.until: float | None = None
        """When the role is lost with the link; None while there is a link."""
        self.can_send = False
        """Whether a bow-out would get out: there is a link, and no source address."""
        self._not_before = float("-inf")
        self._scripts_run_at = float("-inf")
        self._began_at = 0.0
        self._early: tuple[float, ...] = ()
        """When it last lost the interface right after it took the role."""
        self._is_news = True
        self.is_mute = False
        """Whether nothing is sent; a script may remove the source address, and not the link."""

    @property
    def has_link(self) -> bool:
        """Whether a frame gets out; without a link, those that are read came before it was lost."""
        return self.until is None or self.can_send

    def role_taken(self, now: float, advertised_at: float) -> None:
        """Note that a term begins; in the last one this host advertised until `advertised_at`."""
        was_lost = bool(self._early) and self._early[-1] >= self._scripts_run_at
        if not was_lost and advertised_at - self._scripts_run_at >= EARLY:
            self._early = ()  # It went well, so it is not lost each time.
        self.scripts_run(now)
        self._is_news = True

    def scripts_run(self, now: float) -> None:
        """Note that the scripts run, which also happens after a contest."""
        self._scripts_run_at = now

    def lost(
        self, lost: InterfaceLost, now: float, *, missed_at: float, master_down_interval: float
    ) -> OwnVerdict:
        """Take in a loss of link or source, or its new reason; return whether to outlast it."""
        is_new = self.until is None
        if is_new:
            self._began_at = now
        verdict = judge_lost_link(
            now,
            missed_at=missed_at,
            not_before=self._not_before if is_new else now,
            may_return=lost.may_return,
            during_script=lost.during_script,
            is_habit=self._is_early and len(self._early) == TIMES and now - self._early[0] < MEMORY,
        )
        if verdict is OwnVerdict.LEAVE_LOST:
            return verdict
        self.reason, self.can_send = lost.reason, lost.can_send
        self.is_mute = not (verdict is OwnVerdict.AWAIT_SCRIPT and lost.can_send)
        if verdict is OwnVerdict.AWAIT_SCRIPT:
            self.until = UNTIL_TOLD
        elif verdict is OwnVerdict.SIT_OUT:
            self.until = self._began_at + LONGEST
        else:
            self.until = missed_at
            if is_new:
                self._not_before = now + master_down_interval
        return verdict

    def take_news(self) -> bool:
        """Note that an outage is sat out; return whether it is the first one of this term."""
        is_news, self._is_news = self._is_news, False
        if is_news:
            self._note_early()
        return is_news

    def role_lost(self) -> None:
        """Note that the outage has ended the role."""
        if self._is_early:
            self._note_early()

    def is_ended_by(self, heard: Statement) -> bool:
        """Return whether to leave, because another master is heard during the outage."""
        if self.until is None or self.until == UNTIL_TOLD:
            return False
        verdict = judge_rival_in_outage(is_leaving=heard.is_bow_out)
        return verdict is OwnVerdict.LEAVE_TO_RIVAL

    def end(self) -> None:
        self.until = None
        self.is_mute = False

    def _note_early(self) -> None:
        self._early = (*self._early, self._began_at)[-TIMES:]

    @property
    def _is_early(self) -> bool:
        return self._began_at - self._scripts_run_at < EARLY
