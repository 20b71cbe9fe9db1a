"""`ucarpctl history`."""

import json
import time
from pathlib import Path

import pytest

from ucarpd.ctl import entry, not_running
from ucarpd.ctl import history as verb
from ucarpd.ctl.screen import Screen
from ucarpd.record import history
from ucarpd.record.happening import Happening

NOON = time.mktime((2026, 11, 25, 12, 0, 0, 0, 0, -1))
RELIEVED = "172.16.0.12 is preferred: it advertises every 1.39 s, this host every 1.00 s"


@pytest.fixture(autouse=True)
def state(tmp_path, monkeypatch):
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path / "state"))
    monkeypatch.setattr(not_running, "DIRECTORY", tmp_path)
    return tmp_path / "state"


def tell(state, at, reason, name="web", event="transition", **changes):
    happening = Happening(
        at=at,
        instance=name,
        event=event,
        **{
            "state": "BACKUP",
            "previous": "MASTER" if event == "transition" else "BACKUP",
            "lasted": 7265.0,
            "unfitness": 0,
            "reason": reason,
        }
        | changes,
    )
    history.append(state, {name: happening.to_json() + "\n"})
    return happening


def ctl(capsys, *words):
    status = entry.main(["history", *words])
    out, err = capsys.readouterr()
    return status, out.splitlines(), err


def test_the_events_of_all_instances_by_their_times(state, capsys):
    tell(state, NOON, RELIEVED)
    tell(state, NOON + 2, "demoted by 254: maintenance", event="demotion")
    tell(state, NOON + 1, "ucarpd 0.3.0", name="mail", event="start")
    assert ctl(capsys) == (
        0,
        [
            "TIME                 NAME  EVENT           AFTER        REASON",
            f"2026-11-25 12:00:00  web   MASTER->BACKUP  2 h 1 min    {RELIEVED}",
            "2026-11-25 12:00:01  mail  start                        ucarpd 0.3.0",
            "2026-11-25 12:00:02  web   demotion                     demoted by 254: maintenance",
        ],
        "",
    )


@pytest.mark.parametrize(
    ("width", "column", "after"), [(80, 43, " (after 2 h 1 min)"), (100, 56, "")]
)
def test_on_a_terminal_no_line_is_too_long(state, width, column, after, capsys, monkeypatch):
    monkeypatch.setattr(verb, "of_standard_output", lambda: Screen(width))
    tell(state, NOON, RELIEVED)
    _, out, _ = ctl(capsys)
    assert max(map(len, out)) <= width
    assert " ".join(line[column:] for line in out[1:]) == RELIEVED + after


def test_one_instance(state, capsys):
    tell(state, NOON, "one")
    tell(state, NOON, "other", name="mail")
    _, out, _ = ctl(capsys, "mail")
    assert [line.split()[-1] for line in out[1:]] == ["other"]


def test_json_is_one_object_a_line(state, capsys):
    first, second = tell(state, NOON, RELIEVED), tell(state, NOON + 1, "two", name="mail")
    _, out, _ = ctl(capsys, "--json")
    assert [json.loads(line)["reason"] for line in out] == [RELIEVED, "two"]
    assert out == [first.to_json(), second.to_json()]


def test_since(state, capsys):
    tell(state, NOON, "old")
    tell(state, NOON + 60, "new")
    _, out, _ = ctl(capsys, "--since", "2026-11-25 12:00:30")
    assert [line.split()[-1] for line in out[1:]] == ["new"]
    assert ctl(capsys, "--since", "soon")[0] == 3


def test_the_older_file_is_read_too(state, capsys):
    tell(state, NOON, "old")
    older, present = history.files_of(state, "web")
    present.rename(older)
    tell(state, NOON + 1, "new")
    _, out, _ = ctl(capsys)
    assert [line.split()[-1] for line in out[1:]] == ["old", "new"]


def test_nothing_has_happened(state, tmp_path, capsys):
    assert ctl(capsys) == (0, ["no events"], "")
    assert ctl(capsys, "--json") == (0, [], "")
    (tmp_path / "web.conf").touch()
    assert ctl(capsys, "web") == (0, ["no events"], "")


def test_an_unknown_name(state, tmp_path, capsys):
    (tmp_path / "mail.conf").touch()
    tell(state, NOON, "one")
    status, _, err = ctl(capsys, "wbe")
    assert (status, err) == (
        3,
        "ucarpctl: there is no instance wbe (this host has mail, web); did you mean web?\n",
    )


def test_a_user_who_may_not_read_it_is_told_who_may(capsys, monkeypatch):
    def refuse(_directory):
        raise PermissionError

    monkeypatch.setattr(history, "names", refuse)
    status, _, err = ctl(capsys)
    assert status == 3
    assert "to read, it is enough to be in the group ucarpd (usermod -aG ucarpd USER)" in err


class Follower:
    """Between two looks, in place of a pause, something happens; the last one is Ctrl-C."""

    def __init__(self, monkeypatch, *steps):
        self._steps = iter(steps)
        monkeypatch.setattr(verb.time, "sleep", self._sleep)

    def _sleep(self, _seconds):
        step = next(self._steps, None)
        if step is None:
            raise KeyboardInterrupt
        step()


def test_follow(state, capsys, monkeypatch):
    """Through a rotation, and to an instance that is new."""
    for number in range(20):
        tell(state, NOON + number, f"old-{number}")
    older, present = history.files_of(state, "web")

    def rotate():
        tell(state, NOON + 30, "last")
        present.rename(older)
        tell(state, NOON + 31, "first")

    Follower(
        monkeypatch,
        lambda: tell(state, NOON + 21, "new"),
        rotate,
        lambda: tell(state, NOON + 40, "other", name="mail"),
    )
    status, out, _ = ctl(capsys, "--follow", "--json")
    assert status == 130
    said = [json.loads(line)["reason"] for line in out]
    assert said == [*(f"old-{n}" for n in range(10, 20)), "new", "last", "first", "other"]


def test_follow_with_since(state, capsys, monkeypatch):
    for number in range(20):
        tell(state, NOON + number, f"old-{number}")
    Follower(monkeypatch)
    _, out, _ = ctl(capsys, "--follow", "--since", "2026-11-25 12:00:05")
    assert len(out) == 1 + 15


def test_follow_before_anything_has_happened(state: Path, capsys, monkeypatch):
    Follower(monkeypatch, lambda: tell(state, NOON, "new"))
    _, out, _ = ctl(capsys, "--follow")
    assert [line.split()[-1] for line in out] == ["REASON", "new"]


def test_the_newest_event_is_the_last_one_after_the_clock_was_set_back(state, capsys):
    tell(state, NOON + 7200, "before")
    tell(state, NOON, "after")
    tell(state, NOON + 60, "meanwhile", name="mail")
    _, lines, _ = ctl(capsys)
    assert [each.split()[-1] for each in lines[1:]] == ["meanwhile", "before", "after"]
