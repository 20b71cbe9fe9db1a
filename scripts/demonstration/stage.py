"""The stage: two hosts with ucarpd and a web server, a client, and the deeds of the scenario.

The hosts run with the configuration file that we ship; only the keys in which two hosts must differ
are edited.
"""

import os
import re
import secrets
import signal
import sys
from pathlib import Path

import runs
import sweep
from lab import PROJECT, Client, Host, Lab, LabError, Process, run

from demonstration.scenario import (
    ADDRESSES,
    ASK_EVERY,
    CLIENT,
    DIFFERENCES,
    GIVE_UP_AFTER,
    Act,
    Deed,
)

SHIPPED = PROJECT / "etc/ucarp/ucarp.conf"
WEB_SERVER = Path(__file__).with_name("web_server.py")


class Stage:
    """The hosts of a laboratory and the programs on them."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self.hosts: dict[str, Host] = {}
        self.daemons: dict[str, Process] = {}
        """The newest ucarpd of each host."""
        self.daemons_started: list[tuple[str, Process]] = []
        self.address = value_of(SHIPPED.read_text(), "UCARP_ADDR")
        self._programs: dict[str, Process] = {}
        self._stopped: set[str] = set()

    def build(self) -> None:
        """Hosts, files, web servers and the client; the daemons are the first step's business."""
        password = secrets.token_hex(8)
        self.hosts = {name: self.lab.host(name, f"{ip}/16") for name, ip in ADDRESSES.items()}
        for name, differences in DIFFERENCES.items():
            host = self.hosts[name]
            values = {**differences, "SRCIP": host.address, "PASS": password}
            conf = SHIPPED.read_text()
            for key, value in values.items():
                conf = edited(conf, f"UCARP_{key}", value)
            host.write_conf("ucarp", conf)
            server = host.start(sys.executable, "-P", str(WEB_SERVER), name)
            self._programs[f"the web server on {name}"] = server
        self.client = Client(self.hosts[CLIENT], self.address, ASK_EVERY, GIVE_UP_AFTER)
        self._programs["the client"] = self.client.process

    def perform(self, deed: Deed) -> None:
        """Do something to a host."""
        match deed.act:
            case Act.START:
                self.daemons[deed.host] = self.hosts[deed.host].ucarpd()
                self.daemons_started.append((deed.host, self.daemons[deed.host]))
                self._stopped.discard(deed.host)
            case Act.STOP:
                self.daemons[deed.host].signal(signal.SIGTERM)
                self._stopped.add(deed.host)
            case Act.PULL | Act.PLUG:
                self.hosts[deed.host].cable(deed.act is Act.PLUG)

    def is_ready(self) -> bool:
        """Whether each ucarpd has begun to listen."""
        return all(daemon.lines("Switching to state: ") for daemon in self.daemons.values())

    def holders(self) -> list[str]:
        """The hosts that have the address."""
        return [name for name in self.daemons if self.hosts[name].has(self.address)]

    def check_programs(self) -> None:
        """Raise LabError if a program has ended that must run."""
        for name, process in self._programs.items():
            if not process.is_running:
                raise LabError(f"{name} ended unexpectedly; it wrote:\n{process.text()}")
        for name, daemon in self.daemons.items():
            if name not in self._stopped and not daemon.is_running:
                raise LabError(f"ucarpd on {name} ended with exit status {daemon.popen.wait()}")

    def check_stopped(self) -> None:
        """Raise LabError if a daemon that was told to stop has not ended well."""
        for name in self._stopped:
            status = self.daemons[name].popen.poll()
            if status != 0:
                what = "did not end" if status is None else f"ended with exit status {status}"
                raise LabError(f"ucarpd on {name} {what}")

    def keep_up(self) -> None:
        """Let the laboratory outlive us; the next run will not take it for a killed one."""
        self._programs.pop("the client").kill()
        run("ip", "netns", "add", f"{self.lab.prefix.rstrip('-')}{sweep.KEPT}")


def value_of(conf: str, key: str) -> str:
    found = re.search(rf"^{key}=(.*)$", conf, re.MULTILINE)
    if found is None:
        raise LabError(f"{SHIPPED} does not set {key}")
    return found[1]


def edited(conf: str, key: str, value: str) -> str:
    """The file with the one line of this key, commented out or not, set to `value`."""
    conf, count = re.subn(rf"^#?{key}=.*$", f"{key}={value}", conf, flags=re.MULTILINE)
    if count != 1:
        raise LabError(f"{SHIPPED} has {count} lines of {key}, not one")
    return conf


# -- the names of laboratories ---------------------------------------------------------------------


def name_stem() -> str:
    """What our laboratories' names begin with; scripts/test sweeps up after its own."""
    run_name = os.environ.get("UCARPD_LAB")
    return f"{run_name}ndemo" if run_name else "demo"


def new_lab() -> Lab:
    return Lab(f"{name_stem()}{runs.this_process()}-")


def remove() -> tuple[list[str], list[str]]:
    """Remove demos that were kept up or killed; returns (removed, still running)."""
    ours = re.compile(rf"{re.escape(name_stem())}\d+t\d+")
    living = set[str]()

    def is_left(prefix: str) -> bool:
        if not ours.fullmatch(prefix):
            return False
        if not runs.is_dead(prefix):
            living.add(prefix)
        return prefix not in living

    removed = sweep.sweep(is_left)
    return removed, sorted(living)
