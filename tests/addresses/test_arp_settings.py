"""The ARP settings of an interface while virtual MACs live on it, in a tree that stands for /proc.

With the kernel's own tree: tests/integration/test_macvlan.py.
"""

import contextlib
import errno
import fcntl
import multiprocessing
import os
import shutil
import time

import pytest
from lab import wait_for

from ucarpd.addresses.arp_settings import ParentArp
from ucarpd.linux import sysctl
from ucarpd.linux.run_directory import private_directory

ORIGINALS = {"arp_ignore": "0", "arp_announce": "0"}
OURS = {"arp_ignore": "1", "arp_announce": "2"}


class Tree:
    """/proc/sys/net, and the directory that the daemons share."""

    def __init__(self, path):
        self.root = path / "net"
        self.directory = path / "run"
        self.file = self.directory / "private/eth0.arp"
        self._conf = self.root / "ipv4" / "conf" / "eth0"
        self._conf.mkdir(parents=True)
        self.set(**ORIGINALS)

    def set(self, **values):
        for name, value in values.items():
            (self._conf / name).write_text(f"{value}\n")

    @property
    def values(self):
        return {name: (self._conf / name).read_text().strip() for name in ORIGINALS}

    def remove_interface(self):
        for name in ORIGINALS:
            (self._conf / name).unlink()

    def arp(self):
        return ParentArp("eth0", self.directory)

    def restore_left_over(self):
        self.arp().release()


@pytest.fixture
def tree(tmp_path, monkeypatch):
    tree = Tree(tmp_path)
    monkeypatch.setattr(sysctl, "ROOT", tree.root)
    return tree


def in_process(function, *arguments):
    process = multiprocessing.get_context("fork").Process(target=function, args=arguments)
    process.start()
    return process


def hold_and_die(tree):
    """Hold the settings in a process that is killed."""
    process = in_process(lambda: (tree.arp().hold(), multiprocessing.Event().wait()))
    wait_for("the settings", lambda: tree.values == OURS)
    process.kill()
    process.join()


def test_it_is_made_and_restored(tree):
    arp = tree.arp()
    arp.release()
    assert tree.values == ORIGINALS
    arp.hold()
    arp.hold()
    assert tree.values == OURS
    arp.release()
    arp.release()
    assert tree.values == ORIGINALS
    assert not tree.file.exists()


def test_the_last_to_leave_restores(tree):
    web, mail = tree.arp(), tree.arp()
    web.hold()
    mail.hold()
    web.release()
    assert tree.values == OURS
    web.hold()
    mail.release()
    assert tree.values == OURS
    web.release()
    assert tree.values == ORIGINALS


def test_processes_that_come_and_go_at_the_same_time_restore_too(tree):
    def come_and_go():
        arp = tree.arp()
        for _ in range(50):
            arp.hold()
            assert tree.values == OURS
            arp.release()

    processes = [in_process(come_and_go) for _ in range(4)]
    for process in processes:
        process.join(60)
    assert [process.exitcode for process in processes] == [0, 0, 0, 0]
    assert tree.values == ORIGINALS
    assert not tree.file.exists()


@pytest.mark.parametrize(
    ("there", "held"),
    [
        (("1", "0"), ("1", "2")),
        (("2", "0"), ("2", "2")),
        # 3 answers for addresses of other interfaces.
        (("3", "1"), ("1", "2")),
        (("8", "2"), ("8", "2")),
        (("1", "2"), ("1", "2")),
    ],
)
def test_what_is_as_good_is_kept(tree, there, held):
    tree.set(arp_ignore=there[0], arp_announce=there[1])
    arp = tree.arp()
    arp.hold()
    assert tuple(tree.values.values()) == held
    arp.release()
    assert tuple(tree.values.values()) == there


def test_what_somebody_has_changed_is_theirs(tree):
    arp = tree.arp()
    arp.hold()
    tree.set(arp_ignore=8)
    arp.release()
    assert tree.values == {"arp_ignore": "8", "arp_announce": "0"}


def test_what_somebody_has_changed_to_less_is_made_again_and_theirs_at_last(tree):
    tree.set(arp_announce=1)
    arp = tree.arp()
    arp.hold()
    tree.set(arp_announce=0)
    arp.hold()
    assert tree.values == OURS
    arp.release()
    assert tree.values == ORIGINALS


def test_the_interface_comes_again(tree):
    tree.set(arp_ignore=1)
    arp = tree.arp()
    arp.hold()
    tree.remove_interface()
    with pytest.raises(OSError, match="cannot read"):
        arp.hold()
    tree.set(**ORIGINALS)
    arp.hold()
    assert tree.values == OURS
    arp.release()
    assert tree.values == ORIGINALS


def test_the_interface_is_gone_at_the_end(tree):
    arp = tree.arp()
    arp.hold()
    tree.remove_interface()
    arp.release()
    assert not tree.file.exists()


def test_the_interface_is_not_there(tree):
    tree.remove_interface()
    arp = tree.arp()
    with pytest.raises(FileNotFoundError, match="cannot read .*eth0/arp_ignore: No such file"):
        arp.hold()
    assert not tree.file.exists()
    tree.set(**ORIGINALS)
    arp.hold()
    assert tree.values == OURS


def test_settings_that_cannot_be_made(tree, monkeypatch):
    def refuse(*_):
        raise OSError(errno.EROFS, "cannot set")

    monkeypatch.setattr(sysctl, "set", refuse)
    arp = tree.arp()
    with pytest.raises(OSError, match="cannot set"):
        arp.hold()
    assert not tree.file.exists()
    # If another program has set these values, ucarpd need not set them.
    tree.set(**OURS)
    arp.hold()
    arp.release()


@pytest.mark.parametrize("restart", [True, False])
def test_after_a_death_the_originals_are_in_the_file(tree, restart):
    hold_and_die(tree)
    assert tree.values == OURS
    if restart:
        arp = tree.arp()
        arp.hold()
        assert tree.values == OURS
        arp.release()
    else:
        tree.restore_left_over()
    assert tree.values == ORIGINALS
    assert not tree.file.exists()


def test_what_a_process_still_needs_is_not_restored(tree):
    tree.restore_left_over()
    hold_and_die(tree)
    arp = tree.arp()
    arp.hold()
    tree.restore_left_over()
    assert tree.values == OURS
    arp.release()
    tree.restore_left_over()
    assert tree.values == ORIGINALS


@pytest.mark.parametrize("text", ["", "arp_ig", "arp_ignore=\narp_announce=x", "\0\xff"])
def test_a_file_that_says_nothing(tree, text):
    private_directory(tree.directory)
    tree.file.write_text(text)
    arp = tree.arp()
    arp.hold()
    arp.release()
    assert tree.values == ORIGINALS


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
        assert "has been locked by another process for 0.2 s" in str(arp.fault)
        arp.release()
        assert time.monotonic() - began < 5
        assert tree.values == ORIGINALS
    arp.hold()
    assert arp.fault is None
    arp.release()
    assert tree.values == ORIGINALS


def test_a_file_that_has_been_locked_keeps_nobody_waiting(tree):
    private_directory(tree.directory)
    tree.file.write_text("")
    arp = tree.arp()
    with locked(tree.file):
        arp.hold()
        assert tree.values == OURS
        assert isinstance(arp.fault, BlockingIOError)


def test_the_run_directory_is_not_locked(tree):
    private_directory(tree.directory)
    arp = tree.arp()
    with locked(tree.directory):
        arp.hold()
        assert arp.fault is None
        arp.release()


def test_without_a_run_directory_the_settings_are_made_and_restored(tree):
    tree.directory.write_text("")
    arp = tree.arp()
    arp.hold()
    assert tree.values == OURS
    assert arp.fault is not None
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
    assert arp.fault.errno == errno.ENOSPC
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
    arp.hold()
    other.hold()
    arp.release()
    assert tree.values == OURS
    other.release()
    assert tree.values == ORIGINALS


def test_who_holds_nothing_makes_nothing_again(tree):
    arp = tree.arp()
    assert arp.files == frozenset()
    arp.renew()
    assert not tree.file.exists()
    arp.hold()
    assert arp.files == {"eth0.arp"}


def test_the_file_is_made_again_although_the_interface_is_gone(tree):
    arp = tree.arp()
    arp.hold()
    remove_directory(tree)
    tree.remove_interface()
    arp.renew()
    assert tree.file.exists()
