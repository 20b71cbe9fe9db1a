"""The configuration of one virtual host, as far as the protocol is concerned."""

from dataclasses import dataclass, field
from enum import Enum
from ipaddress import IPv4Address, IPv6Address
from typing import Literal

from ucarpd.carp.timing import LARGEST_ADVBASE, LARGEST_ADVSKEW

IPAddress = IPv4Address | IPv6Address
Family = Literal[4, 6]
"""The IP version, as `IPAddress.version` has it."""

KEY_SIZE = 20
"""Bytes of the HMAC key; shorter passwords are padded with zero bytes (all implementations)."""

PASSWORD_SIZE = 19
"""Longest password in bytes that ucarp and the BSDs' ifconfig take; their buffer ends in a NUL."""

MAC_SIZE = 6

CARP_GROUP_V4 = IPv4Address("224.0.0.18")
CARP_GROUP_V6 = IPv6Address("ff02::12")
"""The groups that advertisements go to; CARP shares them with VRRP."""


class TieBreak(Enum):
    """Which of two masters with equal intervals stays; both ends must use one rule.

    REVERSED: the lower source address, compared from its last octet on, as ucarp does on
    little-endian machines.  NUMERIC: the lower one in the usual order, as ucarp on big-endian
    machines.  YIELD: neither, as in the BSD kernels.  IPv6 sources are always compared in the usual
    order (no other system has a rule for them), unless the rule is YIELD.
    """

    REVERSED = "reversed"
    NUMERIC = "numeric"
    YIELD = "yield"


class DemoteStyle(Enum):
    """How a host says that it is demoted.

    SKEW: the demotion is added to advskew (FreeBSD since 10; every peer understands it).
    OPENBSD: it stands in byte 4 of the header, and is compared before the intervals.
    """

    SKEW = "skew"
    OPENBSD = "openbsd"


@dataclass(frozen=True, slots=True, kw_only=True)
class Params:
    """The configuration of one virtual host.

    `vhid` is 1 to 255, `advbase` 0 to 253 seconds, `advskew` 0 to 254 in 1/256 s, `deadratio` at
    least 2, `key` 1 to 20 bytes.  Raises ValueError for anything else; `ucarpd.config`
    checks the typed values before, with clearer messages.
    """

    vhid: int
    addresses: tuple[IPAddress, ...]
    """The virtual addresses that a master serves, in any order."""
    hashed: tuple[IPAddress, ...] = ()
    """The addresses that the digest covers; empty: the same."""
    key: bytes = field(repr=False)
    old_keys: tuple[bytes, ...] = field(default=(), repr=False)
    """Other keys that are accepted in advertisements, but never used to send."""
    advbase: int = 1
    advskew: int = 0
    deadratio: int = 3
    preempt: bool = False
    preempt_delay: float = 0.0
    """Seconds, as `ucarpd.carp.preempt_delay` counts them."""
    release_on_stop: bool = True
    tiebreak: TieBreak = TieBreak.REVERSED
    demote_style: DemoteStyle = DemoteStyle.SKEW
    group: IPv4Address = CARP_GROUP_V4
    group6: IPv6Address = CARP_GROUP_V6
    broadcast: bool = False
    peers: tuple[IPAddress, ...] = ()
    """The hosts that advertise to each other by unicast; a family without one uses its group."""
    virtual_mac: bool = False
    """Whether the virtual addresses are announced at the virtual MAC address."""
    source_mac_is_virtual: bool = False
    """Whether advertisements carry the virtual MAC address as their Ethernet source."""
    hash_link_local: bool = True
    """Whether the digest that we send covers link-local addresses; received ones may or may not."""
    lladdr: bytes | None = None
    """The MAC address that OpenBSD hashes when it was set by hand there (`ifconfig carp0 lladdr`).
    """
    pseudo_checksum: bool = False
    """Whether the checksum in IPv6 covers the pseudo-header, as NetBSD alone has it."""
    announce_interval: float = 0.0
    """Seconds between the announcements that a master repeats; 0: it ends them with the burst."""
    reassert: bool = False
    """Whether a master whose rival is gone runs its up-script again, for things outside the
    segment.
    """
    families: tuple[Family, ...] = field(init=False)
    """The IP versions to advertise with: the hashed addresses have them, IPv4 first.

    The digest's addresses count, as the kernels run a master-down timer for each of their families.
    """

    def __post_init__(self) -> None:
        for name, value, low, high in (
            ("vhid", self.vhid, 1, 255),
            ("advbase", self.advbase, 0, LARGEST_ADVBASE),
            ("advskew", self.advskew, 0, LARGEST_ADVSKEW),
            ("deadratio", self.deadratio, 2, 255),
            *(("length of key", len(key), 1, KEY_SIZE) for key in (self.key, *self.old_keys)),
            ("length of lladdr", MAC_SIZE if self.lladdr is None else len(self.lladdr), 6, 6),
        ):
            if not low <= value <= high:
                raise ValueError(f"{name} must be {low} to {high}, not {value}")
        if not self.addresses:
            raise ValueError("a virtual host needs at least one virtual address")
        versions = {address.version for address in self.hashed or self.addresses}
        object.__setattr__(self, "hashed", self.hashed or self.addresses)
        object.__setattr__(self, "families", tuple(f for f in (4, 6) if f in versions))

    def peers_of(self, family: Family) -> tuple[IPAddress, ...]:
        """Return the unicast peers of one IP version; none means that its group is used."""
        return tuple(peer for peer in self.peers if peer.version == family) if self.peers else ()

    def group_of(self, family: Family) -> IPAddress:
        return self.group if family == 4 else self.group6
