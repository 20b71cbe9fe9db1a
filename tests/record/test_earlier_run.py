"""What an earlier run of an instance has left, and how it is removed."""

import asyncio
from ipaddress import ip_address

import pytest
from fake_kernel import FakeLog, FakeNetlink
from recorded import leave, leave_of_another_process

from ucarpd.addresses.routes import SharedRoutes
from ucarpd.config.routes import routes
from ucarpd.linux import sysctl
from ucarpd.linux.namespace import network_namespace
from ucarpd.linux.run_directory import private_path
from ucarpd.record.earlier_run import EarlierRun

VIRTUAL = ip_address("10.0.0.1")


class Bench:
    def __init__(self, directory):
        self.netlink, self.log = FakeNetlink(), FakeLog()
        self.shared = SharedRoutes()
        self._earlier_run = EarlierRun("web", directory, self.netlink, self.log)

    def take_off(self, device="eth0", in_use=None):
        self._earlier_run.take_off(device, self.shared, {"eth0": in_use, "eth0-v7": in_use}.get)


async def test_the_addresses_of_an_earlier_run_are_taken_off_once(tmp_path, run_directory):
    leave(tmp_path, run_directory)
    bench = Bench(run_directory)
    bench.netlink.put("eth0", VIRTUAL)
    bench.take_off()
    await asyncio.sleep(0.1)
    assert bench.log.told() == [f"address_left_over {VIRTUAL} eth0"]
    assert not bench.netlink.has("eth0", VIRTUAL)
    bench.netlink.put("eth0", VIRTUAL)
    bench.take_off()
    assert bench.netlink.told() == [f"remove {VIRTUAL}"]


async def test_an_address_that_another_process_serves_by_now_stays(tmp_path, run_directory):
    leave(tmp_path, run_directory)
    bench = Bench(run_directory)
    bench.netlink.put("eth0", VIRTUAL)
    bench.netlink.others = {VIRTUAL: 123}
    bench.take_off()
    await asyncio.sleep(0.1)
    (line,) = bench.log.told()
    assert line.endswith(
        f"{VIRTUAL} is also served by process 123: if two files have it, keep it in one"
    )
    assert bench.netlink.has("eth0", VIRTUAL)


@pytest.mark.parametrize("placed", [None, False])
async def test_without_anything_left_nothing_is_done(tmp_path, run_directory, placed):
    if placed is not None:
        leave(tmp_path, run_directory, placed=placed)
    bench = Bench(run_directory)
    bench.netlink.put("eth0", VIRTUAL)
    bench.take_off()
    assert bench.netlink.told() == []


async def test_an_address_that_stays_is_told(tmp_path, run_directory):
    leave(tmp_path, run_directory)
    bench = Bench(run_directory)
    bench.netlink.put("eth0", VIRTUAL)
    bench.netlink.keeps = {VIRTUAL}
    bench.take_off()
    await asyncio.sleep(0.1)
    assert [line.split()[0] for line in bench.log.told()] == [
        "address_left_over",
        "address_not_removed",
    ]


async def test_a_route_that_stays_is_told(tmp_path, run_directory):
    leave(tmp_path, run_directory, ROUTES="'192.0.2.0/24 dev eth1'")
    bench = Bench(run_directory)
    bench.netlink.remove_routes = lambda _routes, done: done(OSError(1, "no"))
    bench.take_off()
    assert bench.log.told() == ["route_not_removed [Errno 1] no"]


async def test_a_route_that_another_virtual_host_has_by_now_stays(tmp_path, run_directory):
    ours, both = "198.51.100.0/24 dev eth1", "192.0.2.0/24 dev eth1"
    leave(tmp_path, run_directory, ROUTES=f"'{ours}; {both}'")
    bench = Bench(run_directory)
    bench.shared.claim(routes(both), object())
    bench.take_off()
    assert bench.netlink.told() == [f"remove routes {ours}"]


async def test_an_interface_that_is_used_no_longer_stays(tmp_path, run_directory):
    leave(tmp_path, run_directory)
    bench = Bench(run_directory)
    bench.netlink.put("eth0", VIRTUAL)
    bench.take_off("eth1")
    assert bench.netlink.told() == [f"remove {VIRTUAL}"]


async def test_an_interface_without_a_virtual_mac_device_has_its_settings_back(
    tmp_path, run_directory, monkeypatch
):
    leave(tmp_path, run_directory, VMAC="yes")
    (private_path(run_directory) / f"{network_namespace()}-eth0.arp").write_text("arp_ignore=0\n")
    monkeypatch.setattr(sysctl, "ROOT", tmp_path / "net")
    setting = tmp_path / "net/ipv4/conf/eth0/arp_ignore"
    setting.parent.mkdir(parents=True)
    setting.write_text("1\n")
    Bench(run_directory).take_off("eth0")
    await asyncio.sleep(0.1)
    assert setting.read_text().strip() == "0"


@pytest.mark.parametrize("device", ["eth0", "eth0-v7"])
@pytest.mark.parametrize("placed", [True, False])
async def test_a_virtual_mac_device_that_is_used_no_longer_is_removed(
    tmp_path, run_directory, monkeypatch, device, placed
):
    monkeypatch.setattr(sysctl, "ROOT", tmp_path / "net")
    leave(tmp_path, run_directory, placed=placed, VMAC="yes")
    bench = Bench(run_directory)
    bench.take_off(device)
    await asyncio.sleep(0.1)
    assert bench.netlink.told() == (["remove eth0-v7"] if device == "eth0" else [])
    assert bench.log.told() == []


async def test_an_address_that_another_virtual_host_serves_by_now_stays(tmp_path, run_directory):
    leave(tmp_path, run_directory, EXTRA_ADDRS="10.0.0.2")
    bench = Bench(run_directory)
    bench.netlink.put("eth0", VIRTUAL)
    bench.take_off(in_use={VIRTUAL})
    assert bench.netlink.told() == []


async def test_a_device_that_another_virtual_host_has_by_now_stays(tmp_path, run_directory):
    leave(tmp_path, run_directory, VMAC="yes", EXTRA_ADDRS="10.0.0.2")
    bench = Bench(run_directory)
    bench.netlink.put("eth0-v7", VIRTUAL)
    bench.netlink.put("eth0-v7", ip_address("10.0.0.2"))
    bench.take_off(in_use={VIRTUAL})
    assert bench.netlink.told() == ["remove 10.0.0.2"]
    await asyncio.sleep(0.1)
    assert bench.log.told() == ["address_left_over 10.0.0.2 eth0-v7"]


async def test_a_device_that_another_process_has_by_now_stays(tmp_path, run_directory, monkeypatch):
    monkeypatch.setattr(sysctl, "ROOT", tmp_path / "net")
    mine = private_path(run_directory) / "web.record"
    leave_of_another_process(monkeypatch, tmp_path, run_directory, VMAC="yes")
    mine.rename(mine.with_name("mail.record"))
    leave(tmp_path, run_directory, placed=False, VMAC="yes")
    bench = Bench(run_directory)
    bench.take_off()
    await asyncio.sleep(0.1)
    assert (bench.netlink.told(), bench.log.told()) == ([], [])
