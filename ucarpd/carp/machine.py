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
3. MASTER <=> `advertise_at` is set; BACKUP <=> `master_down_at` is set; INIT <=> neither.
4. On taking over the advertisement goes out before the addresses are asked for: it silences
   rivals, and no script can hold it back.  On leaving, the addresses go first, and the farewell (a
   bow-out, or the parting advertisement of election rule M1) only when they are gone.
5. Deadlines lie on a grid from the first advertisement on.  A late wake-up sends one
   advertisement, never those that it slept through.
"""

from collections import deque
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
from ucarpd.carp.params import IPAddress, Params
from ucarpd.carp.timing import (
    TIE_PATIENCE,
    UNITS_PER_SECOND,
    advertisement_interval,
    interval_units,
    master_down_interval,
    master_down_units,
)

HOLD_DOWN_RATIO = 2
"""After a voluntary step-down we stay away for this many of our own master-down intervals."""

REMEMBERED_COUNTERS = 16
"""How many of our own counters are kept to recognise our own packets when they come back."""

_COUNTER_MASK = (1 << 64) - 1


class VirtualHost:
    """The machine.  `counter` is the first advertisement's: draw 64 random bits for it."""

    def __init__(self, params: Params, counter: int) -> None:
        self.params = params
        self.state = State.INIT
        self.source: IPAddress | None = None
        self.advertise_at: float | None = None
        self.master_down_at: float | None = None
        self.peer: AdvertisementReceived | None = None
        """The last advertisement accepted, whoever sent it."""
        self.sent_counters: deque[int] = deque(maxlen=REMEMBERED_COUNTERS)
        self._next_counter = (counter & _COUNTER_MASK) or 1
        self._silent_since = 0.0
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
            case events.InterfaceReady(source):
                if not self._stopping:
                    self.source = source
                    patience = max(self._down_interval(), self._hold_down_until - now)
                    self._enter_backup(f"ready with source {source}", now, patience)
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
            case events.AddressesReleased():
                self._released(now)
            case events.ParamsChanged(params):
                self.params = params
            case events.StopRequested():
                self._stopping = True
            case (
                events.HardwareAddressChanged()
                | events.AcquireFailed()
                | events.AddressRemoved()
                | events.StepDownRequested()
            ):
                pass
            case _:
                assert_never(event)

    def _handle_in_backup(self, event: events.Event, now: float) -> None:
        match event:
            case events.InterfaceReady(source):
                self.source = source
            case events.InterfaceLost(reason, can_send):
                self._farewell = self._farewell if can_send else None
                self._enter_init(reason)
            case events.AdvertisementReceived():
                self._hear_as_backup(event, now)
            case events.DeadlineReached():
                self._send_due_farewell(now)
                if self.master_down_at is not None and now >= self.master_down_at:
                    self._enter_master(self._silence(now), now)
            case events.AddressesAcquired():
                self._disown()
            case events.AddressesReleased():
                self._released(now)
            case events.ParamsChanged(params):
                self.params = params
                at = self._silent_since + (self._tie_patience or self._down_interval())
                self.master_down_at = max(at, self._hold_down_until, now)
            case events.StopRequested(reason):
                self._enter_init(reason)
                self._stopping = True
            case (
                events.HardwareAddressChanged()
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
            case events.InterfaceReady(source):
                self.source = source
            case events.InterfaceLost(reason, can_send):
                self._was_cut_off = True
                self._enter_init(reason)
                self._leave(self._bow_out(now) if can_send else None)
            case events.HardwareAddressChanged():
                self._actions += holding.announce(now)
            case events.AdvertisementReceived():
                self._hear_as_master(event, now, holding)
            case events.DeadlineReached():
                if self.advertise_at is not None and now >= self.advertise_at:
                    self._advertise(self.advertise_at, now)
                self._actions += holding.due(now)
            case events.AddressesAcquired(addresses):
                self._actions += holding.acquired(addresses, now)
            case events.AcquireFailed():
                self._actions += holding.refused(now)
            case events.AddressRemoved(address):
                self._actions += holding.removed(address, now)
            case events.ParamsChanged(params):
                changed = self._own_units() != interval_units(params.advbase, params.advskew)
                self.params = params
                if changed:
                    self._advertise(now, now)
            case events.StepDownRequested(reason):
                hold_down = HOLD_DOWN_RATIO * self._down_interval()
                self._hold_down_until = now + hold_down
                self._enter_backup(reason, now, hold_down)
                self._leave(self._bow_out(now))
                self.peer = None
            case events.StopRequested(reason):
                self._enter_init(reason)
                self._stopping = True
                if self.params.release_on_stop:
                    self._leave(self._bow_out(now))
            case events.AddressesReleased():
                pass
            case _:
                assert_never(event)

    # -- transitions -------------------------------------------------------------------------------

    def _change_state(self, new: State, reason: str, peer: IPAddress | None = None) -> None:
        old, self.state = self.state, new
        self.advertise_at = None
        self.master_down_at = None
        self._holding = None
        self._tie_patience = 0.0
        self._actions.append(StateChanged(old, new, reason, peer))

    def _enter_init(self, reason: str) -> None:
        self._change_state(State.INIT, reason)
        self.peer = None

    def _enter_backup(
        self, reason: str, now: float, patience: float, peer: IPAddress | None = None
    ) -> None:
        self._change_state(State.BACKUP, reason, peer)
        self._silent_since = now
        self.master_down_at = now + patience

    def _enter_master(self, reason: str, now: float) -> None:
        self._change_state(State.MASTER, reason, self.peer.source if self.peer else None)
        self._farewell = None
        self.is_releasing = False
        self._hold_down_until = 0.0
        self._was_cut_off = False
        self._advertise(now, now)
        self._holding = Holding(self.params.addresses)
        self._actions += self._holding.acquire(now)

    def _leave(self, farewell: Farewell | None) -> None:
        """Give up the addresses; `farewell` goes out when they are gone."""
        self._farewell = farewell
        self._release()

    # -- advertisements that come in ---------------------------------------------------------------

    def _hear_as_backup(self, heard: AdvertisementReceived, now: float) -> None:
        if heard.is_bow_out and self.peer is not None and self.peer.source != heard.source:
            return  # Another host has followed this one already: the second copy, come late.
        self.peer = heard
        self._drop_bow_out_if_served(heard)
        params = self.params
        verdict = judge_as_backup(
            *self._contenders(heard),
            own_master_down_units=master_down_units(
                params.advbase, params.advskew, params.deadratio
            ),
            preempt=params.preempt,
            was_cut_off=self._was_cut_off,
        )
        if now < self._hold_down_until and not heard.is_bow_out:
            verdict = BackupVerdict.WAIT
        match verdict:
            case BackupVerdict.WAIT:
                self._silent_since = now
                self._tie_patience = 0.0
                self.master_down_at = max(now + self._down_interval(), self._hold_down_until)
            case _ if heard.is_bow_out:
                self._enter_master(f"{heard.source} bowed out", now)
            case BackupVerdict.PREEMPT:
                self._enter_master(f"preempting {heard.source}: {self._compared(heard)}", now)
            case BackupVerdict.RECLAIM:
                self._enter_master(f"taking the role back from {heard.source}", now)
            case BackupVerdict.PEER_TOO_SLOW:
                self._enter_master(
                    f"{heard.source} is too slow to wait for: {self._compared(heard)}", now
                )
            case _:
                assert_never(verdict)

    def _hear_as_master(self, heard: AdvertisementReceived, now: float, holding: Holding) -> None:
        self.peer = heard
        verdict = judge_as_master(*self._contenders(heard))
        match verdict:
            case MasterVerdict.YIELD:
                parting = Farewell.parting(
                    self.params.advbase, self.params.advskew, now + self._own_interval()
                )
                reason = f"{heard.source} is preferred: {self._compared(heard)}"
                self._enter_backup(reason, now, self._down_interval(), heard.source)
                self._leave(parting)
            case MasterVerdict.YIELD_SILENTLY:
                # The winner may be a BSD that has yielded to us in the same moment.
                patience = TIE_PATIENCE * heard.units / UNITS_PER_SECOND
                reason = f"{heard.source} wins the tie: {self._compared(heard)}"
                self._enter_backup(reason, now, patience, heard.source)
                self._tie_patience = patience
                self._leave(None)
            case MasterVerdict.STAY_FASTER | MasterVerdict.STAY_TIED:
                self._actions += holding.outdo_rival(now, self._own_interval())
            case _:
                assert_never(verdict)

    def _drop_bow_out_if_served(self, heard: AdvertisementReceived) -> None:
        """A bow-out only moves the role; when another host has it, one more could move it again."""
        if self._farewell and self._farewell.is_bow_out and not heard.is_bow_out:
            self._farewell = None

    # -- the work ------------------------------------------------------------------------------------

    def _advertise(self, due: float, now: float) -> None:
        self._send(self.params.advbase, self.params.advskew)
        interval = self._own_interval()
        following = due + interval
        self.advertise_at = following if following > now else now + interval

    def _send(self, advbase: int, advskew: int) -> None:
        assert self.source is not None
        counter = self._next_counter
        # OpenBSD drops counter 0 as a replay for as long as it has not advertised itself.
        self._next_counter = ((counter + 1) & _COUNTER_MASK) or 1
        self.sent_counters.append(counter)
        self._actions.append(SendAdvertisement(self.source, advbase, advskew, counter))

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

    def _bow_out(self, now: float) -> Farewell:
        return Farewell.bow_out(until=now + self._down_interval())

    def _send_due_farewell(self, now: float) -> None:
        if self._farewell is None:
            return
        if self._farewell.take(now):
            self._send(self._farewell.advbase, self._farewell.advskew)
        if self._farewell.is_over:
            self._farewell = None

    # -- numbers and words -----------------------------------------------------------------------------

    def _contenders(self, heard: AdvertisementReceived) -> tuple[Contender, Contender]:
        assert self.source is not None
        counter = self.sent_counters[-1] if self.sent_counters else self._next_counter
        own = Contender(self._own_units(), self.source, counter)
        return own, Contender(heard.units, heard.source, heard.counter)

    def _own_units(self) -> int:
        return interval_units(self.params.advbase, self.params.advskew)

    def _own_interval(self) -> float:
        return advertisement_interval(self.params.advbase, self.params.advskew)

    def _down_interval(self) -> float:
        peer_units = 0 if self.peer is None or self.peer.is_bow_out else self.peer.units
        params = self.params
        return master_down_interval(params.advbase, params.advskew, params.deadratio, peer_units)

    def _silence(self, now: float) -> str:
        if self.peer is None and self._hold_down_until > self._silent_since:
            return f"no other host has taken over within {now - self._silent_since:.2f} s"
        who = f"from {self.peer.source}" if self.peer else "heard"
        return f"no advertisement {who} for {now - self._silent_since:.2f} s"

    def _compared(self, heard: AdvertisementReceived) -> str:
        theirs = heard.units / UNITS_PER_SECOND
        return f"it advertises every {theirs:.2f} s, this host every {self._own_interval():.2f} s"
