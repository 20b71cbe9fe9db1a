"""`ucarpctl maintenance`."""

import json
import os
import time
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from fake_process import BACKUP, MASTER, FakeProcess
from runs import name_of_part

from ucarpd.ctl import entry, maintenance, not_running
from ucarpd.record import maintenance as notes

HEALTHY = BACKUP["peers"]


class Process(FakeProcess):
    """A process that reads the notes when it is asked to: another host takes over, if it has `peers`."""

    def _answer(self, connection, call):
        if call["method"] == "org.ucarpd.ApplyMaintenance":
            held = notes.read(Path(os.environ["STATE_DIRECTORY"]))
            for each in self.instances:
                if held.about(each["name"]) and each["peers"]:
                    self.change(each["name"], state="BACKUP", reason="192.0.2.12 is preferred")
        super()._answer(connection, call)


@pytest.fixture
def state(tmp_path, monkeypatch):
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path))
    monkeypatch.setenv("SUDO_USER", "anna")
    return tmp_path


@pytest.fixture
def start(state, monkeypatch):
    """Starts a process; its files are web.conf and dns.conf."""
    with (
        TemporaryDirectory(prefix=f"ucarpd-{name_of_part()}-") as directory,
        ExitStack() as processes,
    ):
        run, etc = Path(directory), Path(directory) / "etc"
        etc.mkdir()
        for name in ("web", "dns"):
            (etc / f"{name}.conf").touch()
        monkeypatch.setenv("RUNTIME_DIRECTORY", directory)
        monkeypatch.setattr(not_running, "DIRECTORY", etc)

        def start(*instances, **options):
            path = run / "ctl" / f"{os.getpid()}.sock"
            return processes.enter_context(Process(path, instances, **options))

        yield start


def ctl(capsys, *words):
    status = entry.main(["maintenance", *words])
    out, err = capsys.readouterr()
    return status, out.splitlines(), err.splitlines()


def test_without_a_process_it_is_written_and_taken_back(start, state, capsys):
    status, out, _ = ctl(capsys, "on", "web", "--never", "--for", "2h", "--reason", "a new\nkernel")
    assert status == 0
    note = notes.read(state).of_instances["web"]
    assert (note.level, note.by, note.reason) == ("never", "anna", "a new kernel")
    assert note.until - note.since == 7200
    assert abs(note.since - time.time()) < 60
    assert out == [
        f"maintenance of web: {note}",
        "web does not run; this takes effect when it starts",
    ]
    assert ctl(capsys, "off", "web") == (
        0,
        ["maintenance of web is over", "web does not run; this takes effect when it starts"],
        [],
    )
    assert notes.read(state) == notes.Notes()
    assert ctl(capsys, "off", "web") == (0, ["web was not in maintenance"], [])


def test_another_host_takes_over_and_the_command_says_so(start, capsys):
    # The command waits for the master, which changes last.
    start(BACKUP, MASTER | {"peers": HEALTHY})
    status, out, _ = ctl(capsys, "on")
    assert status == 0
    assert out[0].startswith("maintenance of this host: serves only if no healthy host does, since")
    assert out[1:] == [
        "mail is BACKUP: 192.0.2.12 is preferred",
        "web is BACKUP: 192.0.2.12 is preferred",
    ]


def test_where_no_other_host_was_heard_it_says_that_and_goes_on(start, state, capsys, monkeypatch):
    monkeypatch.setattr(maintenance, "HAND_OVER", 0.05)
    start(MASTER)
    status, out, _ = ctl(capsys, "on", "web")
    assert status == 0
    assert out[1:] == [
        "web is still MASTER: no healthy host has taken over yet",
        "web: it is not known whether another host can serve: ucarpctl step-down shows it",
    ]
    assert notes.read(state).of_instances.keys() == {"web"}


def test_a_host_that_is_not_master_cannot_find_out_by_a_step_down(start, capsys):
    start(BACKUP | {"peers": []})
    assert ctl(capsys, "on", "mail")[1][-1] == (
        "mail: it is not known whether another host can serve: ucarpctl status there shows it"
    )


def test_off_says_what_still_holds(start, capsys):
    start(BACKUP | {"reason": "192.0.2.12 is preferred"}, MASTER)
    ctl(capsys, "on", "--reason", "racks")
    ctl(capsys, "on", "web", "--never")
    status, out, _ = ctl(capsys, "off")
    assert status == 0
    assert out[0] == "maintenance of this host is over"
    assert out[1].startswith("still in maintenance: web: does not serve, since ")
    assert out[2] == "mail is BACKUP"
    assert out[3].startswith("web is MASTER: no advertisement")


def test_a_process_that_hangs_costs_a_second_and_is_named(start, state, capsys, monkeypatch):
    monkeypatch.setattr(maintenance, "HAND_OVER", 0.05)
    start(MASTER, hangs=True)
    status, _, err = ctl(capsys, "on", "web")
    assert status == 1
    assert err == [
        f"ucarpctl: process {os.getpid()} does not answer: it reads this at its next reload or start"
    ]
    assert notes.read(state).of_instances.keys() == {"web"}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["pause"], "maintenance pause: type on or off"),
        (["web"], "maintenance web: type on or off"),
        (
            ["on", "wbe"],
            "there is no instance wbe (this host has dns, mail, web); did you mean web?",
        ),
        (["off", "wbe"], "there is no instance wbe"),
        (["on", "--for", "soon"], "--for soon: not a duration"),
        (["off", "--never"], "go with maintenance on"),
        (["off", "--reason", "x"], "go with maintenance on"),
        (["--for", "2h"], "go with maintenance on"),
    ],
)
def test_typing_errors(start, state, words, said, capsys):
    start(BACKUP)
    status, out, err = ctl(capsys, *words)
    assert (status, out) == (3, [])
    assert said in err[0]
    assert not (state / "maintenance").exists()


def test_a_note_of_an_instance_that_is_gone_can_be_taken_back(start, state, capsys):
    notes.write(state, "gone", notes.Note(level="never", since=1.0))
    assert ctl(capsys, "off", "gone")[:2] == (
        0,
        ["maintenance of gone is over", "gone does not run; this takes effect when it starts"],
    )


def test_what_holds_is_shown(start, state, capsys):
    assert ctl(capsys) == (0, ["no maintenance"], [])
    host = notes.Note(level="never", since=1000.5, until=4e9, by="anna", reason="racks")
    web = notes.Note(level="maintenance", since=1000.5)
    notes.write(state, None, host)
    notes.write(state, "web", web)
    notes.write(state, "mail", notes.Note(level="never", since=1.0, until=2.0))
    notes.path_of(state, "torn").write_text("{")
    status, out, err = ctl(capsys)
    assert (status, out) == (0, [f"this host: {host}", f"web: {web}"])
    assert err[0].endswith("torn.instance.json: this maintenance note is ignored: it is damaged")
    _, out, _ = ctl(capsys, "--json")
    assert json.loads("\n".join(out)) == {
        "maintenance": [
            {
                "name": None,
                "level": "never",
                "scope": "host",
                "since": "1970-01-01T00:16:40.500Z",
                "until": "2096-10-02T07:06:40.000Z",
                "by": "anna",
                "reason": "racks",
            },
            {
                "name": "web",
                "level": "maintenance",
                "scope": "instance",
                "since": "1970-01-01T00:16:40.500Z",
                "until": None,
                "by": None,
                "reason": None,
            },
        ]
    }


@pytest.mark.parametrize("what", ["on", "off"])
def test_without_the_right_to_write_it_names_root(start, what, capsys, monkeypatch):
    def refuse(*_arguments):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(notes, "write", refuse)
    monkeypatch.setattr(notes, "remove", refuse)
    status, _, err = ctl(capsys, what)
    assert (status, err) == (3, ["ucarpctl: only root may do this: type sudo before it"])


def test_a_disk_that_is_read_only_is_named(start, state, capsys, monkeypatch):
    def refuse(*_arguments):
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(notes, "write", refuse)
    status, _, err = ctl(capsys, "on")
    assert (status, err) == (
        3,
        [f"ucarpctl: cannot change the notes in {state}: Read-only file system"],
    )


def test_who_did_it(monkeypatch):
    assert maintenance._operator()
    monkeypatch.delenv("SUDO_USER", raising=False)
    monkeypatch.setattr(os, "getlogin", lambda: "bob")
    assert maintenance._operator() == "bob"

    def no_terminal():
        raise OSError

    monkeypatch.setattr(os, "getlogin", no_terminal)
    monkeypatch.setattr(os, "getuid", lambda: 0)
    assert maintenance._operator() == "root"
    monkeypatch.setattr(os, "getuid", lambda: 3_999_999_999)
    assert maintenance._operator() == "uid 3999999999"
