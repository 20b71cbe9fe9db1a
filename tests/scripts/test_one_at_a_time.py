"""Which script waits for which, and which one is left out."""

import asyncio
import signal

from real_loop import in_real_time

from ucarpd.scripts import child
from ucarpd.scripts.runner import HookRunner, Result


@in_real_time
async def test_what_has_begun_runs_to_its_end_and_of_what_waits_the_newest_is_kept(place):
    runner = HookRunner(place.log)
    loop = asyncio.get_running_loop()
    first, last, dropped = loop.create_future(), loop.create_future(), []
    up = place.hook("echo up >>$told; while [ ! -e $told.go ]; do :; done; exit 3", "up")
    down = place.hook("echo down >>$told", "down")
    again = place.hook("echo again >>$told", "up-again")
    runner.request(up, first.set_result)
    await place.until_told("up")
    assert runner.is_busy
    runner.request(down, dropped.append)
    runner.request(again, last.set_result)
    assert runner.running == up
    place.told_file.with_suffix(".go").touch()
    assert await first == Result(3)
    assert await last == Result(0)
    assert dropped == []
    assert (runner.running, runner.is_busy) == (None, False)
    assert place.told() == ["up", "again"]


@in_real_time
async def test_asking_for_what_is_being_done_starts_nothing_new(place):
    runner = HookRunner(place.log)
    first, second = [], asyncio.get_running_loop().create_future()
    hook = place.hook("echo up >>$told; while [ ! -e $told.go ]; do :; done")
    runner.request(hook, first.append)
    assert runner.is_busy
    await place.until_told("up")
    runner.request(hook, second.set_result)
    place.told_file.with_suffix(".go").touch()
    assert await second == Result(0)
    assert first == []
    assert not runner.is_busy
    assert place.told() == ["up"]


@in_real_time
async def test_a_target_that_comes_back_while_another_waits_runs_again(place):
    """MASTER, BACKUP, MASTER in quick succession: an address removed meanwhile must be put back."""
    runner = HookRunner(place.log)
    first, last = (asyncio.get_running_loop().create_future() for _ in range(2))
    up = place.hook("echo up >>$told; while [ ! -e $told.go ]; do :; done", "up")
    runner.request(up, first.set_result)
    await place.until_told("up")
    runner.request(place.hook("echo down >>$told", "down"), lambda result: None)
    runner.request(up, last.set_result)
    place.told_file.with_suffix(".go").touch()
    assert (await first, await last) == (Result(0), Result(0))
    assert place.told() == ["up", "up"]


@in_real_time
async def test_a_hanging_script_holds_up_its_successor_no_longer_than_its_time_out(
    place, monkeypatch
):
    monkeypatch.setattr(child, "KILL_AFTER", 0.1)
    runner = HookRunner(place.log)
    first, last = (asyncio.get_running_loop().create_future() for _ in range(2))
    body = "trap '' TERM; echo up >>$told; while :; do sleep 1; done"
    runner.request(place.hook(body, "up", timeout=0.3), first.set_result)
    await place.until_told("up")
    runner.request(place.hook("echo down >>$told", "down"), last.set_result)
    assert await last == Result(0)
    assert first.result().timed_out
    assert place.told() == ["up", "down"]
    assert f"ended {128 + signal.SIGKILL}" in place.log.lines
