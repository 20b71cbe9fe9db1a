"""The receiver of our lines and notifications is dead, slow or full: the protocol keeps running."""

import contextlib
import fcntl
import itertools
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from lab import LabError, Process, wait_for
from nodes import MASTER, VIP, conf, start_backup, start_master, wait_for_address

UCARPD = (sys.executable, "-m", "ucarpd", "run")

LONGEST_GAP = 1.5
"""Seconds between two advertisements of a master that sends one a second."""


def run(host, *options, stderr=None, wrap=(), environment=None):
    """Run ucarpd on a host; standard error may be anything."""
    host.write_conf("web", conf(host.address))
    output = host.root / "special.log"
    with output.open("wb") as file:
        popen = subprocess.Popen(
            host.command(*wrap, *UCARPD, *options, "/etc/ucarp"),
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file if stderr is None else stderr,
            env={**os.environ, **host.environment(), **(environment or {})},
            start_new_session=True,
        )
    process = Process(popen, output)
    host.lab.processes.append(process)
    return process


def check_gaps(wire, host, began):
    """From `began` on (a time of the wiretap), no advertisement is late."""
    times = [began, *(each.at for each in wire.advertisements(host.address) if each.at > began)]
    gaps = [later - earlier for earlier, later in itertools.pairwise(times)]
    assert max(gaps) < LONGEST_GAP, gaps


def log_process(daemon):
    """The pid of its log process."""

    def find():
        with contextlib.suppress(FileNotFoundError):
            for pid in Path(f"/proc/{daemon.pid}/task/{daemon.pid}/children").read_text().split():
                if "carp-log" in Path(f"/proc/{pid}/comm").read_text():
                    return int(pid)
        return None

    return wait_for("the log process", find)


def stop(daemon, host):
    """End it; nothing may hold that up, nor be left behind."""
    began = time.monotonic()
    assert daemon.stop() == 0
    # Two seconds are promised; a machine that is busy with other tests gets more.
    assert time.monotonic() - began < 5
    assert not host.has(VIP)
    assert host.processes() == []


def full_pipe():
    reader, writer = os.pipe()
    fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 4096)
    os.write(writer, b"x" * 4096)
    return reader, writer


def test_standard_error_is_a_full_pipe(a, wire):
    reader, writer = full_pipe()
    try:
        daemon = run(a, stderr=writer)
        wait_for_address(a)
        (first, *_) = wire.wait_more(a.address, 1)
        for _ in range(400):
            daemon.signal(signal.SIGUSR1)
        wire.wait_more(a.address, 4)
        check_gaps(wire, a, first.at)
        os.set_blocking(reader, False)
        text = b""

        def is_told():
            nonlocal text
            with contextlib.suppress(BlockingIOError):
                text += os.read(reader, 65536)
            return MASTER.encode() in text

        wait_for("the lines, when somebody reads", is_told)
        stop(daemon, a)
    finally:
        os.close(reader)
        os.close(writer)


def test_standard_error_stays_full_until_the_end(a):
    reader, writer = full_pipe()
    try:
        daemon = run(a, stderr=writer)
        wait_for_address(a)
        stop(daemon, a)
    finally:
        os.close(reader)
        os.close(writer)


@pytest.mark.parametrize(
    ("wrap", "options"),
    [
        (("sh", "-c", 'exec "$@" 2>&-', "sh"), ()),
        (("sh", "-c", 'exec "$@" 2>/dev/full', "sh"), ()),
        (("sh", "-c", 'mount -t tmpfs none /dev; exec "$@"', "sh"), ("--log", "syslog")),
        (("sh", "-c", 'mount -t tmpfs none /run; exec "$@"', "sh"), ("--log", "journal")),
    ],
    ids=["stderr is closed", "stderr is on a full disk", "no /dev/log", "no journal"],
)
def test_without_a_log_it_serves(a, wire, wrap, options):
    daemon = run(a, *options, wrap=wrap)
    wait_for_address(a)
    (first, *_) = wire.wait_more(a.address, 1)
    daemon.signal(signal.SIGUSR1)
    wire.wait_more(a.address, 3)
    check_gaps(wire, a, first.at)
    stop(daemon, a)
    assert daemon.lines("Traceback") == []
    told = daemon.lines("ucarpd: cannot write to the log")
    assert len(told) == (1 if options else 0)


def test_the_log_process_is_killed(a, b, wire):
    on_a = start_master(a)
    on_b = start_backup(b)
    (first, *_) = wire.wait_more(a.address, 1)
    killed = log_process(on_a)
    os.kill(killed, signal.SIGKILL)
    on_a.wait_for_line(f"the log process ({killed}) has died")
    on_a.signal(signal.SIGUSR1)
    on_a.wait_for_line("MASTER on eth0 id 1")
    wire.wait_more(a.address, 3)
    check_gaps(wire, a, first.at)
    stop(on_a, a)
    on_b.wait_for_line(MASTER, "bowed out")
    assert on_a.lines("Switching to state: INIT (stopping)")
    assert on_a.lines("Traceback") == []


def test_the_log_process_hangs(a, wire):
    daemon = start_master(a)
    (first, *_) = wire.wait_more(a.address, 1)
    os.kill(log_process(daemon), signal.SIGSTOP)
    daemon.signal(signal.SIGUSR1)
    wire.wait_more(a.address, 3)
    check_gaps(wire, a, first.at)
    stop(daemon, a)


def test_a_daemon_that_is_killed_leaves_no_log_process(a):
    daemon = start_master(a)
    daemon.kill()
    wait_for("the end of the log process", lambda: a.processes() == [])
    assert daemon.lines(MASTER)


def test_signals_for_the_whole_unit_leave_the_log_process_alone(a):
    daemon = start_master(a)
    pid = log_process(daemon)
    for number in (signal.SIGUSR1, signal.SIGHUP, signal.SIGUSR2, signal.SIGTERM):
        os.kill(pid, number)
    daemon.signal(signal.SIGUSR1)
    daemon.wait_for_line("MASTER on eth0 id 1")
    assert log_process(daemon) == pid
    stop(daemon, a)


def test_the_notify_socket_is_not_read(a, wire):
    path = str(a.root / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(path)
        # 0.1 s between two signs of life: the queue of the socket is soon full.
        environment = {"NOTIFY_SOCKET": path, "WATCHDOG_USEC": "300000"}
        daemon = run(a, environment=environment)
        wait_for_address(a)
        daemon.wait_for_line("the service manager does not take our notifications", limit=60)
        (first, *_) = wire.wait_more(a.address, 1)
        wire.wait_more(a.address, 3)
        check_gaps(wire, a, first.at)
        manager.settimeout(20)
        while "WATCHDOG=1" not in manager.recv(4096).decode():
            pass
        daemon.wait_for_line("the service manager takes our notifications again")
        stop(daemon, a)


def test_clear_does_not_wait_for_a_log_that_hangs(a, wire):
    daemon = start_master(a)
    wire.wait_more(a.address, 1)
    daemon.kill()
    reader, writer = full_pipe()
    try:
        popen = subprocess.Popen(
            a.command(sys.executable, "-m", "ucarpd", "clear", "/etc/ucarp"),
            stdin=subprocess.DEVNULL,
            stderr=writer,
            env={**os.environ, **a.environment()},
        )
        try:
            assert popen.wait(15) == 0
        except subprocess.TimeoutExpired:
            popen.kill()
            popen.wait()
            raise LabError("clear waits for its log") from None
    finally:
        os.close(reader)
        os.close(writer)
    assert not a.has(VIP)
    assert a.processes() == []
