"""The journal of real systemd: a journald that hangs, and a log process that is killed."""

import contextlib
import json
import time

import pytest
from lab import wait_for
from web import VIP, conf, restart_cleanly

UNIT = "ucarpd@web"

FILL = """
import socket
filler = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
try:
    while True:
        filler.sendto(b"MESSAGE=another line", socket.MSG_DONTWAIT, "/run/systemd/journal/socket")
except BlockingIOError:
    pass
"""


@pytest.fixture(autouse=True)
def serving(a, b, client):
    """Both machines run ucarpd@web, and a serves."""
    for machine in (a, b):
        conf(machine)
        machine.run("systemctl", "start", UNIT)
    client.wait_for("a", 30)
    restart_cleanly(a, client)


@contextlib.contextmanager
def stopped_journald(machine):
    """It reads nothing, and its queue is full."""
    pid = str(machine.main_pid("systemd-journald"))
    machine.run("kill", "-STOP", pid)
    try:
        machine.run("python3", "-c", FILL)
        yield
    finally:
        machine.run("kill", "-CONT", pid)


def lines(machine, *words, count=1):
    """Wait until so many lines of the unit have these words."""

    def find():
        found = [
            line
            for line in machine.journal("-u", UNIT).splitlines()
            if all(word in line for word in words)
        ]
        return found if len(found) >= count else None

    return wait_for(f"{count} lines with {words}", find)


def log_processes(machine):
    return machine.run("pgrep", "-x", "carp-log", check=False).stdout.split()


def test_journald_hangs_and_comes_back(a, client):
    pid = a.main_pid(UNIT)
    with stopped_journald(a):
        began = time.monotonic()
        for _ in range(20):
            a.run("kill", "-USR1", str(pid))
        for _ in range(2):
            a.cable(False)
            client.wait_for("b")
            a.cable(True)
            client.wait_for("a", 30)
        a.run("kill", "-USR2", str(pid))
        client.wait_for("b")
        client.wait_for("a", 30)
        print(f"journald stood still for {time.monotonic() - began:.0f} s")
    lines(a, "Switching to state: INIT (no carrier", count=2)
    lines(a, "Switching to state: MASTER (preempting", count=3)
    assert a.main_pid(UNIT) == pid
    assert "Traceback" not in a.journal("-u", UNIT)


def test_journald_hangs_at_the_stop(a, client):
    with stopped_journald(a):
        began = time.monotonic()
        a.run("systemctl", "stop", UNIT)
        took = time.monotonic() - began
        print(f"stopped in {took:.1f} s")
        assert not a.has(VIP)
        assert log_processes(a) == []
    client.wait_for("b")
    # The unit's own time-out is 45 s.
    assert took < 15


def test_a_start_while_there_is_no_journal(a, client):
    """systemd connects standard error to /dev/null then."""
    journald = "systemd-journald.socket systemd-journald-dev-log.socket systemd-journald.service"
    a.shell(f"systemctl stop {journald}")
    try:
        a.run("systemctl", "restart", UNIT)
    finally:
        a.shell(f"systemctl start {journald}")
    client.wait_for("a", 30)
    (log_process,) = log_processes(a)
    lines(a, f"ucarpd[{log_process}]", "Switching to state: MASTER")


def test_the_log_process_is_killed(a, client):
    (killed,) = log_processes(a)
    pid = a.main_pid(UNIT)
    a.run("kill", "-KILL", killed)
    lines(a, f"the log process ({killed}) has died")
    (fresh,) = log_processes(a)
    assert fresh != killed
    assert a.main_pid(UNIT) == pid
    assert a.run("pidof", "ucarpd", check=False).stdout.split() in ([], [str(pid)])
    assert a.run("pgrep", "-f", "ucarp").stdout.split() == [str(pid)]
    a.run("systemctl", "kill", "-s", "USR1", UNIT)
    lines(a, "MASTER on eth0 id 1")
    assert log_processes(a) == [fresh]
    a.run("systemctl", "stop", UNIT)
    lines(a, "Switching to state: INIT (stopping)")
    assert log_processes(a) == []
    assert "Traceback" not in a.journal("-u", UNIT)


def test_an_entry_names_the_daemon_and_its_unit(a):
    pid = a.main_pid(UNIT)
    selection = (f"SYSLOG_PID={pid}", "UCARPD_STATE=MASTER", f"_SYSTEMD_UNIT={UNIT}.service")
    text = wait_for(
        "the entry", lambda: a.run("journalctl", "-o", "json", *selection, check=False).stdout
    )
    entry = json.loads(text.splitlines()[-1])
    assert entry["MESSAGE_ID"] == "c16b51abdff6440ebf0dc60eca69d764"
    assert entry["SYSLOG_IDENTIFIER"] == "ucarpd"
    assert entry["_COMM"] == "carp-log"
    assert {"CODE_FILE", "CODE_LINE", "CODE_FUNC", "LOGGER", "UCARPD_REASON"} <= entry.keys()
    (log_process,) = log_processes(a)
    assert a.shell(f"cat /proc/{log_process}/oom_score_adj") == "0\n"


def test_a_daemon_that_is_killed_leaves_its_last_lines_and_no_process(a, client):
    pid = a.main_pid(UNIT)
    (log_process,) = log_processes(a)
    a.run("kill", "-USR1", str(pid))
    a.run("kill", "-KILL", str(pid))
    client.wait_for("a", 60)
    lines(a, "bowed out for the process that died")
    assert log_process not in log_processes(a)
    assert a.main_pid(UNIT) != pid
