"""Maintenance notes on disk."""

import json
import os
import stat
from pathlib import Path

import pytest

from ucarpd.record import maintenance
from ucarpd.record.maintenance import INSTANCE, Note, Notes, in_words

NOTE = Note(level="maintenance", since=1000.0, by="anna", reason="a new kernel")
NEVER = Note(level="never", since=1000.0, until=2000.0, scope=INSTANCE)


def test_what_is_written_is_read(tmp_path):
    maintenance.write(tmp_path, None, NOTE)
    maintenance.write(tmp_path, "web", NEVER)
    notes = maintenance.read(tmp_path)
    assert notes == Notes(NOTE, {"web": NEVER})
    assert notes.about("web") == (NOTE, NEVER)
    assert notes.about("mail") == (NOTE,)


def test_everybody_may_read_it_whatever_the_umask(tmp_path):
    before = os.umask(0o077)
    try:
        path = maintenance.write(tmp_path / "state", "web", NOTE)
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    assert [stat.S_IMODE(each.stat().st_mode) for each in path.parents[:2]] == [0o755, 0o755]
    assert [each.name for each in path.parent.iterdir()] == ["web.instance.json"]


def test_it_is_on_the_disk_with_its_name(tmp_path, monkeypatch):
    def note(descriptor):
        synchronised.append((Path(f"/proc/self/fd/{descriptor}").readlink(), path.exists()))

    path, synchronised = maintenance.path_of(tmp_path, None), []
    monkeypatch.setattr(os, "fsync", note)
    maintenance.write(tmp_path, None, NOTE)
    assert synchronised == [(path.with_name("host.json.new"), False), (path.parent, True)]


@pytest.mark.parametrize("name", ["host", "host.json", "host.json.new", ".instance.json"])
def test_no_name_of_an_instance_is_the_hosts(tmp_path, name):
    maintenance.write(tmp_path, name, NEVER)
    assert maintenance.read(tmp_path) == Notes(None, {name: NEVER})


def test_the_newer_note_replaces_the_older_one(tmp_path):
    maintenance.write(tmp_path, None, NOTE)
    maintenance.write(tmp_path, None, Note(level="never", since=1.0))
    assert maintenance.read(tmp_path).of_host == Note(level="never", since=1.0)


@pytest.mark.parametrize("instance", [None, "web"])
def test_a_note_can_be_removed(tmp_path, instance):
    assert not maintenance.remove(tmp_path, instance)
    maintenance.write(tmp_path, instance, NOTE)
    assert maintenance.remove(tmp_path, instance)
    assert not maintenance.remove(tmp_path, instance)
    assert maintenance.read(tmp_path) == Notes()


def test_without_a_state_directory_there_are_no_notes(tmp_path):
    assert maintenance.read(tmp_path / "none") == Notes()
    (tmp_path / "maintenance").touch()
    assert maintenance.read(tmp_path) == Notes()


SOUND = {"version": 1, "level": "never", "since": 5}


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        ("", "it is damaged"),
        (json.dumps(SOUND)[:-4], "it is damaged"),
        ("[" * 50_000, "it is damaged"),
        ("[]", "it is damaged"),
        ("\x00\xff", "it is damaged"),
        ("9" * 5000, "it is damaged"),
        (" " * 70_000, "it is too long"),
        ({"version": 2}, "its version is 2, this ucarpd knows 1"),
        ({"level": "pause"}, "its level is 'pause', not maintenance or never"),
        ({"level": ["x" * 99]}, "its level is ['" + "x" * 38 + ", not"),
        ({"since": None}, "its since is None, not a time in seconds"),
        ({"since": True}, "its since is True"),
        ({"until": "noon"}, "its until is 'noon'"),
        ({"until": 1e300}, "its until is 1e+300"),
        ({"until": float("nan")}, "its until is nan"),
    ],
)
def test_what_is_not_a_note_is_ignored_and_named(tmp_path, content, fault):
    maintenance.write(tmp_path, None, NOTE)
    path = maintenance.path_of(tmp_path, "web")
    if isinstance(content, dict):
        content = json.dumps(SOUND | content)
    path.write_text(content, encoding="latin-1")
    notes = maintenance.read(tmp_path)
    assert (notes.of_host, notes.of_instances) == (NOTE, {})
    (told,) = notes.faults
    assert told.startswith(f"{path}: this maintenance note is ignored: ")
    assert fault in told


def test_a_directory_in_the_place_of_a_note_is_named(tmp_path):
    maintenance.path_of(tmp_path, "web").mkdir(parents=True)
    assert "Is a directory" in maintenance.read(tmp_path).faults[0]


def test_other_files_are_left_alone(tmp_path):
    path = maintenance.write(tmp_path, None, NOTE)
    path.with_name("host.json.new").write_text("half a note")
    path.with_name("README").write_text("")
    assert maintenance.read(tmp_path) == Notes(NOTE)


def test_texts_of_a_note_are_one_printable_line(tmp_path):
    path = maintenance.write(tmp_path, None, NOTE)
    path.write_text(json.dumps(SOUND | {"by": 7, "reason": "a\n\x1b[31mb" + "c" * 999}))
    note = maintenance.read(tmp_path).of_host
    assert (note.by, note.reason[:9], len(note.reason)) == ("", "a  [31mbc", 500)


# -- the end ---------------------------------------------------------------------------------------


def test_a_note_with_an_end_holds_until_then():
    notes = Notes(NOTE, {"web": NEVER})
    assert (notes.ended(1999.9), notes.holding(1999.9)) == ((), notes)
    assert (notes.ended(2000.0), notes.holding(2000.0)) == (("web",), Notes(NOTE))
    of_host = Notes(NEVER, {"web": NOTE})
    assert (of_host.ended(2000.0), of_host.holding(2000.0)) == ((None,), Notes(None, {"web": NOTE}))


def test_expired_notes_are_removed_and_a_new_one_in_their_place_stays(tmp_path):
    for name in (None, "web", "mail"):
        maintenance.write(tmp_path, name, NEVER)
    maintenance.write(tmp_path, "mail", NOTE)
    maintenance.path_of(tmp_path, "torn").write_text("{")
    maintenance.remove_ended(tmp_path, (None, "web", "mail", "torn", "gone"), 2000.0)
    assert maintenance.read(tmp_path)[:2] == Notes(None, {"mail": NOTE_OF_INSTANCE})[:2]


NOTE_OF_INSTANCE = Note(
    level="maintenance", since=1000.0, by="anna", reason="a new kernel", scope=INSTANCE
)


def test_in_words():
    since, until = in_words(1000.0), in_words(2000.0)
    assert len(since) == len("2026-11-26 10:00:00")
    assert str(NOTE) == (
        f"serves only if no healthy host does, since {since}, by anna: a new kernel"
    )
    assert str(NEVER) == f"does not serve, since {since}, until {until}"


def test_a_named_pipe_in_the_place_of_a_note_does_not_hold_up(tmp_path):
    path = maintenance.write(tmp_path, "web", NEVER)
    path.unlink()
    os.mkfifo(path)
    [fault] = maintenance.read(tmp_path).faults
    assert fault == f"{path}: this maintenance note is ignored: is not a regular file"
    assert maintenance.remove(tmp_path, "web")
