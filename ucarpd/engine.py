"""The driver of one virtual host: feeds the machine, performs its actions, owns its one timer.

It knows the outside only through the Protocols below; the supervisor plugs in the real parts.
Everything runs in the event loop, and nothing here waits for anything.
"""

import asyncio
import errno
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from ucarpd.carp import actions, events
from ucarpd.carp.actions import Action, AnnounceAddresses, SendAdvertisement, State, StateChanged
from ucarpd.carp.demotion import SendErrors
from ucarpd.carp.frame import MalformedHeader, parse
from ucarpd.carp.machine import VirtualHost
from ucarpd.carp.packet import HEADER_SIZE, decode
from ucarpd.carp.params import IPAddress, Params
from ucarpd.carp.receive import Dropped, Receiver
from ucarpd.carp.timing import BOW_OUT_ADVBASE, BOW_OUT_ADVSKEW
from ucarpd.carp.transmit import Datagram, Transmitter

WAKE_UP_LEAD = 0.0002
"""Seconds by which a backup wakes up before its deadline: less than it takes it to get from there to
the wire, so that no rival gets an advertisement too soon.
"""

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


class Addresses(Protocol):
    """Puts the virtual addresses on the interface and takes them off, beside the loop.

    Of several requests the newest counts; one that it overtakes may call back or not.
    """

    @property
    def are_scripted(self) -> bool:
        """Whether scripts own the addresses, so that only the kernel tells when they are there."""

    @property
    def is_busy(self) -> bool: ...
    def acquire(
        self, transition: Transition, there: Callable[[], None], done: Callable[[bool], None]
    ) -> None:
        """`there` may be called ahead of `done`, in another thread, when the addresses are there."""

    def release(self, transition: Transition, at_start: bool, done: Callable[[], None]) -> None: ...


class Log(Protocol):
    def transition(self, change: StateChanged) -> None: ...
    def waiting(self, reason: str) -> None: ...
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
    def sending(self, is_failing: bool) -> None:
        """Advertisements do not get out any more, or do again."""

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
        self._announced_ahead = 0
        """The job whose first announcement is on the wire before the machine has asked for it."""
        self._removed: set[IPAddress] = set()
        """Addresses that have vanished since the up-script was last started, and not come back."""
        self._is_over = False

    @property
    def state(self) -> State:
        return self._machine.state

    @property
    def reason(self) -> str:
        """Why it is in this state, or what it waits for."""
        return self._waiting_for or self._transition.reason

    @property
    def receiver(self) -> Receiver:
        return self._receiver

    # -- what comes in -------------------------------------------------------------------------------

    def interface_ready(self, sources: tuple[IPAddress, ...]) -> None:
        self._waiting_for = None
        if self._machine.state is State.INIT or self._machine.sources != sources:
            self._dispatch(events.InterfaceReady(sources))

    def interface_lost(self, reason: str, can_send: bool) -> None:
        if reason == self._waiting_for:
            return
        self._waiting_for = reason
        if self._machine.state is State.INIT and not self._is_over:
            self._log.waiting(reason)
        self._dispatch(events.InterfaceLost(reason, can_send))

    def hardware_address_changed(self) -> None:
        self._dispatch(events.HardwareAddressChanged())

    def segment_heard(self) -> None:
        """The first advertisement after a silence came in: what was announced in it may be lost."""
        self._dispatch(events.HardwareAddressChanged())

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
        is_bow_out = (sent.advbase, sent.advskew) == (BOW_OUT_ADVBASE, BOW_OUT_ADVSKEW)
        return not is_bow_out and sent.counter not in self._machine.sent_counters

    def address_added(self, ip: IPAddress) -> None:
        """The kernel has one of our addresses."""
        self._removed.discard(ip)
        if self._machine.state is State.MASTER:
            # Of those that we added ourselves we know already.
            if self._addresses.are_scripted:
                self._dispatch(events.AddressesAcquired((ip,)))
        elif not self._addresses.is_busy and not self._machine.is_releasing:
            self._log.address_out_of_place(ip, self._machine.state)
            self._dispatch(events.AddressesAcquired((ip,)))

    def address_removed(self, ip: IPAddress) -> None:
        # A script at work may take the address off and put it back; that is its own business.
        if self._addresses.are_scripted:
            self._removed.add(ip)
        if not self._addresses.is_busy:
            if self._machine.state is State.MASTER:
                self._log.address_taken_away(ip)
            self._dispatch(events.AddressRemoved(ip))

    def change_params(self, params: Params) -> None:
        """Take over a reloaded configuration without leaving the state."""
        self._receiver.configure(params)
        self._transmitter.configure(params)
        self._dispatch(events.ParamsChanged(params))

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
                self._log.transition(action)
                self._owner.changed()
            case actions.SendAdvertisement():
                self._advertise(action)
            case actions.AcquireAddresses():
                self._job += 1
                self._removed.clear()
                there = partial(self._announce_ahead, self._job)
                done = partial(self._acquired, self._job)
                self._addresses.acquire(self._transition, there, done)
            case actions.ReleaseAddresses(at_start):
                self._job += 1
                gone = partial(self._released, self._job)
                self._addresses.release(self._transition, at_start, gone)
            case AnnounceAddresses():
                if self._announced_ahead == self._job:
                    self._announced_ahead = 0
                else:
                    for frame in self._announcements(action):
                        self._send(frame)
            case actions.Finish():
                self._end()
                self._owner.finished()

    def _announcements(self, action: AnnounceAddresses) -> list[bytes]:
        is_router = action.has_ipv6 and self._wire.is_router
        return self._transmitter.announcements(action, self._wire.mac, is_router)

    def _announce_ahead(self, job: int) -> None:
        """In the thread that has put the addresses there: on the way back to the loop as much time
        goes by as on the whole way there.
        """
        if job != self._job:
            return
        try:
            for frame in self._announcements(AnnounceAddresses(self._machine.params.addresses)):
                self._wire.send(frame)
        except OSError:
            return  # The loop does it again, and reports it.
        self._announced_ahead = job

    def _advertise(self, action: SendAdvertisement) -> None:
        results = [
            self._send(each) for each in self._transmitter.advertisement(action, self._wire.mac)
        ]
        # Of several peers one may be out of reach; that says nothing about this host.
        if results.count(None) == len(results):
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

    # A job that a newer one has overtaken says nothing about where the addresses are now.

    def _acquired(self, job: int, success: bool) -> None:
        if job == self._job:
            self._dispatch(events.AddressesAcquired() if success else events.AcquireFailed())
            # What was taken away while the script was still at work.
            for ip in sorted(self._removed, key=str):
                self.address_removed(ip)

    def _released(self, job: int) -> None:
        if job == self._job:
            self._dispatch(events.AddressesReleased())

    # -- the end ---------------------------------------------------------------------------------------

    def _end(self) -> None:
        self._is_over = True
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _fail(self, error: Exception) -> None:
        """A defect of ours: its state cannot be trusted, so another host shall serve.

        The owner hears `failed` when the addresses are off and the bow-out is sent.
        """
        self._end()
        self._log.fault(error)
        self._transition = Transition(State.INIT, self._transition.state, "internal error")
        self._addresses.release(self._transition, False, self._bow_out_after_fault)

    def _bow_out_after_fault(self) -> None:
        sources, sent = self._machine.sources, self._machine.sent_counters
        # From a backup it would only unsettle the others.
        if self._transition.previous is State.MASTER and sent:
            counter = (sent[-1] + 1) % (1 << 64) or 1
            for each in sources:
                self._advertise(SendAdvertisement(each, BOW_OUT_ADVBASE, BOW_OUT_ADVSKEW, counter))
        self._owner.failed()
