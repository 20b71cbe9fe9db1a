"""The state machine of one virtual host: INIT, BACKUP, MASTER.

                   InterfaceReady                 nobody advertises, or the election says so
           INIT  ----------------->  BACKUP  ------------------------------------>  MASTER
             ^                         |  ^                                           |  |
             '---- InterfaceLost ------'  '---- the election says so, may not serve --'  |
             '--------------------- InterfaceLost, StopRequested ------------------------'

Here it says when the state changes; how, and what goes with it, is in `transitions`.  Beside the
state, a host has parts with a life of their own; each is a module, and says what is to be done about
one thing:

    standing    what its advertisements state                              always
    hearing     what the others' advertisements come to                    always
      peers     who else is there, and what of their words to believe      always
      listening the master-down timers                                     armed as BACKUP
    holding     the virtual addresses: put there, announced, put back      as MASTER
    rivals      other masters: answered, told, yielded to in the end       as MASTER
    outage      a link or source lost for a moment                         as MASTER
    leaving     addresses on their way off, and the farewell after them    after MASTER

House rules:

1. There is one method for each state.  Its `match` names every event, also those that it ignores;
   an event that is out of place leaves the state untouched, and nothing from the wire raises.
2. MASTER <=> `advertise_at` is set; BACKUP <=> a master-down timer is armed; INIT <=> neither.
   That and the rest of `_check_invariants` holds after each event.
3. A master whose standing changes, either way, says so at once, and that is all: it serves on until
   another host is heard that is better.  Asked to step down, it says for two seconds that it would
   rather not serve; if it yields then, it stays away for a while.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import assert_never

from ucarpd.carp import events
from ucarpd.carp.actions import Action, Finding, Finish, Report, State
from ucarpd.carp.election import MasterVerdict
from ucarpd.carp.events import AdvertisementReceived
from ucarpd.carp.holding import Holding
from ucarpd.carp.params import Family, Params
from ucarpd.carp.transitions import Transitions

STEP_DOWN_OFFER = 2.0
"""Seconds for which a master that was asked to step down says so: a ucarp needs up to one to react."""

WithoutRole = (
    events.HardwareAddressChanged
    | events.SegmentHeard
    | events.AddressesAcquired
    | events.AcquireFailed
    | events.AddressesOff
    | events.AddressesReleased
    | events.AddressRemoved
    | events.ParamsChanged
    | events.StepDownRequested
)
"""The events that INIT and BACKUP take alike."""


class VirtualHost(Transitions):
    """The machine.

    `counter` is the first advertisement's: draw 64 random bits for it.  `phase`, above 0 and up to
    1, tells what part of an interval a new master waits before its second advertisement; different
    ones spread the virtual hosts that took over together (see timing).
    """

    def __init__(self, params: Params, counter: int, phase: float = 1.0) -> None:
        super().__init__(params, counter, phase)
        self._stopping = False

    def handle(self, event: events.Event, now: float) -> list[Action]:
        """Take in one event at monotonic second `now`; return what is to be done, in order."""
        match self.state:
            case State.INIT:
                self._handle_in_init(event, now)
            case State.BACKUP:
                self._handle_in_backup(event, now)
            case State.MASTER:
                self._handle_in_master(event, now)
            case _:
                assert_never(self.state)
        if self._stopping and self._leaving.is_over:
            self._stopping = False
            self._actions.append(Finish())
        self._check_invariants()
        actions, self._actions = self._actions, []
        return actions

    def _check_invariants(self) -> None:
        is_master = self.state is State.MASTER
        assert (self.advertise_at is not None) == is_master
        assert (self._holding is not None) == is_master
        assert (self.master_down_at is not None) == (self.state is State.BACKUP)
        assert self._leaving.is_over or not is_master
        assert is_master or self._outage.until is None
        assert not (is_master and not self._standing.may_serve)
        assert self._standing.is_stepping_down == (self._step_down_until is not None)
        assert self.sources or self.state is State.INIT

    @property
    def is_releasing(self) -> bool:
        """Whether the addresses are on their way off."""
        return self._leaving.is_releasing

    @property
    def sent_counters(self) -> Sequence[int]:
        """Those of our latest advertisements."""
        return self._counter.sent

    @property
    def next_counter(self) -> int:
        """That of the next advertisement."""
        return self._counter.next

    @property
    def master_down_at(self) -> float | None:
        """When a backup takes over, if it hears nothing more, and may serve."""
        return self._listening.deadline

    def next_deadline(self) -> float | None:
        """The monotonic second at which DeadlineReached is wanted; None for never."""
        candidates = (
            self.advertise_at,
            self._step_down_until,
            self.master_down_at if self._standing.may_serve else None,
            self._holding.deadline if self._holding else None,
            self._outage.until,
            self._leaving.deadline,
        )
        return min((at for at in candidates if at is not None), default=None)

    # -- one method for each state ----------------------------------------------------------------

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
                self._say_farewell(now)
            case events.DemotionChanged(demotion):
                self._stand(replace(self._standing, demotion=demotion))
            case events.StopRequested():
                self._stopping = True
            case _:
                self._handle_without_role(event, now)

    def _handle_in_backup(self, event: events.Event, now: float) -> None:
        match event:
            case events.InterfaceReady(sources):
                self._hearing.use(sources, now)
            case events.InterfaceLost(reason, can_send):
                self._leaving.interface_lost(can_send)
                self._enter_init(reason)
            case events.AdvertisementReceived():
                self._hear_as_backup(event, now)
            case events.DeadlineReached():
                self._say_farewell(now)
                self._take_over_if_silent(now)
            case events.DemotionChanged(demotion):
                was_barred = not self._standing.may_serve
                self._stand(replace(self._standing, demotion=demotion))
                if was_barred:
                    self._take_over_if_silent(now, is_late=False)
            case events.StopRequested(reason):
                self._enter_init(reason)
                self._stopping = True
            case _:
                self._handle_without_role(event, now)

    def _handle_without_role(self, event: WithoutRole, now: float) -> None:
        """What INIT and BACKUP have in common."""
        match event:
            case events.AddressesAcquired():
                self._disown()
            case events.AddressesOff():
                self._actions += self._leaving.addresses_off(
                    now, self._standing.master_down_interval
                )
            case events.AddressesReleased():
                self._actions += self._leaving.released(now)
                self._say_farewell(now)
            case events.ParamsChanged(params):
                self._stand(replace(self._standing, params=params))
            case events.StepDownRequested():
                self._actions.append(Report(Finding.NOT_MASTER))
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
        holding = self._holding
        assert holding is not None
        match event:
            case events.InterfaceReady(sources):
                if sources != self.sources or self._outage.until is not None:
                    self._outage.end()
                    self._hearing.use(sources, now)
                    self._advertise(now, now)
            case events.InterfaceLost():
                if not (event.may_return and self._outlasts(event, now)):
                    self._lose_role(event.reason, now, can_send=event.can_send)
            case events.HardwareAddressChanged() | events.SegmentHeard():
                self._actions += holding.announce(now)
            case events.AdvertisementReceived():
                self._hear_as_master(event, now, holding)
            case events.DeadlineReached():
                self._do_what_is_due(now, holding)
            case events.AddressesAcquired(addresses):
                self._actions += holding.acquired(addresses, now)
            case events.AcquireFailed(addresses, has_hung):
                self._actions += holding.refused(addresses, now, has_hung=has_hung)
            case events.AddressRemoved(address):
                self._actions += holding.removed(address, now)
            case events.ParamsChanged(params):
                before = self.params
                self._change_standing(replace(self._standing, params=params), now)
                holding.configure(params)
                if params.addresses != before.addresses:
                    self._acquire(now)
            case events.DemotionChanged(demotion, reason):
                self._change_demotion(demotion, reason, now)
            case events.StepDownRequested():
                self._step_down_until = now + STEP_DOWN_OFFER
                self._stand(replace(self._standing, is_stepping_down=True))
                self._advertise(now, now)
            case events.StopRequested(reason):
                bow_out = self._bow_out(now)
                self._enter_init(reason)
                self._stopping = True
                if self.params.release_on_stop:
                    self._leave(bow_out)
            case events.AddressesOff() | events.AddressesReleased():
                pass
            case _:
                assert_never(event)

    # -- advertisements that come in ---------------------------------------------------------------

    def _hear_in_init(self, heard: AdvertisementReceived, now: float) -> None:
        if self._hearing.counts(heard, now):
            self._actions += self._leaving.successor_heard(heard)

    def _hear_as_backup(self, heard: AdvertisementReceived, now: float) -> None:
        if not self._hearing.counts(heard, now):
            return
        verdict = self._hearing.as_backup(heard, now)
        if verdict.takes_over:
            self._take_over_if_silent(now)
        elif not heard.is_bow_out:
            self._actions += self._leaving.successor_heard(heard)
            self._tell_silent_family(heard.family, now)

    def _tell_silent_family(self, heard_in: Family, now: float) -> None:
        if self._listening.newly_heard(heard_in):
            self._actions.append(Report(Finding.FAMILY_HEARD, family=heard_in))
        silent = self._listening.newly_silent(now)
        if silent is not None:
            self._actions.append(Report(Finding.FAMILY_SILENT, family=silent))

    def _hear_as_master(self, heard: AdvertisementReceived, now: float, holding: Holding) -> None:
        if not self._hearing.counts(heard, now):
            return
        if self._outage.until is not None and self._outage.can_send and not heard.is_bow_out:
            # Another host serves, and without a source address this one cannot answer.
            self._lose_role(self._outage.reason, now, can_send=False)
            self._actions += self._leaving.successor_heard(heard)
            return
        verdict, found = self._hearing.as_master(heard, now, self._rivals)
        interval = self._standing.interval
        match verdict:
            case MasterVerdict.YIELD:
                self._yield(heard, self._hearing.reason(verdict, heard), now)
            case MasterVerdict.YIELD_SILENTLY | MasterVerdict.END_TIE:
                wait = self._hearing.tie_patience(heard)
                reason = self._hearing.reason(verdict, heard)
                self._enter_backup(reason, now, wait, heard.source)
                self._follow(heard, None, now)
            case MasterVerdict.STAY_BETTER | MasterVerdict.STAY_TIED:
                self._actions += found
                if self._rivals.is_to_be_answered(heard.source, now, interval):
                    self._send(self._standing.stated)
                self._actions += holding.outdo_rival(now, interval)
            case _:
                assert_never(verdict)

    # -- the work ------------------------------------------------------------------------------------

    def _do_what_is_due(self, now: float, holding: Holding) -> None:
        if self._outage.until is not None and now >= self._outage.until:
            self._lose_role(self._outage.reason, now, can_send=self._outage.can_send)
            return
        if self._step_down_until is not None and now >= self._step_down_until:
            self._step_down_until = None
            self._change_standing(replace(self._standing, is_stepping_down=False), now)
            self._actions.append(Report(Finding.NOBODY_TOOK_OVER))
        if self.advertise_at is not None and now >= self.advertise_at:
            self._advertise(self.advertise_at, now)
            self._actions += self._rivals.gone(now, self._standing.interval)
        self._actions += holding.due(now)
