"""Who is master.  The only place where a winner is chosen.

The host that is demoted less wins; among equals the one with the shorter advertisement interval.
Demotions are compared in the OpenBSD style only (header byte 4); in the usual style they are part
of the interval, and both sides count as not demoted here.  Each rule has a number, and the tests
have a row for each.

As MASTER, hearing an advertisement:

    M1  the peer's rank is better                   yield, with a parting advertisement
    M2  the peer's rank is worse                    stay
    M3  equal, and the peer wins the tie            yield silently
    M4  equal, and we win the tie                   stay

As BACKUP, hearing an advertisement:

    B1  the peer is demoted more than we            take over, preempting or not (OpenBSD)
    B2  we preempt, and our rank is better          take over
    B3  we preempt, the ranks are equal, we win     take the role back
        the tie, and had the role until our
        interface failed
    B4  the peer's interval is longer than our      take over (what makes a bow-out work)
        own master-down interval, and our rank
        is better
    B5  otherwise                                   wait on

B3 is ours alone, and serves pairs whose files differ in UCARP_PREEMPT and nothing else: the preferred
host gets its role back when its cable is in again.  At any other time equals never preempt, as in
every implementation.  Every kind of peer yields to it, since it wins the tie.

Why B4 asks for the better rank: a host that is demoted in the OpenBSD style would take over from a
slow peer by B4 and yield to it by M1 at its next advertisement, and every other backup with it.

Why M3 is silent: the BSD kernels yield on every tie.  ucarp answers a lost tie with one more
advertisement, and a BSD that hears it yields too: nobody serves for three intervals.  M1 is not
silent, because a ucarp that wins repeats its gratuitous ARP when it hears a slower master, and no
BSD reacts.

The tie: the BSDs have no rule (both yield).  ucarp compares the two source addresses as host
integers although they are in network order, so on the little-endian machines that everybody has
the last octet counts most: 10.0.1.1 is lower than 10.0.0.2, and the lower one wins.  Both ends must
use the same rule, or both yield, or, worse, neither does; hence we compare reversed octets too,
unless TieBreak says otherwise.  Two hosts with one source address (a copied configuration) cannot
be told apart that way; there the lower counter wins: it starts at random, and both count by one, so
the order is lasting.
"""

from dataclasses import dataclass
from enum import Enum

from ucarpd.carp.params import IPAddress, TieBreak


class MasterVerdict(Enum):
    YIELD = "M1"
    STAY_BETTER = "M2"
    YIELD_SILENTLY = "M3"
    STAY_TIED = "M4"


class BackupVerdict(Enum):
    PEER_DEMOTED = "B1"
    PREEMPT = "B2"
    RECLAIM = "B3"
    PEER_TOO_SLOW = "B4"
    WAIT = "B5"


@dataclass(frozen=True, slots=True)
class Contender:
    """One side of an election; `units` is its advertisement interval in 1/256 s."""

    units: int
    source: IPAddress
    counter: int = 0
    demotion: int = 0

    @property
    def rank(self) -> tuple[int, int]:
        """The lower, the better."""
        return self.demotion, self.units


def judge_as_master(own: Contender, peer: Contender, tiebreak: TieBreak) -> MasterVerdict:
    """Rules M1 to M4."""
    if peer.rank < own.rank:
        return MasterVerdict.YIELD
    if peer.rank > own.rank:
        return MasterVerdict.STAY_BETTER
    if tiebreak is TieBreak.YIELD or _tie_rank(peer, tiebreak) < _tie_rank(own, tiebreak):
        return MasterVerdict.YIELD_SILENTLY
    return MasterVerdict.STAY_TIED


def judge_as_backup(
    own: Contender,
    peer: Contender,
    tiebreak: TieBreak,
    *,
    own_master_down_units: int,
    preempt: bool,
    was_cut_off: bool,
) -> BackupVerdict:
    """Rules B1 to B5; `was_cut_off`: we were MASTER when our interface failed."""
    if peer.demotion > own.demotion:
        return BackupVerdict.PEER_DEMOTED
    if preempt and own.rank < peer.rank:
        return BackupVerdict.PREEMPT
    if (
        (preempt and was_cut_off and own.rank == peer.rank)
        and tiebreak is not TieBreak.YIELD
        and _tie_rank(own, tiebreak) < _tie_rank(peer, tiebreak)
    ):
        return BackupVerdict.RECLAIM
    if own_master_down_units < peer.units and own.rank < peer.rank:
        return BackupVerdict.PEER_TOO_SLOW
    return BackupVerdict.WAIT


def _tie_rank(contender: Contender, tiebreak: TieBreak) -> tuple[bytes, int]:
    octets = contender.source.packed
    reverse = tiebreak is TieBreak.REVERSED and contender.source.version == 4
    return octets[::-1] if reverse else octets, contender.counter
