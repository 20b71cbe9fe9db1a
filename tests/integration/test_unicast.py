"""Advertisements to single hosts, for networks without multicast."""

import pytest
from lab import Host, wait_for
from nodes import (
    BACKUP,
    MASTER,
    VIP,
    both_ways,
    start,
    start_backup,
    start_master,
    wait_for_address,
    wait_for_no_address,
)
from wiretap import Wiretap

PEERS = "172.16.0.11 172.16.0.12 172.16.0.13"


@pytest.fixture
def c(lab) -> Host:
    return lab.host("c", "172.16.0.13/16")


@pytest.fixture
def port_of_a(lab, a):
    """The frames at the switch port of `a`, including frames for a single host."""
    with Wiretap(lab.switch.namespace, a.name) as wire:
        yield wire


@both_ways
def test_three_hosts_without_multicast(a, b, c, port_of_a):
    """One list for all of them; each skips itself."""
    for host in (a, b, c):
        host.drop("ingress", "ip daddr 224.0.0.0/4")
    first = start_master(a, PEERS=PEERS)
    second = start_backup(b, PEERS=PEERS, ADVSKEW=50)
    third = start_backup(c, PEERS=PEERS, ADVSKEW=100)
    heard = port_of_a.wait_more(a.address, 4)
    assert {each.destination for each in heard} == {b.address, c.address}
    assert {each.ttl for each in heard} == {255}
    first.kill()
    assert "no advertisement from 172.16.0.11" in second.wait_for_line(MASTER)
    wait_for_address(b)
    second.stop()
    assert "172.16.0.12 bowed out" in third.wait_for_line(MASTER)
    wait_for_address(c)


def test_a_pair_with_ipv6_peers(a, b):
    for host, address in ((a, "fd00::11/64"), (b, "fd00::12/64")):
        host.enable_ipv6(address)
        host.drop("ingress", "ip6 daddr ff02::12")
    keys = {"ADDR": "fd00::1", "MASK": None, "PEERS": "fd00::11,fd00::12"}
    first = start(a, **keys, SRCIP="fd00::11")
    first.wait_for_line(MASTER)
    second = start(b, **keys, SRCIP="fd00::12", ADVSKEW=50)
    second.wait_for_line(BACKUP)
    wait_for_address(a, "fd00::1")
    first.stop()
    assert "fd00::11 bowed out" in second.wait_for_line(MASTER)
    wait_for_address(b, "fd00::1")


def test_link_local_peers(a, b):
    local_a, local_b = a.enable_ipv6(), b.enable_ipv6()
    keys = {"ADDR": "fd00::1", "MASK": None, "SRCIP": None, "PEERS": f"{local_a} {local_b}"}
    first = start(a, **keys)
    first.wait_for_line(MASTER)
    second = start(b, **keys, ADVSKEW=50)
    second.wait_for_line(BACKUP)
    first.stop()
    assert f"{local_a} bowed out" in second.wait_for_line(MASTER)


def test_routed_peers(lab):
    """Each in a network of its own: their advertisements come with a TTL of 254."""
    a, b = lab.host("a", "10.1.0.11/24"), lab.host("b", "10.2.0.12/24")
    router = lab.host("r", "10.1.0.1/24")
    router.ip("address", "add", "10.2.0.1/24", "dev", "eth0")
    router.sysctl("net/ipv4/ip_forward", "1")
    for scope in ("all", "eth0"):  # they share a switch, but must not know that
        router.sysctl(f"net/ipv4/conf/{scope}/send_redirects", "0")
    a.ip("route", "add", "10.2.0.0/24", "via", "10.1.0.1")
    b.ip("route", "add", "10.1.0.0/24", "via", "10.2.0.1")
    first = start_master(a, PEERS=b.address)
    second = start_backup(b, PEERS=a.address, ADVSKEW=50)
    with Wiretap(lab.switch.namespace, b.name) as port_of_b:
        heard = port_of_b.wait_more(a.address, 4)
    assert {each.ttl for each in heard} == {254}
    first.kill()
    line = second.wait_for_line(MASTER)
    assert "no advertisement from 10.1.0.11" in line


def test_a_stranger_is_not_heard(a, b, c):
    """It has the password and all, but it is not in the list."""
    first = start_master(a, PEERS=b.address, ADVSKEW=100)
    start(c, PEERS=a.address).wait_for_line(MASTER)
    line = first.wait_for_line("dropped a packet from 172.16.0.13")
    assert "not one of UCARP_PEERS" in line
    assert not first.lines(BACKUP, "preferred")


def test_multicast_is_not_heard_in_unicast_mode_and_the_reverse(a, b):
    first = start_master(a, PEERS=b.address)
    second = start_master(b, ADDR=VIP, ADVSKEW=50)
    assert "expects unicast from its peers" in first.wait_for_line("dropped a packet")
    assert "listens on 224.0.0.18" in second.wait_for_line("dropped a packet")


def test_a_dead_peer_demotes_nobody(a, b, port_of_a):
    """Packets to it are lost, but that is its own fault."""
    master = start_master(a, PEERS=PEERS)
    second = start_backup(b, PEERS=PEERS, ADVSKEW=50)
    wait_for("the kernel gives it up", lambda: "FAILED" in a.run("ip", "neigh").stdout)
    port_of_a.wait_more(a.address, 4)
    assert not master.lines("demoted")
    assert not second.lines(MASTER)


def test_partition_heals(a, b):
    first = start_master(a, PEERS=PEERS)
    second = start_backup(b, PEERS=PEERS, ADVSKEW=50)
    a.path(connected=False)
    second.wait_for_line(MASTER)
    a.path(connected=True)
    assert "172.16.0.11 is preferred" in second.wait_for_line(BACKUP, count=2)
    wait_for_no_address(b)
    assert len(first.lines(MASTER)) == 1
