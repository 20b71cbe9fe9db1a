"""The file of the ARP settings cannot be kept, or is removed."""

import contextlib
import errno
import fcntl
import multiprocessing
import os
import shutil
import time

from arp_tree import ORIGINALS, OURS, count_open_files, in_process
from lab import wait_for

from ucarpd.linux.run_directory import private_directory

# -- where the file cannot be kept -----------------------------------------------------------------


@contextlib.contextmanager
def locked(path):
    """The file or directory is locked by another, for as long as it takes."""
    descriptor = os.open(path, os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    try:
        yield
    finally:
        os.close(descriptor)


def test_a_process_that_has_been_stopped_keeps_nobody_waiting(tree):
    private_directory(tree.directory)
    arp = tree.arp()
    with locked(tree.file.parent):
        began = time.monotonic()
        arp.hold()
        assert tree.values == OURS
        assert arp.files == frozenset()
        arp.release()
        assert time.monotonic() - began < 5
        assert tree.values == ORIGINALS
    arp.hold()
    assert arp.files == {tree.file.name}
    arp.release()
    assert tree.values == ORIGINALS


def test_a_lock_that_is_released_soon_is_waited_for(tree, monkeypatch):
    arp = tree.arp()
    descriptor = os.open(private_directory(tree.directory), os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    monkeypatch.setattr(time, "sleep", lambda _seconds: os.close(descriptor))
    arp.hold()
    assert arp.files == {tree.file.name}
    arp.release()


def test_a_file_that_has_been_locked_keeps_nobody_waiting(tree):
    private_directory(tree.directory)
    tree.file.write_text("")
    arp = tree.arp()
    with locked(tree.file):
        arp.hold()
        assert tree.values == OURS
        assert arp.files == frozenset()


def test_the_run_directory_is_not_locked(tree):
    private_directory(tree.directory)
    arp = tree.arp()
    with locked(tree.directory):
        arp.hold()
        assert arp.files == {tree.file.name}
        arp.release()


def test_without_a_run_directory_the_settings_are_made_and_restored(tree):
    tree.directory.write_text("")
    arp = tree.arp()
    arp.hold()
    assert tree.values == OURS
    arp.hold()
    arp.release()
    assert tree.values == ORIGINALS


def test_what_others_hold_is_not_restored_by_one_without_a_file(tree):
    private_directory(tree.directory)
    without = tree.arp()
    with locked(tree.file.parent):
        without.hold()
    other = tree.arp()
    other.hold()
    without.release()
    assert tree.values == OURS
    other.release()


def test_a_full_file_system(tree, monkeypatch):
    def refuse(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "pwrite", refuse)
    arp = tree.arp()
    arp.hold()
    assert tree.values == OURS
    assert tree.file.read_bytes() == b""
    arp.release()
    assert tree.values == ORIGINALS
    assert not tree.file.exists()


# -- if the file is removed ------------------------------------------------------------------------


def remove_directory(tree):
    shutil.rmtree(tree.directory)


def test_a_file_that_has_been_removed_is_made_again(tree):
    def hold_renew_and_wait():
        arp = tree.arp()
        arp.hold()
        remove_directory(tree)
        arp.renew()
        renewed.touch()
        multiprocessing.Event().wait()

    renewed = tree.root / "renewed"
    process = in_process(hold_renew_and_wait)
    wait_for("the file", renewed.exists)
    process.kill()
    process.join()
    tree.restore_left_over()
    assert tree.values == ORIGINALS


def test_holders_from_before_and_after_find_each_other(tree):
    """Otherwise the first one to leave would restore a setting that the other still needs."""
    before, after = tree.arp(), tree.arp()
    before.hold()
    remove_directory(tree)
    after.hold()
    before.renew()
    before.renew()
    before.release()
    assert tree.values == OURS
    after.release()
    assert tree.values == ORIGINALS
    assert not tree.file.exists()


def test_a_file_that_has_been_removed_is_made_again_when_the_settings_are(tree):
    arp, other = tree.arp(), tree.arp()
    arp.hold()
    remove_directory(tree)
    open_files = count_open_files()
    arp.hold()
    assert count_open_files() == open_files
    other.hold()
    arp.release()
    assert tree.values == OURS
    other.release()
    assert tree.values == ORIGINALS


def test_a_file_that_has_been_removed_is_not_missed_at_the_end(tree):
    arp = tree.arp()
    arp.hold()
    remove_directory(tree)
    arp.release()
    assert tree.values == ORIGINALS


def test_who_holds_nothing_makes_nothing_again(tree):
    arp = tree.arp()
    assert arp.files == frozenset()
    arp.renew()
    assert not tree.file.exists()
    arp.hold()
    assert arp.files == {tree.file.name}


def test_the_file_is_made_again_although_the_interface_is_gone(tree):
    arp = tree.arp()
    arp.hold()
    remove_directory(tree)
    tree.remove_interface()
    arp.renew()
    assert tree.file.exists()
