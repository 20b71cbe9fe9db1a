"""An operator takes a host out of service: the role moves, and a restart changes nothing."""

import json
import os
import signal
import sys

from lab import Host, run, wait_for
from nodes import BACKUP, MASTER, start_backup, start_master, wait_for_address, wait_for_no_address


def ucarpctl(host: Host, *words: str) -> str:
    command = "import sys; from ucarpd.ctl.entry import main; sys.exit(main())"
    environment = {**os.environ, **host.environment(), "SUDO_USER": "anna"}
    return run(*host.command(sys.executable, "-c", command, *words), env=environment).stdout


def test_maintenance_moves_the_role_and_survives_a_restart(a, b):
    one = start_master(a, PREEMPT="yes")
    other = start_backup(b, ADVSKEW=50)
    said = ucarpctl(a, "maintenance", "on", "--reason", "a new kernel")
    assert "maintenance of this host: serves only if no healthy host does" in said
    other.wait_for_line(MASTER, "it is demoted by 254, this host by 0")
    wait_for_address(b)
    wait_for_no_address(a)
    one.wait_for_line("web: maintenance of this host", "by anna: a new kernel")
    one.wait_for_line(f"web: {BACKUP} (172.16.0.12 is preferred")

    one.stop()
    again = a.ucarpd()
    again.wait_for_line("web: demoted by 254: maintenance")
    other.signal(signal.SIGTERM)
    again.wait_for_line(MASTER)  # No other host is left.
    wait_for_address(a)
    start_backup(b, ADVSKEW=50).wait_for_line(MASTER)
    again.wait_for_line(f"web: {BACKUP}", count=2)

    assert "maintenance of this host is over" in ucarpctl(a, "maintenance", "off")
    again.wait_for_line(MASTER, count=2)
    wait_for_address(a)
    wait_for_no_address(b)

    def events() -> list[tuple[str, str]]:
        lines = ucarpctl(a, "history", "web", "--json").splitlines()
        return [(each["event"], each["state"]) for each in map(json.loads, lines)]

    first_run = [
        ("start", "INIT"),
        ("transition", "BACKUP"),
        ("transition", "MASTER"),
        ("maintenance", "MASTER"),
        ("demotion", "MASTER"),
        ("transition", "BACKUP"),
        ("transition", "INIT"),
        ("stop", "INIT"),
    ]
    second_run = [
        ("start", "INIT"),
        ("demotion", "INIT"),
        ("transition", "BACKUP"),
        ("transition", "MASTER"),
        ("transition", "BACKUP"),
        ("maintenance", "BACKUP"),
        ("demotion", "BACKUP"),
        ("transition", "MASTER"),
    ]
    wait_for("the history", lambda: events() == first_run + second_run)
