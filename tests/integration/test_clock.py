"""A step of the wall clock changes nothing."""

import time
from pathlib import Path

import pytest
from lab import PROJECT, Host, wait_for
from nodes import BACKUP, MASTER, SWITCHING, conf, wait_for_address
from wiretap import gaps

# Python runs it at start: a thread of the daemon writes down what its clocks say.
CLOCK_PROBE = """\
import os, select, threading, time
def probe():
    while True:
        with open({path!r} + ".new", "w") as file:
            file.write(f"{{time.time()}} {{time.monotonic()}}")
        os.rename({path!r} + ".new", {path!r})
        select.select([], [], [], 0.2)  # libfaketime breaks time.sleep()
threading.Thread(target=probe, daemon=True).start()
"""
HOUR = 3600


class SteppedClock:
    """A daemon's wall clock, by libfaketime; the machine's own is left alone."""

    def __init__(self, host: Host) -> None:
        self._offset = host.root / "clock-offset"
        self._probe = host.root / "clock-probe"
        self.step(0)
        site = host.root / "site"
        site.mkdir()
        (site / "sitecustomize.py").write_text(CLOCK_PROBE.format(path=str(self._probe)))
        (library,) = Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1")
        self.environment = {
            "LD_PRELOAD": str(library),
            "FAKETIME_TIMESTAMP_FILE": str(self._offset),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "PYTHONPATH": f"{site}:{PROJECT}",
        }

    def step(self, offset: int) -> None:
        new = self._offset.with_suffix(".new")
        new.write_text(f"{offset:+d}")
        new.rename(self._offset)

    def wait_until_seen(self, offset: int) -> None:
        """Until the daemon's own process says that its clock is off by so much, and only that one."""

        def seen() -> bool:
            if not self._probe.exists():
                return False
            wall, monotonic = map(float, self._probe.read_text().split())
            assert abs(monotonic - time.monotonic()) < 60
            return abs(wall - time.time() - offset) < 60

        wait_for(f"the clock to be off by {offset} s", seen)


@pytest.fixture
def _no_leftovers(lab):
    """Libfaketime leaves two files of each program."""
    yield
    for process in lab.processes:
        for name in (f"faketime_shm_{process.pid}", f"sem.faketime_sem_{process.pid}"):
            Path("/dev/shm", name).unlink(missing_ok=True)


@pytest.mark.usefixtures("_no_leftovers")
def test_a_step_of_the_clock_changes_nothing(a, b, wire):
    clocks = {host: SteppedClock(host) for host in (a, b)}
    daemons = {}
    for host in (a, b):
        host.write_conf("web", conf(host.address))
        daemons[host] = host.ucarpd(environment=clocks[host].environment)
        # With libfaketime a start takes several times as long.
        daemons[host].wait_for_line(MASTER if host is a else BACKUP, limit=60)
    for offset in (HOUR, -HOUR):
        for clock in clocks.values():
            clock.step(offset)
        for clock in clocks.values():
            clock.wait_until_seen(offset)
        wire.wait_more(a.address, 4)
    between = gaps(wire.advertisements(a.address))
    assert max(between) < 2
    assert min(between) > 0.5
    assert len(daemons[a].lines(SWITCHING)) == 2
    assert len(daemons[b].lines(SWITCHING)) == 1

    # The timers of the backup still run.
    a.cable(False)
    daemons[b].wait_for_line(MASTER, f"no advertisement from {a.address} for 3")
    wait_for_address(b)
