"""systemd units: the order of starts and stops, and which request wins."""

import asyncio
import errno
import threading

import pytest
from fake_systemctl import FakeSystemctl
from fake_systemd import FakeSystemd
from real_loop import in_real_time
from storyteller import Storyteller

from ucarpd.scripts import units
from ucarpd.scripts.units import Units

NAMES = ("a.service", "b.timer")
LOG = {"units_done": "{}: done", "units_failed": "{}"}


class Bench:
    def __init__(self, tmp_path):
        self.systemctl = FakeSystemctl(tmp_path / "bin")
        self.log = Storyteller(LOG)
        self.told = []
        self.environment = {"PATH": self.systemctl.path}
        self.timeout = 20.0

    def units(self):
        return Units(
            NAMES,
            self.log,
            environment=self.environment,
            timeout=self.timeout,
            told=self.told.append,
        )


@pytest.fixture
def bench(tmp_path):
    return Bench(tmp_path)


async def stopped(made):
    done = asyncio.Event()
    made.stop(done.set)
    await done.wait()


@in_real_time
async def test_they_start_in_order_and_stop_in_the_opposite_one(bench):
    made = bench.units()
    made.start()
    made.start()
    await bench.systemctl.until_told("start a.service b.timer", "start done")
    while not bench.told:
        await asyncio.sleep(0.01)
    await stopped(made)
    await stopped(made)
    assert bench.systemctl.told()[2:] == ["stop b.timer a.service", "stop done"]
    assert bench.log.story == [
        "systemctl start a.service b.timer: done",
        "systemctl stop b.timer a.service: done",
    ]
    assert bench.told == ["", ""]


@in_real_time
async def test_the_newest_request_wins_over_one_that_takes_its_time(bench):
    made = bench.units()
    bench.systemctl.hang("start")
    made.start()
    await bench.systemctl.until_told("start a.service b.timer")
    made.stop()
    made.start()
    await stopped(made)
    assert bench.systemctl.told()[1:] == ["stop b.timer a.service", "stop done"]
    assert bench.log.story == ["systemctl stop b.timer a.service: done"]


@in_real_time
async def test_a_start_ends_the_wait_for_a_stop(bench):
    made = bench.units()
    bench.systemctl.hang("stop")
    waiting = asyncio.create_task(stopped(made))
    await bench.systemctl.until_told("stop b.timer a.service")
    made.start()
    await waiting
    while not bench.told:
        await asyncio.sleep(0.01)
    assert bench.systemctl.told()[1:] == ["start a.service b.timer", "start done"]


async def test_a_request_that_is_taken_back_before_it_has_begun_runs_nothing_twice(monkeypatch):
    systemd = FakeSystemd(monkeypatch, units)
    made = Units(NAMES, Storyteller(LOG), environment={})
    made.start()
    made.stop()
    await asyncio.sleep(units.LONGEST_PAUSE)
    assert systemd.told() == ["stop b.timer a.service"]


@in_real_time
async def test_a_failure_is_told_and_nothing_waits_for_more(bench):
    made = bench.units()
    bench.systemctl.fail("stop", 5)
    await stopped(made)
    (line,) = bench.log.story
    assert line == (
        "systemctl stop b.timer a.service failed, exit status 5: see systemctl status a.service b.timer"
    )
    assert bench.told == [line]


@in_real_time
async def test_what_has_failed_is_tried_again(bench, monkeypatch):
    made = bench.units()
    monkeypatch.setattr(units, "FIRST_PAUSE", 0.05)
    bench.systemctl.fail("start", 5)
    made.start()
    one = ["start a.service b.timer", "start done"]
    await bench.systemctl.until_told(*one * 3)
    bench.systemctl.fail("start", 0)
    while len(bench.told) < 2:
        await asyncio.sleep(0.01)
    failed, done = bench.log.story
    assert (failed, "") == tuple(bench.told)
    assert done == "systemctl start a.service b.timer: done"


async def test_the_longer_it_fails_the_more_seldom_it_is_tried_again(monkeypatch):
    systemd = FakeSystemd(monkeypatch, units)
    systemd.status = 1
    made = Units(NAMES, Storyteller(LOG), environment={})
    made.start()
    await asyncio.sleep(1000.0)
    assert len(systemd.told()) == 8, "at 0, 10, 30, 70, 150, 310, 610 and 910 s"
    made.stop()
    await asyncio.sleep(15.0)
    assert len(systemd.told()) == 2


@pytest.mark.parametrize(("end", "seconds"), [(Units.close, 1), (Units.close, 0), (Units.stop, 1)])
async def test_what_has_failed_is_not_tried_again_after_the_end(monkeypatch, end, seconds):
    systemd = FakeSystemd(monkeypatch, units)
    systemd.status = 1
    made = Units(NAMES, Storyteller(LOG), environment={})
    made.start()
    await asyncio.sleep(seconds)
    systemd.status = 0
    end(made)
    await asyncio.sleep(units.LONGEST_PAUSE)
    assert systemd.told().count("start a.service b.timer") == 1


@in_real_time
async def test_one_that_hangs_is_given_up(bench, monkeypatch):
    bench.timeout = 0.0
    monkeypatch.setattr(units, "LONGEST_WAIT", 0.1)
    made = bench.units()
    bench.systemctl.hang("stop")
    await stopped(made)
    (line,) = bench.log.story
    assert line.endswith("did not end within 0.1 s, and systemd still works on it")


@in_real_time
async def test_the_loop_does_not_wait_for_the_start_of_systemctl(bench, monkeypatch):
    """A newer request replaces one that is still being started."""
    made = bench.units()
    begun, loop_went_on, start = threading.Event(), threading.Event(), units.start

    def start_slowly(*words):
        begun.set()
        assert loop_went_on.wait(20)
        return start(*words)

    monkeypatch.setattr(units, "start", start_slowly)
    made.start()
    while not begun.is_set():
        await asyncio.sleep(0.001)
    waiting = asyncio.create_task(stopped(made))
    await asyncio.sleep(0)
    loop_went_on.set()
    await waiting
    assert bench.systemctl.told()[-2:] == ["stop b.timer a.service", "stop done"]
    assert bench.log.story == ["systemctl stop b.timer a.service: done"]


@in_real_time
async def test_a_start_that_fails_makes_way_for_a_newer_request(bench, monkeypatch):
    made = bench.units()
    loop_went_on, start = threading.Event(), units.start

    def fail_once(words, environment):
        if "start" in words:
            assert loop_went_on.wait(20)
            raise OSError(errno.EAGAIN, "again")
        return start(words, environment)

    monkeypatch.setattr(units, "start", fail_once)
    made.start()
    await asyncio.sleep(0)
    waiting = asyncio.create_task(stopped(made))
    await asyncio.sleep(0)
    loop_went_on.set()
    await waiting
    assert bench.log.story == ["systemctl stop b.timer a.service: done"]


@pytest.mark.parametrize("is_there", [True, False])
@in_real_time
async def test_a_host_without_a_usable_systemctl(bench, is_there):
    program = bench.systemctl.directory / "systemctl"
    program.write_text("not a program")
    if not is_there:
        program.unlink()
        bench.environment = {"PATH": str(bench.systemctl.directory)}
    await stopped(bench.units())
    (line,) = bench.log.story
    assert ("cannot be run" if is_there else "this host has no systemctl") in line
