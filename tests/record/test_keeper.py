"""How the record of a running instance is kept."""

import asyncio
from pathlib import Path

from fake_kernel import FakeLog, FakeNetlink
from recorded import content

from ucarpd.addresses.arp_settings import ParentArp
from ucarpd.linux.lock import InstanceLock
from ucarpd.linux.run_directory import private_directory
from ucarpd.record.keeper import Keeper
from ucarpd.record.record import read


class Bench:
    def __init__(self, directory):
        self.netlink, self.log = FakeNetlink(), FakeLog()
        arp = ParentArp("eth0", directory)
        self.lock = InstanceLock("web", directory, "eth0", 7, Path("/etc/ucarp/web.conf"))
        self.keeper = Keeper("web", self.netlink, self.log, self.lock, arp)


async def test_it_is_written_beside_the_loop_and_removed_at_the_end(tmp_path, run_directory):
    bench = Bench(run_directory)
    written = content(tmp_path)
    bench.keeper.write(written)
    assert read("web", run_directory) is None, "not before its turn"
    await asyncio.sleep(0.1)
    assert read("web", run_directory).content == written
    await bench.keeper.close()
    assert read("web", run_directory) is None
    assert bench.log.told() == []


async def test_it_stays_while_something_may_still_be_there(tmp_path, run_directory):
    bench = Bench(run_directory)
    bench.keeper.write(content(tmp_path))
    await asyncio.sleep(0.1)
    bench.keeper.record.placed = True
    await bench.keeper.close()
    assert read("web", run_directory).placed


async def test_without_a_run_directory_it_says_so_and_goes_on(tmp_path, run_directory):
    run_directory.touch()
    bench = Bench(run_directory)
    (line,) = bench.log.told()
    assert line.startswith("record_fault")
    bench.keeper.write(content(tmp_path))
    bench.keeper.record.placed = True
    await asyncio.sleep(0.1)
    assert bench.keeper.record.placed
    await bench.keeper.close()
    assert bench.log.told() == []


async def test_one_that_cannot_be_read_is_told(tmp_path, run_directory):
    (private_directory(run_directory) / "web.record").mkdir()
    bench = Bench(run_directory)
    assert bench.log.told()[0].startswith("record_fault")


async def test_one_that_cannot_be_written_is_told(tmp_path, run_directory):
    bench = Bench(run_directory)
    (private_directory(run_directory) / "web.record").mkdir()
    bench.keeper.write(content(tmp_path))
    await asyncio.sleep(0.1)
    (line,) = bench.log.told()
    assert line.startswith("record_fault")
    assert "cannot write" in line


async def test_one_that_cannot_be_removed_is_told(run_directory):
    """As in a run directory that has become read-only: the instance must end nevertheless."""
    bench = Bench(run_directory)
    (private_directory(run_directory) / "web.record").mkdir()
    await bench.keeper.close()
    (line,) = bench.log.told()
    assert line.startswith("record_not_removed")
