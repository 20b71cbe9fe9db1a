"""The interfaces of the engine: the wire, the addresses, the log, and its owner."""

from collections.abc import Callable, Collection
from typing import NamedTuple, Protocol

from ucarpd.carp.actions import Report, State, StateChanged
from ucarpd.carp.neighbours import Answered
from ucarpd.carp.params import IPAddress
from ucarpd.carp.receive import Dropped
from ucarpd.carp.transmit import Datagram


class Wire(Protocol):
    """The network interface: its own MAC address, sending, and the answers to questions."""

    @property
    def mac(self) -> bytes: ...
    @property
    def is_router(self) -> bool:
        """Whether this host forwards IPv6 packets from this interface."""

    def send(self, frame: bytes) -> None:
        """Send an Ethernet frame.  Raises OSError; never blocks."""

    def send_datagram(self, datagram: Datagram) -> None:
        """Send an IP packet to one peer.  Raises OSError; never blocks."""

    def read_until(self, at: float) -> bool:
        """Pass on frames that came until monotonic second `at`; return whether those are all read.

        At most some are read at once, so that the timers get their turn.
        """

    def expect_answers(self, addresses: Collection[IPAddress], answered: Answered) -> None:
        """Pass on who answers for these addresses, if the next answer comes soon."""


class Transition(NamedTuple):
    """A change of state, as scripts get it in their environment."""

    state: State
    previous: State
    reason: str


class Outcome(NamedTuple):
    """The result of an attempt to put the addresses in place, by the kernel's table.

    `here` are served now, `refused` could not be added.  An address in neither was added, and then
    removed by another program.
    """

    here: tuple[IPAddress, ...]
    refused: tuple[IPAddress, ...] = ()
    has_hung: bool = False
    """Whether the attempt timed out; another attempt would keep the clients waiting as long."""


class Addresses(Protocol):
    """The object that adds and removes the virtual addresses without blocking the event loop.

    The newest request wins.  A superseded one may or may not call back.
    """

    @property
    def are_scripted(self) -> bool:
        """Whether scripts own the addresses; if so, only kernel events report the addresses."""

    @property
    def is_busy(self) -> bool:
        """Whether a request is under way; its result reports the addresses."""

    @property
    def is_up_script_running(self) -> bool: ...
    def acquire(
        self,
        transition: Transition,
        there: Callable[[tuple[IPAddress, ...]], None],
        done: Callable[[Outcome], None],
    ) -> None:
        """Put the addresses in place; `done` gets the outcome.

        Before `done`, another thread may call `there` with the addresses that are in place.
        """

    def reassert(self, transition: Transition, done: Callable[[Outcome], None]) -> None:
        """Run the up-script again; only called if scripts own the addresses."""

    def release(self, transition: Transition, at_start: bool, done: Callable[[], None]) -> None: ...
    def appeared(self) -> None:
        """Note that a virtual address is on the interface now."""

    def mend(self) -> None:
        """Put back removed addresses while the up-script is still running."""

    @property
    def are_settled(self) -> bool:
        """Whether nothing has changed since `step_behind` looked at them; it need not look again."""

    def step_behind(self, own: Collection[IPAddress], failed: Callable[[Outcome], None]) -> None:
        """Make the host's `own` addresses the source of its connections again, if ours are.

        `failed` gets the outcome if an address is refused meanwhile.
        """

    def is_hosts_own(self, ip: IPAddress) -> bool:
        """Return whether it is the interface's only address, and ucarpd has added no address."""

    def present(self) -> tuple[IPAddress, ...]:
        """Return the addresses that are on the interface now."""

    def unserved_elsewhere(
        self, ips: tuple[IPAddress, ...], done: Callable[[tuple[IPAddress, ...]], None]
    ) -> None:
        """Call `done` with those addresses that no other process of this host serves."""

    def missing(self) -> tuple[IPAddress, ...]:
        """Return the addresses that a master should have on the interface, but has not."""


class Log(Protocol):
    """The log of one virtual host."""

    def has_wrong_digest(self, source: IPAddress) -> bool: ...
    def transition(self, change: StateChanged) -> None: ...
    def found(self, report: Report) -> None: ...
    def waiting(self, reason: str) -> None: ...
    def loss_held(self, reason: str) -> None: ...
    def dropped(self, dropped: Dropped) -> None: ...
    def send_failed(self, error: OSError) -> None: ...
    def sent(self) -> None: ...
    def announce_failed(self, error: OSError) -> None: ...
    def announced(self) -> None: ...
    def source_taken(self, source: IPAddress) -> None: ...
    def address_left_alone(self, ip: IPAddress) -> None: ...
    def address_out_of_place(self, ip: IPAddress, state: State) -> None: ...
    def fault(self, error: BaseException) -> None: ...


class Owner(Protocol):
    """The owner of an engine, which gets its reports; after `finished` or `failed` none follow."""

    def changed(self, change: StateChanged) -> None: ...
    def identity_changed(self) -> None:
        """Handle a change of the source addresses, the MAC address or the parameters."""

    def advertised(self, now: float) -> None:
        """Note that this master has sent an advertisement at monotonic second `now`."""

    def sending(self, is_failing: bool) -> None:
        """Handle that sending advertisements fails, or works again."""

    def unserved(self, addresses: tuple[IPAddress, ...]) -> None:
        """Handle addresses that cannot be put in place; none: all are served again."""

    def can_serve(self) -> None:
        """Handle that the addresses could be put in place, but the role was lost meanwhile."""

    def served(self) -> None:
        """Handle that this master has addresses in place; it may be called again and again."""

    def contested(self) -> None:
        """Note that another host was also master, and has given way."""

    def found(self, report: Report) -> None:
        """Handle an observation of the protocol that does not change the role."""

    def probing(self) -> None:
        """Handle a probe of the late master: also ask the gateways."""

    def address_removed(self, ip: IPAddress) -> None:
        """Handle that another program has removed a virtual address of this master."""

    def loss_counts(self) -> None:
        """Handle that a held loss of the interface has ended the role."""

    def finished(self) -> None: ...
    def failed(self) -> None: ...
