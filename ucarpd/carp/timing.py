"""How long a master waits between advertisements, and how long a backup waits for one.

Intervals are compared in whole units of 1/256 s, which is what the wire carries, so that "equal"
means equal; they are waited for in float seconds.
"""

import math

UNITS_PER_SECOND = 256

BOW_OUT_ADVBASE = 255
BOW_OUT_ADVSKEW = 255
"""advbase and advskew of an advertisement that says "I am leaving"; no other one has them."""

LARGEST_ADVSKEW = 254
"""255 is for bow-outs."""

SLOTS = 16
"""Points of an interval at which the virtual hosts of a process advertise."""

TIE_PATIENCE = 1.5
"""After a silent yield: peer intervals to wait for the winner before taking the role back."""


def interval_units(advbase: int, advskew: int) -> int:
    """The time between two advertisements in units of 1/256 s.

    advbase 0 with advskew 0 counts as one unit, as in OpenBSD's carp_setrun().
    """
    return max(1, advbase * UNITS_PER_SECOND + advskew)


def in_words(seconds: float) -> str:
    """For the operator: with what counts, from a few milliseconds to minutes."""
    return f"{seconds:.2f} s" if seconds >= 0.1 else f"{1000 * seconds:.1f} ms"


def demoted_advskew(advskew: int, demotion: int) -> int:
    """What FreeBSD makes of advskew while the host is demoted: their sum, in its range."""
    return max(0, min(advskew + demotion, LARGEST_ADVSKEW))


def advertisement_interval(advbase: int, advskew: int) -> float:
    """Seconds between two advertisements of a master: advbase + advskew/256 (all implementations)."""
    return interval_units(advbase, advskew) / UNITS_PER_SECOND


def master_down_units(advbase: int, advskew: int, deadratio: int) -> int:
    """How long a backup with these parameters waits for an advertisement, in units of 1/256 s.

    deadratio * advbase + advskew/256, as in the BSDs, where the ratio is always 3.  With advbase 0
    that formula would give the advertisement interval itself, and the hosts would flap (ucarp
    does); then the interval is multiplied whole, as OpenBSD does.
    """
    if advbase == 0:
        return deadratio * interval_units(advbase, advskew)
    return deadratio * advbase * UNITS_PER_SECOND + advskew


def master_down_interval(
    advbase: int,
    advskew: int,
    deadratio: int,
    peer_units: int = 0,
    *,
    peer_is_better: bool = False,
) -> float:
    """Seconds without an advertisement after which a backup takes over.

    `peer_units` is the interval of the last accepted advertisement in 1/256 s, 0 when there was
    none.  A backup waits for `deadratio` of those if that is longer than its own interval: by its
    own alone, advbase 1 and advskew 0, it would drop a healthy master at advskew 254 after a
    single lost packet.  Waiting longer than a peer would is always safe.  A peer slower than our own
    master-down interval is not waited for: it is the one that election rule B4 takes over from, and
    nobody signs the interval that a packet states.
    """
    own = master_down_units(advbase, advskew, deadratio)
    if peer_units > own and not peer_is_better:
        peer_units = 0
    return max(own, deadratio * peer_units) / UNITS_PER_SECOND


def second_advertisement_at(now: float, interval: float, phase: float) -> float:
    """When a host that became master at `now` advertises for the second time; the third follows an
    interval later.

    With `phase` 1 that is an interval later.  A smaller one brings it forward, onto a grid that is
    the same for all: so many virtual hosts are spread over the interval, and yet some share a
    wake-up of the process, which costs more than the advertisement.  Being early harms nobody.
    """
    if phase == 1:
        return now + interval
    slot = interval / SLOTS
    at = math.floor((now + phase * interval) / slot) * slot
    return at if at > now else at + slot
