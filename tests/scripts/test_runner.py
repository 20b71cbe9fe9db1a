"""How a script is started, and why it cannot be run."""

import asyncio
import contextlib
import errno
import os
import resource
import signal
import subprocess
import sys
import threading
from functools import partial
from pathlib import Path

import pytest
from real_loop import in_real_time
from script_place import result_of, status_of

from ucarpd.linux import threads as linux_threads
from ucarpd.scripts import child, runner, start
from ucarpd.scripts.environment import SCRIPT_PATH
from ucarpd.scripts.executable import CANNOT_EXECUTE, NOT_FOUND, refusal
from ucarpd.scripts.runner import Hook, HookRunner, Result


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
]
NOT_EXECUTED = [
    (lambda place: place.hook("", head="no interpreter"), "Exec format error"),
    (lambda place: place.hook("", head="#!/no/such/sh"), "interpreter named"),
]


@pytest.mark.parametrize(("make", "status", "why"), REFUSED)
def test_of_a_script_that_cannot_be_run_the_reason_is_said_and_no_start(place, make, status, why):
    hook = make(place)
    assert result_of(place, hook) == Result(status)
    (line,) = place.log.lines
    assert line.startswith(f"not run {status}")
    assert why in line
    assert why in refusal(hook.script), "it can be said before"


def test_a_thread_finds_the_objection_to_a_script(place):
    def objection():
        return f"found in {threading.current_thread().name}"

    hook = place.hook("echo ran >>$told")._replace(objection=objection)
    assert result_of(place, hook) == Result(CANNOT_EXECUTE)
    (line,) = place.log.lines
    assert line.startswith("not run 126: found in ")
    assert "MainThread" not in line
    assert place.told() == []
    assert status_of(place, hook._replace(objection=lambda: None)) == 0
    assert place.told() == ["ran"]


@in_real_time
async def test_a_script_that_waits_does_not_run_if_it_is_given_up_meanwhile(place, monkeypatch):
    monkeypatch.setattr(child, "KILL_AFTER", 0.01)
    may_run = threading.Event()
    scripts = HookRunner(place.log)
    for name, timeout in (("first", 0.01), ("second", 20.0)):
        ended = asyncio.get_running_loop().create_future()
        hook = place.hook(f"echo {name} >>$told", name, timeout=timeout)
        scripts.request(hook._replace(wait=partial(may_run.wait, 20)), ended.set_result)
        if name == "second":
            assert place.told() == []
            may_run.set()
        await ended
    assert place.told() == ["second"]


@pytest.mark.parametrize(("make", "why"), NOT_EXECUTED)
def test_the_kernel_cannot_execute_a_script(place, make, why):
    assert result_of(place, make(place)) == Result(CANNOT_EXECUTE)
    first, last = place.log.lines
    assert first == "spawning"
    assert last.startswith(f"not run {CANNOT_EXECUTE}")
    assert why in last


def test_nothing_speaks_against_a_good_script(place):
    assert refusal(place.hook("").script) is None


@pytest.mark.parametrize(
    "error", [RuntimeError("can't start new thread"), MemoryError(), OSError(errno.EAGAIN, "again")]
)
def test_whatever_happens_at_the_start_the_next_script_runs(place, monkeypatch, error):
    def refuse(*_arguments, **_options):
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(runner, "start", refuse)
        assert result_of(place, place.hook("")) == Result(CANNOT_EXECUTE)
    assert place.log.lines[-1].startswith(f"not run {CANNOT_EXECUTE}")
    assert status_of(place, place.hook("")) == 0


def test_without_a_thread_a_script_cannot_be_run(place, monkeypatch):
    def refuse(*_work):
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr(linux_threads, "start_new_thread", refuse)
        assert result_of(place, place.hook("")) == Result(CANNOT_EXECUTE)
    assert "no thread can be started: is a limit of processes reached" in place.log.lines[-1]
    assert status_of(place, place.hook("")) == 0


@in_real_time
async def test_the_loop_does_not_wait_for_the_file_system_of_a_script(place, monkeypatch):
    loop_went_on, look = threading.Event(), runner.obstacle_of

    def look_slowly(script):
        assert loop_went_on.wait(20)
        return look(script)

    monkeypatch.setattr(runner, "obstacle_of", look_slowly)
    ended = asyncio.get_running_loop().create_future()
    scripts = HookRunner(place.log)
    scripts.request(place.hook(""), ended.set_result)
    while not scripts.running:
        await asyncio.sleep(0)
    loop_went_on.set()
    assert await asyncio.wait_for(ended, 30) == Result(0)


def test_a_look_at_a_script_that_hangs_is_told_before_the_time_out(place, monkeypatch):
    may_go_on, look = threading.Event(), runner.obstacle_of

    def look_slowly(script):
        assert may_go_on.wait(20)
        return look(script)

    monkeypatch.setattr(runner, "obstacle_of", look_slowly)
    monkeypatch.setattr(runner, "HANGS_AFTER", 0.1)
    monkeypatch.setattr(place.log, "script_hangs", lambda _hook, _pid: may_go_on.set())
    assert status_of(place, place.hook("")) == 0


@pytest.mark.parametrize(
    ("timeout", "told"), [(0.0, ["spawning", "goes on"]), (20.0, ["spawning"])]
)
def test_a_script_without_a_time_limit_that_does_not_end_is_told(place, monkeypatch, timeout, told):
    async def scenario():
        scripts = HookRunner(place.log)
        ended = asyncio.get_running_loop().create_future()
        scripts.request(
            place.hook("echo here >>$told; sleep 1000", timeout=timeout), ended.set_result
        )
        await place.until_told("here")
        while asyncio.get_running_loop().time() < scripts._started + 2 * runner.GOES_ON_AFTER:
            await asyncio.sleep(0.01)
        assert place.log.lines == told
        scripts.kill()
        assert await asyncio.wait_for(ended, 30) == Result(137)

    monkeypatch.setattr(runner, "GOES_ON_AFTER", 0.1)
    asyncio.run(scenario())


@in_real_time
async def test_a_script_that_was_given_up_does_not_run_when_its_file_system_answers(
    place, monkeypatch
):
    monkeypatch.setattr(child, "KILL_AFTER", 0.01)
    answers, look, begun = threading.Event(), runner.obstacle_of, []

    def look_slowly(script):
        assert answers.wait(20)
        return look(script)

    monkeypatch.setattr(runner, "obstacle_of", look_slowly)
    monkeypatch.setattr(runner, "start", lambda *given: begun.append(given) or start.start(*given))
    scripts = HookRunner(place.log)
    for name, timeout in (("first", 0.01), ("second", 0.01), ("third", 20.0)):
        ended = asyncio.get_running_loop().create_future()
        scripts.request(place.hook("", name, timeout=timeout), ended.set_result)
        if name == "third":
            answers.set()
        await ended
    assert [Path(command[0]).name for command, _ in begun] == ["third.sh"]


@in_real_time
async def test_attempts_at_a_script_on_a_dead_file_system_leave_one_thread_behind(
    place, monkeypatch
):
    monkeypatch.setattr(child, "KILL_AFTER", 0.01)
    monkeypatch.setattr(runner, "LOOKS_EVERY", 0.001)
    answers, hanging, look = threading.Event(), [], runner.obstacle_of

    def look_slowly(script):
        hanging.append(script)
        assert answers.wait(20)
        return look(script)

    monkeypatch.setattr(runner, "obstacle_of", look_slowly)
    scripts = HookRunner(place.log)

    def attempt(timeout):
        ended = asyncio.get_running_loop().create_future()
        scripts.request(place.hook("", timeout=timeout), ended.set_result)
        return ended

    for _ in range(3):
        assert await attempt(0.05) == Result(128 + signal.SIGKILL, timed_out=True)
    last = attempt(20.0)
    assert len(hanging) == 1
    answers.set()
    assert await last == Result(0)


def test_a_lack_of_descriptors_does_not_keep_a_script_from_running(place):
    async def scenario():
        done = asyncio.get_running_loop().create_future()
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (256, hard))
        with contextlib.ExitStack() as used:
            used.callback(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
            with contextlib.suppress(OSError):
                while True:
                    used.callback(os.close, os.dup(0))
            HookRunner(place.log).request(hook, done.set_result)
            return await asyncio.wait_for(done, 30)

    hook = place.hook("exit 5")
    assert asyncio.run(scenario()) == Result(5)


@pytest.mark.parametrize(
    ("place_of", "refused", "error"),
    [
        (os, "pidfd_open", OSError(errno.EMFILE, "full")),
        (os, "pidfd_open", RuntimeError("no")),
        (asyncio.SelectorEventLoop, "add_reader", OSError(errno.ENOSPC, "full")),
    ],
)
def test_without_a_descriptor_for_it_the_end_of_a_script_is_found_by_looking(
    place, tmp_path, monkeypatch, place_of, refused, error
):
    def refuse(*_arguments):
        raise error

    go_on, has_ended = tmp_path / "go-on", child._has_ended

    def look(pid):
        found = has_ended(pid)
        go_on.touch()
        return found

    monkeypatch.setattr(place_of, refused, refuse)
    monkeypatch.setattr(child, "_has_ended", look)
    script = f"for n in $(seq 100); do [ -e {go_on} ] && exit 5; sleep 0.05; done"
    assert status_of(place, place.hook(script)) == 5, "the loop does not wait for it"


@in_real_time
async def test_a_listener_that_fails_does_not_stop_the_scripts(place):
    scripts = HookRunner(place.log)
    defects = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: defects.append(context))
    done = asyncio.get_running_loop().create_future()

    def fail(_result):
        scripts.request(place.hook("", "down"), done.set_result)
        raise ValueError

    scripts.request(place.hook(""), fail)
    assert await done == Result(0)
    assert len(defects) == 1


def test_no_thread_and_no_task_waits_for_a_script(place):
    async def scenario():
        scripts = HookRunner(place.log)
        scripts.request(place.hook("echo up >>$told; sleep 60"), lambda result: None)
        await place.until_told("up")
        while len(threads()) > before:
            await asyncio.sleep(0.01)
        tasks = len(asyncio.all_tasks())
        os.kill(int(next(iter(start.PIDS))), signal.SIGKILL)
        while scripts.is_busy:
            await asyncio.sleep(0.01)
        return tasks

    before = len(threads())
    # One task is the scenario, and before Python 3.12 another one limits its time.
    assert asyncio.run(asyncio.wait_for(scenario(), 30)) <= 2
    assert not start.PIDS


def threads():
    return list(Path("/proc/self/task").iterdir())


STANDING = """
import asyncio, os, sys
from functools import partial
from pathlib import Path
from ucarpd.scripts.child import Child
from ucarpd.scripts.start import start

async def main():
    ended = asyncio.get_running_loop().create_future()
    command = partial(start, sys.argv[1:], {"PATH": os.environ["PATH"]})
    Child(command, lambda *end: ended.set_result(end), ended.set_exception)
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
