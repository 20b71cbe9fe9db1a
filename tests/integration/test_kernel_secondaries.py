"""What a real kernel takes along with an IPv4 address stays, or is put back just as it was."""

import asyncio
import ctypes
import errno
import json
import os
from concurrent.futures import ThreadPoolExecutor
from ipaddress import ip_address

import pytest
from kernel_tables import opened_tables
from lab import inside, wait_for

from ucarpd.linux.netlink import InterfaceAddress

VIP = InterfaceAddress(ip_address("172.16.0.1"), 16)
OTHER_VIP = InterfaceAddress(ip_address("172.16.0.2"), 16)
SETTING = "/proc/sys/net/ipv4/conf/eth0/promote_secondaries"
CLONE_FS, CLONE_NEWNS = 0x200, 0x20000
MS_RDONLY, MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE = 1, 32, 4096, 16384, 1 << 18


@pytest.fixture(params=["settings can be changed", "settings are read-only"])
def is_container(request):
    """Whether /proc/sys cannot be written, so that the kernel cannot be kept from it."""
    return request.param == "settings are read-only"


@pytest.fixture
def host(a):
    """Its own address is a secondary of what is to be the virtual one, as after a migration."""
    a.ip("address", "flush", "dev", "eth0")
    common = ("scope", "site", "dev", "eth0")
    a.ip("address", "add", "172.16.0.1/16", *common)
    broadcast = ("broadcast", "172.16.255.255", "label", "eth0:own", "metric", "7")
    a.ip("address", "add", "172.16.0.11/16", *broadcast, *common)
    lifetimes = ("valid_lft", "3600", "preferred_lft", "1800")
    a.ip("address", "add", "172.16.0.12/16", *lifetimes, *common)
    a.run("sysctl", "-qw", "net.ipv6.conf.eth0.disable_ipv6=0")
    a.ip("address", "add", "fd00::11/64", "dev", "eth0", "nodad")
    return a


def run_in(host, scenario, is_container=False, elsewhere=frozenset):
    """Run a coroutine function on open tables in the network of the host."""

    async def run():
        async with opened_tables(elsewhere) as tables:
            await scenario(tables)

    def enter_and_run():
        with inside(host.namespace):
            if is_container:
                make_settings_read_only()
            asyncio.run(run())

    # In a thread of its own, which ends with what has become of its mounts.
    with ThreadPoolExecutor(1) as executor:
        executor.submit(enter_and_run).result()


def make_settings_read_only():
    """As in a container, for this thread and those that it starts."""
    libc = ctypes.CDLL(None, use_errno=True)
    for call, *arguments in (
        (libc.unshare, CLONE_FS | CLONE_NEWNS),
        (libc.mount, b"none", b"/", None, MS_REC | MS_PRIVATE, None),
        (libc.mount, b"/proc/sys", b"/proc/sys", None, MS_BIND, None),
        (libc.mount, None, b"/proc/sys", None, MS_REMOUNT | MS_BIND | MS_RDONLY, None),
    ):
        if call(*arguments):
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def ipv4(host):
    """Address to all that `ip` says of it, but for what a secondary loses when it is promoted."""
    links = json.loads(host.ip("-json", "-4", "address", "show", "dev", "eth0").stdout)
    found = {info.pop("local"): info for link in links for info in link["addr_info"]}
    for info in found.values():
        info.pop("secondary", None)
        for name in ("valid_life_time", "preferred_life_time"):
            # In seconds; one or two may have gone by.
            info[name] = round(info[name], -2)
    return found


def ipv6(host):
    return host.ip("-6", "address", "show", "dev", "eth0").stdout


def routes(host, *selection):
    return host.ip("-4", "route", "show", *selection).stdout.splitlines()


def setting(host):
    return host.run("cat", SETTING).stdout.strip()


def without(table, *ips):
    return {ip: info for ip, info in table.items() if ip not in ips}


def test_the_kernel_does_take_them_along(host):
    host.ip("address", "del", "172.16.0.1/16", "dev", "eth0")
    assert ipv4(host) == {}


def test_addresses_stay_as_they_are(host, is_container):
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


def test_a_setting_that_the_administrator_has_made_stays(host):
    host.run("sysctl", "-qw", "net.ipv4.conf.eth0.promote_secondaries=1")
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


# -- scripts ----------------------------------------------------------------------------------------------


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
            # Where it has gone with the other, the kernel says so.
            a.ip("address", "del", f"{ip}/16", "dev", "eth0", check=False)
            await tables.ask("end_guard", "eth0")

    run_in(a, scenario, is_container)
    assert set(ipv4(a)) == {"172.16.0.77"}
    assert setting(a) == "0"


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


def test_a_guard_of_an_interface_that_is_gone_or_goes(a, is_container):
    a.ip("link", "add", "veth1", "type", "veth", "peer", "name", "veth2")
    a.ip("address", "add", "10.0.0.1/24", "dev", "veth1")
    a.ip("address", "add", "10.0.0.2/24", "dev", "veth1")

    async def scenario(tables):
        for interface in ("nowhere", "veth1"):
            tables.netlink.guard_secondaries(interface, [ip_address("10.0.0.1")], pytest.fail)
        await tables.ask("beside", lambda: None)
        a.ip("link", "del", "veth1")
        for interface in ("nowhere", "veth1"):
            await tables.succeed("end_guard", interface)

    run_in(a, scenario, is_container)


# -- the host's own source --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("own", "prefixlen", "destination"),
    [
        ("172.16.0.11/16", 24, "172.16.0.99"),
        ("172.16.0.11/16", 16, "172.16.0.99"),
        ("172.16.0.11/16", 32, "172.16.0.99"),
        ("172.16.0.11/24", 26, "172.16.0.33"),
    ],
)
def test_a_virtual_address_is_not_the_hosts_source(a, own, prefixlen, destination):
    a.ip("address", "flush", "dev", "eth0")
    a.ip("address", "add", own, "dev", "eth0")

    async def scenario(tables):
        await tables.succeed("add", "eth0", [InterfaceAddress(VIP.ip, prefixlen)], None)

    run_in(a, scenario)
    assert " src 172.16.0.11 " in a.ip("route", "get", destination).stdout
    flags = ipv4(a)["172.16.0.1"].get("noprefixroute", False)
    # Where it makes no difference the address is added as ever.
    assert flags == (prefixlen in (24, 26))


def test_a_virtual_address_that_is_the_first_of_its_network_has_a_route(a):
    """Another virtual address, of a wider network, is none of the host's own."""
    a.ip("address", "flush", "dev", "eth0")
    wide, narrow = InterfaceAddress(VIP.ip, 16), InterfaceAddress(OTHER_VIP.ip, 24)

    async def scenario(tables):
        await tables.succeed("add", "eth0", [wide], None)
        await tables.hear("172.16.0.1 added to eth0")
        done = asyncio.get_running_loop().create_future()
        tables.netlink.add("eth0", [narrow], None, done.set_result, virtual={wide.ip})
        assert await done == {}

    run_in(a, scenario)
    assert routes(a) == [
        "172.16.0.0/24 dev eth0 proto kernel scope link src 172.16.0.2 ",
        "172.16.0.0/16 dev eth0 proto kernel scope link src 172.16.0.1 ",
    ]
