"""A host that is taken for fit again after a pause, or at a reload."""

import signal
import sys

import pytest
from nodes import BACKUP, MASTER, conf, start, start_backup, wait_for_address
from up_and_down import BOTH, write_scripts

SOON = """
import sys
from ucarpd.health import fitness
fitness.FIRST_ADDRESS_PAUSE = fitness.SENDING_PAUSE = 2.0
from ucarpd.cli import main
sys.exit(main(["run", "/etc/ucarp"]))
"""
"""Run ucarpd with short pauses."""


@pytest.mark.parametrize("fault", ["address", "sending"])
def test_it_gives_the_role_away_again(a, b, fault):
    keys = {"PREEMPT": "yes"}
    if fault == "address":
        write_scripts(a, up="exit 1\n")
        keys |= BOTH
    else:
        a.drop("egress", "ip protocol 112")
    a.write_conf("web", conf(a.address, **keys))
    daemon = a.start(sys.executable, "-c", SOON)
    daemon.wait_for_line(MASTER)
    start_backup(b, ADVSKEW=100)
    daemon.wait_for_line("no longer demoted")
    daemon.wait_for_line(MASTER, count=2)
    daemon.wait_for_line("demoted by 240", count=2)
    daemon.wait_for_line(BACKUP, count=3)
    wait_for_address(b)


def test_a_reload_ends_the_pause_when_the_script_is_corrected(a, b):
    write_scripts(a, up="exit 1\n")
    first = start(a, PREEMPT="yes", **BOTH)
    first.wait_for_line(MASTER)
    start_backup(b, ADVSKEW=100)
    first.wait_for_line(BACKUP, count=2)
    write_scripts(a)
    first.signal(signal.SIGHUP)
    first.wait_for_line(MASTER, count=2)
    wait_for_address(a)
    assert len(first.lines("demoted by 240")) == 1
