"""Addresses that a real kernel takes along with an IPv4 address stay, or are put back as they were."""

import asyncio
import errno
from ipaddress import ip_address

import pytest
from lab import wait_for
from secondaries import OTHER_VIP, VIP, ipv4, ipv6, promote, routes, run_in, setting, without

from ucarpd.linux.netlink import InterfaceAddress
from ucarpd.record.promoted import Promotions

RTM_DELADDR = 21


def test_the_kernel_does_take_them_along(host):
    host.ip("address", "del", "172.16.0.1/16", "dev", "eth0")
    assert ipv4(host) == {}


def test_addresses_stay_as_they_are(host, is_container):
    # For a second or two the kernel looks for duplicates.
    wait_for("the address of IPv6", lambda: "tentative" not in ipv6(host))
    before, before6 = ipv4(host), ipv6(host)

    async def scenario(tables):
        await tables.succeed("remove", "eth0", [VIP])
        # As the kernel has it, without a word of an address that went.
        await tables.hear("172.16.0.1 removed from eth0")
        assert [text for text in tables.news if "removed" in text] == []
        assert tables.netlink.has("eth0", ip_address("172.16.0.11"))

    run_in(host, scenario, is_container)
    assert ipv4(host) == without(before, "172.16.0.1")
    assert ipv6(host) == before6
    assert setting(host) == "0"


ROUTES = [
    "default via 172.16.0.99",
    "default via 172.16.0.98 metric 50",
    "10.1.0.0/16 via 172.16.0.99 src 172.16.0.12 mtu 1400",
    "10.2.0.0/16 dev eth0 table 77",
    "10.3.0.0/16 via 192.0.2.1 dev eth0 onlink",
    "10.4.0.0/16 nexthop via 172.16.0.99 nexthop via 172.16.0.98",
    "local 10.5.0.0/16 dev eth0 table local",
    "10.6.0.0/16 nhid 7 src 172.16.0.12",
]


@pytest.mark.parametrize("is_connected", [True, False], ids=["cable in", "cable out"])
def test_routes_stay_as_they_are(host, is_container, is_connected):
    host.ip("nexthop", "add", "id", "7", "via", "172.16.0.97", "dev", "eth0")
    for route in ROUTES:
        host.ip("route", "add", *route.split())
    host.cable(is_connected)
    if not is_connected:  # The kernel marks the routes a moment later.
        wait_for("the routes without a link", lambda: "linkdown" in routes(host)[0])
    before = [*routes(host, "table", "all"), *routes(host, "table", "77")]

    async def scenario(tables):
        await tables.succeed("remove", "eth0", [VIP])

    run_in(host, scenario, is_container)
    after = [*routes(host, "table", "all"), *routes(host, "table", "77")]
    # The network's own routes had the virtual address as their source.
    own = [line for line in before if "172.16.0.1 " not in f"{line} "]
    assert sorted(set(own) - set(after)) == []
    assert [line for line in after if "172.16.0.1 " in f"{line} "] == []
    assert any(line.startswith("172.16.0.0/16 dev eth0 proto kernel") for line in after)


def test_routes_of_an_interface_without_an_address_of_its_own(a, is_container):
    """With one public address the host's own is elsewhere, and the virtual one is the only one."""
    a.ip("address", "flush", "dev", "eth0")
    a.ip("address", "add", "192.0.2.7/32", "dev", "lo")
    a.ip("route", "add", "172.16.0.99", "dev", "eth0", "scope", "link")
    a.ip("route", "add", "default", "via", "172.16.0.99", "src", "192.0.2.7")
    before = routes(a)
    a.ip("address", "add", "172.16.0.1/16", "dev", "eth0")
    a.ip("route", "add", "10.1.0.0/16", "via", "172.16.0.98")

    async def scenario(tables):
        await tables.succeed("remove", "eth0", [VIP])

    run_in(a, scenario, is_container)
    assert sorted(routes(a)) == sorted(before)


@pytest.mark.parametrize("together", [True, False])
def test_two_virtual_hosts_in_a_network_where_the_host_has_no_address(a, is_container, together):
    a.ip("address", "flush", "dev", "eth0")
    a.ip("address", "add", "10.0.0.11/24", "dev", "eth0")

    async def scenario(tables):
        await tables.succeed("add", "eth0", [VIP, OTHER_VIP], None)
        a.ip("address", "add", "172.16.0.77/16", "dev", "eth0")
        await tables.hear("172.16.0.77 added to eth0")
        # Asked for at one go: the second one is primary only when its turn has come.
        batches = [[VIP, OTHER_VIP]] if together else [[VIP], [OTHER_VIP]]
        outcomes = await asyncio.gather(*(tables.ask("remove", "eth0", batch) for batch in batches))
        assert outcomes == [None] * len(batches)

    run_in(a, scenario, is_container)
    assert set(ipv4(a)) == {"10.0.0.11", "172.16.0.77"}
    assert setting(a) == "0"


def test_two_virtual_hosts_leave_behind_hundreds_of_events(a, is_container):
    """The second one's address is primary, and the event that says so has not come."""
    a.ip("address", "flush", "dev", "eth0")
    for ip in (VIP.ip, OTHER_VIP.ip, "172.16.0.11"):
        a.ip("address", "add", f"{ip}/16", "dev", "eth0")
    storm = "".join(f"ip link add v{n} type veth peer name w{n}\n" for n in range(200))

    async def scenario(tables):
        # All this while the event loop stands still.
        a.run("sh", "-c", storm)
        left = asyncio.get_running_loop().create_future()
        tables.netlink.remove("eth0", [VIP], left.set_result)
        wait_for("the removal", lambda: ipv4(a).keys() == {"172.16.0.2", "172.16.0.11"})
        await left
        await tables.succeed("remove", "eth0", [OTHER_VIP])

    run_in(a, scenario, is_container)
    assert set(ipv4(a)) == {"172.16.0.11"}


def test_one_of_two_virtual_hosts_leaves(a, is_container):
    a.ip("address", "flush", "dev", "eth0")

    async def scenario(tables):
        await tables.succeed("add", "eth0", [VIP], "eth0:one")
        await tables.succeed("add", "eth0", [OTHER_VIP], "eth0:two")
        await tables.hear("172.16.0.2 added to eth0")
        await tables.succeed("remove", "eth0", [VIP])
        await tables.hear("172.16.0.1 removed from eth0")
        assert [text for text in tables.news if "removed" in text] == []
        assert tables.netlink.placed("eth0", OTHER_VIP.ip).label == "eth0:two"

    run_in(a, scenario, is_container)


def test_what_another_process_serves_is_not_put_back(host):
    before = ipv4(host)

    async def scenario(tables):
        await tables.succeed("remove", "eth0", [VIP])
        await tables.hear("172.16.0.12 removed from eth0")

    run_in(host, scenario, is_container=True, elsewhere=lambda: {ip_address("172.16.0.12")})
    assert ipv4(host) == without(before, "172.16.0.1", "172.16.0.12")


def test_what_a_script_takes_off_meanwhile_is_not_put_back(host):
    before = ipv4(host)

    async def scenario(tables):
        ask = tables.netlink._kernel.ask

        def beside_a_script(request):
            if request[4] == RTM_DELADDR:
                host.ip("address", "del", "172.16.0.12/16", "dev", "eth0")
            return ask(request)

        tables.netlink._kernel.ask = beside_a_script
        await tables.succeed("remove", "eth0", [VIP])

    run_in(host, scenario)
    assert ipv4(host) == without(before, "172.16.0.1", "172.16.0.12")


def test_a_setting_of_another_process_keeps_nothing(host, tmp_path):
    """It has another address to remove, and restores the setting when that is gone."""
    before = ipv4(host)
    other = Promotions(tmp_path)
    other.begin("eth0")
    promote(host, 1)

    async def scenario(tables):
        ask = tables.netlink._kernel.ask

        def beside_the_other(request):
            if request[4] != RTM_DELADDR:
                return ask(request)
            promote(host, 0)
            result = ask(request)
            promote(host, 1)
            return result

        tables.netlink._kernel.ask = beside_the_other
        await tables.succeed("remove", "eth0", [VIP])

    run_in(host, scenario, record=Promotions(tmp_path))
    assert ipv4(host) == without(before, "172.16.0.1")
    other.end("eth0")


def test_an_address_that_is_first_after_another_process_has_left(a, two_daemons):
    """The other one's address was the first, and the event of its removal has not been read."""

    async def scenario(tables):
        two_daemons.other_leaves()
        await tables.succeed("remove", "eth0", [OTHER_VIP])

    two_daemons.run(scenario)
    assert set(ipv4(a)) == {"172.16.0.11"}


def test_a_setting_that_the_administrator_has_made_stays(host):
    promote(host, 1)
    before = ipv4(host)

    async def scenario(tables):
        await tables.succeed("remove", "eth0", [VIP])

    run_in(host, scenario)
    assert ipv4(host) == without(before, "172.16.0.1")
    assert setting(host) == "1"


def test_removals_that_endanger_nothing_cost_nothing_more(a, monkeypatch):
    many = [InterfaceAddress(ip_address(f"172.16.1.{n}"), 16) for n in range(1, 255)]

    async def scenario(tables):
        await tables.succeed("add", "eth0", many, None)
        await tables.hear("172.16.1.254 added to eth0")
        kernel = tables.netlink._kernel
        monkeypatch.setattr(kernel, "dump", pytest.fail)
        await asyncio.gather(*(tables.succeed("remove", "eth0", [each]) for each in many))

    run_in(a, scenario)
    assert set(ipv4(a)) == {"172.16.0.11"}


def test_what_cannot_be_put_back_is_told(host, is_container):
    async def scenario(tables):
        ask = tables.netlink._kernel.ask
        tables.netlink._kernel.ask = lambda request: 12 if request[4] == 20 else ask(request)
        error = await tables.ask("remove", "eth0", [VIP])
        if is_container:
            assert error.strerror == "cannot put back 172.16.0.11 on eth0: Cannot allocate memory"
        else:
            assert error is None

    run_in(host, scenario, is_container)


def test_an_address_goes_although_the_tables_cannot_be_read(host):
    before = ipv4(host)

    def dump(*_):
        raise OSError(errno.ENOBUFS, "no buffer")

    async def scenario(tables):
        tables.netlink._kernel.dump = dump
        error = await tables.ask("remove", "eth0", [VIP])
        assert error.strerror == "no buffer"

    run_in(host, scenario)
    assert ipv4(host) == without(before, "172.16.0.1")
    assert setting(host) == "0"


def test_an_interface_that_goes_while_its_routes_are_read(host, is_container):
    async def scenario(tables):
        dump = tables.netlink._kernel.dump

        def without_routes(request):
            if request[4] == 26:
                raise OSError(errno.ENODEV, "gone")
            return dump(request)

        tables.netlink._kernel.dump = without_routes
        await tables.succeed("remove", "eth0", [VIP])

    run_in(host, scenario, is_container)


def test_removal_from_an_interface_that_has_gone(a, is_container):
    """The tables still have it, with a secondary of the address."""
    a.ip("link", "add", "veth1", "type", "veth", "peer", "name", "veth2")
    for n in (1, 2):
        a.ip("address", "add", f"10.0.0.{n}/24", "dev", "veth1")

    async def scenario(tables):
        a.ip("link", "del", "veth1")
        assert tables.netlink.link("veth1")
        gone = InterfaceAddress(ip_address("10.0.0.1"), 24)
        await tables.succeed("remove", "veth1", [gone])
        await tables.hear("veth1 changed")
        assert tables.netlink.where(ip_address("10.0.0.2")) is None

    run_in(a, scenario, is_container)
