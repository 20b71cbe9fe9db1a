"""A program beside the loop: its end, and its standing where the daemon's own is a better one.

How a program really stands, with the rights of root, is in test_hooks.py.
"""

import asyncio
import errno
import os
import signal
import sys
import threading
import time
from functools import partial

import pytest
from lab import wait_for
from real_loop import in_real_time
from up_and_down import process_exists

from ucarpd.linux import threads
from ucarpd.linux.threads import BEGINS_WITHIN
from ucarpd.scripts import child, start
from ucarpd.scripts.child import Child
from ucarpd.scripts.start import PIDS

ENVIRONMENT = {"PATH": os.environ["PATH"]}


def run(command, ended, **how):
    """The program; `ended` is a future."""
    start_it = partial(start.start, command, ENVIRONMENT)
    return Child(start_it, lambda *end: ended.set_result(end), ended.set_exception, **how)


def end_of(script, timeout=0.0, timed_out=lambda: None):
    """The exit status of a program, and whether it timed out."""

    async def scenario():
        ended = asyncio.get_running_loop().create_future()
        run(["sh", "-c", script], ended).end_after(timeout, timed_out)
        how = await asyncio.wait_for(ended, 30)
        assert set() == PIDS, "nobody waits for it any more"
        return how

    return asyncio.run(scenario())


# -- its end ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("script", "status"), [("exit 0", 0), ("exit 7", 7), ("kill -HUP $$", 128 + signal.SIGHUP)]
)
def test_the_status_is_as_in_a_shell(script, status):
    assert end_of(script) == (status, False)


def test_one_that_ends_in_time_is_not_terminated():
    told = []
    assert end_of("exit 3", 20.0, lambda: told.append("late")) == (3, False)
    assert told == []


def test_one_that_does_not_is():
    told = []
    assert end_of("sleep 60", 0.2, lambda: told.append("late")) == (128 + signal.SIGTERM, True)
    assert told == ["late"]


@in_real_time
async def test_one_that_does_not_mind_is_killed(monkeypatch, tmp_path):
    monkeypatch.setattr(child, "KILL_AFTER", 0.1)
    ready = tmp_path / "ready"
    ended = asyncio.get_running_loop().create_future()
    script = f"trap '' TERM; touch {ready}; while :; do sleep 0.05; done"
    started = run(["sh", "-c", script], ended)
    while not ready.exists():
        await asyncio.sleep(0.01)
    started.end_after(0.01, lambda: None)
    assert await ended == (128 + signal.SIGKILL, True)


def test_one_that_may_not_be_killed_runs_to_its_end(monkeypatch, tmp_path):
    """As a program of another user, without CAP_KILL."""

    def refuse(*_):
        raise PermissionError

    monkeypatch.setattr(os, "killpg", refuse)
    late = tmp_path / "late"
    script = f"for n in $(seq 600); do [ -e {late} ] && exit 3; sleep 0.05; done"
    assert end_of(script, 0.1, late.touch) == (3, True)


@in_real_time
async def test_what_cannot_be_started_is_said():
    ended = asyncio.get_running_loop().create_future()
    run(["/nonexistent"], ended).end_after(20.0, lambda: None)
    with pytest.raises(FileNotFoundError):
        await ended
    assert set() == PIDS


async def test_what_cannot_be_started_does_not_time_out_later(monkeypatch):
    def start_no_thread(*_arguments):
        raise RuntimeError("no thread can be started")

    monkeypatch.setattr(threads, "start_new_thread", start_no_thread)
    told = []
    started = Child(lambda: None, lambda *end: told.append(end), lambda _error: told.append("no"))
    started.end_after(20.0, lambda: told.append("late"))
    await asyncio.sleep(60.0)
    assert told == ["no"]


async def test_a_thread_that_does_not_begin_is_given_up(monkeypatch):
    begun, told = [], []
    monkeypatch.setattr(threads, "start_new_thread", lambda *thread: begun.append(thread))
    Child(pytest.fail, lambda *end: told.append(end), told.append)
    await asyncio.sleep(BEGINS_WITHIN - 0.1)
    assert told == []
    await asyncio.sleep(0.2)
    assert [str(error) for error in told] == [
        "[Errno 12] its thread has not begun within 10 s: is there too little memory?"
    ]
    ((begin, arguments),) = begun
    begin(*arguments)
    await asyncio.sleep(60.0)
    assert len(told) == 1


@in_real_time
async def test_one_that_hangs_in_the_kernel_is_not_waited_for(monkeypatch):
    """As in a system call on a dead disk: not even SIGKILL ends it before that call ends."""
    monkeypatch.setattr(child, "KILL_AFTER", 0.01)
    monkeypatch.setattr(child, "LONGEST_DEATH", 0.01)
    killpg, ended = os.killpg, asyncio.get_running_loop().create_future()
    started = run(["sleep", "60"], ended)
    while started.pid is None:
        await asyncio.sleep(0.001)
    monkeypatch.setattr(child.os, "killpg", lambda _pid, _number: None)
    started.end_after(0.01, lambda: None)
    assert await asyncio.wait_for(ended, 10) == (128 + signal.SIGKILL, True)
    killpg(started.pid, signal.SIGKILL)
    while PIDS:
        await asyncio.sleep(0.001)
    assert not process_exists(str(started.pid))


@in_real_time
async def test_a_start_that_hangs_times_out_and_its_program_is_killed_later(monkeypatch, tmp_path):
    monkeypatch.setattr(child, "KILL_AFTER", 0.01)
    go_on, told, pids = threading.Event(), tmp_path / "told", []

    def hang():
        go_on.wait(30)
        process = start.start(["sh", "-c", f"sleep 5; touch {told}"], ENVIRONMENT)
        pids.append(process.pid)
        return process

    ended = asyncio.get_running_loop().create_future()
    started = Child(hang, lambda *end: ended.set_result(end), ended.set_exception)
    started.end_after(0.01, lambda: None)
    assert await ended == (128 + signal.SIGKILL, True)
    go_on.set()
    while not pids or PIDS:
        await asyncio.sleep(0.001)
    assert not process_exists(str(pids[0]))
    assert not told.exists()


async def test_a_start_that_hangs_and_then_fails_has_one_end(monkeypatch):
    begun, told = [], []
    monkeypatch.setattr(threads, "start_new_thread", lambda *thread: begun.append(thread))
    started = Child(lambda: 1 // 0, lambda *end: told.append(end), told.append)
    started.end_after(1.0, lambda: None)
    await asyncio.sleep(5.0)
    ((begin, arguments),) = begun
    begin(*arguments)
    await asyncio.sleep(0.1)
    assert told == [(128 + signal.SIGKILL, True)]


@in_real_time
async def test_one_whose_status_somebody_else_has_taken_has_ended_all_the_same():
    ended = asyncio.get_running_loop().create_future()
    run([sys.executable, "-c", ""], ended)
    while not PIDS:
        await asyncio.sleep(0.001)
    take_status(next(iter(PIDS)))
    assert await ended == (0, False)


def take_status(pid):
    os.waitpid(pid, 0)


def test_one_may_leave_another_program_running(tmp_path):
    go_on, told = tmp_path / "go-on", tmp_path / "told"
    wait = f"timeout 60 sh -c 'until [ -e {go_on} ]; do sleep 0.01; done; touch {told}'"
    assert end_of(f"{wait} &") == (0, False)
    go_on.touch()
    wait_for("the other program", told.exists)


# -- how it stands ---------------------------------------------------------------------------------


class Scheduler:
    """The scheduling calls to the kernel; `policy` is the daemon's, `childs` the program's."""

    def __init__(self, monkeypatch):
        self.policy = self.childs = os.SCHED_OTHER
        self.nice = 0
        self.is_refused = False
        self.set = []
        monkeypatch.setattr(start.os, "sched_getscheduler", self._get)
        monkeypatch.setattr(start.os, "sched_setscheduler", self._set)
        monkeypatch.setattr(start.os, "getpriority", lambda _which, _who: self.nice)

    def _get(self, pid):
        return self.childs if pid else self.policy

    def _set(self, pid, policy, _parameter):
        if self.is_refused:
            raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))
        self.set.append(("child" if pid else "daemon", policy))


@pytest.fixture
def scheduler(monkeypatch):
    return Scheduler(monkeypatch)


def test_an_ordinary_daemon_starts_ordinary_programs(scheduler):
    assert end_of("exit 0") == (0, False)
    assert scheduler.set == []


def test_with_real_time_scheduling_a_program_is_started_without(scheduler):
    scheduler.policy = os.SCHED_RR
    assert end_of("exit 0") == (0, False)
    assert scheduler.set == [
        ("daemon", os.SCHED_RR | os.SCHED_RESET_ON_FORK),
        ("daemon", os.SCHED_RR),
    ]


def test_a_program_that_keeps_real_time_scheduling_ends_like_others(scheduler):
    scheduler.childs = os.SCHED_RR
    scheduler.is_refused = True
    assert end_of("exit 3") == (3, False)
    assert scheduler.set == []


def test_a_daemon_that_runs_ahead_of_others_starts_a_program_that_does_not(scheduler):
    scheduler.nice = -5
    assert end_of("exit 0") == (0, False)
    assert scheduler.set == [
        ("daemon", os.SCHED_OTHER | os.SCHED_RESET_ON_FORK),
        ("daemon", os.SCHED_OTHER),
    ]


def test_a_program_that_has_real_time_scheduling_all_the_same_loses_it(scheduler):
    scheduler.childs = os.SCHED_FIFO
    assert end_of("exit 0") == (0, False)
    assert scheduler.set == [("child", os.SCHED_OTHER)]


def test_where_that_is_forbidden_the_program_is_started_as_it_is(scheduler):
    scheduler.policy, scheduler.is_refused = os.SCHED_RR, True
    assert end_of("exit 4") == (4, False)


class OomScore:
    """The file that stands for /proc/self/oom_score_adj."""

    def __init__(self, path, monkeypatch):
        self.path = path
        self.error = None
        self._open = os.open
        self._write = os.pwrite
        self.is_refused = False
        self.written = []
        monkeypatch.setattr(start.os, "open", self._open_it)
        monkeypatch.setattr(start.os, "pwrite", self._write_it)

    def _open_it(self, path, flags, *mode, **where):
        if path != "/proc/self/oom_score_adj":
            return self._open(path, flags, *mode, **where)
        if self.error is not None:
            raise self.error
        return self._open(self.path, flags)

    def _write_it(self, descriptor, data, offset):
        if self.is_refused:
            raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))
        self.written.append(data)
        return self._write(descriptor, data, offset)


@pytest.fixture
def oom_score(tmp_path, monkeypatch):
    (tmp_path / "oom_score_adj").write_text("-900\n")
    return OomScore(tmp_path / "oom_score_adj", monkeypatch)


def test_a_program_is_not_protected_from_the_memory_killer(oom_score):
    assert end_of("exit 0") == (0, False)
    assert oom_score.written == [b"0", b"-900\n"]


def test_a_daemon_that_is_not_protected_leaves_it_at_that(oom_score):
    oom_score.path.write_text("0\n")
    assert end_of("exit 0") == (0, False)
    assert oom_score.written == []


def test_where_the_protection_cannot_be_changed_the_program_is_started_with_it(oom_score):
    oom_score.is_refused = True
    assert end_of("exit 5") == (5, False)


def test_without_proc_the_program_is_started_all_the_same(oom_score):
    oom_score.error = FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
    assert end_of("exit 6") == (6, False)


# -- a program of a check --------------------------------------------------------------------------


@in_real_time
async def test_one_that_is_alone_leaves_nothing_of_its_group(tmp_path):
    file = tmp_path / "pid"
    ended = asyncio.get_running_loop().create_future()
    command = ["sh", "-c", f"sleep 600 & echo $! > {file}"]
    run(command, ended, alone=True)
    assert await ended == (0, False)
    wait_for("the end of its child", lambda: not process_exists(file.read_text()))


@in_real_time
async def test_one_can_be_killed_at_once():
    ended = asyncio.get_running_loop().create_future()
    killed = run(["sleep", "600"], ended)
    killed.kill()
    assert killed.pid is None
    assert await ended == (128 + signal.SIGKILL, False)


def test_a_kill_that_comes_too_late_hits_no_other_group(monkeypatch):
    """By then the kernel may have given the number to another program."""
    hit = []

    async def scenario():
        ended = asyncio.get_running_loop().create_future()
        program = run(["true"], ended)
        await asyncio.wait_for(ended, 30)
        monkeypatch.setattr(os, "killpg", lambda group, _number: hit.append(group))
        program.kill()

    asyncio.run(scenario())
    assert hit == []


def test_while_one_is_started_in_another_thread_any_process_may_be_ours():
    assert 1 not in PIDS
    with PIDS.starting():
        assert 1 in PIDS
    assert 1 not in PIDS


def test_one_also_runs_where_the_system_forbids_the_quick_way(monkeypatch):
    monkeypatch.setattr(start, "unshare_directory", lambda: False)
    assert end_of("exit 3") == (3, False)


# -- a start that takes its time --------------------------------------------------------------------


class SlowDisk:
    """A disk that a start has to wait for, until `ready` is set."""

    def __init__(self):
        self.ready = threading.Event()
        self.pid = None

    def start(self):
        assert self.ready.wait(20)
        started = start.start(["sleep", "600"], ENVIRONMENT)
        self.pid = started.pid
        return started


@pytest.mark.parametrize("way", ["killed", "timed out"])
@in_real_time
async def test_the_loop_does_not_wait_for_a_start_and_can_end_what_is_being_started(way):
    expected = (128 + signal.SIGKILL, False) if way == "killed" else (128 + signal.SIGTERM, True)
    disk, ended = SlowDisk(), asyncio.get_running_loop().create_future()
    late = asyncio.Event()
    slow = Child(disk.start, lambda *how: ended.set_result(how), ended.set_exception)
    if way == "killed":
        slow.kill()
    else:
        slow.end_after(0.01, late.set)
        await late.wait()
    disk.ready.set()
    assert await ended == expected


def test_what_starts_when_the_loop_is_closed_is_killed():
    disk = SlowDisk()

    async def scenario():
        Child(disk.start, lambda *_how: None, lambda _error: None)

    asyncio.run(scenario())
    disk.ready.set()
    limit = time.monotonic() + 20
    while disk.pid is None or PIDS:
        assert time.monotonic() < limit
        time.sleep(0.001)
    assert not process_exists(str(disk.pid))


def test_programs_that_start_at_the_same_time_all_lose_the_protection(oom_score):
    with start._oom_score.ordinary():
        with start._oom_score.ordinary():
            pass
        assert oom_score.path.read_text().startswith("0")
    assert oom_score.written == [b"0", b"-900\n"]
