"""Signals that come while the program is still being loaded, or while it ends."""

import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from nodes import VIP, conf, wait_for_address

EARLY = """
import os, sys
import ucarpd.cli

class Sender:
    def find_spec(self, name, path, target=None):
        if name == os.environ["MODULE"]:
            os.kill(os.getpid(), int(os.environ["SIGNAL"]))

sys.meta_path.insert(0, Sender())
sys.argv[0] = os.environ["PROGRAM"]
sys.exit(ucarpd.cli.main())
"""
"""Run a program, which gets a signal when it imports a module."""

MODULES = pytest.mark.parametrize(
    "module", ["ucarpd.linux.standard_files", "asyncio", "ucarpd.process.main"]
)


def start(host, number, module, **keys):
    host.write_conf("web", conf(host.address, **keys))
    return start_program(host, number, module, "ucarpd", "run", "/etc/ucarp")


def start_program(host, number, module, program, *words):
    environment = {"SIGNAL": str(int(number)), "MODULE": module, "PROGRAM": program}
    return host.start(sys.executable, "-c", EARLY, *words, environment=environment)


@MODULES
def test_a_stop_is_a_clean_one(a, module):
    daemon = start(a, signal.SIGTERM, module)
    assert daemon.popen.wait(15) == 0
    daemon.wait_for_line("stopping on SIGTERM")
    assert not a.has(VIP)


@MODULES
def test_a_reload_follows_the_start(a, module):
    daemon = start(a, signal.SIGHUP, module)
    daemon.wait_for_line("reloaded: 0 changed")
    wait_for_address(a)
    assert daemon.stop() == 0


def test_a_status_is_told_after_the_start(a):
    daemon = start(a, signal.SIGUSR1, "asyncio")
    daemon.wait_for_line("[INFO] web: ", " on eth0 id 1 (")
    assert daemon.stop() == 0


@pytest.mark.parametrize("module", ["ucarpd.migrate.command", "asyncio"])
def test_a_request_does_not_end_the_command_ucarp(a, module):
    options = f"-i eth0 -s {a.address} -v 1 -p secret -a {VIP} -u /bin/true -d /bin/true".split()
    daemon = start_program(a, signal.SIGUSR1, module, "ucarp", *options)
    daemon.wait_for_line(" on eth0 id 1 (")
    assert daemon.stop() == 0


def test_afterwards_no_thread_and_no_other_process_holds_signals(a):
    a.write("status.sh", "#!/bin/sh\nexec cat /proc/self/status\n")
    keys = {"UPSCRIPT": "/etc/status.sh", "DOWNSCRIPT": "/bin/true", "NEUTRAL": "yes"}
    # `user` takes another way to start the program; an exit status shows what it found.
    check = "exec:/etc/check.sh user=root interval=1"
    a.write("check.sh", '#!/bin/sh\ngrep -q "SigBlk:.*0000$" /proc/self/status\n')
    daemon = start(a, signal.SIGHUP, "asyncio", CHECK_SIGNALS=check, **keys)
    daemon.wait_for_line("reloaded: ")
    daemon.wait_for_line("SigBlk:")
    statuses = [
        path.read_text()
        for pid in a.processes()
        for path in Path(f"/proc/{pid}/task").glob("*/status")
    ]
    assert len(statuses) > 2
    blocked = [line for line in "".join(statuses).splitlines() if line.startswith("SigBlk:")]
    assert {*blocked, *daemon.lines("SigBlk:")} == {"SigBlk:\t0000000000000000"}
    daemon.wait_for_line("web: check SIGNALS is good")
    assert daemon.stop() == 0


def test_signals_while_it_ends_change_nothing(a):
    a.write_conf("web", conf(a.address))
    daemon = a.ucarpd()
    wait_for_address(a)
    daemon.signal(signal.SIGTERM)
    while daemon.is_running:
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGUSR2):
            daemon.signal(number)
        with suppress(subprocess.TimeoutExpired):
            daemon.popen.wait(0.002)
    assert daemon.popen.returncode == 0
    assert len(daemon.lines("stopping on SIGTERM")) == 1
    assert not a.has(VIP)
