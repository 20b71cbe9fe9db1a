import multiprocessing
import os

import pytest

from ucarpd.lock import AlreadyRunning, InstanceLock, is_held, run_directory


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


def test_looking_whether_it_is_held_does_not_hold_it(tmp_path):
    assert not is_held("web", tmp_path)
    lock = InstanceLock("web", tmp_path)
    assert is_held("web", tmp_path)
    assert not is_held("mail", tmp_path)
    lock.release()
    assert not is_held("web", tmp_path)
    InstanceLock("web", tmp_path).release()


def test_a_lock_that_cannot_be_looked_at_counts_as_held(tmp_path):
    (tmp_path / "file").touch()
    assert is_held("web", tmp_path / "file")


@pytest.mark.parametrize(
    ("value", "directory"),
    [(None, "/run/ucarpd"), ("/run/other", "/run/other"), ("/run/a:/run/b", "/run/a")],
)
def test_systemd_may_move_the_directory(monkeypatch, value, directory):
    monkeypatch.delenv("RUNTIME_DIRECTORY", raising=False)
    if value:
        monkeypatch.setenv("RUNTIME_DIRECTORY", value)
    assert str(run_directory()) == directory
