"""Maintenance notes in a running process, in virtual time with a clock that can be set."""

import asyncio
import signal

import pytest
from fake_worker import FakeWorker
from one_process import A_MOMENT, TAKES_OVER, advertised, instances, send, states

from ucarpd.carp.actions import State
from ucarpd.linux.state_directory import DEFAULT_STATE_DIRECTORY, state_directory
from ucarpd.process import maintenance as module
from ucarpd.process.maintenance import LOOK_AFTER, Maintenance
from ucarpd.process.patience import Patience
from ucarpd.record import history, maintenance
from ucarpd.record.maintenance import Note

ADDRESS = "10.0.0.10"


class Clock:
    """The wall clock: it runs with the loop's time, and can be set."""

    def __init__(self):
        self.offset = 0.0

    def time(self):
        return 1_700_000_000.0 + self.offset + asyncio.get_running_loop().time()


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(module, "time", clock)
    return clock


class Web:
    """The notes of the host, of the instance `web`, and of an instance that does not run here."""

    name = "web"

    def __init__(self, directory):
        self.directory = directory
        self.disk = FakeWorker()
        self.held = []
        self.is_running = True
        self.maintenance = Maintenance(
            directory, self.disk, lambda: [self] if self.is_running else []
        )

    def maintain(self, notes):
        if self.held[-1:] != [notes]:
            self.held.append(notes)

    def write(self, name=None, **changes):
        note = Note(**{"level": "maintenance", "since": 1.0} | changes)
        maintenance.write(self.directory, name, note)

    async def read(self):
        told = []
        self.maintenance.read_again(told.append)
        await asyncio.sleep(0.01)
        return told

    @property
    def levels(self):
        return [[note.level for note in notes] for notes in self.held]

    @property
    def wakes_up(self):
        return self.maintenance._alarm.at is not None


@pytest.fixture
def make(state_directory):
    return lambda: Web(state_directory)


async def test_notes_are_read_at_the_start_and_again_on_request(make):
    web = make()
    web.write(level="never")
    web.maintenance.read_first(Patience())()
    web.write("web")
    assert web.levels == [["never"]]
    assert await web.read() == [["web"]]
    maintenance.remove(web.directory, None)
    assert await web.read() == [["web"]]
    maintenance.remove(web.directory, "web")
    web.write("mail")
    assert await web.read() == [[]]
    assert web.levels == [["never"], ["never", "maintenance"], ["maintenance"], []]
    assert not web.wakes_up


async def test_a_disk_that_hangs_at_the_start_is_read_when_it_answers(make, log_lines):
    web = make()
    web.write()

    class Impatience:
        def take(self, _looks):
            raise TimeoutError(110, "its file system does not answer")

    web.maintenance.read_first(Impatience())()
    assert len(log_lines.told()) == 1
    await asyncio.sleep(0.01)
    assert web.levels == [["maintenance"]]


async def test_requests_while_a_disk_hangs_wait_for_one_more_reading(make):
    web = make()
    web.disk.hangs = True
    told = []
    for _ in range(3):
        web.maintenance.read_again(told.append)
    await asyncio.sleep(10)
    assert (told, web.disk.stuck) == ([], 1)
    web.write()
    web.disk.work_again()
    await asyncio.sleep(0.01)
    assert told == [["web"]] * 3


async def test_a_directory_that_cannot_be_read_changes_nothing(make, monkeypatch, log_lines):
    web = make()
    web.write()
    web.maintenance.read_first(Patience())()

    def refuse(_directory):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(maintenance, "read", refuse)
    assert await web.read() == [["web"]]
    assert await web.read() == [["web"]]
    web.maintenance.read_first(Patience())()
    assert log_lines.told() == [
        f"cannot read the maintenance notes in {web.directory}/maintenance: Permission denied"
    ]
    assert web.levels == [["maintenance"]]


async def test_a_torn_note_is_warned_of_once(make, log_lines):
    web = make()
    web.write("web")
    maintenance.path_of(web.directory, None).write_text("{")
    for _ in range(3):
        assert await web.read() == [["web"]]
    (line,) = log_lines.told()
    assert line.endswith("/host.json: this maintenance note is ignored: it is damaged")


# -- the end ---------------------------------------------------------------------------------------


async def test_it_ends_by_itself_and_takes_its_file_with_it(make, clock):
    web = make()
    web.write(until=clock.time() + 3600.0, level="never")
    web.write("web")
    assert await web.read() == [["web"]]
    assert web.wakes_up
    await asyncio.sleep(3599)
    assert web.levels == [["never", "maintenance"]]
    await asyncio.sleep(2)
    assert web.levels == [["never", "maintenance"], ["maintenance"]]
    assert not web.wakes_up
    assert maintenance.read(web.directory).of_host is None


async def test_it_also_ends_for_an_instance_that_a_reload_has_started(make, clock):
    web = make()
    web.write("web", until=clock.time() + 3600.0)
    web.is_running = False
    await web.read()
    assert not web.wakes_up
    web.is_running = True
    web.maintenance.concern(web)
    await asyncio.sleep(3601)
    assert web.levels == [["maintenance"], []]


async def test_the_end_is_a_time_of_a_clock_that_is_set_forward(make, clock):
    web = make()
    web.write(until=clock.time() + 3600.0)
    await web.read()
    clock.offset = 3600.0
    await asyncio.sleep(LOOK_AFTER)
    assert web.levels == [["maintenance"], []]


async def test_or_back(make, clock):
    web = make()
    web.write(until=clock.time() + 60.0)
    await web.read()
    clock.offset = -3600.0
    await asyncio.sleep(3600 + 50)
    assert web.levels == [["maintenance"]]
    await asyncio.sleep(20)
    assert web.levels == [["maintenance"], []]


async def test_a_note_that_expired_while_no_ucarpd_ran_holds_no_more(make, clock):
    web = make()
    web.write(until=clock.time() - 1.0)
    web.maintenance.read_first(Patience())()
    await asyncio.sleep(0.01)
    assert web.levels == [[]]
    assert maintenance.read(web.directory).of_host is None


async def test_a_note_of_another_process_wakes_up_nobody(make, clock):
    web = make()
    web.write("mail", until=clock.time() + 60.0)
    await web.read()
    assert not web.wakes_up


async def test_an_expired_note_that_cannot_be_removed_stays_expired(make, clock, monkeypatch):
    def refuse(*_arguments):
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(maintenance, "remove_ended", refuse)
    web = make()
    web.write(until=clock.time() + 1.0)
    await web.read()
    await asyncio.sleep(2)
    assert web.levels == [["maintenance"], []]
    assert await web.read() == [[]]


def test_where_the_state_is(monkeypatch):
    monkeypatch.delenv("STATE_DIRECTORY", raising=False)
    assert str(state_directory()) == DEFAULT_STATE_DIRECTORY
    monkeypatch.setenv("STATE_DIRECTORY", "/a:/b")
    assert str(state_directory()) == "/a"


# -- the whole process -----------------------------------------------------------------------------


def write(directory, name=None, level="maintenance"):
    note = Note(level=level, since=1.0, by="anna", reason="a new kernel")
    maintenance.write(directory, name, note)


def apply(process):
    told = []
    process._answers.apply_maintenance(told.append)
    return told


async def test_the_host_or_one_instance_is_taken_out_of_service(host, state_directory, log_lines):
    host.write()
    host.write("mail", VHID=2, ADDR="10.0.0.20/24")
    async with host.serving() as process:
        write(state_directory, "web")
        told = apply(process)
        advertised(process)
        await asyncio.sleep(A_MOMENT)
        assert told == [["web"]]
        assert set(advertised(process)) == {(1, 254)}
        write(state_directory, level="never")
        told = apply(process)
        await asyncio.sleep(A_MOMENT)
        assert told == [["mail", "web"]]
        assert set(states(process).values()) == {State.BACKUP}
        assert not host.serves(ADDRESS)
        web = instances(process)["web"]
        assert [note.level for note in web.parts.standing.maintenance] == ["never", "maintenance"]
        assert str(web.parts.standing.demotion) == "maintenance"
        assert web.shown.note == "; demoted: maintenance"
        for name in (None, "web"):
            maintenance.remove(state_directory, name)
        send(signal.SIGHUP)
        await asyncio.sleep(TAKES_OVER)
        assert set(states(process).values()) == {State.MASTER}
    lines = log_lines.told()
    begun = next(line for line in lines if line.startswith("web: maintenance of this instance"))
    assert "serves only if no healthy host does, since " in begun
    assert begun.endswith(", by anna: a new kernel")
    assert "web: maintenance of this host is over" in lines
    assert "mail: demoted by 255: maintenance" in lines


async def test_it_holds_from_the_start_and_through_a_restart_of_the_instance(host, state_directory):
    host.write()
    write(state_directory, level="never")
    async with host.running() as process:
        await asyncio.sleep(10 * TAKES_OVER)
        assert states(process) == {"web": State.BACKUP}
        host.write(VHID=3)
        send(signal.SIGHUP)
        await asyncio.sleep(10 * TAKES_OVER)
        assert states(process) == {"web": State.BACKUP}
        assert instances(process)["web"].parts.standing.unfitness == 255


async def test_without_a_state_directory_all_runs(host, state_directory, log_lines):
    state_directory.touch()
    host.write()
    async with host.serving() as process:
        assert states(process) == {"web": State.MASTER}
    told = [line for line in log_lines.told() if "history" in line]
    assert told == [f"cannot write the history in {state_directory}/history: Not a directory"]


async def test_the_history_of_a_process(host, state_directory):
    host.write()
    async with host.serving() as process:
        write(state_directory)
        apply(process)
        await asyncio.sleep(A_MOMENT)
        maintenance.remove(state_directory, None)
        apply(process)
        await asyncio.sleep(A_MOMENT)
    await asyncio.sleep(A_MOMENT)
    events = history.Tail(state_directory, "web").new()
    assert [(each.event, each.state) for each in events] == [
        ("start", "INIT"),
        ("transition", "BACKUP"),
        ("transition", "MASTER"),
        ("maintenance", "MASTER"),
        ("demotion", "MASTER"),
        ("maintenance", "MASTER"),
        ("demotion", "MASTER"),
        ("transition", "INIT"),
        ("stop", "INIT"),
    ]
    assert [each.unfitness for each in events if each.event == "demotion"] == [254, 0]
    took, left = events[2], events[7]
    assert (took.previous, left.previous) == ("BACKUP", "MASTER")
    assert 2.9 < took.lasted <= 4.0
    assert left.lasted == pytest.approx(TAKES_OVER + 3 * A_MOMENT - took.lasted, abs=0.1)
    assert (left.reason, events[8].reason) == ("stopping", "stopping")
