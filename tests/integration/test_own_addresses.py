"""Which address advertisements come from, on real interfaces with more than one."""

import signal

import pytest
from lab import wait_for
from nodes import (
    BACKUP,
    INIT,
    MASTER,
    VIP,
    conf,
    start,
    start_backup,
    start_master,
    wait_for_address,
)

from ucarpd.health.fitness import FIRST_ADDRESS_PAUSE


def add(host, address, interface="eth0"):
    host.ip("address", "add", address, "dev", interface)


def remove(host, address, interface="eth0"):
    host.ip("address", "delete", address, "dev", interface)


def test_the_peers_list_tells_which_address_to_advertise_from(a, b):
    """No listed address is the first of its interface."""
    add(a, "172.16.0.51/16")
    add(b, "172.16.0.52/16")
    keys = {"SRCIP": None, "PEERS": "172.16.0.51,172.16.0.52"}
    first = start_master(a, **keys)
    second = start_backup(b, **keys, ADVSKEW=50)
    assert "ready with source 172.16.0.52" in second.lines(BACKUP)[0]
    first.stop()
    second.wait_for_line(MASTER, "172.16.0.51 bowed out")


def test_global_ipv6_addresses_in_the_peers_list(a, b):
    a.enable_ipv6("fd00::11/64")
    b.enable_ipv6("fd00::12/64")
    keys = {"ADDR": "fd00::1", "MASK": None, "SRCIP": None, "PEERS": "fd00::11,fd00::12"}
    first = start(a, **keys)
    first.wait_for_line(MASTER)
    second = start_backup(b, **keys, ADVSKEW=50)
    first.stop()
    second.wait_for_line(MASTER, "fd00::11 bowed out")


def test_a_listed_address_that_comes_late(a):
    daemon = start(a, SRCIP=None, PEERS="172.16.0.51,172.16.0.52")
    daemon.wait_for_line(
        "Waiting: no address of eth0 (172.16.0.11) is in UCARP_PEERS (172.16.0.51, 172.16.0.52)"
    )
    add(a, "172.16.0.51/16")
    daemon.wait_for_line(BACKUP, "ready with source 172.16.0.51")


def test_a_source_on_the_loopback_interface(a, b):
    """One public address for both hosts: the interface has none of its own."""
    remove(a, "172.16.0.11/16")
    add(a, "192.168.5.1/32", "lo")
    first = start_master(a, SRCIP="192.168.5.1")
    first.wait_for_line("source address 192.168.5.1 is on lo, not on eth0")
    second = start_backup(b, ADVSKEW=50)
    first.stop()
    second.wait_for_line(MASTER, "192.168.5.1 bowed out")


def test_a_change_of_the_source_is_told(a, wire):
    daemon = start_master(a, SRCIP=None, MASK=32)
    add(a, "172.17.0.51/16")
    remove(a, "172.16.0.11/16")
    daemon.wait_for_line("the source address is now 172.17.0.51; it was 172.16.0.11")
    wire.wait_more("172.17.0.51", 2)
    assert daemon.lines(INIT) == []


def test_a_duplicate_is_called_one(a, b):
    a.enable_ipv6("fd00::77/64")
    b.enable_ipv6()
    b.sysctl("net/ipv6/conf/eth0/accept_dad", "1")
    b.ip("address", "add", "fd00::77/64", "dev", "eth0")
    wait_for("the duplicate", lambda: "dadfailed" in b.ip("address", "show", "eth0").stdout)
    daemon = start(b, ADDR="fd00::1", MASK=None, SRCIP="fd00::77")
    daemon.wait_for_line("Waiting: fd00::77 on eth0 is a duplicate: another host has it")


# -- interfaces that hear nothing ------------------------------------------------------------------


@pytest.fixture
def bridge(b):
    """A bridge on `b` that has no port yet."""
    b.ip("link", "add", "br-lan", "type", "bridge", "forward_delay", "0")
    b.ip("link", "set", "br-lan", "up")


DEAF = "eth0 is a port of br-lan and receives nothing itself: UCARP_INTERFACE=br-lan"


@pytest.mark.usefixtures("bridge")
def test_the_port_of_a_bridge(a, b):
    start_master(a)
    b.ip("link", "set", "eth0", "master", "br-lan")
    daemon = start(b)
    daemon.wait_for_line(f"Waiting: {DEAF}")
    b.ip("link", "set", "eth0", "nomaster")
    daemon.wait_for_line(BACKUP)


@pytest.mark.usefixtures("bridge")
def test_a_backup_that_becomes_a_port_never_takes_over(a, b, wire):
    start_master(a)
    daemon = start_backup(b)
    b.ip("link", "set", "eth0", "master", "br-lan")
    daemon.wait_for_line(INIT, DEAF)
    wire.wait_more(a.address, 5)
    assert daemon.lines(MASTER) == []
    assert not b.has(VIP)


@pytest.mark.usefixtures("bridge")
def test_a_master_that_becomes_a_port_says_so_to_the_others(a, b):
    daemon = start_master(b)
    second = start_backup(a, ADVSKEW=50)
    b.ip("link", "set", "eth0", "master", "br-lan")
    daemon.wait_for_line(INIT, DEAF)
    second.wait_for_line(MASTER, f"{b.address} bowed out")
    wait_for_address(a)


def test_another_name_of_the_interface(a):
    a.ip("link", "property", "add", "dev", "eth0", "altname", "enp0s31f6")
    daemon = start(a, INTERFACE="enp0s31f6")
    daemon.wait_for_line("Waiting: enp0s31f6 is another name of eth0: write UCARP_INTERFACE=eth0")


def test_a_group_that_cannot_be_joined(a):
    a.sysctl("net/ipv4/igmp_max_memberships", "0")
    daemon = start(a)
    daemon.wait_for_line("Waiting: cannot join 224.0.0.18 on eth0: ", "igmp_max_memberships")
    a.sysctl("net/ipv4/igmp_max_memberships", "20")
    daemon.wait_for_line(BACKUP)


# -- one family of two -----------------------------------------------------------------------------


def test_a_pair_that_loses_ipv6_goes_on_with_ipv4(a, b):
    a.enable_ipv6()
    b.enable_ipv6()
    keys = {"ADDR": f"{VIP},fd00::1", "SRCIP": None}
    daemons = [start_master(a, **keys), start_backup(b, **keys, ADVSKEW=50)]
    for host in (a, b):
        host.sysctl("net/ipv6/conf/eth0/disable_ipv6", "1")
    for daemon in daemons:
        daemon.wait_for_line("demoted by 240: eth0 has no IPv6 address of its own")
    text = "IPv6 was switched off on eth0: type: sysctl -w net/ipv6/conf/eth0/disable_ipv6=0"
    daemons[0].wait_for_line(text)
    assert not any(each.lines("removed from eth0 by somebody else") for each in daemons)
    wait_for("one of them serves", lambda: a.has(VIP) or b.has(VIP))
    assert not any(daemon.lines(INIT) for daemon in daemons)
    for host in (a, b):
        host.sysctl("net/ipv6/conf/eth0/disable_ipv6", "0")
    for daemon in daemons:
        # A host that gave the role away twice, before it could add the address, is fit after two pauses.
        daemon.wait_for_line("no longer demoted", limit=2 * FIRST_ADDRESS_PAUSE + 15)


# -- a reload --------------------------------------------------------------------------------------


def test_a_reloaded_master_advertises_its_new_interval_at_once(a, b, wire):
    """It is alone on its interface, and the backup must not take the change for silence."""
    first = start_master(a)
    second = start_backup(b, ADVSKEW=50)
    wire.wait_more(a.address, 2)
    a.write_conf("web", conf(a.address, ADVBASE=3))
    first.signal(signal.SIGHUP)
    first.wait_for_line("new configuration: applied without a restart")
    wire.wait_more(a.address, 3)
    assert second.lines(MASTER) == []
    assert first.lines("cannot send") == []


def test_a_source_that_is_back_at_once_costs_nothing(a, wire):
    """As when a network manager sets the addresses of the interface again."""
    daemon = start_master(a, ADVBASE=3)
    remove(a, f"{a.address}/16")
    add(a, f"{a.address}/16")
    wire.wait_more(a.address, 2)
    assert daemon.lines(INIT) == []
    assert a.has(VIP)


def test_a_source_that_does_not_come_back_hands_over(a, b):
    first = start_master(a)
    second = start_backup(b, ADVSKEW=50)
    remove(a, f"{a.address}/16")
    first.wait_for_line(INIT, f"source address {a.address} is not on eth0")
    second.wait_for_line(MASTER, f"{a.address} bowed out")
