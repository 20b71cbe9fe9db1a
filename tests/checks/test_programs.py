"""Checks by programs: real ones."""

import asyncio
import os
import queue
import threading

import pytest
from lab import wait_for
from real_loop import in_real_time
from up_and_down import process_exists

from ucarpd.checks import programs
from ucarpd.checks.probe import Failed
from ucarpd.scripts.start import PIDS

SHELL = "exec:/bin/sh -c '{}'"


def run(probe, timeout=20.0):
    """The line of one run; a failure is the exception that it is."""

    async def scenario():
        async with asyncio.timeout(timeout):
            return await probe.run()

    try:
        return asyncio.run(scenario())
    except Failed as failed:
        return failed


@pytest.mark.parametrize(
    ("script", "line"),
    [
        ("exit 0", "exit status 0"),
        ("echo one; echo; echo two; echo", "two"),
        ("echo one >&2", "one"),
        ('printf "a\\tb"', "a?b"),
        ('head -c 300 /dev/zero | tr "\\0" x', "x" * 200),
    ],
)
def test_a_program_that_ends_with_status_0_is_good(probe, script, line):
    assert run(probe(SHELL.format(script))) == line


@pytest.mark.parametrize(
    ("script", "line"),
    [
        ("exit 7", "exit status 7"),
        ("echo no; exit 1", "no"),
        ("kill -9 $$", "exit status 137"),
    ],
)
def test_any_other_status_is_a_failure_with_the_last_line(probe, script, line):
    failed = run(probe(SHELL.format(script)))
    assert isinstance(failed, Failed)
    assert str(failed) == line


def test_a_program_that_is_not_there(probe):
    assert str(run(probe("exec:/nowhere"))) == "it cannot be run: it does not exist"


@pytest.mark.parametrize(
    ("text", "mode", "why"),
    [
        ("#!/bin/sh\n", 0o644, "it is not executable (chmod +x "),
        ("#!/bin/sh\n", 0o777, "it is writable by others (chmod o-w "),
        ("true\n", 0o755, "Exec format error (does its first line name an interpreter,"),
        ("#!/nowhere\n", 0o755, "the interpreter named in its first line does not exist"),
        (
            "#!/bin/sh\r\n",
            0o755,
            "the interpreter named in its first line does not exist (or does the file have DOS line",
        ),
    ],
)
def test_a_script_that_cannot_be_run(probe, tmp_path, text, mode, why):
    script = tmp_path / "check"
    script.write_text(text)
    script.chmod(mode)
    assert str(run(probe(f"exec:{script}"))).startswith(f"it cannot be run: {why}")


def test_arguments_and_environment(probe):
    words = "$UCARP_INSTANCE $UCARP_STATE $UCARP_CHECK $0"
    text = f"exec:/bin/sh -c 'echo {words}' \"a b\""
    assert run(probe(text)) == "web MASTER web a b"


def test_a_program_that_prints_a_lot_is_read_in_part(probe, monkeypatch):
    monkeypatch.setattr(programs, "READ_PAUSE", 0.0)
    script = "head -c 3000000 /dev/zero; echo; echo done"
    assert run(probe(SHELL.format(script))) == "done"


def wait_for_end_of_all_in(file):
    pids = file.read_text().split()
    wait_for(f"the end of {pids}", lambda: not any(map(process_exists, pids)))


async def cancelled(running):
    """Cancel the run of a check, and wait for the end of its program."""
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    while PIDS:
        await asyncio.sleep(0.01)


@pytest.mark.parametrize(
    "leaves", ["sleep 600 & echo $! $$ > {}; wait", "setsid sleep 600 & echo $! $$ > {}; wait"]
)
@in_real_time
async def test_a_program_that_is_too_late_is_killed_with_its_children(probe, tmp_path, leaves):
    """Also a child that has left its process group."""
    file = tmp_path / "pids"
    checked = probe(SHELL.format(leaves.format(file)))
    running = asyncio.get_running_loop().create_task(checked.run())
    while not file.exists() or not file.read_text().endswith("\n"):
        await asyncio.sleep(0.01)
    await cancelled(running)
    wait_for_end_of_all_in(file)


@in_real_time
async def test_the_event_loop_waits_for_no_thread_to_begin(probe, monkeypatch):
    monkeypatch.setattr(threading.Thread, "start", pytest.fail)
    running = asyncio.get_running_loop().create_task(probe("exec:/bin/sleep 60 user=root").run())
    while not PIDS and not running.done():
        await asyncio.sleep(0.01)
    await cancelled(running)


def test_what_a_program_leaves_in_its_group_ends_with_it(probe, tmp_path):
    file = tmp_path / "pids"
    assert run(probe(SHELL.format(f"sleep 600 & echo $! > {file}; echo ok"))) == "ok"
    wait_for_end_of_all_in(file)


@in_real_time
async def test_a_run_that_cannot_be_killed_is_the_only_one(probe, monkeypatch, tmp_path):
    """As on a dead disk."""
    monkeypatch.setattr(programs.Child, "kill", lambda _child: None)
    monkeypatch.setattr(programs.survivors, "kill", lambda _marks: None)
    end = tmp_path / "end"

    async def line_of(checked):
        try:
            return await checked.run()
        except Failed as failed:
            return str(failed)

    checked = probe(SHELL.format(f"until [ -e {end} ]; do sleep 0.01; done"))
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await checked.run()
    assert await line_of(checked) == "its last run was killed, but still hangs"
    end.touch()
    while (line := await line_of(checked)) == "its last run was killed, but still hangs":
        await asyncio.sleep(0.01)
    assert line == "exit status 0"


def late(probe, tmp_path):
    """Return a function that begins a run of one check, and cancels it."""
    began = tmp_path / "began"
    checked = probe(SHELL.format(f"echo > {began}; sleep 600"))

    async def be_late():
        began.unlink(missing_ok=True)
        running = asyncio.get_running_loop().create_task(checked.run())
        while not began.exists():
            await asyncio.sleep(0.01)
        await cancelled(running)

    return be_late


@in_real_time
async def test_only_one_search_for_what_late_runs_leave_hangs(probe, monkeypatch, tmp_path):
    """As at a process that hangs in the kernel; the next search makes up for those left out."""
    may_end, searches = threading.Semaphore(0), queue.SimpleQueue()

    def search(marks):
        searches.put(len(marks))
        may_end.acquire(timeout=20)

    monkeypatch.setattr(programs.survivors, "kill", search)
    be_late = late(probe, tmp_path)
    await be_late()
    assert searches.get(timeout=20) == 1
    await be_late()
    await be_late()
    may_end.release(2)
    while searches.empty():
        await be_late()
    assert searches.get() >= 3


@in_real_time
async def test_what_a_late_run_left_while_no_thread_could_be_started_is_searched_for_later(
    probe, monkeypatch, tmp_path
):
    def refuse(_function):
        raise RuntimeError("can't start new thread")

    searches = queue.SimpleQueue()
    monkeypatch.setattr(programs.survivors, "kill", lambda marks: searches.put(len(marks)))
    be_late = late(probe, tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(programs, "in_thread", refuse)
        await be_late()
    await be_late()
    assert searches.get(timeout=20) == 2


@in_real_time
async def test_a_run_that_is_due_when_the_last_one_is_killed_waits_for_its_end(probe, tmp_path):
    """As in a check whose timeout is its interval: one hang is one failure, not two."""
    began = tmp_path / "began"
    checked = probe(SHELL.format(f"[ -e {began} ] && exit 0; echo > {began}; sleep 600"))
    running = asyncio.get_running_loop().create_task(checked.run())
    while not began.exists():
        await asyncio.sleep(0.01)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert await checked.run() == "exit status 0"


def test_a_user_that_nobody_knows(probe):
    assert str(run(probe("exec:/bin/true user=nobody-knows"))) == "there is no user nobody-knows"


def test_our_own_user(probe, monkeypatch):
    """Another one needs root: see tests/integration/test_health_checks.py."""
    own = programs.Account(os.getuid(), os.getgid(), None)
    monkeypatch.setattr(programs, "account_of", lambda user: {"me": own}[user])
    assert run(probe("exec:/bin/sh -c 'id -u' user=me")) == str(os.getuid())


def test_a_unit_is_asked_of_systemd(probe, tmp_path, monkeypatch):
    systemctl = tmp_path / "systemctl"
    systemctl.write_text('#!/bin/sh\necho "$@"\nexit 3\n')
    systemctl.chmod(0o755)
    monkeypatch.setattr("ucarpd.scripts.environment.SCRIPT_PATH", f"{tmp_path}:/usr/bin:/bin")
    assert str(run(probe("unit:apache2.service"))) == "is-active -- apache2.service"


@pytest.mark.parametrize(
    ("mode", "user", "why"),
    [
        (0o755, None, None),
        (0o644, None, "it is not executable"),
        (0o755, "nobody-knows", "there is no user nobody-knows"),
    ],
)
def test_what_keeps_a_program_from_being_a_check(tmp_path, mode, user, why):
    script = tmp_path / "check"
    script.write_text("#!/bin/sh\n")
    script.chmod(mode)
    found = programs.obstacle(script, user)
    assert found is None if why is None else found.startswith(why)


def test_a_script_of_a_user_does_not_run_as_root(tmp_path, monkeypatch):
    script = tmp_path / "check"
    script.write_text("#!/bin/sh\n")
    script.chmod(0o755)
    owner = script.stat().st_uid
    monkeypatch.setattr(os, "geteuid", lambda: owner + 1)
    found = programs.obstacle(script, None)
    if owner:
        assert (
            found
            == f"user {owner} owns it, so it does not run as root: add user=, or chown root {script}"
        )
    else:
        assert found is None
