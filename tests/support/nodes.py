"""The node that most tests run: its configuration, and queries."""

import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from lab import PROJECT, Host, Lab, Process, wait_for

VIP = "172.16.0.1"
PASSWORD = "geheim"
MASTER = "Switching to state: MASTER"
BACKUP = "Switching to state: BACKUP"
INIT = "Switching to state: INIT"
SWITCHING = "Switching to state"


def conf(source: str | None, **keys: object) -> str:
    """A configuration file; `keys` go without UCARP_, and None leaves a key out."""
    settings: dict[str, object] = {
        "INTERFACE": "eth0",
        "SRCIP": source,
        "VHID": 1,
        "PASS": PASSWORD,
        "ADDR": VIP,
        "MASK": "255.255.0.0",
        **keys,
    }
    return "".join(f"UCARP_{key}={value}\n" for key, value in settings.items() if value is not None)


def start(host: Host, **keys: object) -> Process:
    """Run ucarpd with one file, /etc/ucarp/web.conf."""
    host.write_conf("web", conf(host.address, **keys))
    return host.ucarpd()


def start_master(host: Host, **keys: object) -> Process:
    """The same, and wait until it serves the address."""
    process = start(host, **keys)
    process.wait_for_line(MASTER)
    wait_for_address(host)
    return process


def start_backup(host: Host, **keys: object) -> Process:
    """The same, and wait until it is BACKUP."""
    process = start(host, **keys)
    process.wait_for_line(BACKUP)
    return process


def start_ucarp(
    host: Host,
    skew: int = 0,
    preempt: bool = False,
    address: str = VIP,
    options: Sequence[str] = (),
) -> Process:
    """Run the real ucarp."""
    host.write("up.sh", f"#!/bin/sh\nip address replace {address}/32 dev eth0\n")
    host.write("down.sh", f"#!/bin/sh\nip address delete {address}/32 dev eth0\n")
    return host.start(
        *("ucarp", "--interface=eth0", f"--srcip={host.address}", "--vhid=1"),
        *(f"--pass={PASSWORD}", f"--addr={address}", "--advbase=1", f"--advskew={skew}"),
        *("--upscript=/etc/up.sh", "--downscript=/etc/down.sh", "--shutdown"),
        *(["--preempt"] if preempt else []),
        *options,
    )


def wait_for_address(host: Host, address: str = VIP, interface: str = "eth0") -> None:
    wait_for(f"{address} on {host.name}", lambda: host.has(address, interface))


def wait_for_no_address(host: Host, address: str = VIP) -> None:
    wait_for(f"{address} gone from {host.name}", lambda: not host.has(address))


def use_shipped_scripts(host: Host) -> dict[str, object]:
    """Install the scripts of the package; returns the keys that name them."""
    for name in ("ucarp-up.sh", "ucarp-down.sh"):
        text, there = (PROJECT / "etc/ucarp" / name).read_text(), host.etc / "ucarp" / name
        # The kernel refuses to write to a script in the moment when it is started.
        if not there.exists() or there.read_text() != text:
            host.write(f"ucarp/{name}", text)
    return {"UPSCRIPT": "/etc/ucarp/ucarp-up.sh", "DOWNSCRIPT": "/etc/ucarp/ucarp-down.sh"}


class ScriptedHost(Host):
    """A host whose virtual hosts all use the shipped scripts, unless their files say otherwise."""

    def write_conf(self, name: str, text: str) -> Path:
        if "UCARP_UPSCRIPT" not in text:
            keys = use_shipped_scripts(self)
            text += "".join(f"UCARP_{key}={value}\n" for key, value in keys.items())
        return super().write_conf(name, text)


class ScriptedLab(Lab):
    host_type = ScriptedHost


both_ways = pytest.mark.parametrize(
    "lab", [Lab, ScriptedLab], ids=["built-in", "shipped"], indirect=True
)
"""A test that must pass whoever sets the addresses: ucarpd itself, or the scripts of the package."""


def mac(host: Host) -> str:
    """The hardware address of eth0."""
    text = host.run("cat", "/sys/class/net/eth0/address").stdout
    return text.strip()


def note(text: str) -> None:
    """A figure for the reader of `pytest -rA`."""
    sys.stdout.write(f"{text}\n")
