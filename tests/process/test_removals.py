"""Addresses that another program removes from a master: counted, explained, and given up in the end."""

import asyncio
from ipaddress import ip_address
from types import SimpleNamespace

import pytest
from instance_bench import SOURCE
from recorded import leave_of_another_process
from storyteller import Storyteller

from ucarpd.linux import link_managers, sysctl
from ucarpd.linux.link_managers import LinkManager, Program
from ucarpd.process.removals import TOO_OFTEN, WITHIN, Removals


def config_of(*ips):
    served = [SimpleNamespace(ip=ip) for ip in ips]
    return SimpleNamespace(address_device="eth0", interface="eth0", vhid=1, served=served)


WORDS = {
    "address_taken_away": "taken away",
    "event": "{1}",
    "removals_forgotten": "forgotten",
    "removed_too_often": "too often",
}


class Bench(Storyteller):
    """It is the network, the files, the old ucarps, the log, the teller and the fitness of the removals."""

    def __init__(self):
        super().__init__(WORDS)
        self.works = []
        self.is_beside = False
        self.removals = Removals(config_of(SOURCE), self, self, self, self, self, self)

    def link(self, name):
        return SimpleNamespace(index=2)

    def do(self, look, done, _failed, _hangs):
        self.works.append((look, done))

    async def look(self):
        await asyncio.sleep(0)
        look, done = self.works.pop()
        done(look())

    def beside(self, our):
        return [f"an old ucarp for vhid {our.vhid}"] if self.is_beside else []

    def ipv6_gone(self, *, is_off):
        return "IPv6 is off" if is_off else "its MTU is too small"

    def removers(self, daemons, found):
        return ", ".join([*daemons, *(each.program.value for each in found)])


@pytest.fixture(autouse=True)
def managers(monkeypatch):
    found = [LinkManager(Program.NETWORKD, "/etc/systemd/network/lan.network")]
    monkeypatch.setattr(link_managers, "find", lambda _interface, index: found * (index == 2))
    return found


@pytest.mark.parametrize(
    ("cause", "text"),
    [("has_ipv6_off", "IPv6 is off"), ("lacks_ipv6", "its MTU is too small")],
)
async def test_an_interface_without_ipv6_is_no_other_program(monkeypatch, cause, text):
    bench = Bench()
    monkeypatch.setattr(sysctl, "has_ipv6_off", lambda _interface: False)
    monkeypatch.setattr(sysctl, cause, lambda interface: interface == "eth0")
    for address in ("2001:db8::10", "2001:db8::11"):
        bench.removals.note(ip_address(address))
    await asyncio.sleep(0)
    assert bench.works == []
    assert bench.told() == [f"an address was removed: {text}"]
    [lasting] = bench.removals.lasting()
    assert lasting.text.endswith(f": {text}")
    bench.removals.note(SOURCE)
    assert bench.told() == ["taken away"]
    await bench.look()
    assert bench.told() == ["an address was removed: systemd-networkd"]
    monkeypatch.setattr(sysctl, cause, lambda _interface: False)
    bench.removals.note(ip_address("2001:db8::10"))
    assert bench.told() == ["taken away"]


async def test_that_ipv6_is_gone_is_told_although_an_address_was_removed_before(monkeypatch):
    bench = Bench()
    bench.removals.note(SOURCE)
    await bench.look()
    monkeypatch.setattr(sysctl, "has_ipv6_off", lambda _interface: True)
    for address in ("2001:db8::10", "2001:db8::11"):
        bench.removals.note(ip_address(address))
    assert bench.told()[2:] == ["an address was removed: IPv6 is off"]


async def test_who_may_have_done_it_is_told_once_in_a_term():
    bench = Bench()
    assert list(bench.removals.lasting()) == []
    bench.removals.note(SOURCE)
    (lasting,) = bench.removals.lasting()
    assert lasting.text == "another program has removed addresses (1)"
    since = lasting.since
    await bench.look()
    await asyncio.sleep(5)
    bench.removals.note(SOURCE)
    assert bench.told() == ["taken away", "an address was removed: systemd-networkd", "taken away"]
    assert bench.works == []
    (lasting,) = bench.removals.lasting()
    assert (lasting.finding, lasting.since) == ("address_removed", since)
    assert lasting.text == "another program has removed addresses (2): systemd-networkd"
    bench.removals.forget()
    assert bench.told() == ["forgotten"]
    assert list(bench.removals.lasting()) == []
    bench.removals.note(SOURCE)
    (lasting,) = bench.removals.lasting()
    assert lasting.text == "another program has removed addresses (1)"
    # The address is put back first.
    assert bench.works == []
    await asyncio.sleep(0)
    assert len(bench.works) == 1
    assert bench.removals.total == 3


async def test_an_interface_that_is_gone_has_no_manager():
    bench = Bench()
    bench.link = lambda _name: None
    bench.removals.note(SOURCE)
    await bench.look()
    assert bench.told() == ["taken away", "an address was removed: "]


async def test_another_process_with_the_same_address_may_have_done_it(
    tmp_path, run_directory, monkeypatch
):
    left = leave_of_another_process(monkeypatch, tmp_path, run_directory, ADDR=SOURCE)
    bench = Bench()
    bench.removals.note(SOURCE)
    await bench.look()
    text = f"{left.path}, which another process runs or has run, also has {SOURCE}: keep it in one file"
    assert bench.told() == ["taken away", f"an address was removed: {text}, systemd-networkd"]


async def test_a_reload_changes_the_addresses_that_are_looked_for(
    tmp_path, run_directory, monkeypatch
):
    left = leave_of_another_process(monkeypatch, tmp_path, run_directory, ADDR="10.0.0.77")
    bench = Bench()
    bench.removals.reconfigure(config_of(SOURCE, ip_address("10.0.0.77")))
    bench.removals.note(SOURCE)
    await bench.look()
    assert f"{left.path}, which" in bench.told()[1]


async def test_an_old_ucarp_may_have_done_it():
    bench = Bench()
    bench.is_beside = True
    bench.removals.note(SOURCE)
    await bench.look()
    text = "an address was removed: an old ucarp for vhid 1, systemd-networkd"
    assert bench.told() == ["taken away", text]


async def test_an_answer_that_comes_after_the_term_is_dropped():
    bench = Bench()
    bench.removals.note(SOURCE)
    bench.removals.forget()
    await bench.look()
    assert bench.told() == ["taken away", "forgotten"]


async def test_too_often_counts_moments_not_addresses():
    bench = Bench()
    for _ in range(TOO_OFTEN - 1):
        for _ in range(3):
            bench.removals.note(SOURCE)
        await asyncio.sleep(1)
    assert "too often" not in bench.told()
    bench.removals.note(SOURCE)
    assert bench.told()[-1] == "too often"
    await asyncio.sleep(1)
    bench.removals.note(SOURCE)
    assert "too often" not in bench.told(), "one more does not make it worse at once"


async def test_seldom_is_not_too_often():
    bench = Bench()
    for _ in range(3 * TOO_OFTEN):
        bench.removals.note(SOURCE)
        await asyncio.sleep(WITHIN / (TOO_OFTEN - 1) + 1)
    assert "too often" not in bench.told()
    for _ in range(TOO_OFTEN):
        bench.removals.note(SOURCE)
        await asyncio.sleep(1)
    assert "too often" in bench.told()
