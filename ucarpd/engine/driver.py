"""The driver of one virtual host: it feeds the machine, does its actions, and has its one deadline.

It uses the rest of ucarpd only through the Protocols in `ports`; the supervisor passes the real
objects.  All code runs in the event loop and never waits.
"""

import asyncio
from collections.abc import Callable, Iterable

from ucarpd.carp import actions, events
from ucarpd.carp.actions import BACKUP, INIT, MASTER, Action, SendAdvertisement, State
from ucarpd.carp.another_daemon import is_of_another_daemon
from ucarpd.carp.machine import VirtualHost
from ucarpd.carp.params import IPAddress, Params
from ucarpd.carp.receive import Dropped, Receiver
from ucarpd.carp.timing import ALONE, Phase, later
from ucarpd.engine.custody import Custody
from ucarpd.engine.defect import give_up
from ucarpd.engine.outgoing import TOLD_AFTER, Outgoing
from ucarpd.engine.ports import Addresses, Log, Owner, Transition, Wire
from ucarpd.engine.timer import Timer

WAKE_UP_LEAD = 0.0002
"""Seconds by which a backup wakes up before its deadline.

It needs more time than this to send, so its advertisement never leaves too early.
"""

_DEADLINE_REACHED = events.DeadlineReached()


class Engine:
    """One virtual host in action.

    `counter` is 64 random bits for its first advertisement, `phase` is as in VirtualHost.  `late`
    gets the delay of each wake-up in seconds, and the time.  All engines share `timer`.
    """

    def __init__(
        self,
        params: Params,
        counter: int,
        *,
        wire: Wire,
        addresses: Addresses,
        log: Log,
        owner: Owner,
        timer: Timer | None = None,
        phase: Phase = ALONE,
        late: Callable[[float, float], None] = lambda _seconds, _now: None,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._machine = VirtualHost(params, counter, phase)
        self.receiver = Receiver(params)
        self._wire = wire
        self._outgoing = Outgoing(params, wire, log, self._loop.time, self._sending)
        self._addresses = addresses
        self._custody = Custody(
            self._machine,
            addresses,
            self._outgoing,
            log,
            owner,
            self._dispatch,
            self._act_on_held_loss,
        )
        self._log = log
        self._owner = owner
        self._late = late
        self._deadline = (timer or Timer()).deadline(self._on_deadline)
        self._due = float("inf")
        self._events: list[tuple[events.Event, float]] = []
        """Those that have come while another one is handled, with their times."""
        self._is_handling = False
        self._now = 0.0
        self._transition = Transition(INIT, INIT, "starting")
        self.sent = 0
        """Advertisements that got out, at least to one peer."""
        self._waiting_for: str | None = None
        self._held_loss: tuple[str, bool, bool] | None = None
        """A loss of the interface that is held back until the up-script ends."""
        self._is_over = self._is_failing = False

    @property
    def machine(self) -> VirtualHost:
        """The machine, to be looked at: events reach it through the engine alone."""
        return self._machine

    @property
    def state(self) -> State:
        return self._machine.state

    @property
    def reason(self) -> str:
        """The reason for the state, or for waiting."""
        return self._waiting_for or self._transition.reason

    @property
    def sources(self) -> tuple[IPAddress, ...]:
        """The source addresses of its advertisements; empty while the interface is unusable."""
        return self._machine.sources

    @property
    def next_counter(self) -> int:
        return self._machine.next_counter

    @property
    def is_loss_held(self) -> bool:
        """Whether the interface was lost during the up-script, which may itself be the cause."""
        return self._held_loss is not None

    # -- events ------------------------------------------------------------------------------------

    def interface_ready(self, sources: tuple[IPAddress, ...]) -> None:
        was_lost = self._waiting_for is not None or self.is_loss_held
        self._outgoing.follow_link(True)
        self._waiting_for = self._held_loss = None
        if was_lost or self._machine.sources != sources:
            self._dispatch(events.InterfaceReady(sources))
            self._custody.clear_backup()
            self._owner.identity_changed()

    def interface_lost(self, reason: str, can_send: bool, may_return: bool = False) -> None:
        if self._outgoing.follow_link(can_send):
            self._loop.call_soon(self._owner.sending, False)
        if self._machine.state is MASTER and self._addresses.is_up_script_running:
            # Common up-scripts set the link down for a moment, for example to set a MAC address.
            if self._held_loss is None:
                self._log.loss_held(reason)
            self._waiting_for, self._held_loss = None, (reason, can_send, may_return)
            self._dispatch(events.InterfaceLost(*self._held_loss, during_script=True))
            return
        was_held, self._held_loss = self.is_loss_held, None
        if reason != self._waiting_for:
            self._waiting_for = reason
            if self._machine.state is INIT and not self._is_over:
                self._log.waiting(reason)
            self._dispatch(events.InterfaceLost(reason, can_send, may_return))
        if was_held:
            self._owner.loss_counts()

    def hardware_address_changed(self) -> None:
        self._dispatch(events.HardwareAddressChanged())
        self._owner.identity_changed()

    def segment_heard(self) -> None:
        """Handle the first frame of the segment after a silence."""
        self._dispatch(events.SegmentHeard())

    def receive(self, frame: bytes, at: float) -> events.AdvertisementReceived | Dropped:
        """Handle a frame that arrived at monotonic second `at`; return its kind."""
        sources = self._machine.sources
        result = self.receiver.check(frame, sources, self._machine.sent_counters)
        if isinstance(result, Dropped):
            self._log.dropped(result)
            return result
        source = result.statement.source
        if source in sources:
            self._log.source_taken(source)
        self._dispatch(result, at)
        return result

    def sent_by_another(self, frame: bytes) -> bool:
        """Return whether another daemon of this host sent this advertisement for our vhid."""
        return is_of_another_daemon(frame, self._machine.sent_counters)

    def address_added(self, ip: IPAddress) -> None:
        self._custody.added(ip)

    def address_removed(self, ip: IPAddress) -> None:
        self._custody.removed(ip)

    def address_claimed(self, ip: IPAddress, mac: bytes) -> None:
        """Handle the statement of another host that an address is at this MAC address."""
        self._dispatch(events.AddressClaimed(ip, mac))

    def change_params(self, params: Params, removed: Iterable[IPAddress] = ()) -> None:
        """Take over a reloaded configuration, and keep the state.

        The owner itself removes the addresses `removed`, even if they stay with another prefix length.
        """
        self._custody.owner_removes(removed)
        self.receiver.configure(params)
        self._outgoing.configure(params)
        self._dispatch(events.ParamsChanged(params))
        self._owner.identity_changed()

    def demote(
        self, demotion: int, reason: str, *, is_tested: bool = True, is_planned: bool = False
    ) -> None:
        """Set the new demotion of this host, 0 to 255, with the reason for the change.

        The rest is as in DemotionChanged.
        """
        self._dispatch(events.DemotionChanged(demotion, reason, is_tested, is_planned))

    def gateways_silent(self, since: float) -> None:
        """Handle that no gateway answers, as in GatewaysSilent."""
        self._dispatch(events.GatewaysSilent(since))

    def step_down(self, reason: str) -> None:
        self._dispatch(events.StepDownRequested(reason))

    def stop(self, reason: str) -> None:
        """Leave for good; when the addresses are gone, call the owner's `finished`."""
        self._dispatch(events.StopRequested(reason))

    # -- the machine -------------------------------------------------------------------------------

    def _dispatch(self, event: events.Event, at: float | None = None) -> None:
        """Pass an event to the machine; `at` is its monotonic time, by default now.

        For the machine, time never goes back.  An event that an action causes waits until the other
        actions are done.
        """
        if self._is_over:
            return
        if at is None:
            at = self._loop.time()
        if self._is_handling:
            self._events.append((event, at))
            return
        self._is_handling = True
        try:
            while True:
                self._now = now = later(self._now, at)
                for action in self._machine.handle(event, now):
                    if isinstance(action, SendAdvertisement):
                        self._advertise(action)
                    else:
                        self._perform(action)
                if not self._events:
                    break
                event, at = self._events.pop(0)
            due = self._machine.next_deadline()
            if due is not None:
                self._due = due
                if self._machine.state is BACKUP:
                    due -= WAKE_UP_LEAD
            self._deadline.set(due)
        except Exception as error:  # noqa: BLE001 - no error may end the process
            self._fail(error)
        finally:
            self._is_handling = False

    def _on_deadline(self) -> None:
        due = self._due
        now = later(due, self._loop.time())
        try:
            self._late(now - due, now)
            if self._machine.state is BACKUP:
                # Only silence makes a backup take over: what has come in time may wait in the socket.
                is_all_read = self._wire.read_until(due)
                if self._due != due:
                    return  # An advertisement has moved it.
                if not is_all_read:
                    self._deadline.set(due - WAKE_UP_LEAD)
                    return
                now = later(due, self._loop.time())
        except Exception as error:  # noqa: BLE001 - without a deadline it would never act again
            self._fail(error)
        else:
            self._dispatch(_DEADLINE_REACHED, now)

    def _perform(self, action: Action) -> None:
        match action:
            case actions.StateChanged(old, new, reason):
                self._transition = Transition(new, old, reason)
                if new is not MASTER:
                    self._loop.call_soon(self._act_on_held_loss)
                self._log.transition(action)
                self._owner.changed(action)
            case actions.Report(actions.Finding.MASTER_ANSWERS, peer) if (
                peer is not None and self._log.has_wrong_digest(peer)
            ):
                pass  # Its advertisements are dropped, not lost, and the log says why.
            case actions.Report():
                self._log.found(action)
                self._owner.found(action)
            case actions.AcquireAddresses():
                self._custody.acquire(self._transition)
            case actions.ReassertAddresses():
                self._custody.reassert(self._transition)
            case actions.ReportUnserved(addresses):
                self._custody.report_unserved(addresses)
            case actions.ReleaseAddresses(at_start):
                self._custody.release(self._transition, at_start)
            case actions.AnnounceAddresses():
                self._custody.announce(action)
                if action.asks:
                    self._outgoing.ask(action.addresses, self._machine.sources)
            case actions.ProbeMaster(_, addresses):
                self._wire.expect_answers(addresses, self.address_claimed)
                self._outgoing.probe(action)
                # The call waits for the loop's next turn, because it may cause another event.
                self._loop.call_soon(self._owner.probing)
            case actions.Finish():
                self._end()
                self._owner.finished()

    def _advertise(self, action: SendAdvertisement) -> None:
        got_out = self._outgoing.advertise(action)
        self.sent += got_out
        # Frames that waited in the socket meanwhile came before it, and are no answer to it.
        self._now = now = later(self._now, self._loop.time())
        if self._machine.state is MASTER:
            if got_out:
                self._owner.advertised(now)
            if not self._addresses.are_settled:
                self._custody.look_again()

    def _sending(self, is_failing: bool) -> None:
        # The call waits for the loop's next turn, because it causes another event.
        self._loop.call_soon(self._owner.sending, is_failing)
        if is_failing:
            # With short intervals it comes early, and a host that is less fit sends no more.
            self._loop.call_later(TOLD_AFTER, self._outgoing.tell_failure)

    def _act_on_held_loss(self) -> None:
        """Report a held loss: the up-script has ended, or another host has the role."""
        if self._held_loss is not None:
            self.interface_lost(*self._held_loss)

    # -- the end -----------------------------------------------------------------------------------

    def _end(self) -> None:
        self._is_over = True
        self._events.clear()
        self._custody.close()
        self._deadline.set(None)

    def _fail(self, error: Exception) -> None:
        """Give up after a defect of ucarpd; after another one this is under way."""
        self._log.fault(error)
        if self._is_failing:
            return
        self._is_failing = True
        self._end()
        self._transition = Transition(INIT, self._transition.state, "internal error")
        give_up(
            self._machine,
            self._transition,
            self._addresses,
            self._advertise,
            self._log,
            self._owner,
        )
