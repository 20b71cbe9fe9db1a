"""The configuration of one virtual host, checked and typed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path
from typing import NamedTuple
from zlib import crc32

from ucarpd.carp import auth
from ucarpd.carp.params import DemoteStyle, IPAddress, Params, TieBreak
from ucarpd.config import environment
from ucarpd.config.health_checks import Check
from ucarpd.config.keys import KEYS, PREFIX
from ucarpd.config.parsed import Given
from ucarpd.config.routes import Route
from ucarpd.config.types import NAME_SIZE


class VirtualAddress(NamedTuple):
    """An address that moves between the hosts; `prefixlen` is 1 to 32 bits, or to 128 for IPv6."""

    ip: IPAddress
    prefixlen: int

    def __str__(self) -> str:
        return f"{self.ip}/{self.prefixlen}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """The content of one file.  `name` is the file's name without `.conf`.

    `sources` holds at most one address of each family; a family without one uses the first address
    of the interface.  `old_keys` are accepted in addition to `key`.  A master serves `addresses`
    and `extra_addresses`; the digest covers `addresses` and `hash_addresses`.  `advbase` is in
    seconds, `advskew` and `ifdown_demotion` in 1/256 s, `preempt_delay` and `script_timeout` in
    seconds.  Without scripts ucarpd itself owns the addresses.  `source_mac` is "real", "virtual",
    or None: then `virtual_mac` decides.  `secrets` are the secret keys that are set, by canonical
    name.  `script_environment` is the scripts' part of the file, without secrets.  `contents` has
    the bytes of all files that were read, passwords included; `named_files` has the files that the
    file names, by key.
    """

    path: Path
    name: str
    interface: str
    sources: tuple[IPAddress, ...]
    vhid: int
    key: bytes = field(repr=False)
    old_keys: tuple[bytes, ...] = field(repr=False)
    addresses: tuple[VirtualAddress, ...]
    extra_addresses: tuple[VirtualAddress, ...]
    hash_addresses: tuple[IPAddress, ...]
    hash_link_local: bool
    lladdr: bytes | None
    label: str | None
    advbase: int
    advskew: int
    deadratio: int
    announce_interval: float
    preempt: bool
    preempt_delay: float
    tiebreak: TieBreak
    demote_style: DemoteStyle
    ifdown_demotion: int
    checks: tuple[Check, ...]
    neutral: bool
    shutdown: bool
    ignore_carrier: bool
    up_script: Path | None
    down_script: Path | None
    script_timeout: float
    rerun_up_script: bool
    notify_script: Path | None
    units: tuple[str, ...]
    routes: tuple[Route, ...]
    xparam: str | None
    script_interface: str | None
    group: IPv4Address
    group6: IPv6Address
    broadcast: bool
    peers: tuple[IPAddress, ...]
    virtual_mac: bool
    source_mac: str | None
    pseudo_checksum: bool
    facility: str
    secrets: tuple[str, ...]
    script_environment: Mapping[str, str] = field(repr=False, hash=False)
    contents: Mapping[Path, bytes] = field(default_factory=dict, repr=False, compare=False)
    named_files: Mapping[str, Given] = field(default_factory=dict, repr=False, compare=False)
    _params: Params = field(init=False, repr=False, compare=False)

    @property
    def address_device(self) -> str:
        """The device that gets the addresses: the interface, or a macvlan of their own on it.

        The macvlan has the virtual MAC address.  Its name is at most 15 bytes long, and the same in
        all runs, so ucarpd finds a device again that a crash has left behind.
        """
        if not self.virtual_mac:
            return self.interface
        name = f"{self.interface}-v{self.vhid}"
        if len(name.encode()) <= NAME_SIZE:
            return name
        return f"v{self.vhid}-{crc32(self.interface.encode()):08x}"

    @property
    def hashed(self) -> tuple[IPAddress, ...]:
        """The addresses that the digest covers."""
        return (*(each.ip for each in self.addresses), *self.hash_addresses)

    @property
    def served_by_key(self) -> Mapping[str, tuple[VirtualAddress, ...]]:
        """The virtual addresses by the key that lists them."""
        return {"UCARP_ADDR": self.addresses, "UCARP_EXTRA_ADDRS": self.extra_addresses}

    @property
    def served(self) -> tuple[VirtualAddress, ...]:
        """All virtual addresses."""
        return (*self.addresses, *self.extra_addresses)

    @property
    def is_scripted(self) -> bool:
        """Whether scripts own the addresses; otherwise ucarpd does."""
        return self.up_script is not None or self.down_script is not None

    @property
    def variables(self) -> Mapping[str, str]:
        """The keys without our prefix, which are for the scripts alone; no secrets."""
        of_file = self.script_environment.items()
        return {name: value for name, value in of_file if not name.startswith(PREFIX)}

    @property
    def is_of_environment(self) -> bool:
        """Whether the environment took the place of the file."""
        return environment.is_environment(self.path)

    def params(self) -> Params:
        """Return the protocol's part of the configuration, the same one with each call."""
        return self._params

    def __post_init__(self) -> None:
        params = Params(
            vhid=self.vhid,
            addresses=tuple(each.ip for each in self.served),
            hashed=self.hashed,
            key=self.key,
            old_keys=self.old_keys,
            advbase=self.advbase,
            advskew=self.advskew,
            deadratio=self.deadratio,
            announce_interval=self.announce_interval,
            reassert=self.rerun_up_script and (self.is_scripted or self.notify_script is not None),
            preempt=self.preempt,
            preempt_delay=self.preempt_delay,
            release_on_stop=self.shutdown,
            tiebreak=self.tiebreak,
            demote_style=self.demote_style,
            group=self.group,
            group6=self.group6,
            broadcast=self.broadcast,
            peers=self.peers,
            virtual_mac=self.virtual_mac,
            source_mac_is_virtual=self.source_mac == "virtual"
            or (self.source_mac is None and self.virtual_mac),
            hash_link_local=self.hash_link_local,
            lladdr=self.lladdr,
            pseudo_checksum=self.pseudo_checksum,
        )
        object.__setattr__(self, "_params", params)

    def needs_restart(self, new: "Config") -> bool:
        """Return whether a virtual host that runs with this file must restart to use `new`."""
        names = [name for key in KEYS if not key.is_live for name in key.fields]
        if self.is_scripted:
            # The down-script must remove the up-script's work in the same environment.
            names += ["extra_addresses", "variables"]
        return any(getattr(self, name) != getattr(new, name) for name in names)

    def hashed_set_differs(self, new: "Config") -> bool:
        """Return whether the digest covers other addresses in `new`; vhid and key do not count.

        If so, hosts with the old and hosts with the new file refuse each other's advertisements.
        """
        return _digest_input(self) != _digest_input(new)


def _digest_input(config: Config) -> tuple[bytes, bytes | None]:
    hashed = auth.hashed(config.hashed, with_link_local=config.hash_link_local)
    return hashed, config.lladdr
