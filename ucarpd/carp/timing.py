"""How long a master waits between advertisements, and how long a backup waits for one.

Intervals are compared in whole units of 1/256 s, as the wire carries them, so that "equal"
means equal; they are waited for in float seconds.
"""

import math
from typing import NamedTuple

UNITS_PER_SECOND = 256

NEVER = float("inf")
"""A time that does not come."""


def later(one: float, other: float) -> float:
    """Return the later time: for each advertisement, where `max` would take five times as long."""
    return one if one >= other else other  # noqa: FURB136


def earlier(one: float, other: float) -> float:
    """Return the earlier time, likewise."""
    return one if one <= other else other  # noqa: FURB136


BOW_OUT_ADVBASE = 255
BOW_OUT_ADVSKEW = 255
"""advbase and advskew of an advertisement that says "I am leaving"; no other one has them."""

LARGEST_ADVBASE = 253
LARGEST_ADVSKEW = 254
"""The largest values that a healthy host may state."""

UNFIT_ADVBASE = 254
"""advbase of an advertisement that says "I am less fit than usual"; its advskew says how much.

Every kind of peer takes over from so slow a master, preempting or not: it is what makes a bow-out
work.  As an interval it means nothing: no host waits for 254 s.
"""

UNFIT_UNITS = UNFIT_ADVBASE * UNITS_PER_SECOND
BOW_OUT_UNITS = BOW_OUT_ADVBASE * UNITS_PER_SECOND + BOW_OUT_ADVSKEW

HOSTS_IN_A_SLOT = 32
MOST_SLOTS = 16
"""The points of an interval at which the virtual hosts of a process advertise: so many hosts at
each, or more if there are more hosts than these slots hold.
"""

TIE_PATIENCE = 1.5
"""After a lost tie: peer intervals to wait for the winner before taking the role back."""


def interval_units(advbase: int, advskew: int) -> int:
    """Return the time between two advertisements in units of 1/256 s.

    advbase 0 with advskew 0 counts as one unit, as in OpenBSD's carp_setrun().
    """
    return max(1, advbase * UNITS_PER_SECOND + advskew)


def in_words(seconds: float) -> str:
    """Word a time for the operator, from a few milliseconds to minutes."""
    return f"{seconds:.2f} s" if seconds >= 0.1 else f"{1000 * seconds:.1f} ms"


def advertisement_interval(advbase: int, advskew: int) -> float:
    """Return the seconds between advertisements: advbase + advskew/256 (all implementations)."""
    return interval_units(advbase, advskew) / UNITS_PER_SECOND


def master_down_units(
    advbase: int, advskew: int, deadratio: int, *, as_openbsd: bool = False
) -> int:
    """Return how long a backup with these parameters waits for an advertisement, in 1/256 s.

    deadratio * advbase + advskew/256, as in the BSDs; their ratio is always 3.  With advbase 0
    that formula would give the advertisement interval itself, and the hosts would flap (ucarp
    does); then the interval is multiplied whole.  OpenBSD does so with any advbase since 2025
    (`as_openbsd`): beside it, a worse host of ours would otherwise wake up before a better one.
    """
    if advbase == 0 or as_openbsd:
        return deadratio * interval_units(advbase, advskew)
    return deadratio * advbase * UNITS_PER_SECOND + advskew


class Phase(NamedTuple):
    """The place of a virtual host among the virtual hosts of its process that took over together.

    `share`, above 0 and up to 1, is the part of an interval that a new master waits before its
    second advertisement.  `slots` is how many points of an interval they all share.
    """

    share: float
    slots: int


ALONE = Phase(1.0, 1)


def slots_of(hosts: int) -> int:
    """Return the number of slots for a process with so many virtual hosts.

    Few slots mean few wake-ups of the process, and make the last advertisement of a slot a little
    late.
    """
    return min(MOST_SLOTS, max(1, math.ceil(hosts / HOSTS_IN_A_SLOT)))


def second_advertisement_at(now: float, interval: float, phase: Phase) -> float:
    """Return when a host that became master at `now` advertises for the second time; the third
    advertisement follows an interval later.

    With a share of 1 that is an interval later.  A smaller one brings it forward, onto a grid that
    is the same for all: so many virtual hosts are spread over the interval, and yet some share a
    wake-up of the process, which costs more than the advertisement.  Being early does no harm.
    """
    if phase.share == 1:
        return now + interval
    slot = interval / phase.slots
    at = math.floor((now + phase.share * interval) / slot) * slot
    return at if at > now else at + slot
