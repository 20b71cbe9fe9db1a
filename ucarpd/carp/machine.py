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
    Finish,
    ReleaseAddresses,
    SendAdvertisement,
    State,
    StateChanged,
)
from ucarpd.carp.election import (
    BackupVerdict,
    Contender,
    MasterVerdict,
    judge_as_backup,
    judge_as_master,
)
from ucarpd.carp.events import AdvertisementReceived
from ucarpd.carp.farewell import Farewell
from ucarpd.carp.holding import Holding
from ucarpd.carp.listening import Listening
from ucarpd.carp.params import IPAddress, Params
from ucarpd.carp.standing import Standing
from ucarpd.carp.timing import (
    TIE_PATIENCE,
    UNITS_PER_SECOND,
    master_down_units,
    second_advertisement_at,
)

HOLD_DOWN_RATIO = 2
"""After a voluntary step-down we stay away for this many of our own master-down intervals."""

REMEMBERED_COUNTERS = 16
"""How many of our own counters are kept to recognise our own packets when they come back."""

_COUNTER_MASK = (1 << 64) - 1


class VirtualHost:
    """The machine.

    `counter` is the first advertisement's: draw 64 random bits for it.  `phase`, above 0 and up to
    1, tells what part of an interval a new master waits before its second advertisement; different
    ones spread the virtual hosts that took over together (see timing).
    """

    def __init__(self, params: Params, counter: int, phase: float = 1.0) -> None:
        self.state = State.INIT
        self.sources: tuple[IPAddress, ...] = ()
        self.advertise_at: float | None = None
        self.sent_counters: deque[int] = deque(maxlen=REMEMBERED_COUNTERS)
        self._next_counter = (counter & _COUNTER_MASK) or 1
        self._standing = Standing(params)
        self._listening = Listening(params)
        self._phase = phase
        self._hold_down_until = 0.0
        self._started = False
        self._was_cut_off = False
        self._tie_patience = 0.0
        self._stopping = False
        self.is_releasing = False
        """ReleaseAddresses has been asked for, and AddressesReleased has not come yet."""
        self._holding: Holding | None = None
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
        assert (self.advertise_at is not None) == (self.state is State.MASTER)
        assert (self.master_down_at is not None) == (self.state is State.BACKUP)
        actions, self._actions = self._actions, []
        return actions

    @property
    def params(self) -> Params:
        return self._standing.params

    @property
    def next_counter(self) -> int:
        """That of the next advertisement."""
        return self._next_counter

    @property
    def master_down_at(self) -> float | None:
        """When a backup takes over, if it hears nothing more."""
        return self._listening.deadline

    def next_deadline(self) -> float | None:
        """The monotonic second at which DeadlineReached is wanted; None for never."""
        candidates = (
            self.advertise_at,
            self.master_down_at,
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
                    patience = max(self._listening.patience, self._hold_down_until - now)
                    with_sources = " and ".join(map(str, sources))
                    self._enter_backup(f"ready with source {with_sources}", now, patience)
                    if not self._started:
                        self._started = True
                        self._release(at_start=True)
            case events.InterfaceLost():
                self._farewell = self._farewell if event.can_send else None
            case events.AdvertisementReceived():
                self._drop_bow_out_if_served(event)
            case events.DeadlineReached():
                self._send_due_farewell(now)
            case events.AddressesAcquired():
                self._disown()
            case events.AddressesOff():
                self._limit_release(now)
            case events.AddressesReleased():
                self._released(now)
            case events.ParamsChanged(params):
                self._configure(params, now)
            case events.DemotionChanged(demotion):
                self._standing = replace(self._standing, demotion=demotion)
            case events.StopRequested():
                self._stopping = True
            case (
                events.HardwareAddressChanged()
                | events.SegmentHeard()
                | events.AcquireFailed()
                | events.AddressRemoved()
                | events.StepDownRequested()
            ):
                pass
            case _:
                assert_never(event)

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
                family = self._listening.expired(now)
                if family is not None:
                    last = self._listening.last(family)
                    reason = self._listening.silence(family, now, self._hold_down_until)
                    self._enter_master(reason, now, last.source if last else None)
            case events.AddressesAcquired():
                self._disown()
            case events.AddressesOff():
                self._limit_release(now)
            case events.AddressesReleased():
                self._released(now)
            case events.ParamsChanged(params):
                self._configure(params, now)
            case events.DemotionChanged(demotion):
                self._standing = replace(self._standing, demotion=demotion)
            case events.StopRequested(reason):
                self._enter_init(reason)
                self._stopping = True
            case (
                events.HardwareAddressChanged()
                | events.SegmentHeard()
                | events.AcquireFailed()
                | events.AddressRemoved()
                | events.StepDownRequested()
            ):
                pass
            case _:
                assert_never(event)

    def _handle_in_master(self, event: events.Event, now: float) -> None:
        holding = self._holding
        assert holding is not None
        match event:
            case events.InterfaceReady(sources):
                self._use(sources, now)
            case events.InterfaceLost(reason, can_send):
                self._was_cut_off = True
                self._enter_init(reason)
                self._leave(self._bow_out(now) if can_send else None)
            case events.HardwareAddressChanged() | events.SegmentHeard():
                self._actions += holding.announce(now)
            case events.AdvertisementReceived():
                self._hear_as_master(event, now, holding)
            case events.DeadlineReached():
                if self.advertise_at is not None and now >= self.advertise_at:
                    self._advertise(self.advertise_at, now)
                self._actions += holding.due(now)
            case events.AddressesAcquired(addresses):
                self._actions += holding.acquired(addresses, now)
            case events.AcquireFailed(addresses):
                self._actions += holding.refused(addresses, now)
            case events.AddressRemoved(address):
                self._actions += holding.removed(address, now)
            case events.ParamsChanged(params):
                before = self._standing
                self._configure(params, now)
                holding.configure(params)
                if self._standing.rank != before.rank:
                    self._advertise(now, now)
                if params.addresses != before.params.addresses:
                    self._acquire(now)
            case events.DemotionChanged(demotion, reason):
                before = self._standing
                self._standing = replace(before, demotion=demotion)
                if self._standing.rank > before.rank:
                    # The peers need not preempt, so that being slower alone would move nothing.
                    self._step_down(reason, now)
                elif self._standing.rank < before.rank:
                    self._advertise(now, now)
            case events.StepDownRequested(reason):
                self._step_down(reason, now)
            case events.StopRequested(reason):
                self._enter_init(reason)
                self._stopping = True
                if self.params.release_on_stop:
                    self._leave(self._bow_out(now))
            case events.AddressesOff() | events.AddressesReleased():
                pass
            case _:
                assert_never(event)

    def _use(self, sources: tuple[IPAddress, ...], now: float) -> None:
        self.sources = sources
        families = tuple(source.version for source in sources)
        self._listening.follow(families, now, self._hold_down_until)

    def _configure(self, params: Params, now: float) -> None:
        self._standing = replace(self._standing, params=params)
        self._listening.configure(params, self._tie_patience, max(self._hold_down_until, now))

    # -- transitions -------------------------------------------------------------------------------

    def _change_state(self, new: State, reason: str, peer: IPAddress | None = None) -> None:
        old, self.state = self.state, new
        self.advertise_at = None
        self._listening.disarm()
        self._holding = None
        self._tie_patience = 0.0
        self._actions.append(StateChanged(old, new, reason, peer))

    def _enter_init(self, reason: str) -> None:
        self._change_state(State.INIT, reason)
        self._listening.forget()

    def _enter_backup(
        self, reason: str, now: float, patience: float, peer: IPAddress | None = None
    ) -> None:
        self._change_state(State.BACKUP, reason, peer)
        self._listening.arm_all(now, now + patience)

    def _enter_master(self, reason: str, now: float, peer: IPAddress | None) -> None:
        self._change_state(State.MASTER, reason, peer)
        self._farewell = None
        self.is_releasing = False
        self._hold_down_until = 0.0
        self._was_cut_off = False
        self._advertise(now, now)
        self.advertise_at = second_advertisement_at(now, self._standing.interval, self._phase)
        self._acquire(now)

    def _step_down(self, reason: str, now: float) -> None:
        """Let another host serve, and stay away for long enough that one can."""
        hold_down = HOLD_DOWN_RATIO * self._listening.patience
        self._hold_down_until = now + hold_down
        self._enter_backup(reason, now, hold_down)
        self._leave(self._bow_out(now))
        self._listening.forget()

    def _acquire(self, now: float) -> None:
        self._holding = Holding(self.params, self._phase)
        self._actions += self._holding.acquire(now)

    def _leave(self, farewell: Farewell | None) -> None:
        """Give up the addresses; `farewell` goes out when they are gone."""
        self._farewell = farewell
        self._release()

    # -- advertisements that come in ---------------------------------------------------------------

    def _hear_as_backup(self, heard: AdvertisementReceived, now: float) -> None:
        family = heard.family
        if not self._listening.hears(family):
            return
        last = self._listening.last(family)
        if heard.is_bow_out and last is not None and last.source != heard.source:
            return  # Another host has followed this one already: the second copy, come late.
        ties_count = self._listening.decides_ties(family, now)
        own, peer = self._contenders(heard)
        self._listening.hear(heard, now, peer_is_better=peer.rank < own.rank)
        self._drop_bow_out_if_served(heard)
        params = self.params
        verdict = judge_as_backup(
            own,
            peer,
            params.tiebreak,
            own_master_down_units=master_down_units(
                params.advbase, params.advskew, params.deadratio
            ),
            preempt=params.preempt,
            was_cut_off=self._was_cut_off and ties_count,
        )
        if now < self._hold_down_until and not heard.is_bow_out:
            verdict = BackupVerdict.WAIT
        match verdict:
            case BackupVerdict.WAIT:
                self._tie_patience = 0.0
                at = max(now + self._listening.down_interval(family), self._hold_down_until)
                self._listening.arm(family, now, at)
                return
            case _ if heard.is_bow_out:
                reason = f"{heard.source} bowed out"
            case BackupVerdict.PEER_DEMOTED:
                reason = f"{heard.source} is demoted by {heard.demote}"
            case BackupVerdict.PREEMPT:
                reason = f"preempting {heard.source}: {self._standing.compared_with(heard)}"
            case BackupVerdict.RECLAIM:
                reason = f"taking the role back from {heard.source}"
            case BackupVerdict.PEER_TOO_SLOW:
                reason = (
                    f"{heard.source} is too slow to wait for: {self._standing.compared_with(heard)}"
                )
            case _:
                assert_never(verdict)
        self._enter_master(reason, now, heard.source)

    def _hear_as_master(self, heard: AdvertisementReceived, now: float, holding: Holding) -> None:
        if not self._listening.hears(heard.family):
            return
        ties_count = self._listening.decides_ties(heard.family, now)
        own, peer = self._contenders(heard)
        self._listening.hear(heard, now, peer_is_better=peer.rank < own.rank)
        verdict = judge_as_master(own, peer, self.params.tiebreak)
        if verdict is MasterVerdict.YIELD_SILENTLY and not ties_count:
            verdict = MasterVerdict.STAY_TIED
        match verdict:
            case MasterVerdict.YIELD:
                # Worse by our demotion alone, we would be mistaken for the better one.
                is_slower = own.units > peer.units
                parting = Farewell.parting(
                    self.params.advbase, self._standing.advskew, now + self._standing.interval
                )
                reason = f"{heard.source} is preferred: {self._standing.compared_with(heard)}"
                self._enter_backup(reason, now, self._listening.patience, heard.source)
                self._leave(parting if is_slower else None)
            case MasterVerdict.YIELD_SILENTLY:
                # The winner may be a BSD that has yielded to us in the same moment.
                patience = TIE_PATIENCE * heard.units / UNITS_PER_SECOND
                reason = f"{heard.source} wins the tie: {self._standing.compared_with(heard)}"
                self._enter_backup(reason, now, patience, heard.source)
                self._tie_patience = patience
                self._leave(None)
            case MasterVerdict.STAY_BETTER | MasterVerdict.STAY_TIED:
                self._actions += holding.outdo_rival(now, self._standing.interval)
            case _:
                assert_never(verdict)

    def _drop_bow_out_if_served(self, heard: AdvertisementReceived) -> None:
        """A bow-out only moves the role; when another host has it, one more could move it again."""
        if self._farewell and self._farewell.is_bow_out and not heard.is_bow_out:
            self._farewell = None

    # -- the work ------------------------------------------------------------------------------------

    def _advertise(self, due: float, now: float) -> None:
        self._send(self.params.advbase, self._standing.advskew)
        interval = self._standing.interval
        following = due + interval
        self.advertise_at = following if following > now else now + interval

    def _send(self, advbase: int, advskew: int) -> None:
        demotion = self._standing.header_demotion
        for source in self.sources:
            counter = self._next_counter
            # OpenBSD drops counter 0 as a replay for as long as it has not advertised itself.
            self._next_counter = ((counter + 1) & _COUNTER_MASK) or 1
            self.sent_counters.append(counter)
            self._actions.append(SendAdvertisement(source, advbase, advskew, counter, demotion))

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
            patience = self._listening.patience
            self._farewell.send_at = now + patience
            self._farewell.until = max(self._farewell.until, now + 2 * patience)

    def _bow_out(self, now: float) -> Farewell:
        return Farewell.bow_out(until=now + self._listening.patience)

    def _send_due_farewell(self, now: float) -> None:
        if self._farewell is None:
            return
        if self._farewell.take(now):
            self._send(self._farewell.advbase, self._farewell.advskew)
        if self._farewell.is_over:
            self._farewell = None

    def _contenders(self, heard: AdvertisementReceived) -> tuple[Contender, Contender]:
        source = next(source for source in self.sources if source.version == heard.family)
        counter = self.sent_counters[-1] if self.sent_counters else self._next_counter
        return self._standing.own(source, counter), self._standing.rival(heard)
