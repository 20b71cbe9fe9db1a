"""A host that is less fit than usual serves on until a healthy one takes over, preempting or not."""

import signal

import pytest
from lab import Host, Process, wait_for
from nodes import (
    BACKUP,
    MASTER,
    VIP,
    both_ways,
    conf,
    start_backup,
    start_ucarp,
    wait_for_address,
    wait_for_no_address,
)


def add_second_interface(host: Host) -> None:
    """eth1, whose other end, eth1-peer, stays here."""
    host.ip("link", "add", "eth1", "type", "veth", "peer", "name", "eth1-peer")
    host.ip("address", "add", "10.5.0.11/24", "dev", "eth1")
    for end in ("eth1", "eth1-peer"):
        host.ip("link", "set", end, "up")


def pull(host: Host, connected: bool = False) -> None:
    host.ip("link", "set", "eth1-peer", "up" if connected else "down")


def start_gateway(host: Host, **keys: object) -> Process:
    """One process with a virtual host on each of two interfaces; MASTER on both."""
    add_second_interface(host)
    inside = {"INTERFACE": "eth1", "VHID": 2, "ADDR": "10.5.0.1", "MASK": 24}
    host.write_conf("inside", conf("10.5.0.11", **inside, **keys))
    host.write_conf("outside", conf(host.address, **keys))
    process = host.ucarpd()
    for name in ("inside", "outside"):
        process.wait_for_line(f"{name}: {MASTER}")
    wait_for_address(host)
    return process


RELIEVED = f"outside: {BACKUP} (172.16.0.12 is preferred"


@both_ways
@pytest.mark.parametrize("preempt", ["yes", "no"])
def test_a_lost_link_moves_the_other_virtual_hosts_too(a, b, wire, preempt):
    """Also where the peer does not preempt, and never into a silence."""
    gateway = start_gateway(a, PREEMPT="yes")
    peer = start_backup(b, ADVSKEW=50, PREEMPT=preempt)
    pull(a)
    gateway.wait_for_line("outside: demoted by 240: eth1 cannot be used")
    peer.wait_for_line(MASTER, "taking over from 172.16.0.11: it is demoted by 240, this host by 0")
    gateway.wait_for_line(RELIEVED)
    wait_for_address(b)
    wait_for_no_address(a)
    gateway.wait_for_line("inside: Switching to state: INIT (no carrier on eth1)")
    assert not wire.bow_outs(a.address)
    # Without the fault, the preferred host takes the role back.
    pull(a, connected=True)
    gateway.wait_for_line("outside: no longer demoted")
    gateway.wait_for_line(f"outside: {MASTER} (preempting 172.16.0.12", count=1)


def test_a_lost_source_address_moves_the_other_virtual_hosts_too(a, b):
    gateway = start_gateway(a)
    peer = start_backup(b, ADVSKEW=50)
    own = ("10.5.0.11/24", "dev", "eth1")
    a.ip("address", "del", *own)
    gateway.wait_for_line("outside: demoted by 240: eth1 cannot be used")
    gateway.wait_for_line(RELIEVED)
    peer.wait_for_line(MASTER)
    a.ip("address", "add", *own)
    gateway.wait_for_line("outside: no longer demoted")


@pytest.mark.parametrize("files", [{"ADVBASE": 2}, {"ADVSKEW": 200}, {}])
def test_a_healthy_host_that_comes_later_relieves_one_that_is_less_fit(a, b, files):
    """Whatever the files rank by, and without preemption; the unfit host takes nothing back."""
    gateway = start_gateway(a)
    pull(a)
    gateway.wait_for_line("outside: demoted by 240")
    peer = start_backup(b, **files)
    peer.wait_for_line(MASTER, "taking over from 172.16.0.11")
    gateway.wait_for_line(RELIEVED)
    wait_for_address(b)
    pull(a, connected=True)
    gateway.wait_for_line("outside: no longer demoted")
    assert len(peer.lines(MASTER)) == len(gateway.lines(f"outside: {MASTER}")) == 1


@both_ways
def test_ucarp_takes_over_from_each_kind_of_statement(a, b, wire):
    """A fault, a step-down and a bow-out; it does not preempt."""
    gateway = start_gateway(a, PREEMPT="yes")
    peer = start_ucarp(b, skew=50)
    wait_for("ucarp to listen", lambda: peer.lines("BACKUP"))
    pull(a)
    peer.wait_for_line(MASTER)
    gateway.wait_for_line(f"outside: {BACKUP}", count=2)
    wait_for_address(b)
    wait_for_no_address(a)
    pull(a, connected=True)
    gateway.wait_for_line(f"outside: {MASTER} (preempting", count=1)
    gateway.signal(signal.SIGUSR2)
    peer.wait_for_line(MASTER, count=2)
    gateway.wait_for_line(f"outside: {BACKUP}", count=3)
    gateway.wait_for_line(f"outside: {MASTER}", count=3, limit=20)
    gateway.stop()
    peer.wait_for_line(MASTER, count=3)
    wait_for_address(b)
    stated = {
        (each.advbase, each.advskew, each.demotion) for each in wire.advertisements(a.address)
    }
    assert stated == {(1, 0, 0), (254, 240, 255), (254, 254, 255), (255, 255, 255)}


def test_without_a_peer_the_demoted_host_serves_on(a, wire):
    gateway = start_gateway(a)
    pull(a)
    gateway.wait_for_line("outside: demoted by 240")
    heard = wire.wait_more(a.address, 2)
    assert {(each.advbase, each.advskew, each.demotion) for each in heard} == {(254, 240, 255)}
    assert a.has(VIP)
    gateway.signal(signal.SIGUSR2)
    gateway.wait_for_line("outside: asked to step down, but no other host has taken over")
    assert not gateway.lines(f"outside: {BACKUP} (", "preferred")
    assert a.has(VIP)


def test_it_can_be_switched_off(a):
    gateway = start_gateway(a, IFDOWN_DEMOTION=0)
    pull(a)
    gateway.wait_for_line("inside: Switching to state: INIT")
    pull(a, connected=True)
    gateway.wait_for_line(f"inside: {BACKUP}", count=2)
    assert not gateway.lines("demoted")


def test_an_interface_that_was_never_there_demotes_nobody(a, wire):
    """A typo in one file is no reason to be less fit in the others."""
    a.write_conf("typo", conf(a.address, INTERFACE="eht0", VHID=9, ADDR="172.16.0.9"))
    a.write_conf("web", conf(a.address))
    process = a.ucarpd()
    process.wait_for_line(f"web: {MASTER}")
    assert {each.advskew for each in wire.wait_more(a.address, 2)} == {0}


@both_ways
def test_a_host_that_cannot_send_hands_over(a, b, wire):
    gateway = start_gateway(a)
    peer = start_backup(b, ADVSKEW=50)
    wire.wait_more(a.address, 2)
    a.drop("egress", "ip protocol 112")
    gateway.wait_for_line("outside: cannot send on eth0", "netdev table of nftables")
    gateway.wait_for_line("outside: demoted by 240: sending fails")
    peer.wait_for_line(MASTER)
    gateway.wait_for_line(RELIEVED)
    wait_for_address(b)
    wait_for_no_address(a)


def test_the_openbsd_style_counts_in_byte_4(a, b, wire):
    """It is compared ahead of the interval: a healthy backup takes over, however slow it is."""
    gateway = start_gateway(a, DEMOTE_STYLE="openbsd")
    pull(a)
    gateway.wait_for_line("outside: demoted by 1: eth1 cannot be used")
    heard = wire.wait_more(a.address, 2)
    assert {(each.advskew, each.demotion) for each in heard} == {(0, 1)}
    peer = start_backup(b, ADVSKEW=200, DEMOTE_STYLE="openbsd")
    peer.wait_for_line(MASTER, "taking over from 172.16.0.11", "it is demoted by 1, this host by 0")
    gateway.wait_for_line(f"outside: {BACKUP} (172.16.0.12 is preferred")
    wait_for_address(b)
    wait_for_no_address(a)
