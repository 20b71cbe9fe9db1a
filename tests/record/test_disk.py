"""The thread for slow files."""

import asyncio
import threading

import pytest

from ucarpd.record.disk import Disk


def run(scenario):
    async def with_disk():
        await scenario(Disk())

    asyncio.run(with_disk())


async def outcome(disk, job):
    end = asyncio.get_running_loop().create_future()
    disk.do(job, lambda result: end.set_result(("done", result)), end.set_exception)
    return await end


def test_jobs_are_done_in_order_in_one_thread_that_the_first_one_starts():
    async def scenario(disk):
        before = threading.active_count()
        await disk.finish(1.0)
        assert threading.active_count() == before
        told = []
        for number in range(3):
            disk.do(lambda n=number: (n, threading.current_thread().name), told.append, None)
        await disk.finish(60.0)
        assert told == [(0, "disk"), (1, "disk"), (2, "disk")]
        assert threading.active_count() == before + 1

    run(scenario)


def test_an_error_comes_back():
    async def scenario(disk):
        def job():
            raise PermissionError(13, "no")

        with pytest.raises(PermissionError, match="no"):
            await outcome(disk, job)

    run(scenario)


def test_a_defect_is_reported_and_the_next_job_is_done():
    async def scenario(disk):
        reported = []
        asyncio.get_running_loop().set_exception_handler(
            lambda _loop, about: reported.append(about)
        )
        with pytest.raises(OSError, match="ZeroDivisionError"):
            await outcome(disk, lambda: 1 // 0)
        assert isinstance(reported[0]["exception"], ZeroDivisionError)
        assert await outcome(disk, lambda: 7) == ("done", 7)

    run(scenario)


def test_a_disk_that_hangs_holds_up_neither_the_loop_nor_its_end():
    may_end, has_begun = threading.Event(), threading.Event()
    told = []

    def hang():
        has_begun.set()
        may_end.wait()

    async def scenario(disk):
        disk.do(hang, told.append, told.append)
        await asyncio.to_thread(has_begun.wait)
        await disk.finish(0.01)

    run(scenario)
    may_end.set()
    assert told == []


def test_a_result_after_the_end_of_the_loop_is_dropped():
    disks, may_end, told = [], threading.Event(), []

    async def scenario(disk):
        disks.append(disk)
        disk.do(may_end.wait, told.append, told.append)

    run(scenario)
    last = threading.Event()
    disks[0]._jobs.put(last.set)
    may_end.set()
    assert last.wait(60.0)
    assert told == []
