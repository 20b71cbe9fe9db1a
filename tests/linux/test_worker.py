"""The thread for slow work."""

import asyncio
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from lab import wait_for
from real_loop import in_real_time

from ucarpd.linux import worker as worker_module
from ucarpd.linux.worker import Worker


async def outcome(worker, job):
    end = asyncio.get_running_loop().create_future()
    worker.do(job, lambda result: end.set_result(("done", result)), end.set_exception)
    return await end


@in_real_time
async def test_jobs_are_done_in_order_in_one_thread_that_the_first_one_starts():
    worker = Worker("disk")
    before = threading.active_count()
    await worker.finish()
    assert threading.active_count() == before
    told = []
    for number in range(3):
        worker.do(lambda n=number: (n, threading.get_native_id()), told.append, None)
    await worker.finish()
    thread = told[0][1]
    assert told == [(0, thread), (1, thread), (2, thread)]
    wait_for("its end with the work", lambda: not Path(f"/proc/self/task/{thread}").exists())


@in_real_time
async def test_a_held_worker_begins_no_job():
    worker = Worker("disk")
    told, is_over = [], threading.Event()
    worker.do(list, told.append, None)
    with worker.held():
        worker.do(is_over.is_set, told.append, None)
        is_over.set()
    await worker.finish()
    assert told == [[], True]


@in_real_time
async def test_an_error_comes_back():
    worker = Worker("disk")

    def job():
        raise PermissionError(13, "no")

    with pytest.raises(PermissionError, match="no"):
        await outcome(worker, job)


@in_real_time
async def test_the_loop_hears_only_of_the_error_of_a_job_without_a_result(monkeypatch):
    worker = Worker("disk")
    loop = asyncio.get_running_loop()
    told, woken, wake_up = [], [], loop.call_soon_threadsafe
    monkeypatch.setattr(
        loop, "call_soon_threadsafe", lambda *call: (woken.append(call), wake_up(*call))
    )

    def job():
        raise PermissionError(13, "no")

    worker.do(list, None, told.append)
    worker.do(job, None, told.append)
    await worker.finish()
    assert [str(error) for error in told] == ["[Errno 13] no"]
    assert len(woken) == 2, "the other one is the end"


@in_real_time
async def test_a_defect_is_reported_and_the_next_job_is_done():
    worker = Worker("disk")
    reported = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, about: reported.append(about))
    with pytest.raises(OSError, match="internal error: ZeroDivisionError: "):
        await outcome(worker, lambda: 1 // 0)
    assert isinstance(reported[0]["exception"], ZeroDivisionError)
    assert await outcome(worker, lambda: 7) == ("done", 7)


@in_real_time
async def test_a_job_after_the_end_is_refused():
    worker = Worker("disk")
    await outcome(worker, list)
    await worker.finish()
    with pytest.raises(OSError, match="the thread disk has ended"):
        await outcome(worker, list)


@in_real_time
async def test_without_a_thread_a_job_fails_and_the_next_one_tries_again(monkeypatch):
    worker = Worker("disk")

    def start(*_arguments):
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr(worker_module, "start_new_thread", start)
        with pytest.raises(BlockingIOError, match="no thread can be started"):
            await outcome(worker, lambda: 7)
        await worker.finish()
    assert await outcome(worker, lambda: 7) == ("done", 7)


@in_real_time
async def test_if_a_thread_does_not_begin_another_one_does_the_jobs(monkeypatch):
    late = []

    def start_none(*_arguments):
        raise RuntimeError("can't start new thread")

    starts = iter([lambda *begin: late.append(begin), start_none, worker_module.start_new_thread])
    monkeypatch.setattr(worker_module, "BEGINS_WITHIN", 0.01)
    monkeypatch.setattr(worker_module, "start_new_thread", lambda *begin: next(starts)(*begin))
    worker = Worker("disk")
    assert await outcome(worker, lambda: 7) == ("done", 7)
    ((run, arguments),) = late
    run(*arguments)  # It ends at once.
    assert await outcome(worker, lambda: 8) == ("done", 8)


def test_a_job_that_hangs_holds_up_neither_the_loop_nor_its_end():
    may_end, has_begun = threading.Event(), threading.Event()
    told = []

    def hang():
        has_begun.set()
        may_end.wait()

    async def scenario():
        worker = Worker("disk")
        worker.do(hang, told.append, told.append)
        await asyncio.to_thread(has_begun.wait)
        await worker.finish(0.01)

    asyncio.run(scenario())
    may_end.set()
    assert told == []


def test_a_result_after_the_end_of_the_loop_is_dropped():
    workers, may_end, told = [], threading.Event(), []

    async def scenario():
        workers.append(Worker("disk"))
        workers[0].do(may_end.wait, told.append, told.append)

    asyncio.run(scenario())
    last = threading.Event()
    workers[0]._jobs.put(last.set)
    may_end.set()
    assert last.wait(60.0)
    assert told == []


WITHOUT_MEMORY = """\
import asyncio, os, resource
from ucarpd.linux.worker import Worker

async def scenario():
    first, second = Worker("first"), Worker("second")
    first.do(list, None, print)
    await first.finish()
    while len(os.listdir("/proc/self/task")) > 1:
        await asyncio.sleep(0.01)
    # The stack of the first thread is left for the next one, which finds no more memory.
    resource.setrlimit(resource.RLIMIT_AS, (1, 1))
    second.do(list, None, print)
    os._exit(7)

asyncio.run(scenario())
"""


def test_the_loop_does_not_wait_for_a_thread_that_has_no_memory_to_begin():
    ended = subprocess.run([sys.executable, "-c", WITHOUT_MEMORY], check=False, timeout=60)
    assert ended.returncode == 7
