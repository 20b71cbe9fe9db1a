"""An up-script that has to wait: for a script of an earlier term, or for its file system."""

import asyncio

import pytest
from scripted_bench import CONTESTED, Bench
from two_addresses import ONE, TWO

from ucarpd.engine import Outcome
from ucarpd.scripts.runner import HANGS_AFTER

HUNG = Outcome((), (ONE, TWO), has_hung=True)


@pytest.fixture
def make(tmp_path):
    return lambda: Bench(tmp_path)


def taken_during(bench, script):
    """The role comes while this script of an earlier term runs."""
    if script == "up":
        bench.acquire()
    bench.release(at_start=True)
    bench.acquire()


@pytest.mark.parametrize("script", ["up", "down"])
async def test_a_script_of_an_earlier_term_that_does_not_end_keeps_this_host_from_serving(
    make, script
):
    bench = make()
    taken_during(bench, script)
    await asyncio.sleep(HANGS_AFTER - 0.1)
    assert bench.outcomes == []
    await asyncio.sleep(0.2)
    assert bench.outcomes == [HUNG]
    (line,) = bench.log.told()
    assert line.startswith(f"up_script_waits /{script}.sh eth0 {ONE} 77 3.")
    # The up-script runs as soon as it can, and its result counts.
    bench.hooks.end()
    bench.up(0, ONE, TWO)
    assert bench.outcomes[-1] == Outcome((ONE, TWO))
    await asyncio.sleep(10 * HANGS_AFTER)
    assert HUNG not in bench.outcomes[1:]


async def test_an_attempt_that_has_to_wait_too_is_reported_too(make):
    bench = make()
    taken_during(bench, "down")
    await asyncio.sleep(10 * HANGS_AFTER)
    assert bench.outcomes == [HUNG]
    bench.acquire()
    await asyncio.sleep(HANGS_AFTER + 0.1)
    assert bench.outcomes == [HUNG, HUNG]


async def test_a_host_whose_address_is_still_there_serves_until_it_goes(make):
    bench = make()
    bench.put(ONE, TWO)
    taken_during(bench, "down")
    await asyncio.sleep(HANGS_AFTER + 0.1)
    assert bench.outcomes == []
    bench.netlink.take("eth0", TWO)
    await asyncio.sleep(HANGS_AFTER)
    assert bench.outcomes == [Outcome((ONE,), (TWO,), has_hung=True)]


async def test_so_does_a_host_with_the_address_on_another_interface(make):
    bench = make()
    bench.put(ONE, TWO, on="eth1")
    taken_during(bench, "down")
    await asyncio.sleep(HANGS_AFTER + 0.1)
    assert bench.outcomes == []


async def test_an_up_script_whose_start_hangs_is_no_reason_to_wait(make):
    """The runner says why."""
    bench = make()
    bench.hooks.hangs = True
    bench.acquire()
    await asyncio.sleep(HANGS_AFTER + 0.1)
    assert (bench.outcomes, bench.log.told()) == ([HUNG], [])


async def test_an_up_script_that_has_just_begun_to_start_has_time(make):
    bench = make()
    taken_during(bench, "down")
    await asyncio.sleep(HANGS_AFTER - 0.1)
    bench.hooks.hangs = True
    bench.hooks.end()
    await asyncio.sleep(HANGS_AFTER - 0.1)
    assert bench.outcomes == []
    await asyncio.sleep(HANGS_AFTER)
    assert bench.outcomes == [HUNG]


async def test_a_second_up_script_whose_start_hangs_is_a_reason_too(make):
    bench = make()
    bench.acquire()
    bench.addresses.reassert(CONTESTED, bench.outcomes.append)
    bench.hooks.hangs = True
    bench.hooks.end(1)
    await asyncio.sleep(2 * HANGS_AFTER + 0.1)
    assert bench.outcomes[-1] == HUNG


async def test_when_no_script_is_left_nothing_is_looked_at(make):
    bench = make()
    bench.serve()
    looks = []
    bench.netlink.catch_up = lambda: looks.append("look")
    await asyncio.sleep(10 * HANGS_AFTER)
    assert looks == []


async def test_an_up_script_of_this_term_may_take_its_time(make):
    bench = make()
    bench.acquire()
    await asyncio.sleep(1.0)
    bench.addresses.reassert(CONTESTED, bench.outcomes.append)
    await asyncio.sleep(10 * HANGS_AFTER)
    assert bench.outcomes == []


@pytest.mark.parametrize("ends", [Bench.release, lambda bench: bench.addresses.close()])
async def test_with_the_role_the_watch_ends(make, ends):
    bench = make()
    taken_during(bench, "down")
    ends(bench)
    await asyncio.sleep(10 * HANGS_AFTER)
    assert bench.outcomes == bench.log.told() == []


async def test_when_the_down_script_has_ended_a_backup_could_serve_again(make):
    bench = make()
    taken_during(bench, "down")
    await asyncio.sleep(HANGS_AFTER + 0.1)
    bench.release()
    bench.hooks.end()
    assert bench.hooks.begun == ["down", "down"], "what waited while the first one ran"
    assert bench.outcomes == [HUNG], "the second one may hang too"
    bench.hooks.end()
    assert bench.outcomes == [HUNG, Outcome((ONE, TWO))]
    bench.release()
    bench.hooks.end()
    assert len(bench.outcomes) == 2


async def test_when_an_earlier_up_script_has_failed_it_could_not(make):
    bench = make()
    taken_during(bench, "up")
    await asyncio.sleep(HANGS_AFTER + 0.1)
    bench.release()
    bench.hooks.end(1)
    bench.hooks.end()
    assert bench.outcomes == [HUNG]
