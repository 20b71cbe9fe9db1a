"""Health checks move the role, and hold up nothing."""

from pathlib import Path

import pytest
from lab import Host, Process, wait_for
from nodes import (
    BACKUP,
    MASTER,
    VIP,
    start,
    start_backup,
    start_master,
    start_ucarp,
    wait_for_address,
    wait_for_no_address,
)

WEB = "'http://127.0.0.1:8080/ interval=0.5 timeout=0.5 rise=2 fall=2'"


def start_web_server(host: Host) -> Process:
    host.ip("link", "set", "lo", "up")
    return host.start("/usr/bin/python3", "-m", "http.server", "8080", "--bind", "127.0.0.1")


def start_peer(make: str, host: Host) -> Process:
    if make == "ucarp":
        peer = start_ucarp(host, skew=50)
        peer.wait_for_line(BACKUP)
        return peer
    return start_backup(host, ADVSKEW=50)


@pytest.mark.parametrize("make", ["ucarpd", "ucarp"])
def test_the_role_goes_where_the_web_server_runs(a, b, make):
    """To the peer when it is stopped, and back when it runs again: neither ends on its own."""
    server = start_web_server(a)
    keys = {"CHECK_WEB": WEB, "PREEMPT": "yes", "PREEMPT_DELAY": 1}
    node = start_master(a, **keys)
    node.wait_for_line("check WEB is good: HTTP/1.0 200 OK")
    peer = start_peer(make, b)

    server.kill()
    node.wait_for_line("check WEB has failed: connection refused")
    node.wait_for_line("demoted by 240: check WEB: connection refused")
    peer.wait_for_line(MASTER)
    wait_for_address(b)
    wait_for_no_address(a)

    start_web_server(a)
    node.wait_for_line("check WEB is good", count=2)
    node.wait_for_line("no longer demoted")
    node.wait_for_line(MASTER, "preempting", count=1)
    wait_for_address(a)
    wait_for_no_address(b)


def test_a_server_that_is_down_on_both_hosts_moves_the_role_once(a, b, wire):
    servers = [start_web_server(host) for host in (a, b)]
    nodes = [start_master(a, CHECK_WEB=WEB, PREEMPT="yes")]
    nodes.append(start_backup(b, CHECK_WEB=WEB, PREEMPT="yes", ADVSKEW=50))
    for node in nodes:
        node.wait_for_line("check WEB is good")
    for server in servers:
        server.kill()
    for node in nodes:
        node.wait_for_line("demoted by 240: check WEB")
    [master] = wait_for("one master", lambda: [each for each in (a, b) if each.has(VIP)])
    wire.wait_more(master.address, 5)
    assert [len(node.lines(MASTER)) for node in nodes] in ([1, 0], [1, 1])


def processes_of(file: Path) -> list[int]:
    return [int(word) for word in file.read_text().split()]


def test_a_check_that_hangs_is_killed_wherever_it_has_gone(a, b, tmp_path):
    """Also its children, even a child with a session of its own; the role stays meanwhile."""
    pids = tmp_path / "pids"
    pids.touch()
    script = f"#!/bin/sh\nsleep 600 &\nsetsid sleep 600 &\necho $! $$ >>{pids}\nwait\n"
    a.write("hang.sh", script)
    check = "'exec:/etc/hang.sh interval=0.5 timeout=0.5 fall=100'"
    node = start_master(a, CHECK_HANG=check)
    peer = start_backup(b, ADVSKEW=50)
    wait_for("three runs", lambda: len(processes_of(pids)) >= 6)
    old = processes_of(pids)[:4]
    wait_for("their end", lambda: not any(Path(f"/proc/{pid}").exists() for pid in old))
    assert peer.lines(MASTER) == node.lines(BACKUP)[1:] == []
    last = processes_of(pids)[-2:]
    assert node.stop() == 0
    wait_for("the end of the last", lambda: not any(Path(f"/proc/{p}").exists() for p in last))


@pytest.mark.parametrize(
    ("served", "neighbour"), [(VIP, "2001:db8::b"), ("2001:db8::1", "172.16.0.12")]
)
def test_a_neighbour_of_a_family_in_which_nothing_is_served(a, b, served, neighbour):
    a.enable_ipv6("2001:db8::a/64")
    b.enable_ipv6("2001:db8::b/64")
    keys = {"SRCIP": None, "ADDR": served, "MASK": None}
    node = start(a, CHECK_GATEWAY=f"'arp:{neighbour} interval=0.5'", **keys)
    node.wait_for_line(f"check GATEWAY is good: {neighbour} answers")


def test_each_other_kind_of_check(a, b):
    """A program of another user, a link, and a neighbour of each family that answers, or does not."""
    a.enable_ipv6("2001:db8::a/64")
    b.enable_ipv6("2001:db8::b/64")
    a.ip("link", "add", "eth1", "type", "veth", "peer", "name", "eth1-peer")
    for end in ("eth1", "eth1-peer"):
        a.ip("link", "set", end, "up")
    often = "interval=0.5 timeout=0.5 fall=1"
    node = start(
        a,
        SRCIP="172.16.0.11 2001:db8::a",
        ADDR="172.16.0.1,2001:db8::1",
        CHECK_USER="'exec:/usr/bin/id -un user=nobody'",
        CHECK_LINK="'link:eth1'",
        CHECK_V4=f"'arp:{b.address} {often}'",
        CHECK_V6=f"'arp:2001:db8::b {often}'",
        CHECK_DEAD=f"'arp:172.16.9.9 {often}'",
    )
    node.wait_for_line("check USER is good: nobody")
    node.wait_for_line("check LINK is good: eth1 is up")
    node.wait_for_line(f"check V4 is good: {b.address} answers")
    node.wait_for_line("check V6 is good: 2001:db8::b answers")
    node.wait_for_line("check DEAD has failed: timed out after 0.5 s")
    a.ip("link", "set", "eth1-peer", "down")
    node.wait_for_line("check LINK has failed: eth1 has no carrier")
    b.cable(connected=False)
    node.wait_for_line("check V4 has failed: timed out after 0.5 s")
    node.wait_for_line("check V6 has failed: timed out after 0.5 s")
    b.cable(connected=True)
    node.wait_for_line(f"check V4 is good: {b.address} answers", count=2)
    node.wait_for_line("check V6 is good: 2001:db8::b answers", count=2)
    assert node.is_running
