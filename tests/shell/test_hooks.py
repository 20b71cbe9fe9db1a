"""Scripts are real ones, run by the real runner; what they do is told by a file that they write."""

import asyncio
import os
import signal
from pathlib import Path

import pytest

from ucarpd import hooks
from ucarpd.hooks import CANNOT_EXECUTE, NOT_FOUND, SCRIPT_PATH, Hook, HookRunner


class Log:
    def __init__(self):
        self.lines = []

    def spawning(self, hook):
        self.lines.append("spawning")

    def script_ended(self, hook, status, seconds):
        self.lines.append(f"ended {status}")

    def script_not_run(self, hook, status, why):
        self.lines.append(f"not run {status}: {why}")

    def script_overtaken(self, hook):
        self.lines.append("overtaken")

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


def status_of(place, hook):
    """Run one hook to its end."""

    async def scenario():
        done = asyncio.get_running_loop().create_future()
        HookRunner(place.log).request(hook, done.set_result)
        return await asyncio.wait_for(done, 30)

    return asyncio.run(scenario())


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
    assert status_of(place, make(place)) == status
    last = place.log.lines[-1]
    assert last.startswith(f"not run {status}")
    assert why in last


def test_a_script_that_hangs_is_terminated_with_all_that_it_started(place):
    body = "trap '' TERM; sleep 60 & echo $! >$told; wait; wait"
    status = status_of(place, place.hook(body, timeout=0.3))
    assert status == 128 + signal.SIGKILL
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


def test_the_newest_target_wins_and_an_overtaken_run_reports_nothing(place):
    async def scenario():
        runner = HookRunner(place.log)
        statuses = []
        done = asyncio.get_running_loop().create_future()
        runner.request(place.hook("echo up >>$told; sleep 60", "up"), statuses.append)
        await place.until_told("up")
        assert runner.is_busy
        runner.request(place.hook("echo down >>$told", "down"), statuses.append)
        runner.request(place.hook("echo again >>$told", "up-again"), done.set_result)
        assert await done == 0
        assert statuses == []
        assert not runner.is_busy
        # "down" was asked for and taken back before it could start.
        assert place.told() == ["up", "again"]

    asyncio.run(asyncio.wait_for(scenario(), 30))
    assert place.log.lines.count("overtaken") == 1


def test_asking_for_what_is_being_done_starts_nothing_new(place):
    async def scenario():
        runner = HookRunner(place.log)
        first, second = [], asyncio.get_running_loop().create_future()
        hook = place.hook("echo up >>$told; while [ ! -e $told.go ]; do :; done")
        runner.request(hook, first.append)
        await place.until_told("up")
        runner.request(hook, second.set_result)
        place.told_file.with_suffix(".go").touch()
        assert await second == 0
        assert first == []
        assert place.told() == ["up"]

    asyncio.run(asyncio.wait_for(scenario(), 30))


def test_an_interrupted_script_runs_again_when_the_role_comes_back(place):
    """MASTER, BACKUP, MASTER in quick succession: what was cut off must be made good."""

    async def scenario():
        runner = HookRunner(place.log)
        done = asyncio.get_running_loop().create_future()
        up = place.hook("echo up >>$told; [ -e $told.go ] || sleep 60", "up")
        runner.request(up, lambda status: None)
        await place.until_told("up")
        runner.request(place.hook("echo down >>$told", "down"), lambda status: None)
        place.told_file.with_suffix(".go").touch()
        runner.request(up, done.set_result)
        assert await done == 0
        assert place.told() == ["up", "up"]

    asyncio.run(asyncio.wait_for(scenario(), 30))


def test_a_stubborn_script_does_not_hold_up_its_successor_for_long(place, monkeypatch):
    monkeypatch.setattr(hooks, "KILL_AFTER", 0.1)

    async def scenario():
        runner = HookRunner(place.log)
        done = asyncio.get_running_loop().create_future()
        stubborn = place.hook("trap '' TERM; echo up >>$told; while :; do sleep 1; done", "up")
        runner.request(stubborn, lambda status: None)
        await place.until_told("up")
        runner.request(place.hook("echo down >>$told", "down"), done.set_result)
        assert await done == 0
        assert place.told() == ["up", "down"]

    asyncio.run(asyncio.wait_for(scenario(), 30))
    assert f"ended {128 + signal.SIGKILL}" in place.log.lines


def test_the_environment_of_the_daemon_is_left_as_it_is(place):
    before = dict(os.environ)
    status_of(place, place.hook("true", UCARP_STATE="MASTER"))
    assert dict(os.environ) == before
