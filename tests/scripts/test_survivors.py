"""Processes that scripts have left, wherever they went."""

import os
import signal
import subprocess

import pytest

from ucarpd.scripts import survivors


@pytest.fixture
def leave():
    processes = []

    def start(instance, daemon, *command, before=(), **options):
        environment = {**dict(before), "PATH": os.environ["PATH"], "UCARPD_PID": str(daemon)}
        if instance is not None:
            environment["UCARP_INSTANCE"] = instance
        process = subprocess.Popen(command, env=environment, **options)
        processes.append(process)
        return process.pid

    yield start
    for process in processes:
        process.kill()
        process.wait()


def test_a_process_is_known_by_instance_and_daemon(leave, monkeypatch):
    web = leave("web", os.getpid(), "sleep", "1000", start_new_session=True)
    nameless = leave(None, os.getpid(), "sleep", "1001")
    of_another = leave("web", 1, "sleep", "1002")
    awaited = leave("web", os.getpid(), "sleep", "1003", start_new_session=True)
    monkeypatch.setattr(survivors, "PIDS", {awaited})
    # Other tests of this process may also have left some.
    found = {
        name: [each for each in left if each.pid in (web, nameless, of_another, awaited)]
        for name, left in survivors.find().items()
    }
    assert found == {"web": [(web, "sleep 1000")], "": [(nameless, "sleep 1001")]}
    assert str(found["web"][0]) == f"{web} (sleep 1000)"


def test_processes_of_another_daemon_are_not_killed(leave):
    leave("mail", 1, "sleep", "1000")
    leave("web", os.getpid(), "sleep", "1001")
    killed = leave("mail", os.getpid(), "sleep", "1002")
    survivors.kill(["UCARP_INSTANCE=mail"])
    assert os.waitpid(-1, 0) == (killed, signal.SIGKILL)
    assert os.waitpid(-1, os.WNOHANG) == (0, 0)


def test_a_long_or_strange_command_is_shortened(leave):
    leave("web", os.getpid(), "sh", "-c", "kill -STOP $$\n: " + "x" * 200)
    ((_, command),) = survivors.find()["web"]
    assert command.startswith("sh -c kill -STOP $$?: xxx")
    assert command.endswith("x…")
    assert len(command) == 81


def test_only_the_beginning_of_a_huge_environment_is_read(leave):
    """Any user can have one of gigabytes: it must not take the memory of the daemon."""
    padding = {f"P{n}": "x" * 100_000 for n in range(3)}
    huge = leave("web", os.getpid(), "sleep", "1000", before=padding)
    assert len(dict(survivors._environments())[huge]) < 300_000
    assert huge not in [each.pid for left in survivors.find().values() for each in left]


def test_one_that_has_just_ended_has_no_command():
    assert survivors._command(4194305) == "?"
