"""Files that users other than root can change work as before, and ucarpd says so until they are mended."""

import os
import signal

from nodes import VIP, start, wait_for_address

UP = "/etc/ucarp/up.sh"
BOTH = {"UPSCRIPT": UP, "DOWNSCRIPT": "/etc/ucarp/down.sh"}
BOB = 4321


def write_scripts(host):
    host.write("ucarp/up.sh", f"#!/bin/sh\nip address replace {VIP}/16 dev eth0\n")
    host.write("ucarp/down.sh", f"#!/bin/sh\nip address delete {VIP}/16 dev eth0 || true\n")


def test_a_script_of_another_user_runs_and_is_an_error_until_it_is_mended(a):
    write_scripts(a)
    os.chown(a.conf / "up.sh", BOB, 0)
    daemon = start(a, **BOTH)
    line = daemon.wait_for_line("[ERROR] web: /etc/ucarp/web.conf:", "UCARP_UPSCRIPT")
    assert f"user {BOB} owns {UP}, and so can change what root runs;" in line
    assert line.endswith(f"ucarpd 0.3 will refuse that: type: chown root {UP}")
    wait_for_address(a)
    daemon.signal(signal.SIGUSR1)
    daemon.wait_for_line("MASTER on eth0", f"users other than root can change {UP}")

    os.chown(a.conf / "up.sh", 0, 0)
    daemon.signal(signal.SIGHUP)
    daemon.wait_for_line("reloaded: 0 changed")
    count = 0

    def is_forgotten():
        nonlocal count
        count += 1
        daemon.signal(signal.SIGUSR1)
        return "users other than root" not in daemon.wait_for_line(
            "MASTER on eth0", count=count + 1
        )

    while not is_forgotten():
        assert count < 50
    assert len(daemon.lines("[ERROR]")) == 1


def test_a_file_that_becomes_writable_is_told_at_a_reload(a):
    write_scripts(a)
    daemon = start(a, **BOTH)
    wait_for_address(a)
    assert daemon.lines("[ERROR]") == []
    (a.conf / "web.conf").chmod(0o666)
    for _ in range(2):
        daemon.signal(signal.SIGHUP)
        line = daemon.wait_for_line("[ERROR] web: ", "can choose what root runs")
    assert line.endswith("type: chmod go-w /etc/ucarp/web.conf")
    daemon.stop()
    assert len(daemon.lines("[ERROR]")) == 1


def test_a_script_that_comes_later_is_looked_at_too(a):
    write_scripts(a)
    (a.conf / "up.sh").rename(a.conf / "hidden.sh")
    os.chown(a.conf / "hidden.sh", BOB, 0)
    daemon = start(a, **BOTH)
    daemon.wait_for_line("Waiting: ", "it does not exist")
    (a.conf / "hidden.sh").rename(a.conf / "up.sh")
    daemon.wait_for_line("[ERROR] web: ", f"user {BOB} owns {UP}")
