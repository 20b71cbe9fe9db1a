"""A crash while the file is being edited, and the text of `systemctl status`."""

import signal
import socket
import sys
import threading

import pytest
from lab import Host, Process, wait_for
from nodes import BACKUP, MASTER, VIP, conf, start_backup, start_master, wait_for_address

BAD = "[ERROR] /etc/ucarp/web.conf:7: UCARP_ADVSKEW: "


def crash(host: Host, daemon: Process) -> None:
    """As systemd does it: clear at once."""
    daemon.kill()
    command = (sys.executable, "-m", "ucarpd", "clear", "/etc/ucarp/web.conf")
    assert host.start(*command).popen.wait(30) == 0


def test_the_last_good_configuration_serves_on_until_the_file_is_good(a, wire):
    crash(a, start_master(a))
    a.write_conf("web", conf(a.address, ADVSKEW=300))
    daemon = a.ucarpd("/etc/ucarp/web.conf")
    daemon.wait_for_line(BAD, "the last good configuration, in use since ", " keeps running")
    daemon.wait_for_line(MASTER)
    wait_for_address(a)
    daemon.signal(signal.SIGHUP)
    daemon.wait_for_line("reloaded: 0 changed, 1 refused (web)")
    a.write_conf("web", conf(a.address, ADVSKEW=20))
    daemon.signal(signal.SIGHUP)
    daemon.wait_for_line("reloaded: 1 changed")
    assert wire.wait_more(a.address, 2)[-1].advskew == 20

    # From now on this is the last good one.
    crash(a, daemon)
    a.write_conf("web", conf(a.address, ADVSKEW=300))
    daemon = a.ucarpd("/etc/ucarp/web.conf")
    daemon.wait_for_line(BAD, " keeps running")
    daemon.wait_for_line("no longer demoted", limit=30)
    assert wire.wait_more(a.address, 2)[-1].advskew == 20
    assert daemon.stop() == 0


@pytest.mark.parametrize("path", ["/etc/ucarp/web.conf", "/etc/ucarp"])
def test_a_start_after_a_clean_stop_fails_with_a_bad_file(a, path):
    start_master(a).stop()
    a.write_conf("web", conf(a.address, ADVSKEW=300))
    daemon = a.ucarpd(path)
    assert daemon.popen.wait(15) == 78
    daemon.wait_for_line(BAD)
    assert not list((a.root / "run/private").glob("*.good"))


def test_a_bad_file_beside_one_that_runs_elsewhere_is_what_the_exit_status_tells(a):
    start_master(a)
    a.write_conf("bad", conf(a.address, VHID=300))
    daemon = a.ucarpd()
    assert daemon.popen.wait(15) == 78
    daemon.wait_for_line("[ERROR] web is already run by process")


# -- the status line -------------------------------------------------------------------------------


@pytest.fixture
def told(a, monkeypatch):
    """Stands in for systemd; returns the newest status line that `a` has told."""
    path = a.root / "notify"
    messages = []

    def read() -> None:
        # As systemd does: a daemon whose messages are not read would wait.
        while message := listener.recv(8192).decode():
            messages.append(message)

    def newest() -> str:
        lines = [line for message in messages for line in message.splitlines()]
        statuses = [line for line in lines if line.startswith("STATUS=")]
        return statuses[-1].removeprefix("STATUS=") if statuses else ""

    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(path))
        # The watchdog's timer also looks for what changes without an event.
        monkeypatch.setenv("NOTIFY_SOCKET", str(path))
        monkeypatch.setenv("WATCHDOG_USEC", "1000000")
        reader = threading.Thread(target=read)
        reader.start()
        yield newest
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as end:
            end.sendto(b"", str(path))
        reader.join()


def wait_for_status(told, *words: str) -> None:
    try:
        wait_for(f"the status {words}", lambda: all(word in told() for word in words), 30)
    except Exception:
        print("the status is:", told())
        raise


def test_a_missing_interface(a, told):
    a.write_conf("web", conf(a.address, INTERFACE="hots0", SRCIP=None))
    a.ucarpd()
    wait_for_status(told, "INIT: waiting, interface hots0 does not exist (hots0, vhid 1, since ")


def test_a_refused_file(a, told):
    daemon = start_master(a)
    wait_for_status(told, "MASTER on eth0, vhid 1, since ")
    a.write_conf("web", conf(a.address, ADVSKEW=300))
    daemon.signal(signal.SIGHUP)
    refused = "; the file was refused, the old configuration runs"
    wait_for_status(told, "MASTER on eth0, vhid 1, since ", refused)
    a.write_conf("web", conf(a.address))
    daemon.signal(signal.SIGHUP)
    wait_for("the end of it", lambda: told().startswith("MASTER on") and refused not in told())


def test_a_failed_up_script(a, told):
    for name, text in (("up", "exit 1"), ("down", "exit 0")):
        a.write(f"ucarp/{name}.sh", f"#!/bin/sh\n{text}\n")
    start_scripted = conf(a.address, UPSCRIPT="/etc/ucarp/up.sh", DOWNSCRIPT="/etc/ucarp/down.sh")
    a.write_conf("web", start_scripted)
    a.ucarpd().wait_for_line("this host cannot serve")
    wait_for_status(
        told, "MASTER, but its up-script has not succeeded, and no other host takes over (eth0, "
    )


def test_another_master_that_does_not_hear_this_one(a, b, told):
    daemon = start_master(a)
    other = start_backup(b, ADVSKEW=100, PREEMPT="no")
    assert BACKUP in other.text()
    b.drop("ingress", "ip", "protocol", "112")
    other.wait_for_line(MASTER)
    wait_for_status(told, f"MASTER; {b.address} is master too (eth0, vhid 1, since ")
    other.stop()
    daemon.wait_for_line(f"{b.address} is no longer MASTER")
    wait_for_status(told, "MASTER on eth0")
    assert a.has(VIP)


def test_another_master_with_another_password(a, b, told):
    start_master(a)
    b.write_conf("web", conf(b.address, PASS="another"))
    b.ucarpd().wait_for_line(MASTER)
    wait_for_status(told, f"MASTER; {b.address} is also master, and its digest is wrong (eth0, ")
