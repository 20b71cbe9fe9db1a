"""An instance whose files were removed."""

import asyncio
import json
import os
import shutil
import threading

import pytest
from arp_tree import Tree
from fake_kernel import FakeLog, FakeNetlink
from recorded import configuration, content

from ucarpd.addresses.arp_settings import ParentArp
from ucarpd.linux import sysctl
from ucarpd.linux.lock import InstanceLock
from ucarpd.process.upkeep import LOOK_AFTER, Upkeep
from ucarpd.record.keeper import Keeper
from ucarpd.record.record import Record, read

ALL = {"web.record", "web.live", "web.lock"}


class Bench:
    def __init__(self, tmp_path, run):
        self.run = run
        self.private = run / "private"
        self.netlink = FakeNetlink()
        self.log = FakeLog()
        self.lock = InstanceLock("web", run, "eth0", 1, tmp_path / "web.conf")
        self.arp = ParentArp("eth0", run)
        self.keeper = Keeper("web", self.netlink, self.log, self.lock, self.arp)
        self.upkeep = Upkeep(self.netlink, lambda: [self.keeper], lambda: None)
        self.content = content(tmp_path)

    def names(self):
        return {file.name for file in self.private.iterdir()} if self.private.exists() else set()


@pytest.fixture
def make(tmp_path, run_directory):
    return lambda: Bench(tmp_path, run_directory)


async def without_directory(make):
    """Return a bench whose record was written, and whose directory was removed then."""
    bench = make()
    bench.keeper.write(bench.content)
    await asyncio.sleep(0.1)
    shutil.rmtree(bench.run)
    return bench


async def look():
    await asyncio.sleep(LOOK_AFTER + 0.1)


async def test_a_directory_that_has_been_removed_is_made_again(make):
    bench = make()
    bench.keeper.write(bench.content)
    bench.keeper.record.placed = True
    bench.keeper.record.advertised(1.0)
    await look()
    assert bench.log.told() == []
    shutil.rmtree(bench.run)
    await look()
    assert bench.names() >= ALL
    assert bench.log.told() == ["record_renewed"]
    assert "renew served" in bench.netlink.told()
    found = read("web", bench.run)
    assert (found.content, found.pid) == (bench.content, os.getpid())
    assert (found.placed, found.last) == (True, 1.0)
    bench.keeper.record.advertised(2.0)
    assert read("web", bench.run).last == 2.0
    await look()
    assert bench.log.told() == []
    bench.upkeep.stop()
    shutil.rmtree(bench.run)
    await look()
    assert bench.names() == set()


async def test_it_is_made_again_as_soon_as_a_record_cannot_be_written(make):
    bench = await without_directory(make)
    bench.keeper.write(bench.content)
    await asyncio.sleep(0.1)
    assert bench.names() >= ALL
    assert bench.log.told() == ["record_renewed"]


async def test_one_file_that_has_been_removed_is_made_again(make, tmp_path, monkeypatch):
    bench, tree = make(), Tree(tmp_path)
    monkeypatch.setattr(sysctl, "ROOT", tree.root)
    bench.arp.hold()
    bench.keeper.write(bench.content)
    bench.keeper.keep_configuration(configuration(tmp_path))
    await asyncio.sleep(0.1)
    every = ALL | {"web.good", tree.file.name}
    assert bench.names() >= every
    for name in sorted(every):
        (bench.private / name).unlink()
        await look()
        assert bench.names() >= every
        assert bench.log.told() == ["record_renewed"]


async def test_a_second_process_that_has_made_the_files_meanwhile_is_named(make):
    bench = make()
    bench.keeper.write(bench.content)
    await asyncio.sleep(0.1)
    shutil.rmtree(bench.run)
    second = make()
    second.keeper.write(second.content)
    await look()
    (line,) = bench.log.told()
    assert "web is already run by process" in line
    assert second.log.told() == []
    second.upkeep.stop()
    second.lock.release()
    await look()
    assert bench.log.told() == ["record_renewed"]
    assert not bench.lock.lost()


async def test_the_copy_of_the_configuration_is_made_again(make, tmp_path):
    bench = make()
    bench.keeper.write(bench.content)
    bench.keeper.keep_configuration(configuration(tmp_path))
    await look()
    assert bench.keeper.keeps(configuration(tmp_path))
    assert not bench.keeper.keeps(configuration(tmp_path, XPARAM="x"))
    copy = (bench.private / "web.good").read_bytes()
    shutil.rmtree(bench.run)
    await look()
    assert bench.log.told() == ["record_renewed"]
    assert (bench.private / "web.good").read_bytes()[:20] == copy[:20]
    await look()
    assert bench.log.told() == []
    await bench.keeper.forget_configuration()
    await look()
    assert "web.good" not in bench.names()
    assert bench.log.told() == []


@pytest.mark.parametrize(
    ("file", "fault"), [("web.record", "record_fault"), ("web.good", "configuration_not_kept")]
)
async def test_a_file_that_could_not_be_written_is_written_later(make, tmp_path, file, fault):
    bench = make()
    bench.keeper.write(bench.content)
    bench.keeper.keep_configuration(configuration(tmp_path))
    await look()
    (bench.private / f"{file}.new").mkdir()
    newer = content(tmp_path, ADVSKEW=9)
    bench.keeper.write(newer)
    bench.keeper.keep_configuration(configuration(tmp_path, ADVSKEW=9))
    await asyncio.sleep(0.1)
    assert [line.split()[0] for line in bench.log.told()] == [fault]
    await look()
    assert [line.split()[0] for line in bench.log.told()] == [fault]
    (bench.private / f"{file}.new").rmdir()
    await look()
    assert bench.log.told() == ["record_renewed"]
    assert read("web", bench.run).content == newer
    kept = json.loads((bench.private / "web.good").read_bytes())["contents"].values()
    assert [b"ADVSKEW=9" in bytes.fromhex(each) for each in kept] == [True]
    await look()
    assert bench.log.told() == []


async def test_what_cannot_be_written_while_files_are_made_again_is_written_later(make, tmp_path):
    bench = await without_directory(make)
    bench.keeper.keep_configuration(configuration(tmp_path))
    await asyncio.sleep(0.1)
    bench.log.told()
    bench.netlink.pause = 1.0
    bench.keeper.files_present(frozenset())
    await asyncio.sleep(1.5)
    newer = content(tmp_path, ADVSKEW=9)
    bench.keeper.write(newer)
    await asyncio.sleep(0.7)
    (bench.private / "web.record.new").mkdir()
    await asyncio.sleep(1.0)
    (bench.private / "web.record.new").rmdir()
    assert [line.split()[0] for line in bench.log.told()] == ["record_fault", "record_renewed"]
    await asyncio.sleep(LOOK_AFTER + 5.0)
    assert read("web", bench.run).content == newer


async def test_a_directory_that_cannot_be_made_is_told_and_tried_again(make):
    bench = await without_directory(make)
    bench.run.write_text("")
    await look()
    # The check cannot read it either: only files known to be missing are made again.
    assert bench.log.told() == []
    bench.keeper._renew()
    await asyncio.sleep(0.1)
    (line,) = bench.log.told()
    assert line.startswith("record_fault [Errno")
    bench.run.unlink()
    await look()
    assert bench.log.told() == ["record_renewed"]


async def test_an_instance_that_another_process_runs_by_now_is_told(make):
    bench = await without_directory(make)
    InstanceLock("web", bench.run, "eth0", 1, bench.run)
    await look()
    (line,) = bench.log.told()
    assert line.startswith("record_fault")
    assert "web is already run by process" in line
    assert read("web", bench.run) is None


async def test_an_end_meanwhile_leaves_nothing(make):
    bench = await without_directory(make)
    bench.netlink.pause = 1.0
    bench.keeper.files_present(frozenset())
    bench.keeper.files_present(frozenset())
    closing = asyncio.ensure_future(bench.keeper.close())
    await asyncio.sleep(0.1)
    assert not closing.done()
    await closing
    assert not bench.names() & {"web.record", "web.live"}
    bench.keeper.files_present(frozenset())
    await asyncio.sleep(0.1)
    assert not bench.names() & {"web.record", "web.live"}


async def test_what_has_not_been_written_yet_is_not_missing(make):
    bench = make()
    shutil.rmtree(bench.run)
    await look()
    assert bench.log.told() == []
    assert not bench.run.exists()


def test_a_record_goes_on_in_new_memory(tmp_path):
    run = tmp_path / "run"
    record = Record("web", run)
    record.write(content(tmp_path))
    record.placed = True
    shutil.rmtree(run)
    made = []
    worker = threading.Thread(target=lambda: made.append(record.make_live()))
    worker.start()
    worker.join()
    record.advertised(3.0)
    record.use_live(*made[0])
    record.write(content(tmp_path))
    found = read("web", run)
    assert (found.placed, found.last) == (True, 3.0)
