"""The record that a crash leaves to `clear` and to the next start."""

import errno
import gc
import json
import multiprocessing
import os
import stat
from pathlib import Path

import pytest
from recorded import content

from ucarpd.linux import lock
from ucarpd.record import record
from ucarpd.record.elsewhere import others
from ucarpd.record.record import Address, Record, Script, read, read_all
from ucarpd.scripts.runner import Hook


@pytest.fixture
def run(tmp_path):
    return tmp_path / "run"


def in_child(function):
    process = multiprocessing.get_context("fork").Process(target=function)
    process.start()
    process.join()
    assert process.exitcode == 0
    return process.pid


# -- its content -----------------------------------------------------------------------------------


def test_what_was_written_is_read(tmp_path, run):
    down = Hook("down", Path("/x/down.sh"), ("eth0", "10.0.0.1"), {"UCARP_VHID": "7"}, 12.5)
    written = content(tmp_path, down=down, IF_ALIAS="eth0:1", EXTRA_ADDRS="10.0.0.2", SHUTDOWN="no")
    Record("web", run).write(written)
    found = read("web", run)
    assert found.content == written
    assert found.pid == os.getpid()
    assert (found.placed, found.last) == (False, 0.0)
    assert written.addresses == [
        Address("10.0.0.1", 24, "eth0:1"),
        Address("10.0.0.2", 32, "eth0:1"),
    ]
    assert written.down_script == Script(
        "/x/down.sh", ["eth0", "10.0.0.1"], {"UCARP_VHID": "7"}, 12.5
    )
    assert (written.instance, written.interface, written.vhid) == ("web", "eth0", 7)
    assert (written.release_on_stop, written.virtual_mac, written.device) == (False, False, "eth0")


def test_a_record_of_a_version_without_units_is_read(tmp_path, run):
    written = content(tmp_path, UNITS="a.service")
    Record("web", run).write(written)
    assert read("web", run).content.units == ["a.service"]
    file = run / "private" / "web.record"
    said = json.loads(file.read_text())
    del said["units"]
    file.write_text(json.dumps(said))
    assert read("web", run).content == written._replace(units=())


def test_nobody_else_can_look(tmp_path, run):
    written = content(tmp_path)
    before = os.umask(0)
    try:
        Record("web", run).write(written)
    finally:
        os.umask(before)
    private = run / "private"
    assert stat.S_IMODE(private.stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in private.iterdir()} == {0o600}
    assert "secret" not in "".join(file.read_text() for file in private.iterdir())


# -- notes without a system call -------------------------------------------------------------------


def test_what_the_instance_notes_outlives_it(tmp_path, run):
    written = content(tmp_path)

    def serve_and_die():
        live = Record("web", run)
        live.write(written)
        live.placed = True
        live.advertised(1234.5)
        assert live.placed
        os._exit(0)

    pid = in_child(serve_and_die)
    found = read("web", run)
    assert (found.pid, found.placed, found.last) == (pid, True, 1234.5)


def test_what_an_earlier_run_has_left_stays(tmp_path, run):
    earlier = Record("web", run)
    earlier.write(content(tmp_path))
    earlier.placed = True
    earlier.advertised(1.0)
    earlier.close()
    next_one = Record("web", run)
    assert next_one.placed
    assert read("web", run).placed
    assert read("web", run).last == 1.0


def test_the_address_goes_and_the_last_advertisement_stays(tmp_path, run):
    live = Record("web", run)
    live.write(content(tmp_path))
    live.placed = True
    live.advertised(7.0)
    live.placed = False
    assert (read("web", run).placed, read("web", run).last) == (False, 7.0)


@pytest.mark.parametrize(
    ("last", "now", "recent"),
    [(100.0, 101.9, True), (100.0, 102.0, False), (0.0, 5000.0, False), (100.0, 3.0, False)],
)
def test_how_long_a_bow_out_is_worth_it(tmp_path, run, last, now, recent):
    live = Record("web", run)
    live.write(content(tmp_path))
    live.advertised(last)
    assert read("web", run).is_recent(now) is recent


def test_the_notes_move_to_a_file_that_is_made_again(tmp_path, run):
    kept = Record("web", run)
    kept.placed = True
    kept.advertised(7.0)
    (run / "private" / "web.live").unlink()
    kept.use_live(*kept.make_live())
    kept.write(content(tmp_path))
    found = read("web", run)
    assert (found.placed, found.last) == (True, 7.0)
    kept.placed = False
    assert not read("web", run).placed


def test_a_clean_end_leaves_nothing(tmp_path, run):
    live = Record("web", run)
    live.write(content(tmp_path))
    live.remove()
    assert read("web", run) is None
    assert list((run / "private").iterdir()) == []


def test_what_comes_after_the_end_is_harmless(tmp_path, run):
    live = Record("web", run)
    live.write(content(tmp_path))
    live.remove()
    live.placed = True
    live.advertised(1.0)
    live.write(content(tmp_path))
    live.remove()
    assert list((run / "private").iterdir()) == []


# -- records that must be ignored ------------------------------------------------------------------


@pytest.mark.parametrize("is_file", [False, True])
def test_there_is_none(run, is_file):
    if is_file:
        run.write_text("")
    assert read("web", run) is None
    assert read_all(run) == []
    assert list(others(run)) == []


@pytest.mark.parametrize("key", ["version", "boot", "namespace"])
def test_one_of_elsewhere_says_nothing(tmp_path, run, key):
    Record("web", run).write(content(tmp_path))
    file = run / "private/web.record"
    file.write_text(json.dumps(json.loads(file.read_text()) | {key: 0}))
    assert read("web", run) is None


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"version": 1}', "\xff"])
def test_one_that_is_damaged_says_nothing(tmp_path, run, text):
    Record("web", run).write(content(tmp_path))
    (run / "private/web.record").write_bytes(text.encode("latin-1"))
    assert read("web", run) is None


def test_one_whose_live_half_is_short_says_nothing(tmp_path, run):
    Record("web", run).write(content(tmp_path))
    (run / "private/web.live").write_bytes(b"\1")
    assert read("web", run) is None


# -- where there is no room ------------------------------------------------------------------------


def test_without_a_directory_it_lives_in_memory(tmp_path):
    (tmp_path / "file").write_text("")
    live = Record("web", tmp_path / "file")
    assert isinstance(live.fault, OSError)
    live.write(content(tmp_path))
    live.placed = True
    live.advertised(1.0)
    assert live.placed
    live.remove()


def test_a_record_that_cannot_be_replaced_stays_as_it_was(tmp_path, run, monkeypatch):
    live = Record("web", run)
    live.write(content(tmp_path))
    before = read("web", run)

    def refuse(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.replace", refuse)
    with pytest.raises(OSError, match=r"cannot write .*/web\.record: No space left"):
        live.write(content(tmp_path, ADVSKEW=100))
    assert read("web", run) == before
    assert {file.name for file in (run / "private").iterdir()} == {"web.record", "web.live"}


def test_memory_is_there_before_it_is_written_to(tmp_path, run):
    """A hole in the file would be a SIGBUS on a full file system."""
    Record("web", run)
    status = (run / "private/web.live").stat()
    assert status.st_blocks * 512 >= status.st_size == record._LIVE_SIZE


# -- the instances of other processes --------------------------------------------------------------


def test_others_are_those_that_run_elsewhere(tmp_path, run):
    contents = {name: content(tmp_path, name) for name in ("dead", "mine", "theirs")}
    Record("mine", run).write(contents["mine"])
    in_child(lambda: Record("dead", run).write(contents["dead"]))
    ours, childs = multiprocessing.Pipe()

    def run_elsewhere():
        Record("theirs", run).write(contents["theirs"])
        childs.send("written")
        childs.recv()

    process = multiprocessing.get_context("fork").Process(target=run_elsewhere)
    process.start()
    assert ours.recv() == "written"
    (theirs,) = others(run)
    assert theirs == contents["theirs"]
    assert [each.content.instance for each in read_all(run)] == ["dead", "mine", "theirs"]
    process.kill()
    process.join()
    assert list(others(run)) == []


def test_others_are_those_of_containers(tmp_path, run, monkeypatch):
    """They have process ids of their own, so ours may be theirs as well, or nobody's."""
    contents = {name: content(tmp_path, name) for name in ("first", "second")}
    monkeypatch.setattr(record, "process_namespace", lambda: 1)
    Record("first", run).write(contents["first"])
    in_child(lambda: Record("second", run).write(contents["second"]))
    monkeypatch.setattr(lock, "process_namespace", lambda: 2)
    assert list(others(run)) == [contents["first"], contents["second"]]
    # After a restart of a container, its record is an old one until it is written again.
    ours = lock.InstanceLock("first", run, "eth0", 1, tmp_path / "first.conf")
    assert list(others(run)) == [contents["second"]]
    ours.release()


def test_a_record_is_read_again_only_when_it_has_changed(tmp_path, run, monkeypatch):
    live = Record("web", run)
    live.write(content(tmp_path))
    read("web", run)
    with monkeypatch.context() as patched:
        patched.setattr(record, "_decoded", None)
        for _ in range(3):
            assert read("web", run).content.interval == 1
    live.write(content(tmp_path, ADVBASE=3))
    assert read("web", run).content.interval == 3
    live.placed = True
    assert read("web", run).placed


def test_a_record_that_changes_again_and_again_takes_no_more_memory(tmp_path, run):
    """As with an interface that a VPN removes and makes again, or with many reloads."""

    def in_memory() -> int:
        return sum(type(each) is record.Written for each in gc.get_objects())

    live = Record("web", run)
    before = in_memory()
    for advbase in range(1, 21):
        live.write(content(tmp_path, ADVBASE=advbase))
        assert read("web", run).content.interval == advbase
    assert in_memory() <= before + 1


# -- a renamed device ------------------------------------------------------------------------------


def rename_device(run, **said):
    """Act as if the device, lo, had had this name when the record was written."""
    file = run / "private/web.record"
    file.write_text(json.dumps(json.loads(file.read_text()) | said))


def test_a_device_is_found_by_its_present_name(tmp_path, run):
    Record("web", run).write(content(tmp_path, INTERFACE="lo"))
    rename_device(run, device="old0")
    assert read("web", run).content.device == "lo"


def test_the_name_counts_if_the_device_is_gone_or_was_not_noted(tmp_path, run):
    """Version 0.2.0 wrote no index."""
    Record("web", run).write(content(tmp_path, INTERFACE="gone0"))
    assert read("web", run).content.device == "gone0"
    rename_device(run, device_index=1 << 30)
    assert read("web", run).content.device == "gone0"
    file = run / "private/web.record"
    said = json.loads(file.read_text())
    del said["device_index"]
    file.write_text(json.dumps(said))
    assert read("web", run).content.device == "gone0"
