"""A program beside the loop: its end, and its standing where the daemon's own is a better one.

How a program really stands, with the rights of root, is in test_hooks.py.
"""

import asyncio
import errno
import os
import signal
import sys
import time
from pathlib import Path

import pytest

from ucarpd.scripts import child
from ucarpd.scripts.child import PIDS, Child

ENVIRONMENT = {"PATH": os.environ["PATH"]}


def end_of(script, timeout=0.0, timed_out=lambda: None):
    """The exit status of a program, and whether it timed out."""

    async def scenario():
        ended = asyncio.get_running_loop().create_future()
        started = Child(
            ["sh", "-c", script], ENVIRONMENT, lambda *how: ended.set_result((*how, set(PIDS)))
        )
        assert PIDS
        started.end_after(timeout, timed_out)
        *how, pids = await asyncio.wait_for(ended, 30)
        assert pids == set(), "nobody waits for it any more"
        return tuple(how)

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


def test_one_that_does_not_mind_is_killed(monkeypatch, tmp_path):
    monkeypatch.setattr(child, "KILL_AFTER", 0.1)
    ready = tmp_path / "ready"

    async def scenario():
        ended = asyncio.get_running_loop().create_future()
        script = f"trap '' TERM; touch {ready}; while :; do sleep 0.05; done"
        started = Child(["sh", "-c", script], ENVIRONMENT, lambda *how: ended.set_result(how))
        while not ready.exists():
            await asyncio.sleep(0.01)
        started.end_after(0.01, lambda: None)
        assert await ended == (128 + signal.SIGKILL, True)

    asyncio.run(asyncio.wait_for(scenario(), 30))


def test_what_cannot_be_started_raises():
    async def scenario():
        with pytest.raises(FileNotFoundError):
            Child(["/nonexistent"], ENVIRONMENT, lambda *_how: None)

    asyncio.run(scenario())
    assert set() == PIDS


def test_one_whose_status_somebody_else_has_taken_has_ended_all_the_same():
    async def scenario():
        ended = asyncio.get_running_loop().create_future()
        started = Child([sys.executable, "-c", ""], ENVIRONMENT, lambda *how: ended.set_result(how))
        take_status(started._process.pid)
        assert await asyncio.wait_for(ended, 30) == (0, False)

    asyncio.run(scenario())


def take_status(pid):
    os.waitpid(pid, 0)


# -- how it stands ---------------------------------------------------------------------------------


class Scheduler:
    """The scheduling calls to the kernel; `policy` is the daemon's, `childs` the program's."""

    def __init__(self, monkeypatch):
        self.policy = self.childs = os.SCHED_OTHER
        self.nice = 0
        self.is_refused = False
        self.set = []
        monkeypatch.setattr(child.os, "sched_getscheduler", self._get)
        monkeypatch.setattr(child.os, "sched_setscheduler", self._set)
        monkeypatch.setattr(child.os, "getpriority", lambda _which, _who: self.nice)

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
        monkeypatch.setattr(child.os, "open", self._open_it)
        monkeypatch.setattr(child.os, "pwrite", self._write_it)

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


def test_one_that_is_alone_leaves_nothing_of_its_group(tmp_path):
    file = tmp_path / "pid"

    async def scenario():
        ended = asyncio.get_running_loop().create_future()
        command = ["sh", "-c", f"sleep 600 & echo $! > {file}"]
        Child(command, ENVIRONMENT, lambda *how: ended.set_result(how), alone=True)
        assert await asyncio.wait_for(ended, 30) == (0, False)

    asyncio.run(scenario())
    wait_for_end(int(file.read_text()))


def test_one_can_be_killed_at_once():
    async def scenario():
        ended = asyncio.get_running_loop().create_future()
        Child(["sleep", "600"], ENVIRONMENT, lambda *how: ended.set_result(how)).kill()
        assert await asyncio.wait_for(ended, 30) == (128 + signal.SIGKILL, False)

    asyncio.run(scenario())


def test_while_one_is_started_in_another_thread_any_process_may_be_ours():
    assert 1 not in PIDS
    with PIDS.starting():
        assert 1 in PIDS
    assert 1 not in PIDS


@pytest.mark.parametrize("may_spawn", [True, False])
def test_one_that_is_started_in_another_thread_is_watched_like_any_other(monkeypatch, may_spawn):
    """Also where the system forbids the quick way."""
    if not may_spawn:
        monkeypatch.setattr(child, "has_own_directory", lambda: False)

    async def scenario():
        ended = asyncio.get_running_loop().create_future()
        process = await asyncio.to_thread(child.start_beside, ["sh", "-c", "exit 3"], ENVIRONMENT)
        assert process.pid in PIDS
        Child((), {}, lambda *how: ended.set_result(how), process=process)
        assert await asyncio.wait_for(ended, 30) == (3, False)

    asyncio.run(scenario())


def wait_for_end(pid):
    limit = time.monotonic() + 20
    while Path(f"/proc/{pid}").exists():
        if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
            break
        assert time.monotonic() < limit
        time.sleep(0.01)
