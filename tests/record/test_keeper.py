"""The record of a running instance: how it is kept, and what an earlier run's one is good for."""

import asyncio
import os
from ipaddress import ip_address
from pathlib import Path

import pytest
from fake_kernel import FakeLog, FakeNetlink
from recorded import MAC, SOURCE, configuration, content
from virtual_loop import in_virtual_time

from ucarpd.addresses.arp_settings import ParentArp
from ucarpd.addresses.routes import SharedRoutes
from ucarpd.carp.frame import parse
from ucarpd.carp.packet import decode
from ucarpd.config.routes import routes
from ucarpd.linux import sysctl
from ucarpd.linux.lock import InstanceLock
from ucarpd.linux.run_directory import private_directory
from ucarpd.record.elsewhere import virtual_addresses_elsewhere
from ucarpd.record.keeper import Keeper, content_of
from ucarpd.record.record import Record, read
from ucarpd.scripts.runner import Hook

VIRTUAL = ip_address("10.0.0.1")


class Bench:
    def __init__(self, directory):
        self.netlink, self.log = FakeNetlink(), FakeLog()
        arp = ParentArp("eth0", directory)
        self.lock = InstanceLock("web", directory, "eth0", 7, Path("/etc/ucarp/web.conf"))
        self.keeper = Keeper("web", self.netlink, self.log, self.lock, arp)
        self.shared = SharedRoutes()

    def take_off_left_over(self, device="eth0"):
        self.keeper.take_off_left_over(device, self.shared)


def leave(tmp_path, directory, *, placed=True, **keys):
    """What an earlier run has left behind."""
    left = content(tmp_path, **keys)
    record = Record("web", directory)
    record.write(left)
    record.placed = placed
    record.close()
    return left


# -- while it runs ---------------------------------------------------------------------------------


@in_virtual_time
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


@in_virtual_time
async def test_what_is_noted_is_in_it(tmp_path, run_directory):
    bench = Bench(run_directory)
    bench.keeper.write(content(tmp_path))
    await asyncio.sleep(0.1)
    assert not bench.keeper.placed
    bench.keeper.placed = True
    bench.keeper.advertised(12.5)
    assert bench.keeper.placed
    found = read("web", run_directory)
    assert (found.placed, found.last) == (True, 12.5)


@in_virtual_time
async def test_it_stays_while_something_may_still_be_there(tmp_path, run_directory):
    bench = Bench(run_directory)
    bench.keeper.write(content(tmp_path))
    await asyncio.sleep(0.1)
    bench.keeper.placed = True
    await bench.keeper.close()
    assert read("web", run_directory).placed


@in_virtual_time
async def test_without_a_run_directory_it_says_so_and_goes_on(tmp_path, run_directory):
    run_directory.touch()
    bench = Bench(run_directory)
    (line,) = bench.log.told()
    assert line.startswith("record_fault")
    bench.keeper.write(content(tmp_path))
    bench.keeper.placed = True
    await asyncio.sleep(0.1)
    assert bench.keeper.placed
    await bench.keeper.close()
    assert bench.log.told() == []


@in_virtual_time
async def test_one_that_cannot_be_read_is_told(tmp_path, run_directory):
    (private_directory(run_directory) / "web.record").mkdir()
    bench = Bench(run_directory)
    assert bench.log.told()[0].startswith("record_fault")


@in_virtual_time
async def test_one_that_cannot_be_written_is_told(tmp_path, run_directory):
    bench = Bench(run_directory)
    (private_directory(run_directory) / "web.record").mkdir()
    bench.keeper.write(content(tmp_path))
    await asyncio.sleep(0.1)
    (line,) = bench.log.told()
    assert line.startswith("record_fault")
    assert "cannot write" in line


# -- what an earlier run has left ------------------------------------------------------------------


@in_virtual_time
async def test_the_addresses_of_an_earlier_run_are_taken_off_once(tmp_path, run_directory):
    leave(tmp_path, run_directory)
    bench = Bench(run_directory)
    bench.netlink.put("eth0", VIRTUAL)
    bench.take_off_left_over()
    await asyncio.sleep(0.1)
    assert bench.log.told() == [f"address_left_over {VIRTUAL}"]
    assert not bench.netlink.has("eth0", VIRTUAL)
    bench.netlink.put("eth0", VIRTUAL)
    bench.take_off_left_over()
    assert bench.netlink.told() == [f"remove {VIRTUAL}"]


@pytest.mark.parametrize("placed", [None, False])
@in_virtual_time
async def test_without_anything_left_nothing_is_done(tmp_path, run_directory, placed):
    if placed is not None:
        leave(tmp_path, run_directory, placed=placed)
    bench = Bench(run_directory)
    bench.netlink.put("eth0", VIRTUAL)
    bench.take_off_left_over()
    assert bench.netlink.told() == []


@in_virtual_time
async def test_an_address_that_stays_is_told(tmp_path, run_directory):
    leave(tmp_path, run_directory)
    bench = Bench(run_directory)
    bench.netlink.put("eth0", VIRTUAL)
    bench.netlink.keeps = {VIRTUAL}
    bench.take_off_left_over()
    await asyncio.sleep(0.1)
    assert [line.split()[0] for line in bench.log.told()] == [
        "address_left_over",
        "address_not_removed",
    ]


@in_virtual_time
async def test_a_route_that_stays_is_told(tmp_path, run_directory):
    leave(tmp_path, run_directory, ROUTES="'192.0.2.0/24 dev eth1'")
    bench = Bench(run_directory)
    bench.netlink.remove_routes = lambda _routes, done: done(OSError(1, "no"))
    bench.take_off_left_over()
    assert bench.log.told() == ["route_not_removed [Errno 1] no"]


@in_virtual_time
async def test_a_route_that_another_virtual_host_has_by_now_stays(tmp_path, run_directory):
    ours, both = "198.51.100.0/24 dev eth1", "192.0.2.0/24 dev eth1"
    leave(tmp_path, run_directory, ROUTES=f"'{ours}; {both}'")
    bench = Bench(run_directory)
    bench.shared.claim(routes(both), object())
    bench.take_off_left_over()
    assert bench.netlink.told() == [f"remove routes {ours}"]


@pytest.mark.parametrize("device", ["eth0", "eth0-v7"])
@in_virtual_time
async def test_a_virtual_mac_device_that_is_used_no_longer_is_removed(
    tmp_path, run_directory, monkeypatch, device
):
    monkeypatch.setattr(sysctl, "ROOT", tmp_path / "net")
    leave(tmp_path, run_directory, VMAC="yes")
    bench = Bench(run_directory)
    bench.take_off_left_over(device)
    await asyncio.sleep(0.1)
    assert bench.netlink.told() == (["remove eth0-v7"] if device == "eth0" else [])
    assert bench.log.told() == []


# -- other processes -------------------------------------------------------------------------------


def test_our_own_addresses_are_not_served_elsewhere(tmp_path, run_directory):
    leave(tmp_path, run_directory)
    assert virtual_addresses_elsewhere() == frozenset()


def test_the_addresses_of_another_process_are(tmp_path, run_directory, monkeypatch):
    with monkeypatch.context() as parent:
        parent.setattr(os, "getpid", os.getppid)
        leave(tmp_path, run_directory)
    assert virtual_addresses_elsewhere() == {VIRTUAL}


def test_records_that_cannot_be_read_name_no_address(run_directory):
    run_directory.mkdir()
    (run_directory / "private").symlink_to("private")
    assert virtual_addresses_elsewhere() == frozenset()


# -- its content -----------------------------------------------------------------------------------


def test_it_has_all_that_it_takes_to_clear_up_and_to_bow_out(tmp_path):
    config = configuration(tmp_path, EXTRA_ADDRS="10.0.0.2/24", ADVBASE=2)
    down = Hook("down", Path("/down.sh"), ("eth0", "10.0.0.1"), {"UCARP_VHID": "7"}, 30.0)
    said = content_of(config, [SOURCE], MAC, 1, down)
    assert [each.ip for each in said.addresses] == ["10.0.0.1", "10.0.0.2"]
    assert said.interval == 2
    assert said.down_script.path == "/down.sh"
    assert said.down_script.arguments == ["eth0", "10.0.0.1"]
    for (packet,) in said.bow_outs:
        assert packet.destination is None
        assert decode(parse(packet.data).payload).advbase == 255


@pytest.mark.parametrize("down", [None, Hook("down", None, (), {}, 0.0)])
def test_there_may_be_no_down_script(tmp_path, down):
    assert content(tmp_path, down=down).down_script is None


def test_each_source_and_each_peer_has_a_packet(tmp_path):
    config = configuration(tmp_path, PEERS="10.0.0.12 10.0.0.13")
    said = content_of(config, [SOURCE], MAC, 1, None)
    assert [each.destination for each in said.bow_outs[0]] == ["10.0.0.12", "10.0.0.13"]
