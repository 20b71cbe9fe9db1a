"""An instance whose files were removed."""

import asyncio
import json
import os
import shutil
import threading

import pytest
import virtual_loop
from fake_kernel import FakeLog
from recorded import configuration, content

from ucarpd.addresses.arp_settings import ParentArp
from ucarpd.linux.lock import InstanceLock
from ucarpd.process.upkeep import LOOK_AFTER, Upkeep
from ucarpd.record.keeper import Keeper
from ucarpd.record.record import Record, read

ALL = {"web.record", "web.live", "web.lock"}


class Netlink:
    """A kernel that carries out requests in the loop's next turn, or when the test lets it."""

    def __init__(self):
        self._loop = asyncio.get_running_loop()
        self.held = None
        self.count = 0

    def beside(self, function, done):
        self.count += 1
        if self.held is not None:
            self.held.append((function, done))
        else:
            self._loop.call_soon(self.carry_out, function, done)

    def attempt(self, function, failed):
        self.beside(function, lambda error: failed(error) if error else None)

    def carry_out(self, function, done):
        error = None
        try:
            function()
        except OSError as refused:
            error = refused
        done(error)

    def let_go(self):
        held, self.held = self.held, None
        for each in held:
            self.carry_out(*each)


class Bench:
    def __init__(self, tmp_path, run):
        self.run = run
        self.private = run / "private"
        self.netlink = Netlink()
        self.log = FakeLog()
        self.lock = InstanceLock("web", run, "eth0", 1, tmp_path / "web.conf")
        arp = ParentArp("eth0", run)
        self.keeper = Keeper("web", self.netlink, self.log, self.lock, arp)
        self.upkeep = Upkeep(self.netlink, lambda: [self.keeper], lambda: None)
        self.content = content(tmp_path)

    def names(self):
        return {file.name for file in self.private.iterdir()} if self.private.exists() else set()


@pytest.fixture
def scenario(tmp_path, monkeypatch):
    run = tmp_path / "run"
    monkeypatch.setenv("RUNTIME_DIRECTORY", str(run))

    def play(test):
        async def main():
            await test(Bench(tmp_path, run))

        virtual_loop.run(main())

    return play


async def look():
    await asyncio.sleep(LOOK_AFTER + 0.1)


def test_a_directory_that_has_been_removed_is_made_again(scenario):
    async def test(bench):
        bench.keeper.write(bench.content)
        bench.keeper.placed = True
        bench.keeper.advertised(1.0)
        await look()
        assert bench.log.told() == []
        shutil.rmtree(bench.run)
        await look()
        assert bench.names() >= ALL
        assert bench.log.told() == ["record_renewed"]
        found = read("web", bench.run)
        assert (found.content, found.pid) == (bench.content, os.getpid())
        assert (found.placed, found.last) == (True, 1.0)
        bench.keeper.advertised(2.0)
        assert read("web", bench.run).last == 2.0
        await look()
        assert bench.log.told() == []
        bench.upkeep.stop()
        before = bench.netlink.count
        await look()
        assert bench.netlink.count == before

    scenario(test)


def test_it_is_made_again_as_soon_as_a_record_cannot_be_written(scenario):
    async def test(bench):
        bench.keeper.write(bench.content)
        await asyncio.sleep(0)
        shutil.rmtree(bench.run)
        bench.keeper.write(bench.content)
        await asyncio.sleep(0.1)
        assert bench.names() >= ALL
        assert bench.log.told() == ["record_renewed"]

    scenario(test)


def test_one_file_that_has_been_removed_is_made_again(scenario):
    async def test(bench):
        bench.keeper.write(bench.content)
        await asyncio.sleep(0)
        for name in sorted(ALL):
            (bench.private / name).unlink()
            await look()
            assert bench.names() >= ALL
            assert bench.log.told() == ["record_renewed"]

    scenario(test)


def test_the_copy_of_the_configuration_is_made_again(scenario, tmp_path):
    async def test(bench):
        bench.keeper.write(bench.content)
        bench.keeper.keep_configuration(configuration(tmp_path))
        await look()
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

    scenario(test)


@pytest.mark.parametrize(
    ("file", "fault"), [("web.record", "record_fault"), ("web.good", "configuration_not_kept")]
)
def test_a_file_that_could_not_be_written_is_written_later(scenario, tmp_path, file, fault):
    async def test(bench):
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

    scenario(test)


def test_a_directory_that_cannot_be_made_is_told_and_tried_again(scenario):
    async def test(bench):
        bench.keeper.write(bench.content)
        await asyncio.sleep(0)
        shutil.rmtree(bench.run)
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

    scenario(test)


def test_an_instance_that_another_process_runs_by_now_is_told(scenario):
    async def test(bench):
        bench.keeper.write(bench.content)
        await asyncio.sleep(0)
        shutil.rmtree(bench.run)
        InstanceLock("web", bench.run, "eth0", 1, bench.run)
        await look()
        (line,) = bench.log.told()
        assert line.startswith("record_fault")
        assert "web is already run by process" in line
        assert read("web", bench.run) is None

    scenario(test)


def test_an_end_meanwhile_leaves_nothing(scenario):
    async def test(bench):
        bench.keeper.write(bench.content)
        await asyncio.sleep(0)
        shutil.rmtree(bench.run)
        bench.netlink.held = []
        bench.keeper.files_present(frozenset())
        bench.keeper.files_present(frozenset())
        closing = asyncio.ensure_future(bench.keeper.close())
        await asyncio.sleep(0.1)
        assert not closing.done()
        bench.netlink.let_go()
        await closing
        assert not bench.names() & {"web.record", "web.live"}
        bench.keeper.files_present(frozenset())
        await asyncio.sleep(0.1)
        assert not bench.names() & {"web.record", "web.live"}

    scenario(test)


def test_what_has_not_been_written_yet_is_not_missing(scenario):
    async def test(bench):
        shutil.rmtree(bench.run)
        await look()
        assert bench.log.told() == []
        assert not bench.run.exists()

    scenario(test)


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
