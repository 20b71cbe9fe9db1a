"""How scripts are run: their arguments, their rights, and their end."""

import os
import signal
import sys
from pathlib import Path

import pytest
from lab import wait_for
from nodes import BACKUP, MASTER, PASSWORD, VIP, conf, start, wait_for_address, wait_for_no_address
from up_and_down import ADD, BOTH, DOWN, REMOVE, UP, process_exists, read, write_scripts
from wiretap import gaps

from ucarpd.record.record import Record


def test_a_hanging_script_is_ended_with_its_children(a, wire):
    children = a.root / "children"
    write_scripts(
        a, up=f"sleep 1000 & echo $! >>{children}\ntrap '' TERM\nwhile :; do wait; done\n"
    )
    daemon = start(a, **BOTH, SCRIPT_TIMEOUT="1")
    run = f"[{UP} eth0 {VIP}]"
    daemon.wait_for_line(f"[ERROR] web: {run} did not end within 1 s; terminating it")
    daemon.wait_for_line(f"[ERROR] web: {run} failed after", "exit status 137")
    (child,) = children.read_text().split()
    wait_for("the script's child to end", lambda: not process_exists(child))
    wire.wait_more(a.address, 3)
    assert max(gaps(wire.advertisements(a.address))) < 2
    assert len(daemon.lines(MASTER)) == 1


def test_scripts_are_ordinary_programs_beside_a_real_time_daemon(a):
    policy = a.root / "policy"
    write_scripts(a, up=f"chrt -p $$ >{policy}.new; mv {policy}.new {policy}\n{ADD}", down=REMOVE)
    a.write_conf("web", conf(a.address, **BOTH))
    daemon = a.start("chrt", "-r", "10", sys.executable, "-m", "ucarpd", "run", "/etc/ucarp")
    daemon.wait_for_line(MASTER)
    assert "SCHED_OTHER" in wait_for("the script's report", lambda: read(policy))
    assert "SCHED_RR" in a.run("chrt", "-p", str(daemon.pid)).stdout
    status = Path(f"/proc/{daemon.pid}/status").read_text()
    locked = next(line for line in status.splitlines() if line.startswith("VmLck"))
    assert int(locked.split()[1]) > 0


def test_what_scripts_are_told(a):
    reports = {name: a.root / name for name in ("up", "down")}
    report = 'printf "argument=%s\\n" "$@" >{0}.new; env >>{0}.new; mv {0}.new {0}\n'
    write_scripts(a, up=ADD + report.format(reports["up"]), down=report.format(reports["down"]))
    keys = {**BOTH, "XPARAM": "'web server'", "MASK": None, "NETMASK": "255.255.0.0"}
    a.write_conf("web", conf(a.address, **keys) + "SITE=Berlin\n")
    # The daemon's own environment is not the file's: a password exported there stays there.
    daemon = a.ucarpd(environment={"UCARP_PASS": PASSWORD, "UCARP_SITE": "elsewhere"})
    daemon.wait_for_line(MASTER)
    wait_for("both reports", lambda: all(each.exists() for each in reports.values()))

    expected = {
        "SITE=Berlin",
        "UCARP_INTERFACE=eth0",
        f"UCARP_SRCIP={a.address}",
        "UCARP_VHID=1",
        f"UCARP_ADDR={VIP}",
        "UCARP_MASK=255.255.0.0",
        "UCARP_NETMASK=255.255.0.0",
        "UCARP_PREFIXLEN=16",
        "UCARP_INSTANCE=web",
        "UCARP_XPARAM=web server",
    }
    for name, state in (("up", "MASTER"), ("down", "BACKUP")):
        lines = reports[name].read_text().splitlines()
        assert lines[:3] == ["argument=eth0", f"argument={VIP}", "argument=web server"]
        assert expected | {f"UCARP_STATE={state}"} <= set(lines)
        assert not [line for line in lines if PASSWORD in line or "elsewhere" in line]
    up = reports["up"].read_text()
    assert "UCARP_PREVIOUS_STATE=BACKUP\n" in up
    assert "UCARP_REASON=no advertisement heard for 3" in up
    assert "UCARP_PREVIOUS_STATE=INIT\n" in reports["down"].read_text()


@pytest.mark.parametrize(("neutral", "runs"), [("no", 1), ("yes", 0)])
def test_the_down_script_at_start(a, neutral, runs):
    write_scripts(a)
    daemon = start(a, **BOTH, NEUTRAL=neutral)
    daemon.wait_for_line(f"Spawning [{UP} eth0 {VIP}]")
    spawned = [line for line in daemon.lines("Spawning") if DOWN in line]
    assert len(spawned) == runs


def test_a_script_that_has_begun_reaches_its_end_whatever_becomes_of_the_role(a, b):
    """Another host takes the role meanwhile, and this one must not go on answering."""
    told = a.root / "told"
    go = a.root / "go"
    write_scripts(
        a,
        up=f"echo up >>{told}\n{ADD}until [ -e {go} ]; do sleep 0.05; done\necho ended >>{told}\n",
        down=f"echo down >>{told}\n{REMOVE}",
    )
    daemon = start(a, **BOTH, ADVSKEW=100)
    wait_for_address(a)

    on_b = start(b, PREEMPT="yes")
    daemon.wait_for_line(BACKUP, "is preferred")
    daemon.wait_for_line(f"removing {VIP} from eth0")
    wait_for_no_address(a)
    assert told.read_text().split() == ["down", "up"]
    go.touch()
    daemon.wait_for_line(f"[{UP} eth0 {VIP}] done", "exit status 0")
    daemon.wait_for_line(f"[{DOWN} eth0 {VIP}] done", count=2)
    assert told.read_text().split() == ["down", "up", "ended", "down"]
    assert not a.has(VIP)
    on_b.stop()
    daemon.wait_for_line(MASTER, count=2)
    wait_for_address(a)


def test_a_signal_that_was_for_ucarpd_does_not_leave_a_master_without_its_address(a):
    """`systemctl kill -s USR1 ucarpd@web` also signals the scripts."""
    pid = a.root / "pid"
    write_scripts(a, up=f"echo $$ >{pid}.new; mv {pid}.new {pid}; sleep 1\n{ADD}")
    daemon = start(a, **BOTH)
    os.kill(int(wait_for("the script's report", lambda: read(pid))), signal.SIGUSR1)
    daemon.wait_for_line(
        "[WARNING] web: ", f"[{UP} eth0 {VIP}] was ended by SIGUSR1", "--kill-whom"
    )
    wait_for_address(a)
    daemon.wait_for_line(f"[{UP} eth0 {VIP}] done", "exit status 0")
    assert len(daemon.lines(f"Spawning [{UP}")) == 2


def test_an_address_removed_under_a_working_up_script_comes_back(a, wire):
    once = a.root / "once"
    write_scripts(a, up=f"{ADD}if [ ! -e {once} ]; then touch {once}; echo added; sleep 3; fi\n")
    daemon = start(a, **BOTH)
    daemon.wait_for_line("added")
    a.ip("address", "delete", f"{VIP}/16", "dev", "eth0")
    # Not at once: a script may take the address off and put it back itself.
    daemon.wait_for_line(f"{VIP} was removed from eth0 by another program; putting it back")
    wait_for_address(a)
    run = f"[{UP} eth0 {VIP}]"
    wire.wait_more(a.address, 3)
    assert len(daemon.lines(f"Spawning {run}")) == 1


def test_an_address_that_goes_at_once_with_the_first_one_of_its_network_comes_back(a):
    """The first one may be that of another virtual host, which has just lost its role."""
    for scope in ("all", "eth0"):
        a.sysctl(f"net/ipv4/conf/{scope}/promote_secondaries", "0")
    a.ip("address", "add", "10.9.0.4/24", "dev", "eth0")
    begun, stopped = a.root / "begun", a.root / "stopped"
    add = "ip address add 10.9.0.5/24 dev eth0 label eth0:5"
    write_scripts(a, up=f"touch {begun}\nuntil test -e {stopped}; do sleep 0.1; done\n{add}\n")
    daemon = start(a, **BOTH, ADDR="10.9.0.5", MASK=None)
    wait_for("the up-script", begun.exists)
    daemon.signal(signal.SIGSTOP)  # It is to see both at once, as on a busy machine.
    stopped.touch()
    wait_for_address(a, "10.9.0.5")
    a.ip("address", "delete", "10.9.0.4/24", "dev", "eth0")
    assert not a.has("10.9.0.5")
    daemon.signal(signal.SIGCONT)
    wait_for_address(a, "10.9.0.5")
    (back,) = (each for each in a.addresses() if each["local"] == "10.9.0.5")
    assert (back["prefixlen"], back["label"]) == (24, "eth0:5")


def test_what_the_down_script_leaves_is_removed(a):
    write_scripts(a, down="exit 0\n")
    daemon = start(a, **BOTH)
    wait_for_address(a)
    assert daemon.stop() == 0
    assert not a.has(VIP)
    daemon.wait_for_line(f"{VIP} was still on eth0 after the down-script; removed")


def test_scripts_run_in_a_session_of_their_own(a):
    """So that a signal to the daemon's group, as from a terminal, does not hit them."""
    session = a.root / "session"
    write_scripts(a, up=f"{ADD}ps -o sid= -p $$ >{session}.new; mv {session}.new {session}\n")
    daemon = start(a, **BOTH)
    wait_for("the report", session.exists)
    assert int(session.read_text()) != os.getsid(daemon.pid)


def test_a_process_that_a_script_leaves_running_is_named_at_the_stop(a):
    """It has left the process group; ucarpd neither waits for it nor ends it."""
    write_scripts(a, up=f"{ADD}setsid sleep 4567 >/dev/null 2>&1 &\necho begun\n")
    daemon = start(a, **BOTH)
    daemon.wait_for_line("begun")
    wait_for_address(a)
    daemon.stop()
    (line,) = daemon.lines("[WARNING] web: a script has left process", "(sleep 4567) running")
    pid = line.partition(" process ")[2].split()[0]
    assert process_exists(pid)


def test_a_process_that_a_script_leaves_running_is_named_when_its_file_goes(a):
    write_scripts(a, up=f"{ADD}setsid sleep 4567 >/dev/null 2>&1 &\necho begun\n")
    a.write_conf("mail", conf(a.address, VHID=2, ADDR="172.16.0.2"))
    daemon = start(a, **BOTH)
    daemon.wait_for_line("begun")
    wait_for_address(a)
    (a.conf / "web.conf").unlink()
    daemon.signal(signal.SIGHUP)
    daemon.wait_for_line("web: a script has left process", "(sleep 4567) running")
    daemon.wait_for_line("reloaded: 0 changed")


@pytest.mark.parametrize("by", ["clear", "clear of a backup", "start"])
def test_a_setting_that_a_killed_process_has_left_is_restored(a, by):
    """While a down-script works, the kernel is to keep the secondaries of the address."""
    for scope in ("all", "eth0"):
        a.sysctl(f"net/ipv4/conf/{scope}/promote_secondaries", "0")
    path = "/proc/sys/net/ipv4/conf/eth0/promote_secondaries"

    def setting() -> str:
        return a.run("cat", path).stdout.strip()

    write_scripts(a, down=f"{REMOVE}test -e /etc/ucarp/slow && {{ echo begun; sleep 1000; }}\n")
    daemon = start(a, **BOTH)
    daemon.wait_for_line(MASTER)
    wait_for_address(a)
    slow = a.write("ucarp/slow", "")
    daemon.signal(signal.SIGTERM)
    daemon.wait_for_line("begun")
    wait_for("the setting", lambda: setting() == "1")
    daemon.kill()
    assert setting() == "1"
    slow.unlink()
    if by == "clear of a backup":  # killed after its addresses were off
        record = Record("web", a.root / "run")
        record.placed = False
        record.close()
    if by != "start":
        clear = a.start(sys.executable, "-m", "ucarpd", "clear", "/etc/ucarp")
        assert clear.popen.wait(15) == 0
        assert setting() == "0"
    else:
        start(a, **BOTH)
        wait_for("the setting", lambda: setting() == "0")
