"""The verdicts of an election, each with the number of its rule in `election`."""

from enum import Enum
from functools import cached_property
from typing import Final

from ucarpd.carp.why import Cause


class Belief(Enum):
    """Whether a host takes an advertisement in."""

    OWN = "H1"
    NO_SOURCE = "H2"
    OVERTAKEN = "H3"
    BELIEVED = "H4"


class MasterVerdict(Enum):
    """The reaction of a MASTER to an advertisement."""

    YIELD = "M1"
    STAY_BETTER = "M2"
    LOSE_TIE = "M3"
    STAY_TIED = "M4"
    END_TIE = "M5"
    STAY_UNDECIDED = "M6"
    STAY_FITTER = "M7"


class BackupVerdict(Enum):
    """The reaction of a BACKUP to an advertisement."""

    BARRED = "B10"
    HELD_DOWN = "B9"
    HIDDEN = "B0"
    BOWED_OUT = "B6"
    PEER_DEMOTED = "B1"
    PEER_UNFIT = "B7"
    UNFIT = "B8"
    DELAYED = "B11"
    PREEMPT = "B2"
    RECLAIM = "B3"
    PEER_TOO_SLOW = "B4"
    WAIT = "B5"

    @cached_property
    def takes_over(self) -> bool:
        """Whether it is a reason to take the role."""
        return self in REASONS


# As with the states: for each advertisement, `Belief.BELIEVED` would take as long as a call.
BELIEVED: Final = Belief.BELIEVED
HIDDEN: Final = BackupVerdict.HIDDEN
WAIT: Final = BackupVerdict.WAIT


class SilenceVerdict(Enum):
    """The reaction of a BACKUP to the end of a timer."""

    BARRED = "S1"
    NOT_YET = "S2"
    SLEPT = "S3"
    TAKE_OVER = "S4"
    CUT_OFF = "S5"


class OwnVerdict(Enum):
    """The reaction of a MASTER to a change of this host itself."""

    LEAVE_UNFIT = "L1"
    SERVE_ON = "L2"
    OUTLAST = "L3"
    LEAVE_LOST = "L4"
    LEAVE_TO_RIVAL = "L5"
    AWAIT_SCRIPT = "L6"
    SIT_OUT = "L7"


REASONS = {
    BackupVerdict.BOWED_OUT: (Cause.BOW_OUT, "{peer} bowed out"),
    BackupVerdict.PEER_DEMOTED: (Cause.UNFIT_MASTER, "taking over from {peer}: {comparison}"),
    BackupVerdict.PEER_UNFIT: (Cause.UNFIT_MASTER, "taking over from {peer}: {comparison}"),
    BackupVerdict.PREEMPT: (Cause.PREEMPT, "preempting {peer}: {comparison}"),
    BackupVerdict.RECLAIM: (Cause.RECLAIM, "taking the role back from {peer}"),
    BackupVerdict.PEER_TOO_SLOW: (
        Cause.SLOW_MASTER,
        "{peer} is too slow to wait for: {comparison}",
    ),
    MasterVerdict.YIELD: (Cause.BETTER_MASTER, "{peer} is preferred: {comparison}"),
    MasterVerdict.LOSE_TIE: (Cause.TIE, "{peer} wins the tie: {comparison}"),
    MasterVerdict.END_TIE: (Cause.TIE, "{peer} does not yield: {comparison}"),
}
"""The verdicts by which the role changes: a fixed word, and words for the operator."""
