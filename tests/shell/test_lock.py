import multiprocessing
import os

import pytest

from ucarpd.lock import AlreadyRunning, InstanceLock, run_directory


def test_a_second_start_is_refused_and_told_who_has_it(tmp_path):
    lock = InstanceLock("web", tmp_path / "run")
    with pytest.raises(AlreadyRunning, match=rf"web is already run by process {os.getpid()} "):
        InstanceLock("web", tmp_path / "run")
    InstanceLock("mail", tmp_path / "run").release()
    lock.release()
    InstanceLock("web", tmp_path / "run").release()


def test_a_killed_process_leaves_no_lock_behind(tmp_path):
    def take_and_hold(connection):
        InstanceLock("web", tmp_path)
        connection.send("taken")
        connection.recv()

    ours, theirs = multiprocessing.Pipe()
    context = multiprocessing.get_context("fork")
    process = context.Process(target=take_and_hold, args=(theirs,))
    process.start()
    assert ours.recv() == "taken"
    with pytest.raises(AlreadyRunning, match=str(process.pid)):
        InstanceLock("web", tmp_path)
    process.kill()
    process.join()
    InstanceLock("web", tmp_path).release()


@pytest.mark.parametrize(
    ("value", "directory"),
    [(None, "/run/ucarpd"), ("/run/other", "/run/other"), ("/run/a:/run/b", "/run/a")],
)
def test_systemd_may_move_the_directory(monkeypatch, value, directory):
    monkeypatch.delenv("RUNTIME_DIRECTORY", raising=False)
    if value:
        monkeypatch.setenv("RUNTIME_DIRECTORY", value)
    assert str(run_directory()) == directory
