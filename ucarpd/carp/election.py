"""Who is master.  The only place where a winner is chosen.

Hosts are compared by what they *state*.  A fit host states its advertisement interval; one that is
less fit states an interval beyond every fit one (254 s and more, the more the less fit), or in the
OpenBSD style a demotion, which is compared first.  Each rule has a number, and the tests have a row
for each.

As MASTER, hearing an advertisement:

    M1  the peer's rank is better                   yield, with a parting advertisement
    M2  the peer's rank is worse, or it leaves      stay, and answer
    M3  equal, and the peer wins the tie            yield silently
    M4  equal, and we win the tie, or the peer      stay, and answer
        yields by itself
    M5  as M4, but the peer has stayed MASTER       yield silently
        for longer than its turn

As BACKUP, hearing an advertisement, the first that fits:

    B10 we may not serve at all                     wait
    B9  we have just stepped down, and the peer     wait
        does not bow out
    B0  another host has just been heard that is    wait; it decides nothing
        preferred to this one
    B6  the peer bows out                           take over
    B1  the peer is demoted more than we            take over (OpenBSD)
    B7  the peer states to be less fit, and its     take over
        rank is worse than ours
    B8  we are less fit than usual                  wait
    B2  we preempt, and our rank is better          take over
    B3  we preempt, the ranks are equal, we win     take the role back
        the tie, and had the role until our
        interface failed
    B4  the peer's interval is longer than our      take over
        own master-down interval, and our rank
        is better
    B5  otherwise                                   wait

B1, B4, B6 and B7 ask for no preemption: such a master is not worth waiting for.  That is one
predicate, `reason_to_depose`, and the master-down timer asks it too: a timer that waited for less,
or for more, than the rules do would move the role to and fro.

A host that is less fit takes over where nobody is heard, where the master bows out, and from a
master that is less fit still (B8 comes after those).  Every healthy host relieves it at once, and
between two of them the less unfit serves.

Why B0: the others' words are heard too.  A host that yields says so with a last advertisement, and
a bow-out is heard by all; a backup that compared itself with each would take over from the worse
one while the better one serves.

What B1 to B7 decide is done at once, unless a backup is known that is preferred to us: then when our
turn comes (see `master_down`).

M2 and M4 answer at once, at most once an interval for each rival: the other master must not go on
for the rest of ours.

M5 ends what two different rules for ties, or a wire that works one way, would keep up for ever.
Of equal masters the lowest in numeric order waits three intervals, the next six, and so on.

B3 is ours alone, and serves pairs whose files differ in UCARP_PREEMPT and nothing else: the preferred
host gets its role back when its cable is in again.  At any other time equals never preempt, as in
every implementation.  Every kind of peer yields to it, since it wins the tie.

Why B4 asks for the better rank: a host that is demoted in the OpenBSD style would take over from a
slow peer by B4 and yield to it by M1 at its next advertisement, and every other backup with it.

Why M3 is silent: the BSD kernels yield on every tie.  ucarp answers a lost tie with one more
advertisement, and a BSD that hears it yields too: nobody serves for three intervals.  M1 is not
silent, because a ucarp that wins repeats its gratuitous ARP when it hears a slower master, and no
BSD reacts.

An equal that speaks from the virtual MAC address is a BSD kernel, unless we do so ourselves: it will
yield, so that a tie that we would lose is not given away.  The clients stay where they are then.

The tie: the BSDs have no rule (both yield).  ucarp compares the two source addresses as host
integers although they are in network order, so on the little-endian machines that everybody has
the last octet counts most: 10.0.1.1 is lower than 10.0.0.2, and the lower one wins.  Both ends must
use the same rule, or both yield, or, worse, neither does; hence we compare reversed octets too,
unless TieBreak says otherwise.  A tie is decided in one family: with addresses ordered one way in
IPv4 and the other way in IPv6, both hosts would yield.
"""

from dataclasses import dataclass
from enum import Enum

from ucarpd.carp.params import IPAddress, TieBreak
from ucarpd.carp.timing import BOW_OUT_UNITS, UNFIT_UNITS


class MasterVerdict(Enum):
    YIELD = "M1"
    STAY_BETTER = "M2"
    YIELD_SILENTLY = "M3"
    STAY_TIED = "M4"
    END_TIE = "M5"


class BackupVerdict(Enum):
    BARRED = "B10"
    HELD_DOWN = "B9"
    HIDDEN = "B0"
    BOWED_OUT = "B6"
    PEER_DEMOTED = "B1"
    PEER_UNFIT = "B7"
    UNFIT = "B8"
    PREEMPT = "B2"
    RECLAIM = "B3"
    PEER_TOO_SLOW = "B4"
    WAIT = "B5"

    @property
    def takes_over(self) -> bool:
        return self in REASONS


REASONS = {
    BackupVerdict.BOWED_OUT: "{peer} bowed out",
    BackupVerdict.PEER_DEMOTED: "{peer} is less fit: {comparison}",
    BackupVerdict.PEER_UNFIT: "{peer} is less fit: {comparison}",
    BackupVerdict.PREEMPT: "preempting {peer}: {comparison}",
    BackupVerdict.RECLAIM: "taking the role back from {peer}",
    BackupVerdict.PEER_TOO_SLOW: "{peer} is too slow to wait for: {comparison}",
    MasterVerdict.YIELD: "{peer} is preferred: {comparison}",
    MasterVerdict.YIELD_SILENTLY: "{peer} wins the tie: {comparison}",
    MasterVerdict.END_TIE: "{peer} does not yield: {comparison}",
}
"""The verdicts by which the role changes, and what the operator is told of each."""


@dataclass(frozen=True, slots=True)
class Contender:
    """One side of an election: what it states.

    `units` is its advertisement interval in 1/256 s, `demotion` counts in the OpenBSD style only.
    """

    units: int
    source: IPAddress
    demotion: int = 0

    @property
    def rank(self) -> tuple[int, int]:
        """The lower, the better."""
        return self.demotion, self.units

    @property
    def is_leaving(self) -> bool:
        return self.units == BOW_OUT_UNITS

    @property
    def is_unfit(self) -> bool:
        """It says so, in either style."""
        return self.demotion > 0 or self.units >= UNFIT_UNITS

    def is_preferred_to(self, other: "Contender", tiebreak: TieBreak) -> bool:
        return (self.rank, _tie_rank(self, tiebreak)) < (other.rank, _tie_rank(other, tiebreak))


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """The facts, beside the two contenders, on which a backup decides."""

    tiebreak: TieBreak
    own_master_down_units: int
    preempt: bool = False
    was_cut_off: bool = False
    """It was MASTER when its interface failed, and has not been since."""
    is_barred: bool = False
    """It may not serve at all."""
    is_held_down: bool = False
    """It has just stepped down."""
    is_hidden: bool = False
    """Another host has just been heard that is preferred to the peer."""


def judge_as_master(
    own: Contender,
    peer: Contender,
    tiebreak: TieBreak,
    *,
    decides_ties: bool = True,
    peer_yields: bool = False,
    has_outstayed: bool = False,
) -> MasterVerdict:
    """Rules M1 to M5.

    `decides_ties`: the peer was heard in the family that does; `peer_yields`: it is a kernel that
    yields on every tie; `has_outstayed`: it is our turn to yield by M5.
    """
    if peer.is_leaving or peer.rank > own.rank:
        return MasterVerdict.STAY_BETTER
    if peer.rank < own.rank:
        return MasterVerdict.YIELD
    if not decides_ties:
        return MasterVerdict.STAY_TIED
    is_lost = tiebreak is TieBreak.YIELD or _tie_rank(peer, tiebreak) < _tie_rank(own, tiebreak)
    if is_lost and not peer_yields:
        return MasterVerdict.YIELD_SILENTLY
    return MasterVerdict.END_TIE if has_outstayed else MasterVerdict.STAY_TIED


def judge_as_backup(own: Contender, peer: Contender, situation: Situation) -> BackupVerdict:
    """Rules B0 to B10."""
    if situation.is_barred:
        return BackupVerdict.BARRED
    if situation.is_held_down and not peer.is_leaving:
        return BackupVerdict.HELD_DOWN
    if situation.is_hidden:
        return BackupVerdict.HIDDEN
    reason = reason_to_depose(own, peer, situation.own_master_down_units)
    if reason is not None and reason is not BackupVerdict.PEER_TOO_SLOW:
        return reason
    if own.is_unfit:
        return BackupVerdict.UNFIT
    if situation.preempt and own.rank < peer.rank:
        return BackupVerdict.PREEMPT
    if (
        (situation.preempt and situation.was_cut_off and own.rank == peer.rank)
        and situation.tiebreak is not TieBreak.YIELD
        and own.is_preferred_to(peer, situation.tiebreak)
    ):
        return BackupVerdict.RECLAIM
    return reason or BackupVerdict.WAIT


def reason_to_depose(
    own: Contender, peer: Contender, own_master_down_units: int
) -> BackupVerdict | None:
    """Why this master is not worth waiting for (B1, B4, B6, B7); None: it is."""
    if peer.is_leaving:
        return BackupVerdict.BOWED_OUT
    if peer.demotion > own.demotion:
        return BackupVerdict.PEER_DEMOTED
    if peer.rank <= own.rank:
        return None
    if peer.units >= UNFIT_UNITS:
        return BackupVerdict.PEER_UNFIT
    if own_master_down_units < peer.units and not own.is_unfit:
        return BackupVerdict.PEER_TOO_SLOW
    return None


def _tie_rank(contender: Contender, tiebreak: TieBreak) -> bytes:
    octets = contender.source.packed
    reverse = tiebreak is TieBreak.REVERSED and contender.source.version == 4
    return octets[::-1] if reverse else octets
