"""A script that takes the virtual address off takes no other address along."""

import asyncio
import errno
import resource
from functools import partial
from ipaddress import ip_address

import pytest
from lab import wait_for
from nodes import MASTER, conf, wait_for_address
from secondaries import OTHER_VIP, VIP, ipv4, promote, routes, run_in, setting, without

from ucarpd.linux.netlink import InterfaceAddress
from ucarpd.record.promoted import Promotions


def test_a_script_that_takes_the_virtual_address_off(host, is_container):
    before = ipv4(host)

    async def scenario(tables):
        tables.netlink.guard_secondaries("eth0", [VIP.ip])
        tables.netlink.guard_secondaries("eth0", [VIP.ip])
        await tables.ask("beside", lambda: None)
        assert setting(host) == ("0" if is_container else "1")
        host.ip("address", "del", "172.16.0.1/16", "dev", "eth0")
        await tables.hear("172.16.0.1 removed from eth0")
        # At once, and not only when the script has ended.
        await asyncio.to_thread(wait_for, "the host's own", lambda: host.has("172.16.0.11"))
        await tables.ask("end_guard", "eth0")
        assert setting(host) == ("0" if is_container else "1")
        # On purpose, and not because the virtual address has gone.
        host.ip("address", "del", "172.16.0.12/16", "dev", "eth0")
        await tables.ask("end_guard", "eth0")
        await tables.hear("172.16.0.12 removed from eth0")
        assert [text for text in tables.news if "removed" in text] == []

    run_in(host, scenario, is_container)
    assert setting(host) == "0"
    assert ipv4(host) == without(before, "172.16.0.1", "172.16.0.12")


@pytest.mark.parametrize("value", [0, 1], ids=["at the same moment", "before"])
def test_a_script_while_another_process_changes_the_setting(host, tmp_path, value):
    """It restores the setting before the script takes the address off, and changes it again."""
    before = ipv4(host)
    other = Promotions(tmp_path)
    other.begin("eth0")
    promote(host, value)

    async def scenario(tables):
        tables.netlink.guard_secondaries("eth0", [VIP.ip])
        await tables.ask("beside", lambda: None)
        promote(host, 0)
        host.ip("address", "del", "172.16.0.1/16", "dev", "eth0")
        promote(host, 1)
        await tables.ask("end_guard", "eth0")

    run_in(host, scenario, record=Promotions(tmp_path))
    assert ipv4(host) == without(before, "172.16.0.1")
    assert setting(host) == "1"
    other.end("eth0")


def test_a_script_whose_address_is_first_after_another_process_has_left(a, two_daemons):
    """The other one's address was the first when the script began."""

    async def scenario(tables):
        tables.netlink.guard_secondaries("eth0", [OTHER_VIP.ip])
        await tables.ask("beside", lambda: None)
        two_daemons.other_leaves()
        a.ip("address", "del", "172.16.0.2/16", "dev", "eth0")
        await tables.ask("end_guard", "eth0")

    two_daemons.run(scenario)
    assert set(ipv4(a)) == {"172.16.0.11"}


def test_a_script_that_starts_as_soon_as_the_guard_has_begun(host, is_container):
    before = ipv4(host)

    def script():
        host.ip("address", "del", "172.16.0.1/16", "dev", "eth0")

    async def scenario(tables):
        tables.netlink.guard_secondaries("eth0", [VIP.ip], script)
        await tables.ask("end_guard", "eth0")

    run_in(host, scenario, is_container)
    assert ipv4(host) == without(before, "172.16.0.1")


def test_a_script_starts_although_its_guard_cannot_begin(host):
    begun, errors = [], []

    def dump(*_):
        raise OSError(errno.ENOBUFS, "no buffer")

    async def scenario(tables):
        tables.netlink._kernel.dump = dump
        tables.netlink.guard_secondaries("eth0", [VIP.ip], partial(begun.append, 1), errors.append)
        await tables.ask("beside", lambda: None)
        assert (begun, [each.strerror for each in errors]) == ([1], ["no buffer"])

    run_in(host, scenario)


def test_a_script_of_a_process_that_has_other_addresses_to_remove_first(a):
    """The host's own addresses are behind the virtual ones."""
    a.ip("link", "add", "eth1", "type", "veth", "peer", "name", "eth2")
    a.ip("address", "add", "10.0.0.11/24", "dev", "eth1")
    for interface in ("eth1", "eth2"):
        a.ip("link", "set", interface, "up")
    names = [f"v{n}" for n in range(100, 120)]
    for name in names:
        ip = f"10.0.0.{name[1:]}"
        keys = {"INTERFACE": "eth1", "VHID": name[1:], "ADDR": ip, "MASK": "24"}
        a.write_conf(name, conf("10.0.0.11", **keys))
    for name, change in (("up", "add"), ("down", "del")):
        a.write(f"{name}.sh", f"#!/bin/sh\nip address {change} {VIP.ip}/16 dev eth0\n")
    a.write_conf("z", conf(a.address, UPSCRIPT="/etc/up.sh", DOWNSCRIPT="/etc/down.sh"))
    process = a.ucarpd()
    for name in (*names, "z"):
        process.wait_for_line(f"{name}: {MASTER}")
    wait_for_address(a)
    for interface, own in (("eth1", "10.0.0.11/24"), ("eth0", "172.16.0.11/16")):
        setting = f"net/ipv4/conf/{interface}/promote_secondaries"
        a.sysctl(setting, "1")
        a.ip("address", "del", own, "dev", interface)
        a.sysctl(setting, "0")
        a.ip("address", "add", own, "dev", interface)
    process.stop()
    assert set(ipv4(a)) == {"172.16.0.11"}


def test_a_script_that_leaves_the_virtual_address_and_takes_another(host, is_container):
    before = ipv4(host)

    async def scenario(tables):
        tables.netlink.guard_secondaries("eth0", [VIP.ip])
        await tables.ask("beside", lambda: None)
        host.ip("address", "del", "172.16.0.12/16", "dev", "eth0")
        await tables.ask("end_guard", "eth0")

    run_in(host, scenario, is_container)
    assert ipv4(host) == without(before, "172.16.0.12")


def test_a_script_that_takes_another_address_off_too(host, is_container):
    before = ipv4(host)

    async def scenario(tables):
        tables.netlink.guard_secondaries("eth0", [VIP.ip])
        await tables.ask("beside", lambda: None)
        host.ip("address", "del", "172.16.0.12/16", "dev", "eth0")
        host.ip("address", "del", "172.16.0.1/16", "dev", "eth0")
        await tables.ask("end_guard", "eth0")

    run_in(host, scenario, is_container)
    assert ipv4(host) == without(before, "172.16.0.1", "172.16.0.12")


def test_what_another_process_takes_off_while_a_script_runs_is_not_put_back(host):
    """It ends before the script does, and then nothing names its address any more."""
    before, elsewhere = ipv4(host), {ip_address("172.16.0.12")}

    async def scenario(tables):
        tables.netlink.guard_secondaries("eth0", [VIP.ip])
        await tables.ask("beside", lambda: None)
        host.ip("address", "del", "172.16.0.1/16", "dev", "eth0")
        elsewhere.clear()
        await tables.ask("end_guard", "eth0")

    run_in(host, scenario, is_container=True, elsewhere=lambda: frozenset(elsewhere))
    assert ipv4(host) == without(before, "172.16.0.1", "172.16.0.12")


def test_what_cannot_be_put_back_after_a_script_is_logged(host, caplog):
    async def scenario(tables):
        tables.netlink.guard_secondaries("eth0", [VIP.ip])
        await tables.ask("beside", lambda: None)
        ask = tables.netlink._kernel.ask
        tables.netlink._kernel.ask = lambda request: 12 if request[4] == 20 else ask(request)
        host.ip("address", "del", "172.16.0.1/16", "dev", "eth0")
        tables.netlink.end_guard("eth0")
        await tables.ask("beside", lambda: None)
        # Held back only as long as there was hope.
        await tables.hear("172.16.0.11 removed from eth0")

    run_in(host, scenario, is_container=True)
    assert "cannot put back 172.16.0.11 on eth0: Cannot allocate memory" in caplog.text


def test_a_script_that_begins_when_another_one_has_just_taken_addresses_along(host):
    before = ipv4(host)

    async def scenario(tables):
        tables.netlink.guard_secondaries("eth0", [VIP.ip])
        await tables.ask("beside", lambda: None)
        host.ip("address", "del", "172.16.0.1/16", "dev", "eth0")
        tables.netlink.guard_secondaries("eth0", [OTHER_VIP.ip])
        for _ in range(2):
            await tables.succeed("end_guard", "eth0")

    run_in(host, scenario, is_container=True)
    assert ipv4(host) == without(before, "172.16.0.1")


def test_an_address_that_ucarpd_removes_while_a_script_runs_is_not_put_back(host):
    before, other = ipv4(host), InterfaceAddress(ip_address("172.16.0.12"), 16)

    async def scenario(tables):
        tables.netlink.guard_secondaries("eth0", [VIP.ip])
        await tables.ask("beside", lambda: None)
        host.ip("address", "del", "172.16.0.1/16", "dev", "eth0")
        tables.netlink.remove("eth0", [other], lambda _error: None)
        await tables.succeed("end_guard", "eth0")

    run_in(host, scenario, is_container=True)
    assert ipv4(host) == without(before, "172.16.0.1", "172.16.0.12")


def test_two_scripts_at_a_time_for_different_networks(host, caplog):
    """No route is put back whose source the second one has taken off."""
    host.ip("address", "add", "10.0.0.1/24", "dev", "eth0")

    async def scenario(tables):
        for ip in (VIP.ip, ip_address("10.0.0.1")):
            tables.netlink.guard_secondaries("eth0", [ip])
        await tables.ask("beside", lambda: None)
        for address in ("10.0.0.1/24", "172.16.0.1/16"):
            host.ip("address", "del", address, "dev", "eth0")
        for _ in range(2):
            await tables.succeed("end_guard", "eth0")

    run_in(host, scenario, is_container=True)
    assert ipv4(host).keys() == {"172.16.0.11", "172.16.0.12"}
    assert "cannot put back" not in caplog.text


def test_after_the_script_nothing_is_put_back(host):
    async def scenario(tables):
        tables.netlink.guard_secondaries("eth0", [VIP.ip])
        await tables.succeed("end_guard", "eth0")
        host.ip("address", "del", "172.16.0.1/16", "dev", "eth0")
        await tables.hear("172.16.0.11 removed from eth0")

    run_in(host, scenario, is_container=True)
    assert ipv4(host) == {}


def test_two_scripts_at_a_time_on_one_interface(a, is_container):
    """The second one's address is a secondary of the first one's, until that has gone."""
    a.ip("address", "flush", "dev", "eth0")

    async def scenario(tables):
        await tables.succeed("add", "eth0", [VIP, OTHER_VIP], None)
        a.ip("address", "add", "172.16.0.77/16", "dev", "eth0")
        await tables.hear("172.16.0.77 added to eth0")
        for each in (VIP, OTHER_VIP):
            tables.netlink.guard_secondaries("eth0", [each.ip])
        await tables.ask("beside", lambda: None)
        for ip in ("172.16.0.1", "172.16.0.2"):
            # If it has gone with the other, the kernel says so.
            a.ip("address", "del", f"{ip}/16", "dev", "eth0", check=False)
            await tables.ask("end_guard", "eth0")

    run_in(a, scenario, is_container)
    assert set(ipv4(a)) == {"172.16.0.77"}
    assert setting(a) == "0"


def test_the_kernel_s_route_to_an_address_does_not_outlive_it(a, is_container):
    """With it the host would go on answering for the address."""

    async def scenario(tables):
        for address in ("172.16.0.1/16", "10.0.0.1/24", "10.0.0.2/24"):
            a.ip("address", "add", address, "dev", "eth0")
        await tables.hear("10.0.0.2 added to eth0")
        tables.netlink.guard_secondaries("eth0", [VIP.ip, ip_address("10.0.0.1")])
        await tables.ask("beside", lambda: None)
        for address in ("172.16.0.1/16", "10.0.0.1/24"):
            a.ip("address", "del", address, "dev", "eth0")
        await tables.ask("end_guard", "eth0")

    run_in(a, scenario, is_container)
    assert set(ipv4(a)) == {"172.16.0.11", "10.0.0.2"}
    assert routes(a, "table", "local", "172.16.0.1") == []


def test_a_guard_of_an_interface_that_is_gone_or_goes(a, is_container):
    a.ip("link", "add", "veth1", "type", "veth", "peer", "name", "veth2")
    a.ip("address", "add", "10.0.0.1/24", "dev", "veth1")
    a.ip("address", "add", "10.0.0.2/24", "dev", "veth1")

    async def scenario(tables):
        for interface in ("nowhere", "veth1"):
            tables.netlink.guard_secondaries(
                interface, [ip_address("10.0.0.1")], failed=pytest.fail
            )
        await tables.ask("beside", lambda: None)
        a.ip("link", "del", "veth1")
        for interface in ("nowhere", "veth1"):
            await tables.succeed("end_guard", interface)

    run_in(a, scenario, is_container)


def test_an_interface_that_is_renamed_while_a_script_runs(a):
    """The setting goes back to the interface that had it, whatever has its name by then."""

    async def scenario(tables):
        tables.netlink.guard_secondaries("eth0", [VIP.ip])
        await tables.ask("beside", lambda: None)
        assert setting(a) == "1"
        a.ip("link", "set", "eth0", "down")
        a.ip("link", "set", "eth0", "name", "lan0")
        a.ip("link", "add", "eth0", "type", "bridge")
        a.sysctl("net/ipv4/conf/eth0/promote_secondaries", "1")
        assert await tables.ask("end_guard", "eth0") is None

    run_in(a, scenario)
    assert (setting(a, "lan0"), setting(a)) == ("0", "1")


def test_a_setting_that_cannot_be_restored_is_restored_after_the_next_script(a):
    async def run_a_script(tables):
        tables.netlink.guard_secondaries("eth0", [VIP.ip])
        return await tables.ask("end_guard", "eth0")

    async def scenario(tables):
        tables.netlink.guard_secondaries("eth0", [VIP.ip])
        await tables.ask("beside", lambda: None)
        before = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (3, before[1]))
        try:
            error = await tables.ask("end_guard", "eth0")
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, before)
        assert "Too many open files" in error.strerror
        assert setting(a) == "1"
        assert await run_a_script(tables) is None

    run_in(a, scenario)
    assert setting(a) == "0"
