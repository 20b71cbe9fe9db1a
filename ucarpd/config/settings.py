"""The configuration of one virtual host, checked and typed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Address
from pathlib import Path

from ucarpd.carp.params import Params
from ucarpd.config.keys import KEYS


@dataclass(frozen=True, slots=True)
class VirtualAddress:
    """An address that moves between the hosts; `prefixlen` is 1 to 32."""

    ip: IPv4Address
    prefixlen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """What one file says.  `name` is the file's name without `.conf`.

    `source` None means the first address of the interface.  `advbase` is in seconds, `advskew` in
    1/256 s, `script_timeout` in seconds.  With neither script ucarpd itself owns the addresses.
    `script_environment` holds what the scripts get of the file: never the password.
    """

    path: Path
    name: str
    interface: str
    source: IPv4Address | None
    vhid: int
    key: bytes = field(repr=False)
    addresses: tuple[VirtualAddress, ...]
    label: str | None
    advbase: int
    advskew: int
    deadratio: int
    preempt: bool
    neutral: bool
    shutdown: bool
    ignore_carrier: bool
    up_script: Path | None
    down_script: Path | None
    script_timeout: float
    xparam: str | None
    group: IPv4Address
    broadcast: bool
    facility: str
    script_environment: Mapping[str, str] = field(repr=False, hash=False)

    def params(self) -> Params:
        """The part of it that the protocol is concerned with."""
        return Params(
            vhid=self.vhid,
            addresses=tuple(address.ip for address in self.addresses),
            key=self.key,
            advbase=self.advbase,
            advskew=self.advskew,
            deadratio=self.deadratio,
            preempt=self.preempt,
            release_on_stop=self.shutdown,
            group=self.group,
            broadcast=self.broadcast,
        )

    def needs_restart(self, new: "Config") -> bool:
        """Whether a virtual host that runs with this one has to start again to use `new`."""
        return any(
            getattr(self, name) != getattr(new, name)
            for key in KEYS
            if key.reload == "restart"
            for name in key.fields
        )
