"""The driver of one virtual host: feeds the machine, performs its actions, owns its one timer.

It knows the outside only through the Protocols below; the supervisor plugs in the real parts.
Everything runs in the event loop, and nothing here waits for anything.
"""

import asyncio
import errno
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Protocol

from ucarpd.carp import actions, events
from ucarpd.carp.actions import (
    Action,
    AnnounceAddresses,
    Report,
    SendAdvertisement,
    State,
    StateChanged,
)
from ucarpd.carp.demotion import SendErrors
from ucarpd.carp.farewell import bow_out_of
from ucarpd.carp.frame import MalformedHeader, parse
from ucarpd.carp.machine import VirtualHost
from ucarpd.carp.packet import HEADER_SIZE, decode
from ucarpd.carp.params import IPAddress, Params
from ucarpd.carp.receive import Dropped, Receiver
from ucarpd.carp.standing import BOW_OUT
from ucarpd.carp.transmit import Datagram, Transmitter

WAKE_UP_LEAD = 0.0002
"""Seconds by which a backup wakes up before its deadline: less than it takes it to get from there to
the wire, so that no rival gets an advertisement too soon.
"""

FIRST_RELEASE_PAUSE = 0.2
LONGEST_RELEASE_PAUSE = 60.0
"""Seconds before an address that could not be taken off is tried again; each failure doubles it."""

CONTESTED = "contested"
"""UCARP_REASON of an up-script that runs again because a rival had the role too."""

_PEER_UNREACHABLE = {errno.EHOSTDOWN, errno.EHOSTUNREACH, errno.ENETUNREACH}


class Wire(Protocol):
    """The interface: its own MAC address, and a way out."""

    @property
    def mac(self) -> bytes: ...
    @property
    def is_router(self) -> bool:
        """Whether this host forwards IPv6 packets that come in here."""

    def send(self, frame: bytes) -> None:
        """Raises OSError."""

    def send_datagram(self, datagram: Datagram) -> None:
        """Raises OSError."""


@dataclass(frozen=True, slots=True)
class Transition:
    """What a script is told about the change that it is run for."""

    state: State
    previous: State
    reason: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of an attempt to put the addresses in place, by the kernel's table.

    `here` are served now, `refused` could not be put there.  An address in neither was put there and
    removed again by somebody else.
    """

    here: tuple[IPAddress, ...]
    refused: tuple[IPAddress, ...] = ()
    has_hung: bool = False
    """The attempt ended by a time-out: the clients would have to wait as long for another one."""


class Addresses(Protocol):
    """Puts the virtual addresses on the interface and takes them off, beside the loop.

    The newest request wins.  A superseded one may or may not call back.
    """

    @property
    def are_scripted(self) -> bool:
        """Whether scripts own the addresses, so that only the kernel tells when they are there."""

    @property
    def is_busy(self) -> bool:
        """Whether a request is being carried out; its end tells where the addresses are."""

    @property
    def is_up_script_running(self) -> bool: ...
    def acquire(
        self,
        transition: Transition,
        there: Callable[[tuple[IPAddress, ...]], None],
        done: Callable[[Outcome], None],
    ) -> None:
        """`there` may be called ahead of `done`, in another thread, with addresses that are there."""

    def reassert(self, transition: Transition, done: Callable[[Outcome], None]) -> None:
        """Run the up-script again; only asked for where scripts own the addresses."""

    def release(self, transition: Transition, at_start: bool, done: Callable[[], None]) -> None: ...
    def appeared(self) -> None:
        """Take note that one of them is on the interface now."""

    def present(self) -> tuple[IPAddress, ...]:
        """Those that are on the interface now."""

    def missing(self) -> tuple[IPAddress, ...]:
        """Those that a master should have on the interface, and has not."""


class Log(Protocol):
    def transition(self, change: StateChanged) -> None: ...
    def found(self, report: Report) -> None: ...
    def waiting(self, reason: str) -> None: ...
    def loss_held(self, reason: str) -> None: ...
    def dropped(self, dropped: Dropped) -> None: ...
    def send_failed(self, error: OSError) -> None: ...
    def sent(self) -> None: ...
    def source_taken(self, source: IPAddress) -> None: ...
    def address_taken_away(self, ip: IPAddress) -> None: ...
    def address_out_of_place(self, ip: IPAddress, state: State) -> None: ...
    def fault(self, error: BaseException) -> None: ...


class Owner(Protocol):
    """Whom the engine tells about itself; after `finished` and `failed` it handles nothing more."""

    def changed(self) -> None: ...
    def identity_changed(self) -> None:
        """The addresses, the MAC address or the parameters of its advertisements have changed."""

    def advertised(self) -> None:
        """An advertisement of this master has left."""

    def sending(self, is_failing: bool) -> None:
        """Advertisements do not get out any more, or do again."""

    def unserved(self, addresses: tuple[IPAddress, ...]) -> None:
        """These virtual addresses cannot be put in place; none: all are served again."""

    def loss_counts(self) -> None:
        """The loss of the interface that waited for the up-script has ended the role."""

    def finished(self) -> None: ...
    def failed(self) -> None: ...


class Engine:
    """One virtual host in action.

    `counter` is 64 random bits for its first advertisement, `phase` as in VirtualHost.  `late` is
    told by how many seconds each timer came too late.
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
        phase: float = 1.0,
        late: Callable[[float], None] = lambda _seconds: None,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._machine = VirtualHost(params, counter, phase)
        self._receiver = Receiver(params)
        self._transmitter = Transmitter(params)
        self._wire = wire
        self._addresses = addresses
        self._log = log
        self._owner = owner
        self._late = late
        self._timer: asyncio.TimerHandle | None = None
        self._now = 0.0
        self._transition = Transition(State.INIT, State.INIT, "starting")
        self._waiting_for: str | None = None
        self._send_errors = SendErrors()
        self._job = 0
        self._announced_ahead: tuple[int, frozenset[IPAddress]] = (0, frozenset())
        """The job whose first announcement left before the machine has asked for it, and of what."""
        self._refused: tuple[IPAddress, ...] = ()
        """What the last attempt could not put in place."""
        self._unserved: tuple[IPAddress, ...] = ()
        """What the owner knows that this host cannot serve; another host may serve it meanwhile."""
        self._held_loss: tuple[str, bool] | None = None
        """A loss of the interface that waits for the end of the up-script."""
        self._release_pause = FIRST_RELEASE_PAUSE
        self._again: asyncio.TimerHandle | None = None
        self._is_over = False

    @property
    def state(self) -> State:
        return self._machine.state

    @property
    def reason(self) -> str:
        """Why it is in this state, or what it waits for."""
        return self._waiting_for or self._transition.reason

    @property
    def sources(self) -> tuple[IPAddress, ...]:
        """The addresses that it advertises from, while its interface can be used."""
        return self._machine.sources

    @property
    def next_counter(self) -> int:
        """That of the next advertisement."""
        return self._machine.next_counter

    @property
    def receiver(self) -> Receiver:
        return self._receiver

    # -- what comes in -------------------------------------------------------------------------------

    @property
    def is_loss_held(self) -> bool:
        """Whether the interface is lost while the up-script runs, which may be the script's doing."""
        return self._held_loss is not None

    def interface_ready(self, sources: tuple[IPAddress, ...]) -> None:
        was_waiting = self._waiting_for is not None
        self._waiting_for = self._held_loss = None
        is_news = was_waiting or self._machine.sources != sources
        if is_news or self._machine.state is State.INIT:
            self._dispatch(events.InterfaceReady(sources))
            self._owner.identity_changed()

    def interface_lost(self, reason: str, can_send: bool, may_return: bool = False) -> None:
        if self._machine.state is State.MASTER and self._addresses.is_up_script_running:
            # Common up-scripts take the link down for a moment, to set a MAC address for instance.
            if self._held_loss is None:
                self._log.loss_held(reason)
            self._held_loss = (reason, can_send)
            return
        if reason == self._waiting_for:
            return
        self._waiting_for = reason
        if self._machine.state is State.INIT and not self._is_over:
            self._log.waiting(reason)
        self._dispatch(events.InterfaceLost(reason, can_send, may_return))

    def hardware_address_changed(self) -> None:
        self._dispatch(events.HardwareAddressChanged())
        self._owner.identity_changed()

    def segment_heard(self) -> None:
        """The segment can be heard again after a silence."""
        self._dispatch(events.SegmentHeard())

    def receive(self, frame: bytes, at: float) -> IPAddress | None:
        """Take in a frame that came at monotonic second `at`.

        Returns its source, if it was an advertisement with a good digest.
        """
        result = self._receiver.check(frame, self._machine.sources, self._machine.sent_counters)
        if isinstance(result, Dropped):
            self._log.dropped(result)
            return None
        if result.source in self._machine.sources:
            self._log.source_taken(result.source)
        self._dispatch(result, at)
        return result.source

    def sent_by_another(self, frame: bytes) -> bool:
        """Whether an advertisement for our vhid that left this host is another daemon's.

        A bow-out may be that of our own predecessor.
        """
        try:
            payload = parse(frame).payload
        except MalformedHeader:
            return False
        if len(payload) < HEADER_SIZE:
            return False
        sent = decode(payload)
        is_bow_out = (sent.advbase, sent.advskew) == BOW_OUT[:2]
        return not is_bow_out and sent.counter not in self._machine.sent_counters

    def address_added(self, ip: IPAddress) -> None:
        """The kernel has one of our addresses."""
        if self._machine.state is State.MASTER:
            # Of those that we added ourselves we know already.
            if self._addresses.are_scripted:
                self._addresses.appeared()
                self._dispatch(events.AddressesAcquired((ip,)))
        elif self._machine.is_releasing:
            self._addresses.appeared()
        elif not self._addresses.is_busy:
            self._log.address_out_of_place(ip, self._machine.state)
            self._dispatch(events.AddressesAcquired((ip,)))

    def address_removed(self, ip: IPAddress) -> None:
        if self._machine.is_releasing:
            self._check_whether_off()
        # While a job runs, its end tells what is there: a script may take the address off itself.
        elif not self._addresses.is_busy and ip not in self._refused:
            if self._machine.state is State.MASTER:
                self._log.address_taken_away(ip)
            self._dispatch(events.AddressRemoved(ip))

    def change_params(self, params: Params) -> None:
        """Take over a reloaded configuration without leaving the state."""
        self._receiver.configure(params)
        self._transmitter.configure(params)
        self._dispatch(events.ParamsChanged(params))
        self._owner.identity_changed()

    def demote(self, demotion: int, reason: str) -> None:
        """This host is less fit than usual, or fit again: the new sum, and why."""
        self._dispatch(events.DemotionChanged(demotion, reason))

    def step_down(self, reason: str) -> None:
        self._dispatch(events.StepDownRequested(reason))

    def stop(self, reason: str) -> None:
        """Leave for good; the owner hears `finished` when the addresses are off and all is sent."""
        self._dispatch(events.StopRequested(reason))

    # -- the machine -----------------------------------------------------------------------------------

    def _dispatch(self, event: events.Event, at: float | None = None) -> None:
        """`at` is when it happened; now, if not given.  To the machine time never goes back."""
        if self._is_over:
            return
        self._now = max(self._now, self._loop.time() if at is None else at)
        try:
            for action in self._machine.handle(event, self._now):
                self._perform(action)
            self._arm()
        except Exception as error:  # noqa: BLE001 - whatever it is, it must not end the process
            self._fail(error)

    def _arm(self) -> None:
        deadline = None if self._is_over else self._machine.next_deadline()
        lead = WAKE_UP_LEAD if self._machine.state is State.BACKUP else 0.0
        if self._timer is not None:
            if deadline is not None and self._timer.when() == deadline - lead:
                return
            self._timer.cancel()
            self._timer = None
        if deadline is not None:
            self._timer = self._loop.call_at(deadline - lead, self._on_timer, deadline)

    def _on_timer(self, due: float) -> None:
        self._timer = None
        now = self._loop.time()
        self._late(max(0.0, now - due))
        self._dispatch(events.DeadlineReached(), max(due, now))

    def _perform(self, action: Action) -> None:
        match action:
            case actions.StateChanged(old, new, reason):
                self._transition = Transition(new, old, reason)
                if new is not State.MASTER:
                    self._loop.call_soon(self._act_on_held_loss)
                self._log.transition(action)
                self._owner.changed()
            case actions.Report():
                self._log.found(action)
            case actions.SendAdvertisement():
                self._advertise(action)
            case actions.AcquireAddresses():
                self._job += 1
                there = partial(self._announce_ahead, self._job)
                done = partial(self._acquired, self._job)
                self._addresses.acquire(self._transition, there, done)
            case actions.ReassertAddresses():
                if self._addresses.are_scripted:
                    self._job += 1
                    again = replace(self._transition, previous=State.MASTER, reason=CONTESTED)
                    self._addresses.reassert(again, partial(self._acquired, self._job))
            case actions.ReportUnserved(addresses):
                self._report_unserved(addresses)
            case actions.ReleaseAddresses(at_start):
                self._job += 1
                gone = partial(self._released, self._job)
                self._addresses.release(self._transition, at_start, gone)
                self._loop.call_soon(self._check_whether_off)
            case AnnounceAddresses():
                ahead, self._announced_ahead = self._announced_ahead, (0, frozenset())
                if ahead != (self._job, frozenset(action.addresses)):
                    for frame in self._announcements(action):
                        self._send(frame)
            case actions.Finish():
                self._end()
                self._owner.finished()

    def _announcements(self, action: AnnounceAddresses) -> list[bytes]:
        is_router = action.has_ipv6 and self._wire.is_router
        return self._transmitter.announcements(action, self._wire.mac, is_router)

    def _announce_ahead(self, job: int, addresses: tuple[IPAddress, ...]) -> None:
        """In the thread that has put the addresses there: on the way back to the loop as much time
        goes by as on the whole way there.
        """
        if job != self._job:
            return
        try:
            for frame in self._announcements(AnnounceAddresses(addresses)):
                self._wire.send(frame)
        except OSError:
            return  # The loop does it again, and reports it.
        self._announced_ahead = (job, frozenset(addresses))

    def _advertise(self, action: SendAdvertisement) -> None:
        results = [
            self._send(each) for each in self._transmitter.advertisement(action, self._wire.mac)
        ]
        if self._machine.state is State.MASTER:
            if True in results:
                self._owner.advertised()
            self._look_again()
        # Of several peers one may be out of reach; that says nothing about this host.
        # Nor does a failure while our own script has the link down.
        if results.count(None) == len(results) or self._held_loss is not None:
            return
        errors = self._send_errors
        was_failing, was_clean = errors.is_failing, errors.is_clean
        errors.note(success=True in results)
        if errors.is_clean and not was_clean:
            self._log.sent()
        if errors.is_failing != was_failing:
            # Not from within this event: it will be one more.
            self._loop.call_soon(self._owner.sending, errors.is_failing)

    def _send(self, outgoing: bytes | Datagram) -> bool | None:
        """Whether it went out; None: the peer cannot be reached, which is no fault of this host."""
        try:
            if isinstance(outgoing, Datagram):
                self._wire.send_datagram(outgoing)
            else:
                self._wire.send(outgoing)
        except OSError as error:
            if isinstance(outgoing, Datagram) and error.errno in _PEER_UNREACHABLE:
                return None
            self._log.send_failed(error)
            return False
        return True

    # -- where the addresses are -------------------------------------------------------------------------

    # A superseded job says nothing about where the addresses are now.

    def _acquired(self, job: int, outcome: Outcome) -> None:
        if job != self._job:
            return
        self._refused = outcome.refused
        if outcome.here:
            self._dispatch(events.AddressesAcquired(outcome.here))
        if outcome.refused:
            self._dispatch(events.AcquireFailed(outcome.refused, outcome.has_hung))
        gone = set(self._machine.params.addresses).difference(outcome.here)
        for ip in sorted(gone, key=str):
            self.address_removed(ip)
        if not gone:
            self._report_unserved(())
        self._act_on_held_loss()

    def _report_unserved(self, addresses: tuple[IPAddress, ...]) -> None:
        if addresses != self._unserved:
            self._unserved = addresses
            # Not from within this event: it will be one more.
            self._loop.call_soon(self._owner.unserved, addresses)

    def _look_again(self) -> None:
        """A master compares what it wants with what is there: an event may have been missed."""
        if not self._addresses.is_busy:
            for ip in self._addresses.missing():
                self._loop.call_soon(self.address_removed, ip)

    def _act_on_held_loss(self) -> None:
        """The up-script has ended, or another host has the role: now the loss of the link counts."""
        if self._held_loss is not None:
            held, self._held_loss = self._held_loss, None
            self.interface_lost(*held)
            self._owner.loss_counts()

    def _check_whether_off(self) -> None:
        """The role may go to a peer although the down-script still has other work to do."""
        scripted = self._addresses.are_scripted
        if scripted and self._machine.is_releasing and not self._addresses.present():
            self._dispatch(events.AddressesOff())

    def _released(self, job: int) -> None:
        if job != self._job:
            return
        self._dispatch(events.AddressesReleased())
        if not self._addresses.present():
            self._release_pause = FIRST_RELEASE_PAUSE
        elif not self._is_over and self._machine.state is not State.MASTER:
            self._again = self._loop.call_later(self._release_pause, self._release_again)
            self._release_pause = min(2 * self._release_pause, LONGEST_RELEASE_PAUSE)

    def _release_again(self) -> None:
        """An address that the kernel would not let go of, on a host that must not answer for it."""
        present = self._addresses.present()
        if present and self._machine.state is not State.MASTER:
            self._dispatch(events.AddressesAcquired(present))

    # -- the end ---------------------------------------------------------------------------------------

    def _end(self) -> None:
        self._is_over = True
        for timer in filter(None, (self._timer, self._again)):
            timer.cancel()
        self._timer = self._again = None

    def _fail(self, error: Exception) -> None:
        """A defect of ours: its state cannot be trusted, so another host shall serve.

        The owner hears `failed` when the addresses are off and the bow-out is sent.
        """
        self._end()
        self._log.fault(error)
        self._transition = Transition(State.INIT, self._transition.state, "internal error")
        try:
            self._addresses.release(self._transition, False, self._bow_out_after_fault)
        except Exception as another:  # noqa: BLE001 - the restart takes the addresses off
            self._log.fault(another)
            self._owner.failed()

    def _bow_out_after_fault(self) -> None:
        sources, sent = self._machine.sources, self._machine.sent_counters
        # From a backup it would only unsettle the others.
        if self._transition.previous is State.MASTER and sent:
            counter = (sent[-1] + 1) % (1 << 64) or 1
            for each in sources:
                self._advertise(bow_out_of(each, counter))
        self._owner.failed()
