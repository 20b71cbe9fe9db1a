"""Whether a virtual host believes an advertisement, and its verdict.

This module gathers the facts that the rules of `election` ask for: the rank of this host, the
other hosts (`peers`), and the time since each was heard (`master_down`).
"""

from ucarpd.carp.actions import Action, Finding, Report
from ucarpd.carp.contender import Contender
from ucarpd.carp.election import judge_as_backup, judge_as_master, judge_belief
from ucarpd.carp.events import AdvertisementReceived, Event
from ucarpd.carp.master_down import MasterDown, Turn
from ucarpd.carp.params import Family, IPAddress
from ucarpd.carp.peers import Peers
from ucarpd.carp.preempt_delay import PreemptDelay
from ucarpd.carp.rank import Rank
from ucarpd.carp.rivals import Rivals
from ucarpd.carp.statement import Statement
from ucarpd.carp.timing import TIE_PATIENCE, UNITS_PER_SECOND
from ucarpd.carp.verdicts import BELIEVED, HIDDEN, REASONS, BackupVerdict, MasterVerdict
from ucarpd.carp.why import Why


class Hearing:
    """Times are monotonic seconds."""

    def __init__(self, rank: Rank) -> None:
        self.sources: tuple[IPAddress, ...] = ()
        self._own: dict[Family, Contender] = {}
        """Our side of an election in each family, as MASTER."""
        self._challenger: dict[Family, Contender] = {}
        """The same as BACKUP."""
        self.peers = Peers()
        self.master_down = MasterDown(rank, self.peers)
        self.preempt_delay = PreemptDelay()
        self._settled: Statement | None = None
        """The statement that was judged last, if `hears_again` may take in another one like it."""
        self.was_cut_off = False
        """This host was MASTER when its interface failed, and has not been since."""
        self._rank = rank

    def set_rank(self, rank: Rank) -> None:
        """Take over a changed rank."""
        self._rank = rank
        self.master_down.set_rank(rank)
        self._update_sides()

    def use(self, sources: tuple[IPAddress, ...], now: float) -> None:
        """Listen in the families of these sources of ours, one for each family."""
        self.sources = sources
        self._update_sides()
        self.master_down.follow(tuple(self._own), now)

    def _update_sides(self) -> None:
        rank = self._rank
        self._own = {source.version: rank.own(source) for source in self.sources}
        self._challenger = {source.version: rank.challenger(source) for source in self.sources}

    def preempts_at(self, now: float) -> float | None:
        """Return when a backup's wait of rule B11 ends; None if it does not wait."""
        params = self._rank.params
        until = self.preempt_delay.until(params.preempt_delay, now)
        return until if params.preempt and now < until else None

    # -- the verdicts ------------------------------------------------------------------------------

    def counts(self, event: AdvertisementReceived, now: float) -> bool:
        """Return whether we believe it; the engine logs a host that uses our address."""
        heard = event.statement
        belief = judge_belief(
            is_own=heard.source in self.sources,
            has_source=heard.family in self._own,
            is_overtaken=self.peers.is_overtaken(event, now),
        )
        return belief is BELIEVED

    def as_backup(self, event: AdvertisementReceived, now: float) -> BackupVerdict:
        """Take in an advertisement that counts, and judge it.

        If its sender serves on, the silence is measured from `now`; if we take over, our turn is
        set.  If it leaves while we may not serve, our turn is also set, so that we need not wait
        when we may.
        """
        heard, master_down = event.statement, self.master_down
        rank, params = self._rank, self._rank.params
        was_cut_off = self.was_cut_off and master_down.decides_ties(heard.family, now)
        peer = self._take_in(event, now)
        own = self._challenger[heard.family]
        is_hidden = self.peers.hides(event, peer, now, params.tiebreak, rank.waits_for)
        verdict = judge_as_backup(
            own,
            peer,
            params.tiebreak,
            rank.master_down_units,
            preempt=params.preempt,
            was_cut_off=was_cut_off,
            is_barred=not rank.may_serve,
            is_held_down=now < master_down.not_before,
            is_delayed=self.preempt_delay.is_on(params.preempt_delay, now),
            is_hidden=is_hidden,
        )
        has_left = heard.is_bow_out and not is_hidden
        takes_over = verdict.takes_over
        if takes_over or (has_left and verdict is BackupVerdict.BARRED):
            at = now + master_down.pause(own, heard)
            why = self.reason(verdict if takes_over else BackupVerdict.BOWED_OUT, heard)
            master_down.await_turn(Turn(at, why))
        elif not heard.is_bow_out:
            until = now + master_down.arm(heard.family, now)
            self.peers.serves(peer, until, is_hidden=verdict is HIDDEN)
        return verdict

    def settle(self, heard: Statement, now: float) -> None:
        """Note that a backup waits for the sender, and has nothing else to do.

        From now on neither time nor the same statement can change that, as long as the sender is not
        silent for too long: in one family nothing else depends on time.
        """
        if len(self._own) == 1 and self.peers.is_settled(heard, now):
            self._settled = heard

    def hears_again(self, event: Event, now: float) -> bool:
        """Take in an advertisement that says what the last one said, if nothing has happened since.

        Its verdict is the same, so only times change.  Return False for any other event.
        """
        said, self._settled = self._settled, None
        if isinstance(event, AdvertisementReceived) and event.statement is said:
            until = self.master_down.arm_again(now)
            if until is not None:
                self.peers.hear_again(event.counter, now, until)
                self._settled = said
                return True
        return False

    def as_master(
        self, event: AdvertisementReceived, now: float, rivals: Rivals
    ) -> tuple[MasterVerdict, list[Action]]:
        """Do the same for a master, and return also the news for the operator if it stays one."""
        heard = event.statement
        rank, interval = self._rank, self._rank.interval
        decides = self.master_down.decides_ties(heard.family, now)
        peer = self._take_in(event, now)
        own = self._own[heard.family]
        found: list[Action] = []
        if decides and not heard.is_bow_out:
            found = rivals.hear(own, peer, now, interval)
        verdict = judge_as_master(
            own,
            peer,
            rank.params.tiebreak,
            decides_ties=decides,
            peer_yields=rank.takes_for_kernel(heard),
            peer_gives_way=rank.is_given_way(heard),
            has_outstayed=rivals.has_outstayed(own, peer, now, interval),
        )
        return verdict, found

    def apart(self, heard: Statement, now: float, rivals: Rivals) -> list[Action]:
        """As MASTER: return the news of another one that rule H2 ignores, for the operator.

        Two hosts that have lost different families hear each other, and cannot answer.
        """
        if heard.family in self._own or heard.is_bow_out:
            return []
        return rivals.hear(None, self._rank.rival(heard), now, self._rank.interval)

    def silent_family(self, heard_in: Family, now: float) -> list[Action]:
        """As BACKUP: report a family that is silent while another one is heard, and when it is
        back.
        """
        found: list[Action] = []
        if self.master_down.newly_heard(heard_in):
            found.append(Report(Finding.FAMILY_HEARD, family=heard_in))
        silent = self.master_down.newly_silent(now) if len(self._own) > 1 else None
        if silent is not None:
            found.append(Report(Finding.FAMILY_SILENT, family=silent))
        return found

    def reason(self, verdict: BackupVerdict | MasterVerdict, heard: Statement) -> Why:
        """Return why the role moves."""
        cause, text = REASONS[verdict]
        comparison = self._rank.compared_with(heard)
        return Why(cause, text.format(peer=heard.source, comparison=comparison), heard.source)

    def _take_in(self, event: AdvertisementReceived, now: float) -> Contender:
        heard = event.statement
        # It takes long to work out, and few statements need it.
        patience = self.master_down.patience if heard.is_lasting else 0.0
        self.peers.hear(event, now, patience)
        self.master_down.hear(heard, now)
        return self._rank.rival(heard)

    # -- who serves --------------------------------------------------------------------------------

    def follow(self, heard: Statement, now: float) -> None:
        """Note that this host has yielded to the sender, which serves now."""
        self.master_down.begun_by(heard)
        until = now + self.master_down.patience_with(heard)
        self.peers.serves(self._rank.rival(heard), until)

    def tie_patience(self, heard: Statement) -> float:
        """Return the seconds to wait for the winner of a tie: a BSD may have yielded at the same
        time.
        """
        units = self.peers.interval_units(heard, self._rank.master_down_units)
        return TIE_PATIENCE * units / UNITS_PER_SECOND
