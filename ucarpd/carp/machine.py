"""The state machine of one virtual host: INIT, BACKUP, MASTER.

                   InterfaceReady                 nobody advertises, or the election says so
           INIT  ----------------->  BACKUP  ------------------------------------>  MASTER
             ^                         |  ^                                           |  |
             '---- InterfaceLost ------'  '-- the election says so, StepDownRequested-'  |
             '--------------------- InterfaceLost, StopRequested ------------------------'

House rules:

1. There is one method for each state.  Its `match` names every event, also those that it ignores;
   an event that is out of place leaves the state untouched, and nothing from the wire raises.
2. A transition assigns the state, then reports it (StateChanged), then does the work.
3. MASTER <=> `advertise_at` is set; BACKUP <=> a master-down timer is armed; INIT <=> neither.
4. On taking over the advertisement goes out before the addresses are asked for: it silences
   rivals, and no script can hold it back.  On leaving, the addresses go first, and the farewell (a
   bow-out, or the parting advertisement of election rule M1) only when they are gone.
   Whatever is sent goes out once in each family.
5. Deadlines lie on a grid from the first advertisement on.  A late wake-up sends one
   advertisement, never those that it slept through.
"""

from collections import deque
from dataclasses import replace
from typing import assert_never

from ucarpd.carp import events
from ucarpd.carp.actions import (
    Action,
    Finding,
    Finish,
    ReleaseAddresses,
    Report,
    SendAdvertisement,
    State,
    StateChanged,
)
from ucarpd.carp.election import (
    REASONS,
    BackupVerdict,
    Contender,
    MasterVerdict,
    Situation,
    judge_as_backup,
    judge_as_master,
)
from ucarpd.carp.events import AdvertisementReceived
from ucarpd.carp.farewell import Farewell
from ucarpd.carp.holding import Holding
from ucarpd.carp.listening import Listening
from ucarpd.carp.params import Family, IPAddress, Params
from ucarpd.carp.peers import Peers
from ucarpd.carp.rivals import Rivals
from ucarpd.carp.standing import Standing, Stated
from ucarpd.carp.timing import TIE_PATIENCE, UNITS_PER_SECOND, second_advertisement_at

STEP_DOWN_OFFER = 2.0
"""Seconds for which a master that was asked to step down says so: a ucarp needs up to one to react."""

HOLD_DOWN_RATIO = 2
"""After a step-down we stay away for this many of our own master-down intervals."""

LATE = 0.1
"""Seconds by which a wake-up is never called late, however short the interval is."""

REMEMBERED_COUNTERS = 16
"""How many of our own counters are kept to recognise our own packets when they come back."""

_COUNTER_MASK = (1 << 64) - 1

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


class VirtualHost:
    """The machine.

    `counter` is the first advertisement's: draw 64 random bits for it.  `phase`, above 0 and up to
    1, tells what part of an interval a new master waits before its second advertisement; different
    ones spread the virtual hosts that took over together (see timing).
    """

    def __init__(self, params: Params, counter: int, phase: float = 1.0) -> None:
        self.state = State.INIT
        self.sources: tuple[IPAddress, ...] = ()
        self.sent_counters: deque[int] = deque(maxlen=REMEMBERED_COUNTERS)
        self._next_counter = (counter & _COUNTER_MASK) or 1
        self._standing = Standing(params)
        self._peers = Peers()
        self._started = False
        self._stopping = False
        # as BACKUP
        self._listening = Listening(self._standing, self._peers)
        self._was_cut_off = False
        # as MASTER
        self.advertise_at: float | None = None
        self._phase = phase
        self._holding: Holding | None = None
        self._rivals = Rivals()
        self._step_down_until: float | None = None
        # after that
        self.is_releasing = False
        """ReleaseAddresses has been asked for, and AddressesReleased has not come yet."""
        self._farewell: Farewell | None = None
        self._actions: list[Action] = []

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
        if self._stopping and not self.is_releasing and self._farewell is None:
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
        assert not (is_master and (self._farewell or self.is_releasing))
        assert not (is_master and not self._standing.may_serve)
        assert self._standing.is_stepping_down == (self._step_down_until is not None)
        assert self.sources or self.state is State.INIT

    @property
    def params(self) -> Params:
        return self._standing.params

    @property
    def next_counter(self) -> int:
        """That of the next advertisement."""
        return self._next_counter

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
            self._farewell.send_at if self._farewell else None,
        )
        return min((at for at in candidates if at is not None), default=None)

    # -- one method for each state ----------------------------------------------------------------

    def _handle_in_init(self, event: events.Event, now: float) -> None:
        match event:
            case events.InterfaceReady(sources):
                if not self._stopping:
                    self._use(sources, now)
                    self._enter_backup(f"ready with source {' and '.join(map(str, sources))}", now)
                    if not self._started:
                        self._started = True
                        self._release(at_start=True)
            case events.InterfaceLost(can_send=can_send):
                self._farewell = self._farewell if can_send else None
            case events.AdvertisementReceived():
                self._drop_bow_out_if_served(event)
            case events.DeadlineReached():
                self._send_due_farewell(now)
            case events.DemotionChanged(demotion):
                self._stand(replace(self._standing, demotion=demotion))
            case events.StopRequested():
                self._stopping = True
            case _:
                self._handle_without_role(event, now)

    def _handle_in_backup(self, event: events.Event, now: float) -> None:
        match event:
            case events.InterfaceReady(sources):
                self._use(sources, now)
            case events.InterfaceLost(reason, can_send):
                self._farewell = self._farewell if can_send else None
                self._enter_init(reason)
            case events.AdvertisementReceived():
                self._hear_as_backup(event, now)
            case events.DeadlineReached():
                self._send_due_farewell(now)
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
                self._limit_release(now)
            case events.AddressesReleased():
                self._released(now)
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
                if sources != self.sources:
                    self._use(sources, now)
                    self._advertise(now, now)
            case events.InterfaceLost(reason, can_send):
                self._was_cut_off = True
                self._enter_init(reason)
                self._leave(self._bow_out(now) if can_send else None)
            case events.HardwareAddressChanged() | events.SegmentHeard():
                self._actions += holding.announce(now)
            case events.AdvertisementReceived():
                self._hear_as_master(event, now, holding)
            case events.DeadlineReached():
                self._do_what_is_due(now)
                self._actions += holding.due(now)
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
                self._enter_init(reason)
                self._stopping = True
                if self.params.release_on_stop:
                    self._leave(self._bow_out(now))
            case events.AddressesOff() | events.AddressesReleased():
                pass
            case _:
                assert_never(event)

    # -- transitions -------------------------------------------------------------------------------

    def _change_state(self, new: State, reason: str, peer: IPAddress | None = None) -> None:
        old, self.state = self.state, new
        self.advertise_at = None
        self._listening.disarm()
        self._peers.nobody_serves()
        self._holding = None
        self._rivals = Rivals()
        self._step_down_until = None
        self._stand(replace(self._standing, is_stepping_down=False))
        self._actions.append(StateChanged(old, new, reason, peer))

    def _enter_init(self, reason: str) -> None:
        self._change_state(State.INIT, reason)
        self._listening.forget()

    def _enter_backup(
        self, reason: str, now: float, wait: float | None = None, peer: IPAddress | None = None
    ) -> None:
        self._change_state(State.BACKUP, reason, peer)
        self._listening.arm_all(now, wait)

    def _enter_master(self, reason: str, now: float, peer: IPAddress | None) -> None:
        self._change_state(State.MASTER, reason, peer)
        self._farewell = None
        self.is_releasing = False
        self._listening.not_before = float("-inf")
        self._was_cut_off = False
        self._advertise(now, now)
        self.advertise_at = second_advertisement_at(now, self._standing.interval, self._phase)
        self._acquire(now)

    def _take_over_if_silent(self, now: float, *, is_late: bool = True) -> None:
        """`is_late`: whether a deadline long past shows that this host has slept, and heard nothing."""
        deadline = self._listening.deadline
        if deadline is None or now < deadline or not self._standing.may_serve:
            return
        if is_late and now - deadline > max(self._standing.interval, LATE):
            self._listening.arm_all(now)
            return
        reason, peer = self._listening.silence(now)
        self._enter_master(reason, now, peer)

    def _acquire(self, now: float) -> None:
        self._holding = Holding(self.params, self._phase)
        self._actions += self._holding.acquire(now)

    def _leave(self, farewell: Farewell | None) -> None:
        """Give up the addresses; `farewell` goes out when they are gone."""
        self._farewell = farewell
        self._release()

    # -- how this host stands ------------------------------------------------------------------------

    def _stand(self, standing: Standing) -> None:
        self._standing = standing
        self._listening.stand(standing)

    def _change_standing(self, standing: Standing, now: float) -> None:
        """As MASTER: the peers hear of it at once, and that is all; it serves on."""
        before = self._standing
        self._stand(standing)
        if (standing.stated, standing.interval) != (before.stated, before.interval):
            self._advertise(now, now)

    def _change_demotion(self, demotion: int, reason: str, now: float) -> None:
        """As MASTER; who may not serve any more leaves at once, heard or not."""
        standing = replace(self._standing, demotion=demotion)
        if standing.may_serve:
            self._change_standing(standing, now)
        else:
            self._enter_backup(reason, now)
            self._stand(replace(self._standing, demotion=demotion))
            self._leave(self._bow_out(now))

    def _use(self, sources: tuple[IPAddress, ...], now: float) -> None:
        self.sources = sources
        self._listening.follow(tuple(source.version for source in sources), now)

    # -- advertisements that come in ---------------------------------------------------------------

    def _is_listened_to(self, heard: AdvertisementReceived, now: float) -> bool:
        """Not in a family that we have no source address of, nor what its sender has overtaken."""
        hears = self._listening.hears(heard.family)
        return hears and not self._peers.is_overtaken(heard, now)

    def _take_in(self, heard: AdvertisementReceived, now: float) -> tuple[Contender, Contender]:
        self._peers.hear(heard, now, self._listening.patience)
        self._listening.hear(heard, now)
        source = next(source for source in self.sources if source.version == heard.family)
        return self._standing.own(source), self._standing.rival(heard)

    def _hear_as_backup(self, heard: AdvertisementReceived, now: float) -> None:
        if not self._is_listened_to(heard, now):
            return
        ties_count = self._listening.decides_ties(heard.family, now)
        own, peer = self._take_in(heard, now)
        self._drop_bow_out_if_served(heard)
        situation = Situation(
            tiebreak=self.params.tiebreak,
            own_master_down_units=self._standing.master_down_units,
            preempt=self.params.preempt,
            was_cut_off=self._was_cut_off and ties_count,
            is_barred=not self._standing.may_serve,
            is_held_down=now < self._listening.not_before,
            is_hidden=self._peers.hides(peer, now, self.params.tiebreak, self._standing.waits_for),
        )
        verdict = judge_as_backup(own, peer, situation)
        if verdict.takes_over:
            self._enter_master(self._reason(verdict, heard), now, heard.source)
        elif not heard.is_bow_out:
            self._listening.arm(heard.family, now)
            self._peers.serves(peer, now + self._listening.patience_with(heard))
            self._tell_silent_family(heard.family, now)

    def _tell_silent_family(self, heard_in: Family, now: float) -> None:
        if self._listening.newly_heard(heard_in):
            self._actions.append(Report(Finding.FAMILY_HEARD, family=heard_in))
        silent = self._listening.newly_silent(now)
        if silent is not None:
            self._actions.append(Report(Finding.FAMILY_SILENT, family=silent))

    def _hear_as_master(self, heard: AdvertisementReceived, now: float, holding: Holding) -> None:
        if not self._is_listened_to(heard, now):
            return
        decides = self._listening.decides_ties(heard.family, now)
        own, peer = self._take_in(heard, now)
        interval = self._standing.interval
        found: list[Action] = []
        if decides and not heard.is_bow_out:
            found = self._rivals.hear(own, peer, now, interval)
        verdict = judge_as_master(
            own,
            peer,
            self.params.tiebreak,
            decides_ties=decides,
            has_outstayed=self._rivals.has_outstayed(own, peer, now, interval),
        )
        match verdict:
            case MasterVerdict.YIELD:
                self._yield(heard, peer, self._reason(verdict, heard), now)
            case MasterVerdict.YIELD_SILENTLY | MasterVerdict.END_TIE:
                # The winner may be a BSD that has yielded to us in the same moment.
                units = self._peers.interval_units(heard, self._standing.master_down_units)
                wait = TIE_PATIENCE * units / UNITS_PER_SECOND
                self._enter_backup(self._reason(verdict, heard), now, wait, heard.source)
                self._peers.serves(peer, now + self._listening.patience_with(heard))
                self._leave(None)
            case MasterVerdict.STAY_BETTER | MasterVerdict.STAY_TIED:
                self._actions += found
                if self._rivals.is_to_be_answered(heard.source, now, interval):
                    self._send(self._standing.stated)
                self._actions += holding.outdo_rival(now, interval)
            case _:
                assert_never(verdict)

    def _yield(
        self, heard: AdvertisementReceived, peer: Contender, reason: str, now: float
    ) -> None:
        """By rule M1."""
        before = self._standing
        self._enter_backup(reason, now, peer=heard.source)
        self._peers.serves(peer, now + self._listening.patience_with(heard))
        if before.is_stepping_down:
            self._listening.not_before = now + HOLD_DOWN_RATIO * self._standing.master_down_interval
        # From a host that is less fit it would make every backup take over.
        is_fit = not before.is_unfit
        self._leave(Farewell.parting(before.stated, now + before.interval) if is_fit else None)

    def _reason(self, verdict: BackupVerdict | MasterVerdict, heard: AdvertisementReceived) -> str:
        comparison = self._standing.compared_with(heard)
        return REASONS[verdict].format(peer=heard.source, comparison=comparison)

    def _drop_bow_out_if_served(self, heard: AdvertisementReceived) -> None:
        """A bow-out only moves the role; when another host has it, one more could move it again."""
        if self._farewell and self._farewell.is_bow_out and not heard.is_bow_out:
            self._farewell = None

    # -- the work ------------------------------------------------------------------------------------

    def _do_what_is_due(self, now: float) -> None:
        if self._step_down_until is not None and now >= self._step_down_until:
            self._step_down_until = None
            self._change_standing(replace(self._standing, is_stepping_down=False), now)
            self._actions.append(Report(Finding.NOBODY_TOOK_OVER))
        if self.advertise_at is not None and now >= self.advertise_at:
            self._advertise(self.advertise_at, now)
            self._actions += self._rivals.gone(now, self._standing.interval)

    def _advertise(self, due: float, now: float) -> None:
        self._send(self._standing.stated)
        interval = self._standing.interval
        following = due + interval
        self.advertise_at = following if following > now else now + interval

    def _send(self, stated: Stated) -> None:
        for source in self.sources:
            counter = self._next_counter
            # OpenBSD drops counter 0 as a replay for as long as it has not advertised itself.
            self._next_counter = ((counter + 1) & _COUNTER_MASK) or 1
            self.sent_counters.append(counter)
            self._actions.append(
                SendAdvertisement(source, stated.advbase, stated.advskew, counter, stated.demotion)
            )

    def _release(self, at_start: bool = False) -> None:
        self.is_releasing = True
        self._actions.append(ReleaseAddresses(at_start))

    def _disown(self) -> None:
        """A virtual address is here although the role is not: a script's belated work, or a hand's."""
        if self._started and not self.is_releasing:
            self._release()

    def _released(self, now: float) -> None:
        self.is_releasing = False
        if self._farewell is not None:
            self._farewell.send_at = now
            self._send_due_farewell(now)

    def _limit_release(self, now: float) -> None:
        """A slow down-script holds the farewell back for a dead interval at most."""
        if self.is_releasing and self._farewell is not None and self._farewell.send_at is None:
            wait = self._standing.master_down_interval
            self._farewell.send_at = now + wait
            self._farewell.until = max(self._farewell.until, now + 2 * wait)

    def _bow_out(self, now: float) -> Farewell:
        return Farewell.bow_out(until=now + self._standing.master_down_interval)

    def _send_due_farewell(self, now: float) -> None:
        if self._farewell is None:
            return
        if self._farewell.take(now):
            self._send(self._farewell.stated)
        if self._farewell.is_over:
            self._farewell = None
