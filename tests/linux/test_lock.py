import errno
import fcntl
import multiprocessing
import os
import shutil
import stat
import subprocess
from contextlib import contextmanager
from pathlib import Path

import pytest

from ucarpd.linux import lock as module
from ucarpd.linux.lock import (
    AlreadyRunning,
    BeingCleared,
    InstanceLock,
    held,
    held_elsewhere,
    holders,
)
from ucarpd.linux.run_directory import private_path

FILE = Path("/etc/ucarp/web.conf")


def take(run, name="web", interface="eth0", vhid=1):
    return InstanceLock(name, run, interface, vhid, FILE.with_stem(name))


@contextmanager
def elsewhere(function):
    """Another process has called the function, and lives until the end of the block."""
    ours, theirs = multiprocessing.Pipe()

    def call_and_stay():
        held = function()
        theirs.send(held is not None)
        theirs.recv()

    process = multiprocessing.get_context("fork").Process(target=call_and_stay)
    process.start()
    assert ours.recv()
    try:
        yield process
    finally:
        process.kill()
        process.join()


def test_a_second_start_is_refused_and_told_who_has_it(tmp_path):
    run = tmp_path / "run"
    lock = take(run)
    words = rf"^web is already run by process {os.getpid()} \(/etc/ucarp/web\.conf\)$"
    with pytest.raises(AlreadyRunning, match=words):
        take(run)
    take(run, "mail", vhid=2).release()
    lock.release()
    take(run).release()


def test_a_second_file_with_the_same_vhid_is_refused_and_told_which_has_it(tmp_path):
    lock = take(tmp_path, vhid=7)
    words = (
        rf"^copy: vhid 7 on eth0 is already run by process {os.getpid()} \(/etc/ucarp/web\.conf\)$"
    )
    with pytest.raises(AlreadyRunning, match=words):
        take(tmp_path, "copy", vhid=7)
    # The refused instance has released the lock of its name.
    take(tmp_path, "copy", vhid=8).release()
    take(tmp_path, "other", "eth1", vhid=7).release()
    lock.release()
    take(tmp_path, "copy", vhid=7).release()


def test_what_clear_holds_is_not_run(tmp_path):
    lock = InstanceLock("web", tmp_path, "eth0", 1, None)
    with pytest.raises(BeingCleared, match=rf"^web is being cleared by process {os.getpid()}$"):
        take(tmp_path)
    assert holders(tmp_path) == holders(tmp_path, ".vhid") == {}
    lock.release()


def test_a_file_whose_name_is_not_utf_8(tmp_path):
    path = Path(os.fsdecode(b"/etc/ucarp/w\xffb.conf"))
    lock = InstanceLock("web", tmp_path, "eth0", 1, path)
    assert lock.fault is None
    with pytest.raises(AlreadyRunning, match=f"process {os.getpid()}"):
        take(tmp_path)
    lock.release()


def test_another_network_namespace_has_virtual_hosts_of_its_own(tmp_path, monkeypatch):
    lock = take(tmp_path)
    monkeypatch.setattr("ucarpd.linux.lock.network_namespace", lambda: 1)
    take(tmp_path, "copy").release()
    lock.release()


def test_a_killed_process_leaves_no_lock_behind(tmp_path):
    with elsewhere(lambda: take(tmp_path)) as process:
        with pytest.raises(AlreadyRunning, match=str(process.pid)):
            take(tmp_path)
        with pytest.raises(AlreadyRunning, match=str(process.pid)):
            take(tmp_path, "copy")
    take(tmp_path).release()


def test_a_child_on_its_way_to_a_script_does_not_keep_the_lock(tmp_path):
    lock = take(tmp_path)
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("fork").Process(target=theirs.recv)
    process.start()
    lock.release()
    take(tmp_path).release()
    ours.send(None)
    process.join()


# -- other users -----------------------------------------------------------------------------------


def test_no_lock_is_open_to_others(tmp_path):
    run = tmp_path / "run"
    before = os.umask(0)
    try:
        lock = take(run)
    finally:
        os.umask(before)
    assert stat.S_IMODE((run / "private").stat().st_mode) == 0o700
    assert [file.name for file in run.iterdir()] == ["private"]
    assert {stat.S_IMODE(file.stat().st_mode) for file in (run / "private").iterdir()} == {0o600}
    lock.release()


@pytest.mark.skipif(os.geteuid() != 0, reason="gives a directory away")
def test_a_private_directory_of_another_user_is_not_used(tmp_path):
    (tmp_path / "private").mkdir()
    os.chown(tmp_path / "private", 65534, 65534)
    lock = take(tmp_path)
    assert "is not a directory of ours" in str(lock.fault)


# -- where no lock can be made ---------------------------------------------------------------------


def test_the_instance_runs_without_a_lock_rather_than_not_at_all(tmp_path):
    (tmp_path / "run").write_text("")
    lock = take(tmp_path / "run")
    assert lock.fault.errno in (errno.EEXIST, errno.ENOTDIR)
    lock.release()


def test_a_full_file_system_keeps_the_lock_but_not_the_name_of_its_holder(tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as full:
        full.setattr(os, "pwrite", refuse)
        lock = take(tmp_path)
    assert lock.fault is None
    for name in ("web", "copy"):
        with pytest.raises(AlreadyRunning, match=r"is already run by process unknown"):
            take(tmp_path, name)
    lock.release()


# -- beside the version before ---------------------------------------------------------------------


def take_as_before(run):
    """Hold the lock of ucarpd 0.1, as that did."""
    descriptor = os.open(run / "web.lock", os.O_RDWR | os.O_CREAT, 0o644)
    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
    return descriptor


def test_an_instance_of_the_version_before_is_seen(tmp_path):
    with elsewhere(lambda: take_as_before(tmp_path)) as process:
        words = rf"web is already run by process {process.pid} \(ucarpd 0\.1\)"
        with pytest.raises(AlreadyRunning, match=words):
            take(tmp_path)
    # Killed, it has left the file, and another process may have its number.
    (tmp_path / "web.lock").write_text(f"{os.getpid()}\n")
    take(tmp_path).release()


@pytest.mark.skipif(os.geteuid() != 0, reason="acts as another user")
def test_another_user_with_the_old_lock_is_not_taken_for_one(tmp_path):
    lock = tmp_path / "web.lock"
    lock.write_text("")
    hold = ["sh", "-c", "flock --nonblock 0 && echo held && exec sleep 1000"]
    with (
        lock.open() as opened,
        subprocess.Popen(hold, user=65534, stdin=opened, stdout=subprocess.PIPE) as nobody,
    ):
        assert nobody.stdout.readline() == b"held\n"
        for text in ("", f"{nobody.pid}\n", "999999999\n"):
            lock.write_text(text)
            take(tmp_path).release()
        nobody.kill()


# -- where they are --------------------------------------------------------------------------------


def test_looking_which_are_held_does_not_hold_them(tmp_path):
    names = ["web", "mail"]
    assert held(names, tmp_path) == set()
    lock = take(tmp_path)
    assert held(names, tmp_path) == {"web"}
    lock.release()
    assert held(names, tmp_path) == set()
    take(tmp_path).release()


def test_a_lock_that_cannot_be_looked_at_counts_as_held(tmp_path):
    (tmp_path / "file").touch()
    assert held(["web"], tmp_path / "file") == {"web"}


# -- if the files are removed ----------------------------------------------------------------------


def test_a_lock_whose_file_has_been_removed_is_taken_again(tmp_path):
    run = tmp_path / "run"
    lock = take(run)
    lock.renew()
    shutil.rmtree(run)
    lock.renew()
    assert {file.name for file in (run / "private").iterdir()} == lock.files
    with pytest.raises(AlreadyRunning, match=f"process {os.getpid()}"):
        take(run)
    with pytest.raises(AlreadyRunning, match="vhid 1 on eth0"):
        take(run, "copy")
    lock.release()
    take(run).release()


def test_a_lock_that_another_has_taken_meanwhile_is_theirs(tmp_path):
    run = tmp_path / "run"
    lock = take(run)
    shutil.rmtree(run)
    other = take(run)
    with pytest.raises(AlreadyRunning):
        lock.renew()
    lock.release()
    with pytest.raises(AlreadyRunning):
        take(run)
    other.release()


def test_a_lock_that_could_not_be_made_is_taken_when_it_can(tmp_path):
    run = tmp_path / "run"
    run.write_text("")
    lock = take(run)
    assert lock.fault is not None
    run.unlink()
    lock.renew()
    with pytest.raises(AlreadyRunning):
        take(run)


def test_no_descriptor_is_lost(tmp_path, monkeypatch):
    """The files are looked at, and may be made again, for years."""
    lock = take(tmp_path)
    before = len(list(Path("/proc/self/fd").iterdir()))
    with pytest.raises(AlreadyRunning):
        take(tmp_path)
    holders(tmp_path)
    shutil.rmtree(tmp_path / "private")
    lock.renew()
    assert len(list(Path("/proc/self/fd").iterdir())) == before
    shutil.rmtree(tmp_path / "private")
    monkeypatch.setattr(module, "_is_free", no_locks)
    with pytest.raises(OSError, match="No locks available"):
        lock.renew()
    assert len(list(Path("/proc/self/fd").iterdir())) == before
    lock.release()


def no_locks(_descriptor):
    raise OSError(errno.ENOLCK, "No locks available")


def test_a_lock_that_one_reading_of_all_passes_over_is_seen(tmp_path, monkeypatch):
    lock, locked = take(tmp_path), module._locked()
    readings = iter([set(), locked] * 2)
    monkeypatch.setattr(module, "_locked", lambda: next(readings))
    assert holders(tmp_path).keys() == {"web"}
    lock.release()


def test_a_lock_that_goes_while_all_are_looked_at_hides_no_other(tmp_path):
    lock = take(tmp_path)
    (private_path(tmp_path) / "gone.lock").symlink_to(tmp_path / "nowhere")
    assert holders(tmp_path) == {"web": (os.getpid(), FILE.with_stem("web"))}
    lock.release()


def test_a_lock_of_another_process_with_the_same_inode_is_not_its_own(tmp_path):
    """A container's file system may have a locked file with the inode of one of ours."""
    lock = take(tmp_path)
    note = private_path(tmp_path) / "web.lock"
    note.write_text(note.read_text().replace(str(os.getpid()), "1", 1))
    assert holders(tmp_path) == {}
    lock.release()


@pytest.mark.parametrize("is_machine", [True, False])
def test_the_machine_itself_knows_which_containers_run_an_instance(
    tmp_path, monkeypatch, is_machine
):
    """A container sees no lock of another one; from the machine all are listed."""
    here = module._FIRST_PROCESS_NAMESPACE if is_machine else 1
    monkeypatch.setattr(module, "process_namespace", lambda: here)
    names = {"ended", "mine", "never", "theirs"}
    mine = take(tmp_path, "mine")
    take(tmp_path, "ended", vhid=2).release()
    with elsewhere(lambda: take(tmp_path, "theirs", vhid=3)):
        found = held_elsewhere(names, tmp_path)
    assert found == ({"theirs"} if is_machine else {"ended", "never", "theirs"})
    mine.release()
    monkeypatch.setattr(module, "_locked", (tmp_path / "none").stat)
    assert held_elsewhere(names, tmp_path) == names
