"""Scripts that all run, one after the other, in the order in which they were asked for."""

import asyncio

from real_loop import in_real_time
from up_and_down import process_exists

from ucarpd.scripts import queue
from ucarpd.scripts.queue import ScriptQueue

UNTIL_TOLD_TO_GO = "while [ ! -e $told.go ]; do sleep 0.01; done"


def queue_at(place):
    """A queue, and the targets that it leaves out."""
    dropped = []
    return ScriptQueue(place.log, lambda hook: dropped.append(hook.target)), dropped


@in_real_time
async def test_each_runs_alone_and_in_order(place):
    scripts, dropped = queue_at(place)
    for name in ("one", "two", "three"):
        scripts.add(place.hook(f"echo {name} >>$told; sleep 0.01; echo end >>$told", name))
    await scripts.finish(20.0)
    assert place.told() == ["one", "end", "two", "end", "three", "end"]
    scripts.add(place.hook("echo later >>$told", "later"))
    await scripts.finish(20.0)
    assert place.told()[-1] == "later"
    assert dropped == []


@in_real_time
async def test_the_same_event_twice_is_told_twice(place):
    scripts, dropped = queue_at(place)
    for _ in range(2):
        scripts.add(place.hook("echo again >>$told", "again"))
    await scripts.finish(20.0)
    assert place.told() == ["again", "again"]
    assert dropped == []


@in_real_time
async def test_of_too_many_the_oldest_are_left_out(place, monkeypatch):
    scripts, dropped = queue_at(place)
    monkeypatch.setattr(queue, "MOST_WAITING", 2)
    scripts.add(place.hook(f"echo first >>$told; {UNTIL_TOLD_TO_GO}", "first"))
    await place.until_told("first")
    for name in ("a", "b", "c", "d"):
        scripts.add(place.hook(f"echo {name} >>$told", name))
    place.told_file.with_suffix(".go").touch()
    await scripts.finish(20.0)
    assert place.told() == ["first", "c", "d"]
    assert dropped == ["a", "b"]


@in_real_time
async def test_one_that_hangs_is_killed_with_its_children_when_patience_ends(place):
    scripts, dropped = queue_at(place)
    scripts.add(place.hook("sleep 1000 & echo $! >>$told; wait", "hangs"))
    scripts.add(place.hook("echo never >>$told", "waits"))
    while not place.told():
        await asyncio.sleep(0.01)
    (child,) = place.told()
    await scripts.finish(0.01)
    assert place.log.lines[-1] == "ended 137"
    while process_exists(child):
        await asyncio.sleep(0.01)
    assert len(place.told()) == 1
    assert dropped == ["waits"]


@in_real_time
async def test_one_that_cannot_be_run_does_not_hold_up_the_next(place):
    scripts, dropped = queue_at(place)
    scripts.add(place.hook("exit 0", "gone", mode=0o600))
    scripts.add(place.hook("echo next >>$told", "next"))
    await scripts.finish(20.0)
    assert place.told() == ["next"]
    assert dropped == []
    assert place.log.lines[0].startswith("not run 126")
