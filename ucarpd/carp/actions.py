"""What to do: a virtual host asks for it, in the imperative; the engine performs it, in order."""

from enum import Enum
from typing import Final, NamedTuple

from ucarpd.carp.distinct import distinct
from ucarpd.carp.params import Family, IPAddress
from ucarpd.carp.why import Cause


class State(Enum):
    """The three states of CARP, by the names that every implementation logs."""

    INIT = "INIT"
    BACKUP = "BACKUP"
    MASTER = "MASTER"


# Python 3.11 takes as long for `State.MASTER` as for a call; these are for each advertisement.
INIT: Final = State.INIT
BACKUP: Final = State.BACKUP
MASTER: Final = State.MASTER


@distinct
class StateChanged(NamedTuple):
    """Report a transition; the one exception to the imperative, since the change has been made.

    `reason` is for the operator; `peer` is the host that caused it, if one did.
    """

    old: State
    new: State
    reason: str
    cause: Cause
    peer: IPAddress | None = None


class Finding(Enum):
    """News for the operator without a change of the role."""

    NOT_MASTER = "asked to step down, but it does not serve"
    NOBODY_TOOK_OVER = "stepped down, but nobody has taken over"
    FAMILY_SILENT = "the peers are heard in one family alone"
    FAMILY_HEARD = "they are heard in the other one again"
    RIVAL_STAYS = "a worse host stays MASTER too"
    RIVAL_STAYS_TIED = "an equal host stays MASTER too"
    RIVAL_APART = "a host is MASTER too, in a family without a source address of this host"
    RIVAL_GONE = "it is MASTER no longer"
    ADDRESS_CLAIMED = "another host answers for a virtual address"
    CLAIM_OVER = "it has not done so for a while"
    MASTER_ANSWERS = "the late master was silent, but serves on"
    MASTER_HEARD = "its advertisements are heard again"
    MASTER_QUIET = "it no longer answers"
    CUT_OFF = "the gateways have fallen silent with the master"
    LOST_EACH_TIME = "the interface is lost each time that this host takes the role"
    NOT_REASSERTED = "the up-script does not run again, because it cuts this host off each time"


@distinct
class Report(NamedTuple):
    """Tell the operator of a finding: about `peer`, `family` or `address`, if it is about one.

    `mac` is the MAC address of whoever answers for `address`, or as `peer`.
    """

    finding: Finding
    peer: IPAddress | None = None
    family: Family | None = None
    address: IPAddress | None = None
    mac: bytes = b""


@distinct
class SendAdvertisement(NamedTuple):
    """Send one advertisement from `source` now, in its family.

    `demotion` is byte 4 of the header, which OpenBSD compares by.  `is_final`: the role has been
    given up, so the frame must not come from the virtual MAC address: it would draw that back to
    our switch port.
    """

    source: IPAddress
    advbase: int
    advskew: int
    counter: int
    demotion: int = 0
    is_final: bool = False


@distinct
class AcquireAddresses(NamedTuple):
    """Put the virtual addresses in place; the answer is AddressesAcquired or AcquireFailed."""


@distinct
class ReassertAddresses(NamedTuple):
    """Run the up-script again, if scripts own the addresses: a rival that was MASTER too is gone.

    The rival's script may have moved something that only the last word decides, such as a cloud's
    floating address.  Answer as to AcquireAddresses.
    """


@distinct
class ReportUnserved(NamedTuple):
    """Report the virtual addresses that this master cannot serve; none: it serves all again."""

    addresses: tuple[IPAddress, ...]


@distinct
class ReleaseAddresses(NamedTuple):
    """Take the virtual addresses off the interface; answer with AddressesReleased.

    `at_start` marks the first one, which clears what an earlier run may have left behind.
    """

    at_start: bool = False


@distinct
class AnnounceAddresses(NamedTuple):
    """Tell the neighbours (gratuitous ARP, unsolicited neighbour advertisement) where these are.

    `at_successor`: no longer here, but at the virtual MAC address, on whoever has taken over.
    `asks`: also ask who has them; a host that answers is not this one (AddressClaimed).
    """

    addresses: tuple[IPAddress, ...]
    at_successor: bool = False
    asks: bool = False

    @property
    def has_ipv6(self) -> bool:
        return any(address.version == 6 for address in self.addresses)


@distinct
class ProbeMaster(NamedTuple):
    """Ask the neighbours, from `source`, for these addresses; answer with AddressClaimed.

    The addresses are the late master's own one, and a virtual one.  If this host has gateways that
    can hold up a takeover (rule S5), also ask them; if none answers, report GatewaysSilent.
    """

    source: IPAddress
    addresses: tuple[IPAddress, ...]


@distinct
class Finish(NamedTuple):
    """The last action after StopRequested: nothing is left to do or to send."""


Action = (
    StateChanged
    | Report
    | SendAdvertisement
    | AcquireAddresses
    | ReassertAddresses
    | ReportUnserved
    | ReleaseAddresses
    | AnnounceAddresses
    | ProbeMaster
    | Finish
)
