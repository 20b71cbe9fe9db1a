"""Looks at files: one after the other, unless one hangs."""

import asyncio
import threading
from pathlib import Path

from fake_worker import FakeWorker
from lab import wait_for

from ucarpd.linux.file_worker import LITTLE_PATIENCE, PATIENCE, FileWorker
from ucarpd.linux.worker import Worker


class Bench:
    def __init__(self):
        self.workers, self.hanging = [], set()
        self.told = []
        self.files = FileWorker(self.make_worker)

    def make_worker(self):
        self.workers.append(FakeWorker())
        self.workers[-1].hangs = len(self.workers) in self.hanging
        return self.workers[-1]

    def look(self, name):
        self.files.do(
            lambda: name,
            self.told.append,
            self.told.append,
            lambda: self.told.append(f"{name} hangs"),
        )


async def test_one_thread_takes_them_in_order():
    bench = Bench()
    for name in "abc":
        bench.look(name)
    await asyncio.sleep(10 * PATIENCE)
    bench.look("d")
    await asyncio.sleep(10 * PATIENCE)
    assert bench.told == ["a", "b", "c", "d"]
    assert len(bench.workers) == 1


async def test_what_many_have_found_comes_in_few_turns_of_the_loop():
    bench = Bench()
    for number in range(100):
        bench.look(number)
    for _ in range(3):
        await asyncio.sleep(0)
    assert bench.told == list(range(100))


async def test_long_work_of_the_loop_is_no_look_that_hangs():
    bench = Bench()
    for name in "ab":
        bench.workers[0].hangs = True
        bench.look(name)
        asyncio.get_running_loop().jump(2 * PATIENCE)
        await asyncio.sleep(PATIENCE / 2)
        bench.workers[0].work_again()
        await asyncio.sleep(PATIENCE / 4)
    assert bench.told == ["a", "b"]


async def test_one_that_hangs_is_told_and_left_alone():
    bench = Bench()
    bench.workers[0].hangs = True
    for name in "abc":
        bench.look(name)
    await asyncio.sleep(PATIENCE - 0.01)
    assert bench.told == []
    await asyncio.sleep(0.02)
    assert bench.told == ["a hangs", "b", "c"]
    bench.workers[0].work_again()
    await asyncio.sleep(10 * PATIENCE)
    assert bench.told == ["a hangs", "b", "c", "a"]


async def test_many_that_hang_do_not_hold_up_the_rest_for_long():
    bench = Bench()
    bench.workers[0].hangs = True
    bench.hanging = set(range(1, 101))
    for number in range(101):
        bench.look(str(number))
    await asyncio.sleep(PATIENCE + 100 * LITTLE_PATIENCE + 0.01)
    assert bench.told[-2:] == ["99 hangs", "100"]
    for each in bench.workers:
        each.work_again()
    await asyncio.sleep(0.1)
    bench.workers[-1].hangs = True
    bench.look("more")
    await asyncio.sleep(PATIENCE - 0.1)
    assert bench.told[-1] == "99", "with nothing else that hangs, there is patience"


def test_the_thread_of_one_that_hangs_ends_with_it(monkeypatch):
    monkeypatch.setattr("ucarpd.linux.file_worker.PATIENCE", 0.01)
    may_end, told = threading.Event(), asyncio.Queue()

    def look():
        may_end.wait()
        return threading.get_native_id()

    async def scenario():
        files = FileWorker(lambda: Worker("files"))
        files.do(look, told.put_nowait, None, lambda: told.put_nowait("hangs"))
        assert await told.get() == "hangs"
        may_end.set()
        ended = Path(f"/proc/self/task/{await told.get()}")
        wait_for("its end", lambda: not ended.exists())
        monkeypatch.setattr("ucarpd.linux.file_worker.PATIENCE", 60.0)
        files.do(threading.get_native_id, told.put_nowait, None, lambda: None)
        wait_for("its thread", Path(f"/proc/self/task/{await told.get()}").exists)

    asyncio.run(asyncio.wait_for(scenario(), 60.0))
