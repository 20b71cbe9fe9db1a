"""Real scripts, run by the real runner; they write their actions to a file."""

import asyncio
import dataclasses
import errno
import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from ucarpd.scripts import child
from ucarpd.scripts.runner import (
    CANNOT_EXECUTE,
    NOT_FOUND,
    SCRIPT_PATH,
    Hook,
    HookRunner,
    Result,
    refusal,
)


class Log:
    def __init__(self):
        self.lines = []

    def spawning(self, hook):
        self.lines.append("spawning")

    def script_ended(self, hook, status, seconds, excused):
        self.lines.append(f"ended {status}{', excused' if excused else ''}")

    def script_not_run(self, hook, status, why):
        self.lines.append(f"not run {status}: {why}")

    def script_hit(self, hook, signal_name):
        self.lines.append(f"hit by {signal_name}")

    def script_timed_out(self, hook, timeout):
        self.lines.append(f"timed out after {timeout:g} s")


class Place:
    """A directory with scripts, and the file `told` to which they write."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.told_file = directory / "told"
        self.log = Log()

    def hook(self, body, target="up", *, timeout=20.0, mode=0o755, head="#!/bin/sh", **environment):
        script = self.directory / f"{target}.sh"
        script.write_text(f"{head}\ntold={self.told_file}\n{body}\n")
        script.chmod(mode)
        return Hook(target, script, ("eth0", "10.0.0.100"), environment, timeout)

    def told(self):
        return self.told_file.read_text().split() if self.told_file.exists() else []

    async def until_told(self, *words):
        while self.told() != list(words):
            await asyncio.sleep(0.01)


@pytest.fixture
def place(tmp_path):
    return Place(tmp_path)


def result_of(place, hook):
    """Run one hook to its end."""

    async def scenario():
        done = asyncio.get_running_loop().create_future()
        HookRunner(place.log).request(hook, done.set_result)
        return await asyncio.wait_for(done, 30)

    return asyncio.run(scenario())


def status_of(place, hook):
    result = result_of(place, hook)
    assert result.ran
    return result.status


def test_arguments_and_environment(place, monkeypatch):
    monkeypatch.setenv("UCARP_PASS", "geheim")
    monkeypatch.setenv("NOTIFY_SOCKET", "/run/ours")
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setenv("LANG", "C.UTF-8")
    body = 'echo "$1" "$2" "$#" "$UCARP_STATE" "$PATH" "$LANG" "[$UCARP_PASS$NOTIFY_SOCKET]" "$PWD" >$told'
    assert status_of(place, place.hook(body, UCARP_STATE="MASTER")) == 0
    assert place.told() == [
        *("eth0", "10.0.0.100", "2", "MASTER", SCRIPT_PATH, "C.UTF-8", "[]", "/"),
    ]
    assert place.log.lines == ["spawning", "ended 0"]


def test_a_path_in_the_configuration_wins(place):
    assert status_of(place, place.hook("echo $PATH >$told", PATH="/mine:/bin")) == 0
    assert place.told() == ["/mine:/bin"]


@pytest.mark.parametrize(
    ("body", "status"), [("exit 3", 3), ("kill -TERM $$", 128 + signal.SIGTERM)]
)
def test_the_exit_status_is_reported_as_a_shell_reports_it(place, body, status):
    assert status_of(place, place.hook(body)) == status
    assert place.log.lines == ["spawning", f"ended {status}"]


def test_no_script_is_a_success_without_a_word(place):
    assert status_of(place, Hook("up", None, (), {}, 1.0)) == 0
    assert place.log.lines == []


def missing(place):
    hook = place.hook("")
    hook.script.unlink()
    return hook


def directory(place):
    hook = missing(place)
    hook.script.mkdir()
    return hook


REFUSED = [
    (missing, NOT_FOUND, "does not exist"),
    (directory, CANNOT_EXECUTE, "not a file"),
    (lambda place: place.hook("", mode=0o644), CANNOT_EXECUTE, "not executable (chmod +x"),
    (lambda place: place.hook("", mode=0o757), CANNOT_EXECUTE, "writable by others (chmod o-w"),
    (lambda place: place.hook("", head="no interpreter"), CANNOT_EXECUTE, "Exec format error"),
    (lambda place: place.hook("", head="#!/no/such/sh"), CANNOT_EXECUTE, "interpreter named"),
]


@pytest.mark.parametrize(("make", "status", "why"), REFUSED)
def test_a_script_that_cannot_be_run_is_said_with_the_status_a_shell_would_give(
    place, make, status, why
):
    hook = make(place)
    assert result_of(place, hook) == Result(status, ran=False)
    last = place.log.lines[-1]
    assert last.startswith(f"not run {status}")
    assert why in last


@pytest.mark.parametrize(("make", "why"), [(make, why) for make, _, why in REFUSED[:4]])
def test_a_script_that_cannot_be_run_can_be_told_before(place, make, why):
    assert why in refusal(make(place).script)


def test_nothing_speaks_against_a_good_script(place):
    assert refusal(place.hook("").script) is None


@pytest.mark.parametrize(
    "error", [RuntimeError("can't start new thread"), MemoryError(), OSError(errno.EAGAIN, "again")]
)
def test_whatever_happens_at_the_start_the_next_script_runs(place, monkeypatch, error):
    def refuse(*_arguments, **_options):
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(child.subprocess, "Popen", refuse)
        assert result_of(place, place.hook("")) == Result(CANNOT_EXECUTE, ran=False)
    assert place.log.lines[-1].startswith(f"not run {CANNOT_EXECUTE}")
    assert status_of(place, place.hook("")) == 0


def test_a_lack_of_descriptors_is_said_as_such(place):
    async def scenario():
        done = asyncio.get_running_loop().create_future()
        runner = HookRunner(place.log)
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (3, hard))
        try:
            runner.request(place.hook, done.set_result)
            return await asyncio.wait_for(done, 30)
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))

    place.hook = place.hook("")
    assert asyncio.run(scenario()) == Result(CANNOT_EXECUTE, ran=False)
    assert place.log.lines[-1] == f"not run {CANNOT_EXECUTE}: Too many open files"


@pytest.mark.parametrize("error", [OSError(errno.EMFILE, "full"), RuntimeError("no")])
def test_without_a_descriptor_for_it_the_end_of_a_script_is_found_by_looking(
    place, monkeypatch, error
):
    def refuse(_pid):
        raise error

    monkeypatch.setattr(child.os, "pidfd_open", refuse)
    assert status_of(place, place.hook("sleep 0.2; exit 5")) == 5


def test_a_listener_that_fails_does_not_stop_the_scripts(place):
    async def scenario():
        runner = HookRunner(place.log)
        defects = []
        asyncio.get_running_loop().set_exception_handler(lambda _, context: defects.append(context))
        done = asyncio.get_running_loop().create_future()

        def fail(_result):
            runner.request(place.hook("", "down"), done.set_result)
            raise ValueError

        runner.request(place.hook(""), fail)
        assert await done == Result(0)
        assert len(defects) == 1

    asyncio.run(asyncio.wait_for(scenario(), 30))


def test_no_thread_and_no_task_waits_for_a_script(place):
    async def scenario():
        runner = HookRunner(place.log)
        runner.request(place.hook("echo up >>$told; sleep 60"), lambda result: None)
        await place.until_told("up")
        counts = len(asyncio.all_tasks()), len(threads())
        os.kill(int(next(iter(child.PIDS))), signal.SIGKILL)
        while runner.is_busy:
            await asyncio.sleep(0.01)
        return counts

    before = len(threads())
    # One task is the scenario, and before Python 3.12 another one limits its time.
    tasks, during = asyncio.run(asyncio.wait_for(scenario(), 30))
    assert (tasks <= 2, during) == (True, before)
    assert not child.PIDS


def threads():
    return list(Path("/proc/self/task").iterdir())


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2])
def test_a_script_hit_by_a_signal_for_ucarpd_is_run_again_once(place, number):
    body = f"echo up >>$told; kill -{number.value} $$"
    assert result_of(place, place.hook(body)) == Result(128 + number)
    assert place.told() == ["up", "up"]
    assert place.log.lines == [
        *("spawning", f"hit by {number.name}", "spawning", f"ended {128 + number}"),
    ]


def test_a_script_hit_by_a_signal_makes_way_for_the_next_one(place):
    async def scenario():
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

    asyncio.run(asyncio.wait_for(scenario(), 30))


def test_a_failure_may_be_excused(place):
    hook = dataclasses.replace(place.hook("exit 255"), is_excused=lambda: True)
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


def test_what_has_begun_runs_to_its_end_and_of_what_waits_the_newest_is_kept(place):
    async def scenario():
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
        assert (runner.running, runner.waiting) == (up, down)
        runner.request(again, last.set_result)
        assert (runner.running, runner.waiting) == (up, again)
        place.told_file.with_suffix(".go").touch()
        assert await first == Result(3)
        assert await last == Result(0)
        assert dropped == []
        assert (runner.running, runner.waiting, runner.is_busy) == (None, None, False)
        assert place.told() == ["up", "again"]

    asyncio.run(asyncio.wait_for(scenario(), 30))


def test_asking_for_what_is_being_done_starts_nothing_new(place):
    async def scenario():
        runner = HookRunner(place.log)
        first, second = [], asyncio.get_running_loop().create_future()
        hook = place.hook("echo up >>$told; while [ ! -e $told.go ]; do :; done")
        runner.request(hook, first.append)
        await place.until_told("up")
        runner.request(hook, second.set_result)
        place.told_file.with_suffix(".go").touch()
        assert await second == Result(0)
        assert first == []
        assert place.told() == ["up"]

    asyncio.run(asyncio.wait_for(scenario(), 30))


def test_a_target_that_comes_back_while_another_waits_runs_again(place):
    """MASTER, BACKUP, MASTER in quick succession: an address removed meanwhile must be put back."""

    async def scenario():
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

    asyncio.run(asyncio.wait_for(scenario(), 30))


def test_a_hanging_script_holds_up_its_successor_no_longer_than_its_time_out(place, monkeypatch):
    monkeypatch.setattr(child, "KILL_AFTER", 0.1)

    async def scenario():
        runner = HookRunner(place.log)
        first, last = (asyncio.get_running_loop().create_future() for _ in range(2))
        body = "trap '' TERM; echo up >>$told; while :; do sleep 1; done"
        runner.request(place.hook(body, "up", timeout=0.3), first.set_result)
        await place.until_told("up")
        runner.request(place.hook("echo down >>$told", "down"), last.set_result)
        assert await last == Result(0)
        assert first.result().timed_out
        assert place.told() == ["up", "down"]

    asyncio.run(asyncio.wait_for(scenario(), 30))
    assert f"ended {128 + signal.SIGKILL}" in place.log.lines


STANDING = """
import asyncio, os, sys
from pathlib import Path
from ucarpd.scripts.child import Child

async def main():
    ended = asyncio.get_running_loop().create_future()
    Child(sys.argv[1:], {"PATH": os.environ["PATH"]}, lambda *end: ended.set_result(end))
    await ended

def standing():
    policy = os.sched_getscheduler(0) & ~os.SCHED_RESET_ON_FORK
    return Path("/proc/self/oom_score_adj").read_text(), policy, os.getpriority(os.PRIO_PROCESS, 0)

before = standing()
asyncio.run(main())
assert standing() == before
"""


@pytest.mark.parametrize(
    "starter",
    [
        (),
        ("chrt", "--rr", "10"),
        ("chrt", "--rr", "10", "setpriv", "--bounding-set=-sys_nice,-sys_resource"),
        ("nice", "-n", "-5"),
    ],
)
def test_a_script_is_an_ordinary_program_from_its_first_instruction(place, starter):
    """The unit protects ucarpd from the memory killer, hides its files, may let it run ahead."""
    body = "umask; cat /proc/self/oom_score_adj; chrt -p $$ | grep -o SCHED_OTHER; nice"
    hook = place.hook(f"({body}) >$told")
    program = [sys.executable, "-W", "error", "-c", STANDING]
    protect = 'echo -900 >/proc/self/oom_score_adj; umask 077; renice 0 $$ >&2; exec "$@"'
    subprocess.run(
        ["sh", "-c", protect, "sh", *starter, *program, str(hook.script)],
        check=True,
        timeout=30,
    )
    assert place.told() == ["0022", "0", "SCHED_OTHER", "0"]


def test_the_environment_of_the_daemon_is_left_as_it_is(place):
    before = dict(os.environ)
    status_of(place, place.hook("true", UCARP_STATE="MASTER"))
    assert dict(os.environ) == before
