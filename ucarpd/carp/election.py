"""Who is master.  The only place where a winner is chosen.

Each rule has a number, a paragraph here, and a row in the tests.  The first that fits decides.

Which advertisements are believed:

    H1  it came from an address of ours             ignore it
    H2  we have no source address in its family     ignore it
    H3  its sender has said something else since    ignore it
    H4  otherwise                                   believe it

As MASTER, hearing an advertisement:

    M7  the peer's rank is better, but it yields    stay, and answer
        to us because it is demoted
    M1  the peer's rank is better                   yield, with a parting advertisement
    M2  the peer's rank is worse, or it leaves      stay, and answer
    M6  equal, in the family that decides no tie    stay, and answer
    M3  equal, and the peer wins the tie            yield likewise
    M5  equal, and it has stayed MASTER too long    yield likewise
    M4  equal otherwise                             stay, and answer

As BACKUP, hearing an advertisement:

    B10 we may not serve at all                     wait
    B9  we have just stepped down, and the peer     wait
        does not bow out
    B0  another host serves that is preferred       wait; the peer decides nothing
    B6  the peer bows out                           take over
    B1  the peer is demoted more than we            take over (OpenBSD)
    B7  the peer is less fit, its rank is worse     take over
    B8  we are less fit than usual, or untested     wait
    B11 we have not been well for long enough, and  wait
        B4 does not fit
    B2  we preempt, and our rank is better          take over
    B3  we preempt, the ranks are equal, we win     take the role back
        the tie, and had the role until our
        interface failed
    B4  its interval is longer than our master-     take over
        down interval, and our rank is better
    B5  otherwise                                   wait

As BACKUP, when a timer ends:

    S1  we may not serve at all                     wait
    S2  the deadline is not reached                 wait
    S3  the deadline is long past                   wait once more, from now
    S5  no gateway answers either, though one did   wait once more, from now
        until the master fell silent
    S4  otherwise                                   take over

    T1  backups are known that are preferred to     leave each a moment, then S4
        us, and B1 to B7 say "take over"

As MASTER, when this host itself has changed:

    L1  it may not serve at all                     bow out and leave
    L2  it is less fit, or fit again, or has a      state it, and serve on
        new interval, or was asked to step down
    L6  the interface is lost while our up-script   serve on until it ends
        runs
    L7  the interface is lost right after we took   serve on for a while
        the role, as often before
    L3  the link or the source address is lost,     serve on
        and may be back before any backup can
        have missed us
    L5  the source address is lost, and another     leave
        master is heard meanwhile
    L4  the interface is lost otherwise             leave

Ranks, and who wins a tie: see `contender`.

H1: an attacker replays an old advertisement of ours.  H2: no host would hear our answer; a master
tells its operator.  H3: frames overtake each other; `peers` remembers the last statement of each.

M1: the winner may not have heard us, because its advertisement came first.  From the parting
advertisement it knows of us: ucarp repeats its gratuitous ARP, and ucarpd also runs its up-script
again.  A BSD kernel announces nothing then, so we send it none: a third host that preempts would
take the role from it for a moment.  Nor does a host that is less fit, as every backup would take over
from it, unless it has stayed MASTER for a master-down interval: then no fit backup has heard it, and
it meets the winner after a split of the network.

M3 and M5: the same, but to a host that speaks from the virtual MAC address we send none in any case,
nor with TieBreak.YIELD.  A BSD kernel yields on every tie, also to that advertisement, and no host
would serve until we come back.  It goes out in the family in which the winner was heard: in the
other one the winner might lose the tie (see M6), and would yield as well.

M2, M4, M6 and M7 answer at once, at most once an interval for each rival: otherwise the other
master would serve until our next regular advertisement.

M4: an equal that speaks from the virtual MAC address is a BSD kernel, unless we do so ourselves.
It will yield, so we keep a tie that we would lose, and the clients stay where they are.

M7: an OpenBSD compares demotions first, so one that is demoted yields to every host that is not,
however slow.  We compare intervals (DemoteStyle.SKEW); if we yielded to a faster one, it would
yield at the same time, and no host would serve for three intervals.

M5 ends a tie that lasts because the hosts have different rules, or a wire works in one direction
only.  Of equal masters the lowest in numeric order waits three intervals, the next six, and so on.
A rival that was silent for two and a half has yielded: a script has delayed its parting
advertisement.

M6, and B3 with it: addresses may be ordered one way in IPv4 and the other way in IPv6.  If each
family decided the tie, both hosts would yield.

B0: a backup hears more than one host.  A host that yields may send a parting advertisement, and
every host hears a bow-out.  A backup that compared itself with each would take over from the worse
one while the better one serves.

B1, B4, B6 and B7 ask for no preemption: such a master is not worth waiting for.  They are one
predicate, `reason_to_depose`, and the master-down timer also asks it: a timer that waited for less,
or for more, than the rules do would move the role back and forth.

B2 and B3: equals never preempt, in any implementation.  B3 is ours alone, and serves pairs whose
files differ in UCARP_PREEMPT only: the preferred host gets its role back when its cable is in
again.  Every kind of peer yields to it, since it wins the tie.

B4 asks for the better rank: a host that is demoted in the OpenBSD style would take over from a slow
peer by B4 and yield to it by M1 at its next advertisement, and every other backup with it.

B8: a host that is less fit takes over if it hears no master (S4), if the master bows out, and from
a master that is less fit still.  Every healthy host relieves it at once, and between two of them
the fitter one serves.  A host whose health checks have not run yet may be failing, so it counts as
the most failing one here, in B1 and B7, and in the timers; if it hears no master, it serves.

B11: the operator (UCARP_PREEMPT_DELAY) or the history of this host asks it to wait before it takes
the role from a healthy master: see `preempt_delay`.  A master that is too slow to wait for is left
to B4, as the timer leaves it to S4.

B9: after a step-down (L2, then M1) a host stays away for two of its own master-down intervals, or
it would take the role back at once.  B10 and S1: see L1; after a bow-out it takes over as soon as
it may serve.

S2 to S5: each family has a master-down timer, and the deadline is the end of the last one, or our
turn (T1).  S3: a host that wakes up late has slept, and cannot know which host serves.

S5, if the operator asks for it (`hold` of a check): probably this host is cut off, and as MASTER it
would serve no client.  If the gateway fell silent before the master did, it is the gateway that is
gone, and that holds up nothing.  Both may have died together, so the wait is one master-down
interval.

T1: a bow-out reaches all backups at once.  Without turns each of them would take the role, and all
but one would give it back, with all that their scripts do.

L1: it leaves whether another host is there or not.  L2: every better host takes over by B1, B2 or
B7, and if none does, this one is better than none.  L3 spares the clients two changes of the role;
L4 is what remains (see `outage`).  L5: without a source address a host cannot answer the other
master, and as BACKUP it would later take over from an address that it does not have.

L6, L7: a script or a network card takes the interface down because this host has taken the role.
If it left, that would happen again at its next turn, and to each other host with the same script.
A host that takes over meanwhile meets this one by M1 to M6.
"""

from collections.abc import Iterable

from ucarpd.carp.contender import Contender
from ucarpd.carp.params import TieBreak
from ucarpd.carp.timing import UNFIT_UNITS
from ucarpd.carp.verdicts import (
    BELIEVED,
    WAIT,
    BackupVerdict,
    Belief,
    MasterVerdict,
    OwnVerdict,
    SilenceVerdict,
)

TURNS = 8
"""Rule T1 leaves a moment to at most this many hosts: together less than the shortest master-down
interval.
"""

LATE = 0.1
"""A wake-up is not late (S3) by up to this many seconds, however short the interval is."""


def judge_belief(*, is_own: bool, has_source: bool, is_overtaken: bool) -> Belief:
    """Apply rules H1 to H4."""
    if is_own:
        return Belief.OWN
    if not has_source:
        return Belief.NO_SOURCE
    return Belief.OVERTAKEN if is_overtaken else BELIEVED


def judge_as_master(
    own: Contender,
    peer: Contender,
    tiebreak: TieBreak,
    *,
    decides_ties: bool = True,
    peer_yields: bool = False,
    peer_gives_way: bool = False,
    has_outstayed: bool = False,
) -> MasterVerdict:
    """Apply rules M1 to M7.

    `decides_ties`: the peer was heard in the family that does; `peer_yields`: it is a kernel that
    yields on every tie; `peer_gives_way`: it yields to us although it is faster; `has_outstayed`:
    it is our turn to yield by M5.
    """
    if peer.is_leaving or peer.rank > own.rank:
        return MasterVerdict.STAY_BETTER
    if peer.rank < own.rank:
        return MasterVerdict.STAY_FITTER if peer_gives_way else MasterVerdict.YIELD
    if not decides_ties:
        return MasterVerdict.STAY_UNDECIDED
    is_lost = tiebreak is TieBreak.YIELD or peer.wins_tie(own, tiebreak)
    if is_lost and not peer_yields:
        return MasterVerdict.LOSE_TIE
    return MasterVerdict.END_TIE if has_outstayed else MasterVerdict.STAY_TIED


def judge_as_backup(
    own: Contender,
    peer: Contender,
    tiebreak: TieBreak,
    own_master_down_units: int,
    *,
    preempt: bool = False,
    was_cut_off: bool = False,
    is_barred: bool = False,
    is_held_down: bool = False,
    is_delayed: bool = False,
    is_hidden: bool = False,
) -> BackupVerdict:
    """Apply rules B0 to B11; `own` is our side as a challenger.

    `was_cut_off`: we were MASTER when our interface failed, and have not been since; `is_barred`: we
    may not serve at all; `is_held_down`: we have just stepped down; `is_delayed`: we have started,
    come back, or been failing too short a time ago; `is_hidden`: another host has just been heard
    that is preferred to the peer.
    """
    if is_barred:
        return BackupVerdict.BARRED
    if is_held_down and not peer.is_leaving:
        return BackupVerdict.HELD_DOWN
    if is_hidden:
        return BackupVerdict.HIDDEN
    reason = reason_to_depose(own, peer, own_master_down_units)
    if reason is not None and reason is not BackupVerdict.PEER_TOO_SLOW:
        return reason
    if own.is_unfit:
        return BackupVerdict.UNFIT
    if is_delayed and reason is None:
        return BackupVerdict.DELAYED
    if preempt and own.rank < peer.rank:
        return BackupVerdict.PREEMPT
    if (
        (preempt and was_cut_off and own.rank == peer.rank)
        and tiebreak is not TieBreak.YIELD
        and own.is_preferred_to(peer, tiebreak)
    ):
        return BackupVerdict.RECLAIM
    return reason or WAIT


def judge_silence(
    now: float,
    deadline: float,
    interval: float,
    *,
    may_serve: bool,
    may_have_slept: bool = True,
    is_cut_off: bool = False,
) -> SilenceVerdict:
    """Apply rules S1 to S5; `interval` is our own.

    `may_have_slept` is False if S1, not sleep, has kept us from taking over at the deadline.
    `is_cut_off`: the gateways have fallen silent with the master, and we have not waited for it
    yet.
    """
    if not may_serve:
        return SilenceVerdict.BARRED
    if now < deadline:
        return SilenceVerdict.NOT_YET
    if may_have_slept and now - deadline > max(interval, LATE):
        return SilenceVerdict.SLEPT
    return SilenceVerdict.CUT_OFF if is_cut_off else SilenceVerdict.TAKE_OVER


def turns_before_ours(own: Contender, backups: Iterable[Contender], tiebreak: TieBreak) -> int:
    """Return how many of these backups come before us (rule T1)."""
    return min(sum(backup.is_preferred_to(own, tiebreak) for backup in backups), TURNS)


def judge_own_rank(*, may_serve: bool) -> OwnVerdict:
    """Apply rules L1 and L2."""
    return OwnVerdict.SERVE_ON if may_serve else OwnVerdict.LEAVE_UNFIT


def judge_lost_link(
    now: float,
    *,
    missed_at: float,
    not_before: float,
    may_return: bool,
    during_script: bool = False,
    is_habit: bool = False,
) -> OwnVerdict:
    """Apply rules L3, L4, L6 and L7.

    `missed_at` is the first moment at which a backup can have missed us; before `not_before`, no
    further outage of a link that flaps is outlasted.
    """
    if during_script:
        return OwnVerdict.AWAIT_SCRIPT
    if is_habit:
        return OwnVerdict.SIT_OUT
    is_short = may_return and not_before <= now < missed_at
    return OwnVerdict.OUTLAST if is_short else OwnVerdict.LEAVE_LOST


def judge_rival_in_outage(*, is_leaving: bool) -> OwnVerdict:
    """Apply rules L3 and L5.  `is_leaving`: the other host bows out."""
    return OwnVerdict.OUTLAST if is_leaving else OwnVerdict.LEAVE_TO_RIVAL


def reason_to_depose(
    own: Contender, peer: Contender, own_master_down_units: int
) -> BackupVerdict | None:
    """Return why this master is not worth waiting for (B1, B4, B6, B7); None: it is."""
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
