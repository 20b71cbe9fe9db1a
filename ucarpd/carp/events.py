"""Events in the life of a virtual host, named in the past tense; see `VirtualHost.handle`."""

from dataclasses import dataclass
from typing import NamedTuple

from ucarpd.carp.distinct import distinct
from ucarpd.carp.params import IPAddress, Params
from ucarpd.carp.statement import Statement


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
    """An advertisement for our vhid came in and passed every check of `receive`."""

    statement: Statement
    counter: int


def advertisement_received(
    source: IPAddress,
    advbase: int,
    advskew: int,
    counter: int,
    demote: int = 0,
    *,
    from_virtual_mac: bool = False,
) -> AdvertisementReceived:
    """Return the event for the first advertisement that says this."""
    said = Statement(source, advbase, advskew, demote, from_virtual_mac)
    return AdvertisementReceived(said, counter)


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
