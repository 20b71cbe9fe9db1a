"""Scripts that a signal hits, and scripts that hang."""

import asyncio
import signal
from pathlib import Path

import pytest
from real_loop import in_real_time
from script_place import result_of, status_of

from ucarpd.scripts.runner import HookRunner, Result


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2])
def test_a_script_hit_by_a_signal_for_ucarpd_is_run_again_once(place, number):
    body = f"echo up >>$told; kill -{number.value} $$"
    assert result_of(place, place.hook(body)) == Result(128 + number)
    assert place.told() == ["up", "up"]
    assert place.log.lines == [
        *("spawning", f"hit by {number.name}", "spawning", f"ended {128 + number}"),
    ]


@in_real_time
async def test_a_script_hit_by_a_signal_makes_way_for_the_next_one(place):
    runner = HookRunner(place.log)
    first, second = (asyncio.get_running_loop().create_future() for _ in range(2))
    hook = place.hook("echo up >>$told; while [ ! -e $told.go ]; do :; done; kill -USR1 $$")
    runner.request(hook, first.set_result)
    await place.until_told("up")
    runner.request(place.hook("echo down >>$told", "down"), second.set_result)
    place.told_file.with_suffix(".go").touch()
    assert await first == Result(128 + signal.SIGUSR1)
    assert await second == Result(0)
    assert place.told() == ["up", "down"]


def test_a_failure_may_be_excused(place):
    hook = place.hook("exit 255")._replace(is_excused=lambda: True)
    assert status_of(place, hook) == 255
    assert place.log.lines == ["spawning", "ended 255, excused"]


def test_a_script_that_hangs_is_terminated_with_all_that_it_started(place):
    body = "trap '' TERM; sleep 60 & echo $! >$told; wait; wait"
    result = result_of(place, place.hook(body, timeout=0.3))
    assert result == Result(128 + signal.SIGKILL, timed_out=True)
    assert "timed out after 0.3 s" in place.log.lines
    (child,) = map(int, place.told())

    def is_gone():
        stat = Path(f"/proc/{child}/stat")
        # Its new parent may not have reaped it yet.
        return not stat.exists() or stat.read_text().rpartition(")")[2].split()[0] == "Z"

    async def until_gone():
        while not is_gone():
            await asyncio.sleep(0.01)

    asyncio.run(asyncio.wait_for(until_gone(), 10))


def test_children_of_a_terminated_script_do_not_outlive_it(place):
    """The script itself ends; its child does not."""
    body = "(trap '' TERM; echo begun >$told; while :; do sleep 1; done) & wait"
    result = result_of(place, place.hook(body, timeout=0.3, MARK=str(place.directory)))
    assert (result.status, result.timed_out) == (128 + signal.SIGTERM, True)
    assert place.told() == ["begun"]

    async def until_gone():
        while are_marked(place.directory):
            await asyncio.sleep(0.01)

    asyncio.run(asyncio.wait_for(until_gone(), 10))


def are_marked(mark):
    return any(has_mark(each, mark) for each in Path("/proc").glob("[0-9]*/environ"))


def has_mark(environ, mark):
    try:
        return f"MARK={mark}\0".encode() in environ.read_bytes()
    except OSError:
        return False  # It has just ended.


def test_a_time_out_of_zero_is_none(place):
    assert result_of(place, place.hook("sleep 0.2", timeout=0.0)) == Result(0)
