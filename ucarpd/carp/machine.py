"""The state machine of one virtual host: INIT, BACKUP, MASTER.

                   InterfaceReady                 no host advertises, or the election says so
           INIT  ----------------->  BACKUP  ------------------------------------>  MASTER
             ^                         |  ^                                           |  |
             '---- InterfaceLost ------'  '---- the election says so, may not serve --'  |
             '--------------------- InterfaceLost, StopRequested ------------------------'

There is one method for each state.  Its `match` names every event, also each that it ignores: an
event that is out of place leaves the state untouched, and nothing from the wire raises.

Two things happen every second, for years: a BACKUP hears the same again, and nothing but the next
advertisement of a MASTER is due.  Each has a short way, which asks no rule that would answer as before;
the tests compare it with the long one.

This module says when the state changes, `transitions` says how, and `parts` has the parts of the
host: three layers of one object.  `election` decides who is master.

A master whose rank changes, either way, says so at once, and serves on until it hears a better host
(rule L2).  Asked to step down, it says for two seconds that it would rather not serve; if it yields
then, it stays away for a while (rule B9).
"""

from dataclasses import replace
from typing import assert_never

from ucarpd.carp import events
from ucarpd.carp.actions import (
    BACKUP,
    INIT,
    MASTER,
    Action,
    Finding,
    Finish,
    ReassertAddresses,
    Report,
)
from ucarpd.carp.events import AdvertisementReceived, DeadlineReached
from ucarpd.carp.held_addresses import MOST_EARLY, HeldAddresses
from ucarpd.carp.timing import NEVER, earlier
from ucarpd.carp.transitions import Transitions
from ucarpd.carp.verdicts import WAIT, MasterVerdict
from ucarpd.carp.why import Cause

STEP_DOWN_OFFER = 2.0
"""Seconds for which a master that was asked to step down says so: a ucarp needs up to one to react.
"""

WithoutRole = (
    events.HardwareAddressChanged
    | events.SegmentHeard
    | events.AddressesAcquired
    | events.AcquireFailed
    | events.AddressesOff
    | events.AddressesReleased
    | events.AddressRemoved
    | events.AddressClaimed
    | events.GatewaysSilent
    | events.ParamsChanged
    | events.StepDownRequested
)
"""The events that INIT and BACKUP take alike."""


class VirtualHost(Transitions):
    """The machine.

    `counter` is the first advertisement's: draw 64 random bits for it.  `phase` determines when a new
    master sends its second advertisement; different ones spread the virtual hosts that took over
    together (see timing).
    """

    def handle(self, event: events.Event, now: float) -> list[Action]:
        """Take in one event at monotonic second `now`; return the actions to perform, in order."""
        actions: list[Action] = []
        self._actions = actions
        if self.state is MASTER:
            due, until = self.advertise_at, self._quiet_until
            if due is not None and due <= now < until and isinstance(event, DeadlineReached):
                self._advertise(due, now)
                return actions
            self._handle_in_master(event, now)
        elif self.state is BACKUP:
            if self._hearing.hears_again(event, now):
                return actions
            self._handle_in_backup(event, now)
        elif self.state is INIT:
            self._handle_in_init(event, now)
        else:
            assert_never(self.state)
        self._check_rules()
        if self._stopping and self._leaving.is_over:
            self._stopping = False
            self._actions.append(Finish())
        self._look_ahead()
        return actions

    def next_deadline(self) -> float | None:
        """The monotonic second at which DeadlineReached is wanted; None for never."""
        if self.advertise_at is not None:
            return earlier(self.advertise_at, self._others_due_at)
        silent_at = self._master_down.next_at if self._rank.may_serve else None
        final_at = self._leaving.deadline
        if silent_at is None or final_at is None:
            return silent_at or final_at
        return min(silent_at, final_at)

    # -- one method for each state -----------------------------------------------------------------

    def _handle_in_init(self, event: events.Event, now: float) -> None:
        match event:
            case events.InterfaceReady(sources):
                if not self._stopping:
                    self._begin(sources, now)
            case events.InterfaceLost(can_send=can_send):
                self._leaving.interface_lost(can_send)
            case events.AdvertisementReceived():
                self._hear_in_init(event, now)
            case events.DeadlineReached():
                self._send_final(now)
            case events.DemotionChanged():
                self._set_demotion(event, now)
            case events.StopRequested():
                self._stopping = True
            case _:
                self._handle_without_role(event, now)

    def _handle_in_backup(self, event: events.Event, now: float) -> None:
        match event:
            case events.AdvertisementReceived():
                self._hear_as_backup(event, now)
            case events.InterfaceReady(sources):
                self._hearing.use(sources, now)
            case events.InterfaceLost(reason, can_send):
                self._leaving.interface_lost(can_send)
                self._enter_init(Cause.INTERFACE, reason)
            case events.DeadlineReached():
                self._send_final(now)
                self._probe_if_silent(now)
                self._take_over_if_silent(now)
            case events.DemotionChanged():
                was_barred = not self._rank.may_serve
                self._set_demotion(event, now)
                if was_barred:
                    self._take_over_if_silent(now, may_have_slept=False)
            case events.StopRequested(reason):
                self._enter_init(Cause.STOP, reason)
                self._stopping = True
            case _:
                self._handle_without_role(event, now)

    def _handle_without_role(self, event: WithoutRole, now: float) -> None:
        """Handle an event in the way that INIT and BACKUP share."""
        match event:
            case events.AddressesAcquired():
                self._disown()
            case events.AddressesOff():
                self._actions += self._leaving.addresses_off(now, self._rank.master_down_interval)
            case events.AddressesReleased():
                self._actions += self._leaving.released(now)
                self._send_final(now)
            case events.ParamsChanged(params):
                self._set_rank(replace(self._rank, params=params))
            case events.StepDownRequested():
                self._actions.append(Report(Finding.NOT_MASTER))
            case events.AddressClaimed():
                self._answers.note(event)
            case events.GatewaysSilent(since):
                self._master_down.gateways_silent_since = since
            case (
                events.HardwareAddressChanged()
                | events.SegmentHeard()
                | events.AcquireFailed()
                | events.AddressRemoved()
            ):
                pass
            case _:
                assert_never(event)

    def _handle_in_master(self, event: events.Event, now: float) -> None:
        held = self._held
        assert held is not None
        match event:
            case events.DeadlineReached():
                self._do_what_is_due(now, held)
            case events.AdvertisementReceived():
                self._hear_as_master(event, now, held)
            case events.InterfaceReady(sources):
                if sources != self.sources or self._outage.until is not None:
                    self._go_on(sources, now, held)
            case events.InterfaceLost():
                if not self._outlasts(event, now):
                    self._lose_role(event.reason, now, can_send=event.can_send)
            case events.HardwareAddressChanged() | events.SegmentHeard():
                self._actions += held.announce(now)
            case events.AddressesAcquired(addresses, is_early):
                self._actions += held.acquired(addresses, now, is_early=is_early)
            case events.AcquireFailed(addresses, has_hung):
                self._actions += held.refused(addresses, now, has_hung=has_hung)
            case events.AddressRemoved(address):
                self._actions += held.removed(address, now)
            case events.AddressClaimed():
                self._hear_claim(event, now)
            case events.ParamsChanged(params):
                before = self.params
                self._change_rank(replace(self._rank, params=params), now)
                held.configure(params)
                if params.addresses != before.addresses:
                    self._acquire(now)
            case events.DemotionChanged():
                self._change_demotion(event, now)
            case events.StepDownRequested():
                self._step_down_until = now + STEP_DOWN_OFFER
                self._set_rank(replace(self._rank, is_stepping_down=True))
                self._advertise(now, now, offers_role=True)
            case events.StopRequested(reason):
                bow_out = self._bow_out(now)
                self._enter_init(Cause.STOP, reason)
                self._stopping = True
                if self.params.release_on_stop:
                    self._leave(bow_out)
            case events.AddressesOff() | events.AddressesReleased() | events.GatewaysSilent():
                pass
            case _:
                assert_never(event)

    # -- advertisements that come in ---------------------------------------------------------------

    def _hear_in_init(self, event: AdvertisementReceived, now: float) -> None:
        if self._hearing.counts(event, now):
            self._hear_successor(event.statement, now)

    def _hear_as_backup(self, event: AdvertisementReceived, now: float) -> None:
        if not self._hearing.counts(event, now):
            return
        heard = event.statement
        verdict = self._hearing.as_backup(event, now)
        if verdict.takes_over:
            self._take_over_if_silent(now)
        elif not heard.is_bow_out:
            self._hear_successor(heard, now)
            self._actions += self._hearing.silent_family(heard.family, now)
            if verdict is WAIT and self._leaving.is_idle:
                self._hearing.settle(heard, now)

    def _hear_as_master(
        self, event: AdvertisementReceived, now: float, held: HeldAddresses
    ) -> None:
        if not self._outage.has_link:
            return  # Its sender would not hear us, and a BACKUP without a link hears no master.
        heard = event.statement
        if not self._hearing.counts(event, now):
            self._actions += self._hearing.apart(heard, now, self._rivals)
            return
        self._actions += self._answers.heard(heard.source)
        if self._outage.is_ended_by(heard):
            self._lose_role(self._outage.reason, now, can_send=False)
            self._actions += self._leaving.successor_heard(heard)
            return
        verdict, found = self._hearing.as_master(event, now, self._rivals)
        interval = self._rank.interval
        match verdict:
            case MasterVerdict.YIELD:
                self._yield(heard, self._hearing.reason(verdict, heard), now)
            case MasterVerdict.LOSE_TIE | MasterVerdict.END_TIE:
                self._yield_tie(heard, self._hearing.reason(verdict, heard), now)
            case (
                MasterVerdict.STAY_BETTER
                | MasterVerdict.STAY_TIED
                | MasterVerdict.STAY_UNDECIDED
                | MasterVerdict.STAY_FITTER
            ):
                self._actions += found
                if self._rivals.is_to_be_answered(heard.source, now, interval):
                    self._send(self._rank.stated, self.sources)
                self._actions += held.outdo_rival(now, interval)
            case _:
                assert_never(verdict)

    def _hear_claim(self, claim: events.AddressClaimed, now: float) -> None:
        self._answers.note(claim)
        self._actions += self._answers.found(now)
        if claim.address in self.params.addresses:
            self._answers.claimed(claim, now)

    # -- the work ----------------------------------------------------------------------------------

    def _look_ahead(self) -> None:
        """As MASTER: note when something else than an advertisement is due; only an event changes it."""
        if self._held is None:
            return
        at = earlier(self._held.deadline, self._answers.deadline)
        at = earlier(at, self._outage.until or NEVER)
        self._others_due_at = at = earlier(at, self._step_down_until or NEVER)
        # Rivals are looked at with each advertisement.
        self._quiet_until = -NEVER if self._rivals.are_known else at - MOST_EARLY

    def _do_what_is_due(self, now: float, held: HeldAddresses) -> None:
        if self._outage.until is not None and now >= self._outage.until:
            self._lose_role(self._outage.reason, now, can_send=self._outage.can_send)
            return
        if self._step_down_until is not None and now >= self._step_down_until:
            self._step_down_until = None
            self._change_rank(replace(self._rank, is_stepping_down=False), now)
            self._actions.append(Report(Finding.NOBODY_TOOK_OVER))
        early = 0.0
        if self.advertise_at is not None and now >= self.advertise_at:
            self._advertise(self.advertise_at, now)
            self._actions += self._rivals.gone(now, self._rank.interval)
            early = earlier(self._rank.interval, MOST_EARLY)
        if now >= self._answers.deadline:
            has_rival = self._rivals.are_heard(now, self._rank.interval)
            self._actions += self._answers.due(now, held.here, self.sources, has_rival=has_rival)
        if now + early >= held.deadline:
            due = held.due(now, early, may_ask=not self._answers.has_found_master)
            if ReassertAddresses() in due:
                self._outage.scripts_run(now)
            self._actions += due
