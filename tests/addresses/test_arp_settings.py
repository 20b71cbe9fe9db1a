"""The ARP settings of an interface while virtual MACs live on it, in a tree that stands for /proc.

With the kernel's own tree: tests/integration/test_macvlan.py.
"""

import errno
import multiprocessing

import pytest
from arp_tree import ORIGINALS, OURS, count_open_files, in_process
from lab import wait_for

from ucarpd.addresses import arp_settings
from ucarpd.linux import sysctl
from ucarpd.linux.run_directory import private_directory


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
    open_files = count_open_files()
    arp.hold()
    arp.hold()
    assert tree.values == OURS
    arp.release()
    arp.release()
    assert tree.values == ORIGINALS
    assert not tree.file.exists()
    assert count_open_files() == open_files


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


def test_processes_that_come_and_go_at_the_same_time_restore_too(tree, monkeypatch):
    # On a busy machine the others may keep one waiting for longer; then it goes on without the lock.
    monkeypatch.setattr(arp_settings, "_PATIENCE", 50.0)

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
