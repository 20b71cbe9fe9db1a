"""Writing the history beside the event loop, in virtual time."""

import asyncio
import shutil

import pytest
from fake_worker import FakeWorker

from ucarpd.record import history
from ucarpd.record.happening import Happening
from ucarpd.record.history_writer import LEAST_OF_EACH, MOST_WAITING, HistoryWriter


class Bench:
    def __init__(self, directory):
        self.directory = directory
        self.disk = FakeWorker()
        self.writer = HistoryWriter(directory, self.disk)

    def tell(self, *reasons, name="web"):
        for reason in reasons:
            self.writer.tell(
                Happening(
                    at=1.0,
                    instance=name,
                    event="finding",
                    state="BACKUP",
                    previous="BACKUP",
                    lasted=1.0,
                    unfitness=0,
                    reason=str(reason),
                )
            )

    def told(self, name="web"):
        return [each.reason for each in history.Tail(self.directory, name).new()]


@pytest.fixture
def make(tmp_path):
    return lambda: Bench(tmp_path)


async def test_events_are_written_together_a_moment_later(make):
    bench = make()
    bench.tell("one", "two")
    bench.tell("other", name="mail")
    await asyncio.sleep(0.001)
    assert bench.told() == []
    await asyncio.sleep(0.1)
    assert (bench.told(), bench.told("mail")) == (["one", "two"], ["other"])
    bench.tell("three")
    await asyncio.sleep(0.1)
    assert bench.told() == ["one", "two", "three"]


async def test_a_disk_that_hangs_holds_one_job_and_the_others_wait(make):
    bench = make()
    bench.disk.hangs = True
    for number in range(3):
        bench.tell(number)
        await asyncio.sleep(1)
    assert bench.disk.stuck == 1
    bench.disk.work_again()
    await asyncio.sleep(0.1)
    assert bench.told() == ["0", "1", "2"]


async def test_more_events_than_can_wait_are_lost_and_counted(make, log_lines):
    bench = make()
    bench.disk.hangs = True
    bench.tell("first")
    await asyncio.sleep(1)
    bench.tell(*range(MOST_WAITING + 7))
    await asyncio.sleep(1)
    bench.disk.work_again()
    await asyncio.sleep(1)
    assert bench.told() == ["first", *map(str, range(MOST_WAITING))]
    assert log_lines.told() == ["the history lacks 7 events"]


async def test_thousands_of_instances_that_start_and_take_over_lose_nothing(make, log_lines):
    bench = make()
    bench.disk.hangs = True
    bench.tell("first")
    await asyncio.sleep(1)
    names = [f"web{number}" for number in range(MOST_WAITING + 1)]
    for name in names:
        bench.tell(*range(LEAST_OF_EACH), name=name)
    bench.tell("one too many", name=names[0])
    bench.disk.work_again()
    await asyncio.sleep(1)
    kept = [str(number) for number in range(LEAST_OF_EACH)]
    assert all(bench.told(name) == kept for name in names)
    assert log_lines.told() == ["the history lacks 1 events"]


async def test_a_disk_that_fails_has_one_line(make, tmp_path, log_lines):
    bench = make()
    (tmp_path / "history").touch()
    for number in range(3):
        bench.tell(number)
        await asyncio.sleep(1)
    assert log_lines.told() == [f"cannot write the history in {tmp_path}/history: File exists"]
    (tmp_path / "history").unlink()
    bench.tell("again")
    await asyncio.sleep(1)
    assert bench.told() == ["again"]
    assert log_lines.told() == ["the history lacks 3 events"]
    shutil.rmtree(tmp_path / "history")
    (tmp_path / "history").touch()
    bench.tell("once more")
    await asyncio.sleep(1)
    assert log_lines.told() == [f"cannot write the history in {tmp_path}/history: File exists"]


async def test_the_last_event_does_not_wait(make):
    bench = make()
    bench.tell("stop")
    await bench.writer.finish(1.0)
    assert bench.told() == ["stop"]


async def test_at_the_end_all_is_written(make):
    bench = make()
    bench.disk.hangs = True
    bench.tell("one")
    await asyncio.sleep(1)
    bench.tell("two")
    bench.disk.work_again()
    await bench.writer.finish(1.0)
    await asyncio.sleep(0)
    assert bench.told() == ["one", "two"]
