"""Which host serves while an up-script is slow, broken or at odds with its host."""

import signal

import pytest
from lab import wait_for
from nodes import (
    BACKUP,
    INIT,
    MASTER,
    SWITCHING,
    VIP,
    conf,
    start,
    start_backup,
    start_ucarp,
    wait_for_address,
    wait_for_no_address,
)
from up_and_down import ADD, BOTH, DOWN, REMOVE, UP, read, write_scripts
from wiretap import gaps


def test_a_slow_up_script_does_not_hold_up_the_protocol(lab, a, b, wire):
    write_scripts(a, up=f"echo begun\nsleep 8\n{ADD}echo ended\n")
    slow = start(a, **BOTH)
    slow.wait_for_line("begun")
    other = start_backup(b)
    slow.wait_for_line("ended")
    wait_for_address(a)
    wire.wait_more(a.address, 4)

    # Neither a pause nor a burst, and no word from the second host.
    between = gaps(wire.advertisements(a.address))
    assert len(between) >= 10
    assert max(between) < 2
    assert min(between) > 0.5
    assert wire.advertisements(b.address) == []
    assert other.lines(MASTER) == []
    # The neighbours hear of the address when it is there.
    began = wire.advertisements(a.address)[0].at
    assert wire.announcements(VIP)[0].at - began > 7.9


@pytest.mark.parametrize(
    ("text", "mode", "said"),
    [
        pytest.param(None, 0, "it does not exist", id="missing"),
        pytest.param(ADD, 0o644, "it is not executable", id="not-executable"),
        pytest.param(ADD, 0o777, "it is writable by others", id="writable"),
    ],
)
def test_a_script_that_cannot_be_run_is_waited_for(a, wire, text, mode, said):
    """As for an interface: a late mount may still bring it."""
    write_scripts(a)
    if text is None:
        (a.etc / "ucarp/up.sh").unlink()
    else:
        a.write("ucarp/up.sh", f"#!/bin/sh\n{text}", mode)
    daemon = start(a, **BOTH)
    daemon.wait_for_line("[WARNING] web: Waiting: ", UP, said)
    daemon.signal(signal.SIGUSR1)
    daemon.wait_for_line("INIT on eth0 id 1 (", said)
    a.write_conf("web", conf(a.address, **BOTH, ADVSKEW=5))
    daemon.signal(signal.SIGHUP)
    daemon.wait_for_line("reloaded: ")
    assert daemon.lines("CRITICAL") == []
    write_scripts(a)
    daemon.wait_for_line(MASTER)
    wait_for_address(a)


@pytest.mark.parametrize(
    ("text", "status"),
    [
        pytest.param("exit 3\n", 3, id="failing"),
        pytest.param("kill -9 $$\n", 137, id="killed"),
        pytest.param("sleep 1000\n", 143, id="hanging"),
    ],
)
def test_a_host_whose_up_script_fails_gives_the_role_away(a, b, wire, text, status):
    write_scripts(a, up=text, down="exit 255\n")
    write_scripts(b)
    # The first to be ready is the first to take over, however busy the machine is.
    on_a = start_backup(a, **BOTH, SCRIPT_TIMEOUT=1)
    on_b = start_backup(b, **BOTH, ADVSKEW=100)
    on_a.wait_for_line("[ERROR] web: ", f"[{UP} eth0 {VIP}] failed after", f"exit status {status}")
    # One quick attempt more, and then another host serves.
    on_a.wait_for_line(f"[ERROR] web: this host cannot serve {VIP}")
    on_b.wait_for_line(MASTER)
    wait_for_address(b)
    wire.wait_more(b.address, 3)
    assert len(on_b.lines(SWITCHING)) == 2
    # An attempt that hung is not repeated while the clients wait.
    assert len(on_a.lines(f"Spawning [{UP}")) == (1 if status == 143 else 2)
    assert on_a.lines(SWITCHING)[-1] == on_a.lines(BACKUP)[-1]
    # A down-script that fails although nothing is left to take off is no error.
    assert [line for line in on_a.lines(DOWN) if "ERROR" in line] == []


def test_a_master_whose_up_script_fails_although_it_serves_is_a_finding(a):
    fails = a.root / "fails"
    write_scripts(a, up=f"{ADD}[ ! -e {fails} ] || exit 3\n")
    fails.touch()
    daemon = start(a, **BOTH)
    daemon.wait_for_line(f"the up-script failed, but {VIP} is on this host, which keeps serving")
    status = a.ucarpctl("status", check=False)
    assert status.returncode == 1
    assert "its up-script has failed: exit status 3" in status.stdout
    fails.unlink()
    daemon.stop()
    daemon = start(a, **BOTH)
    daemon.wait_for_line("up.sh", "exit status 0")
    assert a.ucarpctl("status").returncode == 0
    # After a good run, the rest of its work is done.
    fails.touch()
    a.ip("address", "del", f"{VIP}/16", "dev", "eth0")
    daemon.wait_for_line(f"the up-script failed, but {VIP} is on this host, which keeps serving")
    assert "up-script has failed" not in a.ucarpctl("status", check=False).stdout


def test_where_nobody_else_serves_a_failing_host_goes_on_trying(a):
    works = a.root / "works"
    write_scripts(a, up=f"[ -e {works} ] || exit 1\n{ADD}")
    daemon = start(a, **BOTH)
    daemon.wait_for_line(f"this host cannot serve {VIP}")
    daemon.wait_for_line(f"Spawning [{UP}", count=4, limit=30)
    works.touch()
    wait_for("the address", lambda: a.has(VIP), limit=30)
    daemon.wait_for_line("all addresses are served again")


def test_an_up_script_that_succeeds_when_the_role_is_lost_ends_the_fault(a, b):
    slow, works = a.root / "slow", a.root / "works"
    wait = f"echo begun\nuntil [ -e {works} ]; do sleep 0.05; done\n"
    write_scripts(a, up=f"[ -e {slow} ] || exit 1\n{wait}{ADD}")
    daemon = start(a, **BOTH)
    daemon.wait_for_line(f"this host cannot serve {VIP}")
    slow.touch()
    daemon.wait_for_line("begun")
    start(b, ADVSKEW=100)
    daemon.wait_for_line(BACKUP, count=2)
    assert daemon.lines("no longer demoted") == []
    works.touch()
    daemon.wait_for_line("no longer demoted")
    wait_for_address(b)
    wait_for_no_address(a)


def test_two_hosts_that_fail_alike_come_to_rest(a, b, wire):
    for host in (a, b):
        write_scripts(host, up="exit 1\n")
    daemons = [start(a, **BOTH), start_backup(b, **BOTH, ADVSKEW=100)]
    for daemon in daemons:
        daemon.wait_for_line("this host cannot serve", limit=30)
    settled = [len(daemon.lines(SWITCHING)) for daemon in daemons]
    (master,) = [
        host
        for host, daemon in zip((a, b), daemons, strict=True)
        if MASTER in daemon.lines(SWITCHING)[-1]
    ]
    for _ in range(4):
        wire.wait_more(master.address, 3)
    assert [len(daemon.lines(SWITCHING)) for daemon in daemons] == settled
    assert sum(settled) <= 2 + 4


@pytest.mark.parametrize("place", ["lo", "nowhere"])
def test_a_script_that_serves_elsewhere_is_trusted(a, place):
    """A cloud's API, or an address on another interface: the exit status counts."""
    add = "true\n" if place == "nowhere" else f"ip address replace {VIP}/32 dev lo\n"
    write_scripts(a, up=add, down=f"ip address delete {VIP}/32 dev lo\n")
    daemon = start(a, **BOTH)
    daemon.wait_for_line("[INFO] web: the up-script succeeded", "ucarpd trusts the script")
    daemon.wait_for_line(MASTER)
    assert daemon.lines("cannot serve") == []
    assert daemon.stop() == 0
    daemon.wait_for_line(f"[{DOWN} eth0 {VIP}]", "exit status", count=2)
    assert not a.has(VIP, "lo")


def test_a_script_without_nodad_does_not_leave_a_duplicate(a, b):
    """As when the former master hangs, and its kernel still answers for the address."""
    for host in (a, b):
        host.enable_ipv6()
    b.ip("address", "add", "fd00::1/64", "dev", "eth0", "nodad")
    write_scripts(a, up="ip address add fd00::1/64 dev eth0\n", down="")
    daemon = start(a, ADDR="fd00::1", SRCIP=None, MASK=None, **BOTH)
    daemon.wait_for_line(MASTER)
    daemon.wait_for_line("the up-script added fd00::1 without nodad")
    wait_for_address(a, "fd00::1")
    (address,) = (each for each in a.addresses() if each["local"] == "fd00::1")
    assert address["nodad"]
    assert daemon.lines("removed from eth0") == daemon.lines("demoted") == []


def test_a_script_that_fails_with_the_address_in_place_serves(a):
    write_scripts(a, up=f"{ADD}exit 4\n")
    daemon = start(a, **BOTH)
    daemon.wait_for_line("[WARNING] web: the up-script failed, but", "keeps serving")
    daemon.wait_for_line(MASTER)
    assert a.has(VIP)
    assert daemon.lines("cannot serve") == []


BOUNCES = {
    "sets a MAC": "ip link set $1 down; sleep 0.5; ip link set $1 address 02:00:00:00:00:77\n"
    "ip link set $1 up\n",
    "restarts networking": "ip address flush dev $1; ip link set $1 down; sleep 0.5\n"
    "ip link set $1 up; ip address add 172.16.0.11/16 dev $1\n",
}


@pytest.mark.parametrize("bounce", BOUNCES.values(), ids=BOUNCES)
def test_an_up_script_may_take_the_link_down_for_a_moment(a, wire, bounce):
    write_scripts(a, up=f"{bounce}{ADD}echo all done\n")
    daemon = start(a, **BOTH)
    daemon.wait_for_line(
        "[WARNING] web: ", "while the up-script is running: does the script do that?"
    )
    daemon.wait_for_line("all done")
    wait_for_address(a)
    wire.wait_more(a.address, 3)
    assert len(daemon.lines(MASTER)) == 1
    assert daemon.lines(INIT) == []
    assert daemon.lines("demoted") == []


def test_the_winner_of_a_contest_runs_its_up_script_again(a, b, wire):
    """Whatever the loser's script has moved outside the segment must come back."""
    holder = a.lab.directory / "holder"
    for host in (a, b):
        write_scripts(host, up=f'echo {host.name} "$UCARP_REASON" >>{holder}\n{ADD}')
    on_a = start(a, **BOTH)
    on_a.wait_for_line(MASTER)
    start_backup(b, **BOTH, ADVSKEW=100)
    wire.wait_more(a.address, 1)
    b.path(False)
    wait_for("the split", lambda: b.has(VIP))
    b.path(True)
    wait_for_no_address(b)
    last = wait_for(
        "the last word", lambda: (read(holder) or "").splitlines()[-1].startswith("a contested")
    )
    assert last
    assert len(on_a.lines(MASTER)) == 1


@pytest.mark.parametrize("make", ["ucarpd", "ucarp"])
def test_a_down_script_that_does_not_end_leaves_the_role_to_a_healthy_host(a, b, make):
    """The peer restarts, so the role comes while the down-script of the start still runs."""
    start_peer = {"ucarpd": start, "ucarp": start_ucarp}[make]
    go_on = a.root / "go-on"
    write_scripts(a, down=f"{REMOVE}until [ -e {go_on} ]; do sleep 0.05; done\n")
    peer = start_peer(b)
    peer.wait_for_line(MASTER)
    on_a = start_backup(a, **BOTH, SCRIPT_TIMEOUT=0)
    on_a.wait_for_line(f"Spawning [{DOWN}")
    peer.kill()
    on_a.wait_for_line(MASTER)
    peer = start_peer(b)
    on_a.wait_for_line(f"[ERROR] web: the up-script has to wait: [{DOWN} eth0 {VIP}] has not ended")
    on_a.wait_for_line(f"[ERROR] web: this host cannot serve {VIP}")
    peer.wait_for_line(MASTER)
    wait_for_address(b)
    assert on_a.lines(f"Spawning [{UP}") == on_a.lines("no longer demoted") == []
    go_on.touch()
    on_a.wait_for_line("no longer demoted")
    peer.kill()
    on_a.wait_for_line(MASTER, count=2)
    wait_for_address(a)
