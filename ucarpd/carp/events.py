"""Events in the life of a virtual host, named in the past tense; see `VirtualHost.handle`."""

from dataclasses import dataclass, field
from typing import NamedTuple

from ucarpd.carp.distinct import distinct
from ucarpd.carp.params import Family, IPAddress, Params
from ucarpd.carp.timing import BOW_OUT_UNITS, UNFIT_ADVBASE, interval_units


@distinct
class InterfaceReady(NamedTuple):
    """The interface is up, has carrier and our source addresses; or a source has changed.

    There is a source for each family of the virtual host that works, IPv4 first.
    """

    sources: tuple[IPAddress, ...]


@distinct
class InterfaceLost(NamedTuple):
    """The interface can no longer be used.

    `reason` is for the operator.  `can_send` says whether a frame would still get out, as when
    only the source address was removed.  `may_return` means that nothing but the carrier or the
    source address is gone, which may be back in a moment.  `during_script`: our up-script runs, and may
    be the cause; if the interface is still lost when it ends, the event comes again without that.
    """

    reason: str
    can_send: bool = False
    may_return: bool = False
    during_script: bool = False


@distinct
class HardwareAddressChanged(NamedTuple):
    """The interface has another MAC address, so the neighbours remember a wrong one."""


@distinct
class SegmentHeard(NamedTuple):
    """The segment can be heard again after a silence, so it may have missed our announcements."""


# Not frozen: it would take more than twice as long to make, and one is made for each frame.
@dataclass(slots=True)
class AdvertisementReceived:
    """An advertisement for our vhid came in and passed every check of `receive`.

    `from_virtual_mac`: the frame came from the virtual MAC address, as the BSD kernels send it;
    this is no part of the advertisement itself.
    """

    source: IPAddress
    advbase: int
    advskew: int
    counter: int
    demote: int = 0
    from_virtual_mac: bool = field(default=False, compare=False)
    family: Family = field(init=False, repr=False, compare=False)
    units: int = field(init=False, repr=False, compare=False)
    """The advertised interval in 1/256 s."""
    is_bow_out: bool = field(init=False, repr=False, compare=False)
    is_unfit: bool = field(init=False, repr=False, compare=False)
    """It says, in the style of all but OpenBSD, that it is less fit than usual."""
    stated_demotion: int = field(init=False, repr=False, compare=False)
    """The demotion that it states, in either style."""
    is_lasting: bool = field(init=False, repr=False, compare=False)
    """Older frames of its sender are not believed for a master-down interval."""

    def __post_init__(self) -> None:
        self.family = self.source.version
        self.units = interval_units(self.advbase, self.advskew)
        self.is_bow_out = self.units == BOW_OUT_UNITS
        self.is_unfit = self.advbase == UNFIT_ADVBASE
        self.stated_demotion = self.advskew if self.is_unfit else self.demote
        self.is_lasting = self.is_bow_out or self.stated_demotion > 0

    def again(self, counter: int) -> "AdvertisementReceived":
        """Return the next advertisement of a host that says the same: only its counter differs."""
        # `replace` and `copy` take five times as long and more.
        following = object.__new__(AdvertisementReceived)
        following.source, following.family = self.source, self.family
        following.advbase, following.advskew = self.advbase, self.advskew
        following.counter, following.demote = counter, self.demote
        following.from_virtual_mac = self.from_virtual_mac
        following.units = self.units
        following.is_bow_out, following.is_unfit = self.is_bow_out, self.is_unfit
        following.stated_demotion, following.is_lasting = self.stated_demotion, self.is_lasting
        return following

    @property
    def stated(self) -> tuple[int, int, int]:
        """The bytes that an election can compare."""
        return self.advbase, self.advskew, self.demote


@distinct
class DeadlineReached(NamedTuple):
    """The time that `next_deadline()` named has come."""


@distinct
class AddressesAcquired(NamedTuple):
    """Virtual addresses are on the interface now: a master announces them, others take them off.

    `addresses` are the ones that came; empty means all.  `is_early`: the up-script that added them is
    still running, and may fail.
    """

    addresses: tuple[IPAddress, ...] = ()
    is_early: bool = False


@distinct
class AcquireFailed(NamedTuple):
    """Virtual addresses could not be put in place; that is logged, and tried again.

    `addresses` are the ones that are missing; empty means all.  `has_hung`: another attempt would
    cost the clients a time-out again.
    """

    addresses: tuple[IPAddress, ...] = ()
    has_hung: bool = False


@distinct
class AddressesOff(NamedTuple):
    """The virtual addresses are off the interface, while the down-script still has work to do."""


@distinct
class AddressesReleased(NamedTuple):
    """The virtual addresses are off the interface, or the down-script has ended."""


@distinct
class AddressRemoved(NamedTuple):
    """A person or another program took a virtual address off the interface."""

    address: IPAddress


@distinct
class AddressClaimed(NamedTuple):
    """Another host has said, by ARP or neighbour discovery, that `address` is at `mac`, not here.

    It is a virtual address of a MASTER, or an address that ProbeMaster has asked for.
    """

    address: IPAddress
    mac: bytes


@distinct
class GatewaysSilent(NamedTuple):
    """No gateway has answered the question that follows ProbeMaster.

    `since` is the moment of the first question that stayed without an answer; shortly before it, a
    gateway did answer.
    """

    since: float


@distinct
class ParamsChanged(NamedTuple):
    """The configuration was reloaded, and only what may change without a restart has changed."""

    params: Params


@distinct
class DemotionChanged(NamedTuple):
    """This host is less fit than usual, or fit again; `reason` is for the operator.

    `demotion` is its new place in the order of `ucarpd.carp.rank`.  `is_tested`: each of its health
    checks has a result (rule B8).  `is_planned`: an operator wants it so.
    """

    demotion: int
    reason: str
    is_tested: bool = True
    is_planned: bool = False


@distinct
class StepDownRequested(NamedTuple):
    """The operator wants another host to serve."""

    reason: str


@distinct
class StopRequested(NamedTuple):
    """The daemon is ending, or this virtual host is; the machine answers with `Finish`."""

    reason: str


Event = (
    InterfaceReady
    | InterfaceLost
    | HardwareAddressChanged
    | SegmentHeard
    | AdvertisementReceived
    | DeadlineReached
    | AddressesAcquired
    | AcquireFailed
    | AddressesOff
    | AddressesReleased
    | AddressRemoved
    | AddressClaimed
    | GatewaysSilent
    | ParamsChanged
    | DemotionChanged
    | StepDownRequested
    | StopRequested
)
