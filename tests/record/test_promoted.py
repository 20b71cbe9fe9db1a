"""The notes about promote_secondaries, with a tree that stands for /proc.

With the kernel's own tree: tests/integration/secondaries, and tests/integration/test_scripts.py.
"""

import multiprocessing
import shutil
from pathlib import Path

import pytest
from lab import wait_for

from ucarpd.linux import sysctl
from ucarpd.linux.namespace import network_namespace
from ucarpd.linux.sysctl import PROMOTE
from ucarpd.record.promoted import Promotions, restore_left_over


@pytest.fixture
def setting(tmp_path, monkeypatch):
    conf = tmp_path / "net/ipv4/conf/eth0"
    conf.mkdir(parents=True)
    monkeypatch.setattr(sysctl, "ROOT", tmp_path / "net")
    (conf / PROMOTE).write_text("0")
    return conf / PROMOTE


@pytest.fixture
def run(tmp_path):
    return tmp_path / "run"


def notes(run):
    return list((run / "private").iterdir())


def descriptors():
    return len(list(Path("/proc/self/fd").iterdir()))


def begin_and_die(run, setting):
    def change():
        promotions.begin("eth0")
        setting.write_text("1")
        multiprocessing.Event().wait()

    promotions = Promotions(run)
    process = multiprocessing.get_context("fork").Process(target=change)
    process.start()
    wait_for("the setting", lambda: setting.read_text() == "1")
    process.kill()
    process.join()


def test_after_a_death_the_setting_is_restored(run, setting):
    begin_and_die(run, setting)
    lock = run / f"private/{network_namespace()}-eth0-7.vhid"
    lock.touch()
    restore_left_over(run)
    assert setting.read_text() == "0"
    assert notes(run) == [lock]
    restore_left_over(run)


def test_another_process_may_restore_it_meanwhile(run, setting, monkeypatch):
    begin_and_die(run, setting)
    (note,) = notes(run)
    found = [("eth1", note.with_name("gone")), ("eth0", note)]
    monkeypatch.setattr("ucarpd.record.promoted._notes", lambda _directory: found)
    restore_left_over(run)
    assert setting.read_text() == "0"


def test_what_a_process_has_changed_for_the_moment_is_left_alone(run, setting):
    promotions, before = Promotions(run), descriptors()
    promotions.begin("eth0")
    promotions.begin("eth0")  # Another program has set it back meanwhile.
    setting.write_text("1")
    restore_left_over(run)
    assert setting.read_text() == "1"
    promotions.end("eth0")
    promotions.end("eth0")
    assert notes(run) == []
    assert descriptors() == before


def test_of_two_processes_only_one_changes_it(run, setting):
    ours, other, before = Promotions(run), Promotions(run), descriptors()
    assert other.begin("eth0")
    assert not ours.begin("eth0")
    assert ours.is_changed_elsewhere("eth0")
    ours.end("eth0")
    assert len(notes(run)) == 1
    other.end("eth0")
    assert ours.begin("eth0")
    ours.end("eth0")
    assert descriptors() == before


def test_whether_another_process_has_changed_it(run, setting, monkeypatch):
    ours, other = Promotions(run), Promotions(run)
    other.begin("eth0")
    assert ours.is_changed_elsewhere("eth0")
    assert not other.is_changed_elsewhere("eth0")
    other.end("eth0")
    assert not ours.is_changed_elsewhere("eth0")

    def refuse(_path):
        raise PermissionError

    monkeypatch.setattr(Path, "exists", refuse)
    assert ours.is_changed_elsewhere("eth0"), "it cannot tell"


def test_what_somebody_has_changed_since_is_theirs(run, setting):
    begin_and_die(run, setting)
    setting.write_text("2")
    restore_left_over(run)
    assert setting.read_text() == "2"
    assert notes(run) == []


def test_the_interface_is_gone(run, setting):
    begin_and_die(run, setting)
    shutil.rmtree(setting.parent)
    restore_left_over(run)
    assert notes(run) == []


def test_without_a_private_directory_there_are_no_notes(run, setting):
    run.write_text("")
    promotions = Promotions(run)
    assert promotions.begin("eth0")
    promotions.end("eth0")
    restore_left_over(run)


def test_a_directory_that_is_removed_meanwhile(run, setting):
    promotions = Promotions(run)
    promotions.begin("eth0")
    shutil.rmtree(run)
    promotions.end("eth0")
    restore_left_over(run)
    assert not run.exists()


def test_another_network_namespace_has_interfaces_of_its_own(run, setting, monkeypatch):
    begin_and_die(run, setting)
    monkeypatch.setattr("ucarpd.record.promoted.network_namespace", lambda: 1)
    restore_left_over(run)
    assert setting.read_text() == "1"
    assert len(notes(run)) == 1
