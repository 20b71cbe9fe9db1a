"""The transitions of one virtual host, and all that goes with taking the role and giving it up.

`machine` says when there is one; `parts` describes the machines that it changes.

A transition assigns the state, then reports it (StateChanged), then does the work.  On taking over
the advertisement goes out before the addresses are asked for: it silences rivals, and no script can
hold it back.  On leaving, the addresses go first, and the final advertisements (a bow-out, or the
parting advertisement of election rules M1, M3 and M5) only when they are gone.

An advertisement goes out once in each family.  What makes other hosts take over, a bow-out or the
statement to be less fit, goes out in one family alone, and in all a moment later if no host has
taken over by then.  Two BSD kernels take over from it, and the worse one yields to the better one;
if it heard the same in the other family after that, it would take over again, and serve beside the
better one until that advertises next.  Only the bow-out after a crash or a defect of ucarpd goes
out in all families at once, because this machine no longer runs.

Deadlines lie on a grid from the first advertisement on.  A late wake-up sends one advertisement,
never the ones that it missed.
"""

from dataclasses import replace

from ucarpd.carp.actions import (
    BACKUP,
    INIT,
    MASTER,
    Finding,
    Report,
    SendAdvertisement,
    State,
    StateChanged,
)
from ucarpd.carp.answers import Answers
from ucarpd.carp.bow_out import BOW_OUT_COPIES, OFFER_SPACING, FinalAdvertisements
from ucarpd.carp.claims import LEAST_WAIT
from ucarpd.carp.election import judge_own_rank, judge_silence
from ucarpd.carp.events import DemotionChanged, InterfaceLost
from ucarpd.carp.held_addresses import HeldAddresses
from ucarpd.carp.params import IPAddress, TieBreak
from ucarpd.carp.parts import Parts
from ucarpd.carp.rank import HEALTHY, LARGEST_FAILING, Rank, Stated
from ucarpd.carp.rivals import Rivals
from ucarpd.carp.statement import Statement
from ucarpd.carp.timing import NEVER, UNITS_PER_SECOND, second_advertisement_at
from ucarpd.carp.verdicts import OwnVerdict, SilenceVerdict
from ucarpd.carp.why import Cause, Why

HOLD_DOWN_RATIO = 2
"""After a step-down we stay away for this many of our own master-down intervals."""


class Transitions(Parts):
    """The parts, with the transitions between their states, which add to `_actions`."""

    def _change_state(self, new: State, why: Why) -> None:
        old, self.state = self.state, new
        self.advertise_at = None
        self._master_down.disarm()
        self._hearing.peers.nobody_serves()
        self._held = None
        self._rivals = Rivals()
        self._answers = Answers()
        self._outage.end()
        self._step_down_until = None
        if self._rank.is_stepping_down:
            self._set_rank(replace(self._rank, is_stepping_down=False))
        self._actions.append(StateChanged(old, new, why.text, why.cause, why.peer))

    def _begin(self, sources: tuple[IPAddress, ...], now: float) -> None:
        """Leave INIT."""
        self._hearing.use(sources, now)
        self._hearing.preempt_delay.begin(now)
        text = f"ready with source {' and '.join(map(str, sources))}"
        self._enter_backup(Why(Cause.READY, text), now)
        if not self._started:
            self._started = True
            self._actions += self._leaving.release(at_start=True)

    def _enter_init(self, cause: Cause, reason: str) -> None:
        self._change_state(INIT, Why(cause, reason))
        self._master_down.forget()

    def _enter_backup(self, why: Why, now: float, wait: float | None = None) -> None:
        self._change_state(BACKUP, why)
        self._master_down.arm_all(now, wait)

    def _enter_master(self, why: Why, now: float) -> None:
        probe = self._answers.probe if why.cause is Cause.SILENCE else None
        self._change_state(MASTER, why)
        self._outage.role_taken(now, self._advertised_at)
        settled_at = now + max(self._rank.master_down_interval, LEAST_WAIT)
        self._answers = Answers(settled_at, probe)
        self._leaving.cancel()
        self._master_down.stay_away(-NEVER)
        self._hearing.was_cut_off = False
        self._offered_at = now
        self._advertise(now, now)
        self.advertise_at = second_advertisement_at(now, self._rank.interval, self._phase)
        self._acquire(now)

    def _take_over_if_silent(self, now: float, *, may_have_slept: bool = True) -> None:
        """As BACKUP: apply rules S1 to S5."""
        deadline = self._master_down.deadline
        assert deadline is not None
        verdict = judge_silence(
            now,
            deadline,
            self._rank.interval,
            may_serve=self._rank.may_serve,
            may_have_slept=may_have_slept,
            is_cut_off=self._master_down.is_cut_off,
        )
        if verdict is SilenceVerdict.SLEPT:
            self._master_down.arm_all(now)
        elif verdict is SilenceVerdict.CUT_OFF:
            self._master_down.hold(now)
            self._actions.append(Report(Finding.CUT_OFF))
        elif verdict is SilenceVerdict.TAKE_OVER:
            why = self._master_down.reason(now)
            if why.cause is Cause.SILENCE:
                self._master_down.note_silence(now)
            self._enter_master(why, now)
            self._actions += self._answers.found(now)

    def _probe_if_silent(self, now: float) -> None:
        """As BACKUP: ask the late master, once in a silence, shortly before its end."""
        if self._rank.may_serve and (late := self._master_down.take_probe(now)):
            self._actions += self._answers.ask(late.source, self.params, self.sources)

    def _acquire(self, now: float) -> None:
        self._held = HeldAddresses(self.params, self._phase.share)
        self._actions += self._held.acquire(now)

    def _leave(self, final: FinalAdvertisements | None) -> None:
        """Give up the addresses; `final` goes out when they are gone."""
        # At the virtual MAC address no client needs to know which host serves now.  If we only speak
        # from it, other hosts of ours look like a kernel, but serve at their own MAC addresses.
        is_told = not (self.params.virtual_mac or self.params.source_mac_is_virtual)
        known_here = self.params.addresses if is_told else ()
        self._actions += self._leaving.begin(final, known_here)

    @property
    def _missed_at(self) -> float:
        """The first moment at which a backup can have missed this master, if it says no more."""
        shortest = min(self._rank.interval, self._hearing.peers.shortest_units / UNITS_PER_SECOND)
        return self._advertised_at + (self.params.deadratio - 1) * shortest

    def _outlasts(self, lost: InterfaceLost, now: float) -> bool:
        """As MASTER: apply rules L3, L4, L6 and L7; return whether to serve on."""
        verdict = self._outage.lost(
            lost,
            now,
            missed_at=self._missed_at,
            master_down_interval=self._rank.master_down_interval,
        )
        if verdict is OwnVerdict.SIT_OUT and self._outage.take_news():
            self._actions.append(Report(Finding.LOST_EACH_TIME))
        return verdict is not OwnVerdict.LEAVE_LOST

    def _go_on(self, sources: tuple[IPAddress, ...], now: float, held: HeldAddresses) -> None:
        """As MASTER: use other sources, or the same ones after an outage."""
        had_link = self._outage.has_link
        held.cut_offs += self._outage.until is not None and now >= self._missed_at
        self._outage.end()
        self._hearing.use(sources, now)
        self._advertise(now, now)
        held.try_again(now)
        if not had_link:
            # What was announced meanwhile is lost, and the switch may have forgotten this host.
            self._actions += held.announce(now)

    def _lose_role(self, reason: str, now: float, *, can_send: bool) -> None:
        self._outage.role_lost()
        bow_out = self._bow_out(now) if can_send else None
        self._enter_init(Cause.INTERFACE, reason)
        self._hearing.preempt_delay.role_lost(now)
        self._hearing.was_cut_off = True
        self._leave(bow_out)

    def _yield(self, heard: Statement, why: Why, now: float) -> None:
        """Yield by rule M1."""
        before = self._rank
        if HEALTHY < before.demotion <= LARGEST_FAILING:
            self._hearing.preempt_delay.role_lost(now)
        if before.is_stepping_down:
            text = f"asked to step down: {heard.source} has taken over"
            why = why._replace(cause=Cause.STEP_DOWN, text=text)
        self._enter_backup(why, now)
        if before.is_stepping_down:
            self._master_down.stay_away(now + HOLD_DOWN_RATIO * self._rank.master_down_interval)
        self._follow(heard, before, now, is_silent=before.takes_for_kernel(heard))

    def _yield_tie(self, heard: Statement, why: Why, now: float) -> None:
        """Yield by rule M3 or M5."""
        before = self._rank
        may_be_kernel = heard.from_virtual_mac or self.params.tiebreak is TieBreak.YIELD
        self._enter_backup(why, now, self._hearing.tie_patience(heard))
        self._follow(heard, before, now, is_silent=may_be_kernel)

    def _follow(self, heard: Statement, before: Rank, now: float, *, is_silent: bool) -> None:
        """Note that the sender serves now, and leave; `before` is our rank as MASTER."""
        self._hearing.follow(heard, now)
        may_be_relieved = before.is_unfit and now <= self._offered_at + before.master_down_interval
        if is_silent or may_be_relieved:
            parting = None
        else:
            until = now + before.interval
            parting = FinalAdvertisements.parting(before.stated, until, heard.family)
        self._leave(parting)
        self._actions += self._leaving.successor_heard(heard)

    def _hear_successor(self, heard: Statement, now: float) -> None:
        """Note that the sender serves, unless it is no better and cannot have missed this host.

        Such a host has yielded: if a script delays its parting advertisement, that may come when this
        host leaves.  One that has won a tie stays MASTER when it hears a bow-out.
        """
        if self._leaving.is_idle:
            return
        us = self._advertised_as
        if (
            us is not None
            and now < self._missed_at
            and us.own(heard.source).rank <= us.rival(heard).rank
        ):
            return
        self._actions += self._leaving.successor_heard(heard)

    # -- how this host stands ----------------------------------------------------------------------

    def _set_rank(self, rank: Rank) -> None:
        self._rank = rank
        self._hearing.set_rank(rank)

    def _change_rank(self, rank: Rank, now: float) -> None:
        """As MASTER: state it at once, and serve on."""
        before = self._rank
        self._set_rank(rank)
        if (rank.stated, rank.interval) != (before.stated, before.interval):
            self._advertise(now, now, offers_role=rank.is_unfit)

    def _set_demotion(self, changed: DemotionChanged, now: float) -> None:
        """Without the role: remember it."""
        if self._rank.demotion and not changed.demotion:
            self._hearing.preempt_delay.begin(now)
        self._set_rank(replace(self._rank, demotion=changed.demotion, is_tested=changed.is_tested))

    def _change_demotion(self, changed: DemotionChanged, now: float) -> None:
        """As MASTER: apply rules L1 and L2."""
        rank = replace(self._rank, demotion=changed.demotion, is_tested=changed.is_tested)
        verdict = judge_own_rank(may_serve=rank.may_serve)
        if verdict is OwnVerdict.SERVE_ON:
            self._change_rank(rank, now)
        else:
            bow_out = self._bow_out(now)
            if not changed.is_planned:
                self._hearing.preempt_delay.role_lost(now)
            if self._outage.until is None:
                self._master_down.forget()
                self._enter_backup(Why(Cause.BARRED, changed.reason), now)
            else:
                self._enter_init(Cause.BARRED, changed.reason)
            self._set_demotion(changed, now)
            self._leave(bow_out)

    # -- sending -----------------------------------------------------------------------------------

    def _advertise(self, due: float, now: float, *, offers_role: bool = False) -> None:
        rank, sources = self._rank, self._hearing.sources
        interval = rank.interval
        if offers_role:
            self._offered_at = now
            if len(sources) > 1:
                sources, interval = self._first_source(), min(interval, OFFER_SPACING)
        if self._send(rank.stated, sources):
            self._advertised_at, self._advertised_as = now, rank
        following = due + interval
        self.advertise_at = following if following > now else now + interval

    def _send(self, stated: Stated, sources: tuple[IPAddress, ...], is_final: bool = False) -> bool:
        """Send from these sources, unless nothing gets out; return whether it does."""
        if self._outage.is_mute:
            return False
        advbase, advskew, demotion = stated
        for source in sources:
            counter = self._counter.take()
            self._actions.append(
                SendAdvertisement(source, advbase, advskew, counter, demotion, is_final)
            )
        return True

    def _first_source(self) -> tuple[IPAddress, ...]:
        """Return the source in the first family, or in that of the unicast peers."""
        # Hosts with unicast peers in one family may hear nothing in the other one.
        by_unicast = (each for each in self.sources if self.params.peers_of(each.version))
        return (*by_unicast, *self.sources)[:1]

    # -- on leaving --------------------------------------------------------------------------------

    def _disown(self) -> None:
        """Release an address that is here without the role: by a late script, or by hand."""
        if self._started and not self._leaving.is_releasing:
            self._actions += self._leaving.release()

    def _bow_out(self, now: float) -> FinalAdvertisements | None:
        """Return a bow-out; None while there is no link, because no host would hear it."""
        if not self._outage.has_link:
            return None
        until = now + self._rank.master_down_interval
        return FinalAdvertisements.bow_out(until, len(self._hearing.sources))

    def _send_final(self, now: float) -> None:
        family = self._leaving.family
        if (stated := self._leaving.take_final(now)) is not None:
            self._advertised_as = None
            sources = self.sources
            if self._leaving.copies_left == BOW_OUT_COPIES:
                sources = self._first_source()
            elif family is not None:
                sources = tuple(each for each in sources if each.version == family)
            self._send(stated, sources, is_final=True)
