"""Who is master.  The only place where a winner is chosen.

The shorter advertisement interval wins.  Each rule has a number, and the tests have a row for each.

As MASTER, hearing an advertisement:

    M1  the peer's interval is shorter              yield, with a parting advertisement
    M2  the peer's interval is longer               stay
    M3  equal, and the peer wins the tie            yield silently
    M4  equal, and we win the tie                   stay

As BACKUP, hearing an advertisement:

    B1  we preempt, and our interval is shorter     take over
    B2  we preempt, the intervals are equal, we     take the role back
        win the tie, and had the role until our
        interface failed
    B3  the peer's interval is longer than our      take over (what makes a bow-out work)
        own master-down interval
    B4  otherwise                                   wait on

B2 is ours alone, and serves pairs whose files differ in UCARP_PREEMPT and nothing else: the preferred
host gets its role back when its cable is in again.  At any other time equals never preempt, as in
every implementation.  Every kind of peer yields to it, since it wins the tie.

Why M3 is silent: the BSD kernels yield on every tie.  ucarp answers a lost tie with one more
advertisement, and a BSD that hears it yields too: nobody serves for three intervals.  M1 is not
silent, because a ucarp that wins repeats its gratuitous ARP when it hears a slower master, and no
BSD reacts.

The tie: the BSDs have no rule (both yield).  ucarp compares the two source addresses as host
integers although they are in network order, so on the little-endian machines that everybody has
the last octet counts most: 10.0.1.1 is lower than 10.0.0.2, and the lower one wins.  Both ends must
use the same rule, or both yield, or, worse, neither does; hence we compare reversed octets too.
Two hosts with one source address (a copied configuration) cannot be told apart that way; there
the lower counter wins: it starts at random, and both count by one, so the order is lasting.
"""

from dataclasses import dataclass
from enum import Enum

from ucarpd.carp.params import IPAddress


class MasterVerdict(Enum):
    YIELD = "M1"
    STAY_FASTER = "M2"
    YIELD_SILENTLY = "M3"
    STAY_TIED = "M4"


class BackupVerdict(Enum):
    PREEMPT = "B1"
    RECLAIM = "B2"
    PEER_TOO_SLOW = "B3"
    WAIT = "B4"


@dataclass(frozen=True, slots=True)
class Contender:
    """One side of an election; `units` is its advertisement interval in 1/256 s."""

    units: int
    source: IPAddress
    counter: int = 0


def judge_as_master(own: Contender, peer: Contender) -> MasterVerdict:
    """Rules M1 to M4."""
    if peer.units < own.units:
        return MasterVerdict.YIELD
    if peer.units > own.units:
        return MasterVerdict.STAY_FASTER
    if _tie_rank(peer) < _tie_rank(own):
        return MasterVerdict.YIELD_SILENTLY
    return MasterVerdict.STAY_TIED


def judge_as_backup(
    own: Contender,
    peer: Contender,
    *,
    own_master_down_units: int,
    preempt: bool,
    was_cut_off: bool,
) -> BackupVerdict:
    """Rules B1 to B4; `was_cut_off`: we were MASTER when our interface failed."""
    if preempt and own.units < peer.units:
        return BackupVerdict.PREEMPT
    if preempt and was_cut_off and own.units == peer.units and _tie_rank(own) < _tie_rank(peer):
        return BackupVerdict.RECLAIM
    if own_master_down_units < peer.units:
        return BackupVerdict.PEER_TOO_SLOW
    return BackupVerdict.WAIT


def _tie_rank(contender: Contender) -> tuple[bytes, int]:
    return contender.source.packed[::-1], contender.counter
