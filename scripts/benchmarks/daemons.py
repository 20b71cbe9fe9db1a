"""Configuration and start of each daemon: all do the same work in the same laboratory.

ucarpd runs in two ways: it sets the address itself, or it leaves that to the scripts that we ship.
ucarp runs with the same scripts, one process for each address; keepalived speaks VRRP, and sets the
address itself.
"""

import itertools
import shlex
import sys
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from lab import PROJECT, Host

from benchmarks.processes import Running
from ucarpd.carp.timing import UNITS_PER_SECOND, master_down_units

PASSWORD = "benchmark"  # noqa: S105 - of hosts that live for seconds, and cannot be reached
SCRIPTS = PROJECT / "etc" / "ucarp"
VHIDS = 255
"""Virtual hosts on one segment; more instances need more cables."""

_starts = itertools.count(1)


@dataclass(frozen=True)
class Pace:
    """How often the hosts advertise.  `skews` is one advskew for each host, the preferred one first.

    keepalived advertises every `vrrp_interval` seconds, and an advskew of S becomes priority 254 - S.
    """

    advbase: int = 1
    skews: tuple[int, ...] = (0, 100, 150)
    vrrp_interval: float = 1


NORMAL = Pace()
FASTEST = Pace(advbase=0, skews=(1, 1), vrrp_interval=0.01)


@dataclass(frozen=True)
class Instance:
    """One virtual host on one host; numbers count from 1 over all segments."""

    number: int
    skew: int

    @property
    def segment(self) -> int:
        return (self.number - 1) // VHIDS

    @property
    def vhid(self) -> int:
        return (self.number - 1) % VHIDS + 1

    @property
    def interface(self) -> str:
        return f"eth{self.segment}"

    @property
    def address(self) -> str:
        return f"10.{77 + self.segment}.1.{self.vhid}"

    def source(self, host: Host) -> str:
        """The host's own address on this segment."""
        return f"10.{77 + self.segment}.0.{host.address.rpartition('.')[2]}"


class Daemon(ABC):
    """One of the compared daemons."""

    name: str
    package: str
    """Debian's package, for its version."""
    runs_scripts = True
    most_instances = 4080
    is_subsecond = True
    backup_words = "Switching to state: BACKUP"
    """What it logs when an instance is ready."""

    @abstractmethod
    def commands(
        self, host: Host, instances: Sequence[Instance], pace: Pace, delay: float
    ) -> list[list[str]]:
        """Write the configuration, and return the command lines.

        `delay` is the duration of the up-script in seconds; 0: its usual duration.
        """

    @abstractmethod
    def interval(self, pace: Pace, index: int) -> float:
        """Nominal seconds between the advertisements of the host with this index."""

    @abstractmethod
    def dead_interval(self, pace: Pace, index: int) -> float:
        """Nominal seconds without an advertisement after which that host takes over."""

    def launch(
        self, host: Host, instances: Sequence[Instance], pace: Pace = NORMAL, delay: float = 0
    ) -> Running:
        commands = self.commands(host, instances, pace, delay)
        log = host.root / f"{self.package}-{next(_starts)}.log"
        environment = host.environment()
        for key in ("RUNTIME_DIRECTORY", "STATE_DIRECTORY"):
            Path(environment[key]).mkdir(exist_ok=True)
        return Running.start(host.namespace, commands, log, environment)


class _Carp(Daemon):
    def interval(self, pace: Pace, index: int) -> float:
        return pace.advbase + pace.skews[index] / 256

    def dead_interval(self, pace: Pace, index: int) -> float:
        units = master_down_units(pace.advbase, pace.skews[index], deadratio=3)
        return units / UNITS_PER_SECOND


class Ucarpd(_Carp):
    """One process for all files of a directory."""

    package = "ucarpd"
    command: Sequence[str] = (sys.executable, "-m", "ucarpd")

    def __init__(self, name: str, *, runs_scripts: bool) -> None:
        self.name = name
        self.runs_scripts = runs_scripts

    def commands(
        self, host: Host, instances: Sequence[Instance], pace: Pace, delay: float
    ) -> list[list[str]]:
        for instance in instances:
            keys = {
                "INTERFACE": instance.interface,
                "SRCIP": instance.source(host),
                "VHID": instance.vhid,
                "PASS": PASSWORD,
                "ADDR": instance.address,
                "MASK": 32,
                "ADVBASE": pace.advbase,
                "ADVSKEW": instance.skew,
                "PREEMPT": "yes",
            }
            if self.runs_scripts:
                keys["UPSCRIPT"] = up_script(host, delay)
                keys["DOWNSCRIPT"] = SCRIPTS / "ucarp-down.sh"
            text = "".join(f"UCARP_{key}={value}\n" for key, value in keys.items())
            host.write_conf(f"i{instance.number:04d}", text)
        return [[*self.command, "run", str(host.conf)]]


class Ucarp(_Carp):
    """The C program: one process for each address, configured on its command line."""

    name = package = "ucarp"
    is_subsecond = False
    # Every process receives every advertisement, so the cost grows with the square.
    most_instances = VHIDS

    def commands(
        self, host: Host, instances: Sequence[Instance], pace: Pace, delay: float
    ) -> list[list[str]]:
        return [
            [
                *("ucarp", "--preempt", "--shutdown"),
                f"--interface={instance.interface}",
                f"--srcip={instance.source(host)}",
                f"--vhid={instance.vhid}",
                f"--pass={PASSWORD}",
                f"--addr={instance.address}",
                f"--advbase={pace.advbase}",
                f"--advskew={instance.skew}",
                f"--upscript={up_script(host, delay)}",
                f"--downscript={SCRIPTS / 'ucarp-down.sh'}",
            ]
            for instance in instances
        ]


class Keepalived(Daemon):
    """VRRPv2 with a password at whole seconds, else VRRPv3, which has none."""

    name = package = "keepalived"
    backup_words = "Entering BACKUP STATE"

    def interval(self, pace: Pace, index: int) -> float:
        del index
        return pace.vrrp_interval

    def dead_interval(self, pace: Pace, index: int) -> float:
        return pace.vrrp_interval * (3 + (256 - _priority(pace.skews[index])) / 256)

    def commands(
        self, host: Host, instances: Sequence[Instance], pace: Pace, delay: float
    ) -> list[list[str]]:
        version = 2 if pace.vrrp_interval >= 1 else 3
        script = f"    notify_master {up_script(host, delay)}\n" if delay else ""
        secret = f"    authentication {{ auth_type PASS\n auth_pass {PASSWORD[:8]}\n }}\n"
        blocks = [f"global_defs {{\n    script_user root\n    vrrp_version {version}\n}}\n"]
        blocks += [
            f"vrrp_instance i{instance.number} {{\n"
            "    state BACKUP\n"
            f"    interface {instance.interface}\n"
            f"    virtual_router_id {instance.vhid}\n"
            f"    priority {_priority(instance.skew)}\n"
            f"    advert_int {pace.vrrp_interval:g}\n"
            f"{secret if version == 2 else ''}"
            f"    virtual_ipaddress {{\n        {instance.address}/32\n    }}\n"
            f"{script}}}\n"
            for instance in instances
        ]
        path = host.write("keepalived.conf", "".join(blocks), 0o644)
        pids = [f"--{option}={host.root}/{option}" for option in ("pid", "vrrp_pid")]
        options = ("--dont-fork", "--vrrp", "--log-console", "--no-syslog", f"--use-file={path}")
        return [["keepalived", *options, *pids]]


def _priority(skew: int) -> int:
    return max(1, 254 - skew)


def up_script(host: Host, delay: float) -> Path:
    """The shipped up-script; with a delay, a wrapper that notes its start and calls it late."""
    shipped = SCRIPTS / "ucarp-up.sh"
    if not delay:
        return shipped
    # keepalived calls it without arguments, and sets the address itself.
    text = (
        f"#!/bin/sh\ndate +%s.%N >>{shlex.quote(str(ups_of(host)))}\nsleep {delay:g}\n"
        f'[ $# -eq 0 ] || exec {shlex.quote(str(shipped))} "$@"\n'
    )
    return host.write("slow-up.sh", text)


def ups_of(host: Host) -> Path:
    """Where the slow up-script notes its starts."""
    return host.root / "ups"


NETLINK = Ucarpd("ucarpd", runs_scripts=False)
DAEMONS: tuple[Daemon, ...] = (
    NETLINK,
    Ucarpd("ucarpd, scripts", runs_scripts=True),
    Ucarp(),
    Keepalived(),
)
"""The daemons in the order of the tables; the others are compared with the first."""
