"""The interface, its cable and its addresses come and go; the daemon stays."""

import signal
import time

import pytest
from lab import run, wait_for
from nodes import (
    BACKUP,
    INIT,
    MASTER,
    VIP,
    both_ways,
    mac,
    start,
    start_backup,
    start_master,
    wait_for_address,
    wait_for_no_address,
)

from ucarpd.engine.outgoing import TOLD_AFTER

GROUP_IN_PROC = "120000E0"
"""224.0.0.18 as /proc/net/igmp shows it."""


def is_member(host) -> bool:
    return GROUP_IN_PROC in host.run("cat", "/proc/net/igmp").stdout


def pull_cable(host, connected):
    host.cable(connected)


def set_link(host, connected):
    host.ip("link", "set", "eth0", "up" if connected else "down")


@both_ways
@pytest.mark.parametrize(
    ("change", "reason"),
    [
        pytest.param(pull_cable, "no carrier on eth0", id="carrier"),
        pytest.param(set_link, "interface eth0 is down", id="link"),
    ],
)
def test_link_lost_and_back(a, b, wire, change, reason):
    on_a = start_master(a)
    on_b = start_backup(b)
    wire.wait_more(a.address, 2)

    change(a, False)
    on_a.wait_for_line(INIT, reason)
    wait_for_no_address(a)
    # Gone long before the other host takes over.
    assert on_b.lines(MASTER) == []
    on_b.wait_for_line(MASTER, f"no advertisement from {a.address}")
    wait_for_address(b)

    change(a, True)
    on_a.wait_for_line(BACKUP, "ready with source", count=2)
    on_b.stop()
    on_a.wait_for_line(MASTER, f"{b.address} bowed out")
    wait_for_address(a)


def test_a_pulled_cable_is_no_failure_to_send(lab, a):
    """If the ends of a pair have one index, the kernel reports one loss of their carrier in a second;
    until then it refuses what is sent.  A busy machine may report it much later.
    """
    there = lab.switch.namespace
    pair = ("eth1", "index", "99", "type", "veth", "peer", "name", "port", "index", "99")
    a.ip("link", "add", *pair, "netns", there)

    def plug(state):
        run("ip", "-n", there, "link", "set", "port", state)

    plug("up")
    a.ip("address", "add", "172.17.0.11/16", "dev", "eth1")
    a.ip("link", "set", "eth1", "up")
    daemon = start(a, INTERFACE="eth1", SRCIP="172.17.0.11", ADVBASE=0, ADVSKEW=25)
    soon = count = 0
    while soon < 2:
        assert count < 10, "this machine reports hardly any loss in time"
        count += 1
        daemon.wait_for_line(MASTER, count=count)
        told = daemon.lines("[ERROR]")
        pulled_at = time.monotonic()
        plug("down")
        daemon.wait_for_line(INIT, "no carrier on eth1", count=count)
        if time.monotonic() - pulled_at < TOLD_AFTER:
            soon += 1
            assert daemon.lines("[ERROR]") == told
        plug("up")
    daemon.wait_for_line(MASTER, count=count + 1)
    assert len(daemon.lines("demoted by")) == len(daemon.lines("no longer demoted"))


def test_ignored_link_state(a, wire):
    """UCARP_IGNOREIFSTATE: the role and the address stay through a loss of the carrier."""
    on_a = start_master(a, IGNOREIFSTATE="yes")
    a.cable(False)
    wait_for("no carrier", lambda: "NO-CARRIER" in a.ip("link", "show", "eth0").stdout)
    a.cable(True)
    wire.wait_more(a.address, 2)
    assert a.has(VIP)
    assert on_a.lines(INIT) == []


@both_ways
def test_interface_deleted_and_created_again(a, b, wire):
    on_a = start_master(a)
    on_b = start_backup(b)
    wire.wait_more(a.address, 2)

    a.ip("link", "delete", "eth0")
    on_a.wait_for_line(INIT, "interface eth0")
    on_a.wait_for_line("interface eth0 does not exist")
    on_b.wait_for_line(MASTER)

    a.connect()
    on_a.wait_for_line(BACKUP, count=2)
    wait_for("the membership of the group", lambda: is_member(a))
    # It hears the other host, and it can speak.
    wire.wait_more(b.address, 4)
    assert len(on_a.lines(MASTER)) == 1
    on_b.stop()
    on_a.wait_for_line(MASTER, f"{b.address} bowed out")
    wait_for_address(a)
    wire.wait_more(a.address, 2)


@both_ways
def test_interface_replaced_while_the_daemon_is_stopped(a, b, wire):
    """The new interface has the name and the index of the old one."""
    on_a = start_master(a)
    on_b = start_backup(b)
    wire.wait_more(a.address, 2)
    index = a.ip("-oneline", "link", "show", "eth0").stdout.partition(":")[0]

    on_a.signal(signal.SIGSTOP)
    a.ip("link", "delete", "eth0")
    switch = a.lab.switch.namespace
    a.ip(
        *("link", "add", "name", "eth0", "index", index),
        *("type", "veth", "peer", "name", a.name, "netns", switch),
    )
    run("ip", "-n", switch, "link", "set", "dev", a.name, "master", "br0", "up")
    a.ip("address", "add", f"{a.address}/{a.prefixlen}", "dev", "eth0")
    a.ip("link", "set", "eth0", "up")
    on_b.wait_for_line(MASTER)
    on_a.signal(signal.SIGCONT)
    on_b.wait_for_line(BACKUP, a.address)
    wait_for_no_address(b)
    wire.wait_more(a.address, 2)


@both_ways
def test_interface_renamed(a, b, wire):
    start_master(a)
    on_b = start_backup(b)
    wire.wait_more(a.address, 2)

    if a.ip("link", "set", "eth0", "name", "lan0", check=False).returncode:
        pytest.skip("this kernel renames no interface that is up (Linux 6.1 and before)")
    on_b.wait_for_line(MASTER)
    assert a.has(a.address, "lan0")
    assert not a.has(VIP, "lan0")


@both_ways
def test_interface_missing_at_start(a, wire):
    a.ip("link", "delete", "eth0")
    daemon = start(a)
    daemon.wait_for_line("[WARNING] web: Waiting: interface eth0 does not exist")
    daemon.signal(signal.SIGUSR1)
    daemon.wait_for_line("INIT on eth0 id 1 (", "interface eth0 does not exist")

    a.connect()
    daemon.wait_for_line(MASTER)
    wait_for_address(a)
    wire.wait(a.address, 2)


@both_ways
def test_virtual_address_removed_by_hand(a, wire):
    daemon = start_master(a)
    for _ in range(2):
        before = time.time()
        (present,) = [each for each in a.addresses() if each["local"] == VIP]
        a.ip("address", "delete", f"{VIP}/{present['prefixlen']}", "dev", "eth0")
        # Said once: whoever removes it may do so every second.
        daemon.wait_for_line(f"{VIP} was removed from eth0 by another program; putting it back")
        wait_for_address(a)
        wait_for(
            "it is announced again", lambda before=before: wire.announcements(VIP, after=before)
        )
    assert len(daemon.lines(MASTER)) == 1
    assert daemon.lines(INIT) == []


@both_ways
def test_source_address_removed_and_put_back(a, b, wire):
    on_a = start_master(a)
    on_b = start_backup(b)
    wire.wait_more(a.address, 2)

    source = f"{a.address}/{a.prefixlen}"
    a.ip("address", "delete", source, "dev", "eth0")
    on_a.wait_for_line(INIT, f"source address {a.address} is not on eth0")
    # We still can speak, so the other host need not wait for our silence.
    on_b.wait_for_line(MASTER, f"{a.address} bowed out")
    wait_for_address(b)
    wait_for_no_address(a)
    assert is_member(a)

    a.ip("address", "add", source, "dev", "eth0")
    on_a.wait_for_line(BACKUP, count=2)
    wire.wait_more(b.address, 4)
    assert len(on_a.lines(MASTER)) == 1


def test_source_address_missing_at_start(a, wire):
    source = f"{a.address}/{a.prefixlen}"
    a.ip("address", "delete", source, "dev", "eth0")
    daemon = start(a)
    daemon.wait_for_line(f"Waiting: source address {a.address} is not on eth0")
    wait_for("the membership of the group", lambda: is_member(a))
    a.ip("address", "add", source, "dev", "eth0")
    daemon.wait_for_line(MASTER)
    wait_for_address(a)


def test_source_address_is_found(a, wire):
    """Without UCARP_SRCIP the interface's own address is taken, also while it has the other."""
    a.ip("address", "delete", f"{a.address}/{a.prefixlen}", "dev", "eth0")
    daemon = start(a, SRCIP=None)
    daemon.wait_for_line("Waiting: eth0 has no IPv4 address of its own")
    a.ip("address", "add", f"{a.address}/{a.prefixlen}", "dev", "eth0")
    daemon.wait_for_line(MASTER)
    wait_for_address(a)
    wire.wait_more(a.address, 3)
    assert {each.source for each in wire.advertisements()} == {a.address}


def test_hardware_address_changed(a, wire):
    daemon = start_master(a)
    old, new = mac(a), "02:00:00:00:aa:01"
    wire.wait_more(a.address, 1)
    a.ip("link", "set", "dev", "eth0", "address", new)
    wait_for(
        "announced with the new one",
        lambda: (
            {"request", "reply"}
            <= {each.kind for each in wire.announcements(VIP) if each.sender_mac == new}
        ),
    )
    (*_, last) = wire.wait_more(a.address, 2)
    assert last.mac == new
    assert {each.mac for each in wire.advertisements()} == {old, new}
    assert len(daemon.lines(MASTER)) == 1
    assert daemon.lines(INIT) == []
