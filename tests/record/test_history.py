"""The files of the history."""

import itertools
import json
import os
import stat
from pathlib import Path

import pytest

from ucarpd.record import history
from ucarpd.record.happening import LONGEST_TEXT, Event, Happening

CLOCK = itertools.count(1000)


def happening(**changes):
    return Happening(
        **{
            "at": 1000.25,
            "instance": "web",
            "event": Event.TRANSITION,
            "state": "MASTER",
            "previous": "BACKUP",
            "lasted": 3.5004,
            "unfitness": 0,
            "reason": "no master",
            "peer": "10.0.0.2",
        }
        | changes
    )


def tell(tmp_path, *reasons, name="web"):
    lines = [
        happening(reason=each, instance=name, at=float(next(CLOCK))).to_json() for each in reasons
    ]
    history.append(tmp_path, {name: "".join(f"{each}\n" for each in lines)})


def everything(directory, name="web"):
    return history.read_older(directory, name) + history.Tail(directory, name).new()


def reasons(tmp_path, name="web"):
    return [each.reason for each in everything(tmp_path, name)]


def test_an_event_is_one_line_of_json():
    assert json.loads(happening().to_json()) == {
        "at": "1970-01-01T00:16:40.250Z",
        "instance": "web",
        "event": "transition",
        "state": "MASTER",
        "previous": "BACKUP",
        "lasted": 3.5,
        "unfitness": 0,
        "reason": "no master",
        "peer": "10.0.0.2",
    }
    assert "\n" not in happening(reason="two\nlines").to_json()
    assert Happening.from_json(happening().to_json()) == happening(lasted=3.5)


def test_a_long_reason_is_cut():
    assert len(json.loads(happening(reason="x" * 9999).to_json())["reason"]) == LONGEST_TEXT


def test_events_of_later_versions_are_read():
    line = json.dumps(json.loads(happening().to_json()) | {"event": "check", "more": [1]})
    assert Happening.from_json(line).event == "check"


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"{",
        b"[]",
        b"7",
        b"\xff",
        b"[" * 50_000,
        b"{}",
        b'{"at": "noon"}',
        happening().to_json().replace("3.5", '"long"').encode(),
        happening().to_json().replace('"1970-01-01T00:16:40.250Z"', "5").encode(),
    ],
)
def test_what_is_no_event(line):
    with pytest.raises(ValueError):
        Happening.from_json(line)


def test_events_are_read_in_their_order(tmp_path):
    tell(tmp_path / "state", "one", "two")
    tell(tmp_path / "state", "three")
    tell(tmp_path / "state", "other", name="mail")
    assert reasons(tmp_path / "state") == ["one", "two", "three"]
    assert history.names(tmp_path / "state") == ["mail", "web"]
    assert b"\n\n" not in history.files_of(tmp_path / "state", "web")[1].read_bytes()


def test_a_torn_line_costs_itself_alone(tmp_path):
    tell(tmp_path, "one", "two")
    path = history.files_of(tmp_path, "web")[1]
    os.truncate(path, path.stat().st_size - 5)
    tell(tmp_path, "three")
    assert reasons(tmp_path) == ["one", "three"]
    assert not path.read_bytes().endswith(b"\n\n")


def test_a_garbled_file_is_no_obstacle(tmp_path):
    tell(tmp_path, "one")
    history.files_of(tmp_path, "web")[1].write_bytes(b"\x00\xff\n" + os.urandom(300))
    tell(tmp_path, "two")
    assert reasons(tmp_path) == ["two"]


def test_it_is_bounded(tmp_path):
    tell(tmp_path, f"0 {'x' * 200}")
    descriptors = len(list(Path("/proc/self/fd").iterdir()))
    for number in range(1, 4000):
        tell(tmp_path, f"{number} {'x' * 200}")
    assert len(list(Path("/proc/self/fd").iterdir())) == descriptors
    files = history.files_of(tmp_path, "web")
    assert all(0 < path.stat().st_size <= history.LARGEST for path in files)
    assert {each.name for each in files[0].parent.iterdir()} == {"web.jsonl", "web.jsonl.1"}
    numbers = [int(each.split()[0]) for each in reasons(tmp_path)]
    assert numbers == list(range(numbers[0], 4000))
    assert len(numbers) > 600


def test_without_a_history_there_is_nothing(tmp_path):
    assert reasons(tmp_path / "none") == []
    assert history.names(tmp_path / "none") == []


def test_a_link_in_the_place_of_the_file_is_not_followed(tmp_path):
    tell(tmp_path, "one")
    path = history.files_of(tmp_path, "web")[1]
    path.unlink()
    path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="symbolic"):
        tell(tmp_path, "two")
    line = f"{happening(reason='three', instance='mail').to_json()}\n"
    with pytest.raises(OSError, match="symbolic"):
        history.append(tmp_path, {"web": line, "mail": line})
    assert reasons(tmp_path, "mail") == ["three"], "it costs no other instance its events"


def test_a_full_disk_is_an_error(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "write", lambda _descriptor, content: len(content) - 1)
    with pytest.raises(OSError, match="No space left"):
        tell(tmp_path, "one")


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_without_the_group_it_is_for_our_user_alone(tmp_path, monkeypatch):
    monkeypatch.setattr(history, "group_id", lambda: None)
    tell(tmp_path, "one")
    assert mode(history.history_directory(tmp_path)) == 0o700


def test_all_users_may_look_into_the_state_directory(tmp_path):
    before = os.umask(0o077)  # the unit's
    try:
        tell(tmp_path / "state", "one")
    finally:
        os.umask(before)
    assert mode(tmp_path / "state") == 0o755


def test_members_of_the_group_may_read_it(tmp_path, monkeypatch):
    """Also files that are older than the group; a process without CAP_CHOWN leaves them."""
    monkeypatch.setattr(history, "group_id", lambda: None)
    before = os.umask(0o077)  # the unit's
    try:
        tell(tmp_path, "one")
    finally:
        os.umask(before)
    given = []
    monkeypatch.setattr(os, "chown", lambda path, _user, group: given.append(group))
    monkeypatch.setattr(history, "group_id", lambda: 4711)
    directory = history.history_directory(tmp_path)
    if directory.stat().st_gid == 0:
        tell(tmp_path, "two")
        assert given == [4711]
        assert mode(directory) == 0o2750
    assert mode(history.files_of(tmp_path, "web")[1]) == 0o640


def test_files_follow_the_group_of_their_directory(tmp_path, monkeypatch):
    tell(tmp_path, "one")
    given = []
    monkeypatch.setattr(os, "fchown", lambda _descriptor, _user, group: given.append(group))
    status = history.history_directory(tmp_path).stat()

    class Another:
        st_gid = status.st_gid + 1

    monkeypatch.setattr(history, "_make", lambda _directory: Another)
    tell(tmp_path, "two")
    assert given == [status.st_gid + 1]


def test_without_the_right_to_give_files_away_they_stay_ours(tmp_path, monkeypatch):
    def refuse(*_arguments):
        raise PermissionError

    tell(tmp_path, "one")
    monkeypatch.setattr(os, "fchown", refuse)
    monkeypatch.setattr(os, "chown", refuse)
    monkeypatch.setattr(history, "group_id", lambda: 4711)
    tell(tmp_path, "two")
    assert reasons(tmp_path) == ["one", "two"]


# -- following it ----------------------------------------------------------------------------------


def new(tail):
    return [each.reason for each in tail.new()]


def test_a_file_can_be_followed(tmp_path):
    tail = history.Tail(tmp_path, "web")
    assert new(tail) == []
    tell(tmp_path, "one")
    assert new(tail) == ["one"]
    assert new(tail) == []
    tell(tmp_path, "two", "three")
    assert new(tail) == ["two", "three"]


def test_half_a_line_is_waited_for(tmp_path):
    tail = history.Tail(tmp_path, "web")
    tell(tmp_path, "one")
    path = history.files_of(tmp_path, "web")[1]
    line = path.read_bytes()
    path.write_bytes(line + line[:20])
    assert new(tail) == ["one"]
    path.write_bytes(line + line)
    assert new(tail) == ["one"]


def test_a_truncated_file_is_followed(tmp_path):
    tail = history.Tail(tmp_path, "web")
    tell(tmp_path, "one", "two")
    assert new(tail) == ["one", "two"]
    os.truncate(history.files_of(tmp_path, "web")[1], 0)
    tell(tmp_path, "three")
    assert new(tail) == ["three"]


def test_a_file_that_was_replaced_twice_loses_what_is_gone(tmp_path):
    tail = history.Tail(tmp_path, "web")
    older, path = history.files_of(tmp_path, "web")
    tell(tmp_path, "one")
    assert new(tail) == ["one"]
    for reason in ("two", "three"):
        path.rename(older)
        tell(tmp_path, reason)
    older.write_text("")
    assert new(tail) == ["three"]


def test_it_is_followed_into_its_successor(tmp_path):
    tail = history.Tail(tmp_path, "web")
    tell(tmp_path, "one")
    assert new(tail) == ["one"]
    older, path = history.files_of(tmp_path, "web")
    tell(tmp_path, "two")
    path.rename(older)
    assert new(tail) == []
    tell(tmp_path, "three")
    assert new(tail) == ["two", "three"]


@pytest.mark.parametrize("place", [0, 1])
def test_a_named_pipe_in_the_place_of_a_file_does_not_hold_up(tmp_path, place):
    tell(tmp_path, "before")
    path = history.files_of(tmp_path, "web")[place]
    path.unlink(missing_ok=True)
    os.mkfifo(path)
    with pytest.raises(OSError, match="is not a regular file"):
        everything(tmp_path)
    if place:
        with pytest.raises(OSError, match="is not a regular file"):
            tell(tmp_path, "after")
