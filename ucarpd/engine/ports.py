"""What the engine is plugged into: the wire, the addresses, the log, and its owner."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from ucarpd.carp.actions import Report, State, StateChanged
from ucarpd.carp.params import IPAddress
from ucarpd.carp.receive import Dropped
from ucarpd.carp.transmit import Datagram


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

    def mend(self) -> None:
        """Put back removed addresses while the up-script is still running."""

    def is_hosts_own(self, ip: IPAddress) -> bool:
        """Whether it is the only address of the interface, and ucarpd has put nothing there."""

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
    def address_left_alone(self, ip: IPAddress) -> None: ...
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

    def found(self, report: Report) -> None:
        """The protocol has noticed something although the role stays."""

    def loss_counts(self) -> None:
        """The loss of the interface that waited for the up-script has ended the role."""

    def finished(self) -> None: ...
    def failed(self) -> None: ...
