"""Why the role moves: in one fixed word, and in words for the operator."""

from enum import Enum
from typing import NamedTuple

from ucarpd.carp.params import IPAddress


class Cause(Enum):
    """The reason for a transition in one fixed word, to count transitions by."""

    READY = "ready"
    INTERFACE = "interface"
    STOP = "stop"
    BARRED = "barred"
    """This host may not serve at all."""
    FAULT = "internal_error"
    # To MASTER:
    SILENCE = "silence"
    BOW_OUT = "bow_out"
    UNFIT_MASTER = "unfit_master"
    SLOW_MASTER = "slow_master"
    PREEMPT = "preempt"
    RECLAIM = "reclaim"
    # From MASTER to BACKUP:
    BETTER_MASTER = "better_master"
    TIE = "tie"
    STEP_DOWN = "step_down"


class Why(NamedTuple):
    """Why the role moves; `text` is for the operator, `peer` is the host that caused it, if any."""

    cause: Cause
    text: str
    peer: IPAddress | None = None
