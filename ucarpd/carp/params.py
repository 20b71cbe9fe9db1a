"""What one virtual host is configured to do, as far as the protocol is concerned."""

from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address

IPAddress = IPv4Address | IPv6Address

KEY_SIZE = 20
"""Bytes of the HMAC key; shorter passwords are padded with zero bytes (all implementations)."""

PASSWORD_SIZE = 19
"""Longest password in bytes that ucarp and the BSDs' ifconfig take; their buffer ends in a NUL."""

CARP_GROUP_V4 = IPv4Address("224.0.0.18")
"""Where IPv4 advertisements go; CARP shares the group with VRRP."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Params:
    """The configuration of one virtual host.

    `vhid` is 1 to 255, `advbase` 0 to 254 seconds, `advskew` 0 to 254 in 1/256 s, `deadratio` at
    least 2, `key` 1 to 20 bytes.  `addresses` are the virtual addresses, in any order.  Raises
    ValueError for anything else: checking what a person typed, with kinder words, is the
    business of `ucarpd.config`.
    """

    vhid: int
    addresses: tuple[IPAddress, ...]
    key: bytes = field(repr=False)
    advbase: int = 1
    advskew: int = 0
    deadratio: int = 3
    preempt: bool = False
    release_on_stop: bool = True
    group: IPv4Address = CARP_GROUP_V4
    broadcast: bool = False

    def __post_init__(self) -> None:
        for name, value, low, high in (
            ("vhid", self.vhid, 1, 255),
            ("advbase", self.advbase, 0, 254),
            ("advskew", self.advskew, 0, 254),
            ("deadratio", self.deadratio, 2, 255),
            ("length of key", len(self.key), 1, KEY_SIZE),
        ):
            if not low <= value <= high:
                raise ValueError(f"{name} must be {low} to {high}, not {value}")
        if not self.addresses:
            raise ValueError("a virtual host needs at least one virtual address")
