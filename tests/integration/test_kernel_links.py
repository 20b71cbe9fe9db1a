"""Links and addresses of a real kernel: its reports, and its reactions to requests."""

import asyncio
import contextlib
import errno
import json
import resource
import socket
from ipaddress import ip_address, ip_network

import pytest
from kernel_tables import run_in
from lab import inside, wait_for

from ucarpd.config.routes import Route
from ucarpd.linux import threads
from ucarpd.linux.netlink import InterfaceAddress
from ucarpd.linux.netlink.address_requests import AddressRequests
from ucarpd.linux.netlink_framing import NLM_F_DUMP, request
from ucarpd.linux.netlink_socket import RequestSocket, consistent

RTMGRP_IPV6_IFADDR = 0x100
RTM_GETLINK = 18

VIP6 = InterfaceAddress(ip_address("fd00::100"), 128)
VIP4 = InterfaceAddress(ip_address("172.16.0.1"), 32)


def enable_ipv6(host):
    host.run("sysctl", "-qw", "net.ipv6.conf.eth0.disable_ipv6=0")


def addresses(host, interface):
    """What `ip address` says: address to (prefix length, names of the flags that are set).

    An address that expires is not expected.
    """
    ((link),) = json.loads(host.ip("-json", "address", "show", "dev", interface).stdout)
    assert {info["valid_life_time"] for info in link["addr_info"]} == {0xFFFFFFFF}
    return {
        info["local"]: (info["prefixlen"], {name for name, value in info.items() if value is True})
        for info in link["addr_info"]
    }


# -- addresses -------------------------------------------------------------------------------------


def test_both_families_are_read_and_followed(a):
    enable_ipv6(a)
    a.ip("address", "add", "fd00::1/64", "dev", "eth0", "nodad")

    async def scenario(tables):
        own4 = InterfaceAddress(ip_address("172.16.0.11"), 16)
        own6 = InterfaceAddress(ip_address("fd00::1"), 64)
        assert {own4, own6} <= set(tables.netlink.addresses("eth0"))
        a.ip("address", "add", "fd00::2/64", "dev", "eth0", "nodad")
        await tables.hear("fd00::2 added to eth0")
        a.ip("address", "del", "fd00::2/64", "dev", "eth0")
        await tables.hear("fd00::2 removed from eth0")

    run_in(a, scenario)


def test_a_duplicate_never_counts_and_a_tentative_one_only_when_it_has_passed(a, b):
    for host in (a, b):
        enable_ipv6(host)
    b.ip("address", "add", "fd00::bad/64", "dev", "eth0", "nodad")

    async def scenario(tables):
        a.ip("address", "add", "fd00::bad/64", "dev", "eth0")
        a.ip("address", "add", "fd00::900d/64", "dev", "eth0")
        assert not any("fd00::" in text for text in tables.news)
        await tables.hear("fd00::900d added to eth0")
        # Detection has run its course for both.
        while "dadfailed" not in addresses(a, "eth0")["fd00::bad"][1]:
            await asyncio.sleep(0.05)
        tables.netlink.catch_up()
        assert "fd00::bad added to eth0" not in tables.news
        assert ip_address("fd00::bad") not in {x.ip for x in tables.netlink.addresses("eth0")}

    run_in(a, scenario)


def test_an_address_that_failed_detection_can_be_added(a, b):
    for host in (a, b):
        enable_ipv6(host)
    b.ip("address", "add", "fd00::100/64", "dev", "eth0", "nodad")

    async def scenario(tables):
        a.ip("address", "add", "fd00::100/64", "dev", "eth0")
        while VIP6.ip not in tables.netlink.duplicates("eth0"):
            await asyncio.sleep(0.05)
        await tables.succeed("add", "eth0", [VIP6], None)
        assert addresses(a, "eth0")["fd00::100"] == (128, {"deprecated", "nodad"})
        assert tables.netlink.has("eth0", VIP6.ip)

    run_in(a, scenario)


def test_a_virtual_ipv6_address_is_there_at_once_and_not_a_source(a):
    enable_ipv6(a)
    a.ip("address", "add", "fd00::11/64", "dev", "eth0", "nodad")

    async def scenario(tables):
        await tables.succeed("add", "eth0", [VIP4, VIP6], "eth0:web")
        await tables.hear("fd00::100 added to eth0")
        await tables.succeed("add", "eth0", [VIP4, VIP6], "eth0:web")
        found = addresses(a, "eth0")
        assert found["172.16.0.1"][0] == 32
        assert found["fd00::100"] == (128, {"deprecated", "nodad"})
        # By prefix alone the kernel would choose fd00::100.
        assert " src fd00::11 " in a.ip("-6", "route", "get", "fd00::101").stdout
        other = InterfaceAddress(VIP6.ip, 64)
        await tables.succeed("remove", "eth0", [VIP4, other])
        await tables.hear("fd00::100 removed from eth0")
        assert not {"172.16.0.1", "fd00::100"} & set(addresses(a, "eth0"))
        await tables.succeed("remove", "eth0", [VIP4, VIP6])

    run_in(a, scenario)


@pytest.mark.parametrize(
    ("own", "route"),
    [
        # A DHCPv6 client has set the address; the route is from a router, or a network manager's.
        ("fd00::11/128", ("metric", "256", "expires", "3600")),
        ("fd00::11/128", ("metric", "100")),
        ("fd00::11/64", ("metric", "100")),
        ("fd00::11/64", ("metric", "1024")),
        # The kernel itself makes the route.
        ("fd00::11/64", None),
        ("fd01::11/64", None),
    ],
)
def test_the_hosts_route_to_its_ipv6_network_stays(a, own, route):
    enable_ipv6(a)
    a.ip("address", "add", own, "dev", "eth0", "nodad", *(["noprefixroute"] if route else []))
    if route:
        a.ip("-6", "route", "add", "fd00::/64", "dev", "eth0", "proto", "kernel", *route)

    def routes():
        lines = a.ip("-6", "route", "show", "fd00::/64").stdout.splitlines()
        # The seconds pass meanwhile.
        return [line.partition(" expires ")[:2] for line in lines]

    before = routes()
    virtual = [InterfaceAddress(VIP6.ip, 64), InterfaceAddress(ip_address("fd00::101"), 64)]

    async def scenario(tables):
        await tables.succeed("add", "eth0", virtual, None)
        is_routeless = "noprefixroute" in addresses(a, "eth0")["fd00::100"][1]
        assert is_routeless == (route is not None)
        assert routes() == before or not before
        assert routes()
        await tables.succeed("remove", "eth0", virtual)
        assert routes() == before

    run_in(a, scenario)


def test_the_route_of_several_ipv6_addresses_goes_with_the_last_one(a):
    """With a metric too, as that of a virtual MAC device."""
    enable_ipv6(a)
    virtual = [InterfaceAddress(ip_address(f"fd07::{number}"), 64) for number in (1, 2)]

    def routes():
        return a.ip("-6", "route", "show", "fd07::/64").stdout

    async def scenario(tables):
        assert not await tables.ask("add", "eth0", virtual, None, metric=1_000_000)
        assert "metric 1000000" in routes()
        await tables.succeed("remove", "eth0", virtual[:1])
        assert "metric 1000000" in routes()
        await tables.succeed("remove", "eth0", virtual[1:])
        assert routes() == ""

    run_in(a, scenario)


def test_a_label_is_for_ipv4(a):
    enable_ipv6(a)

    async def scenario(tables):
        await tables.succeed("add", "eth0", [VIP4, VIP6], "eth0:web")
        labels = {info["local"]: info.get("label") for info in a.addresses()}
        assert labels["172.16.0.1"] == "eth0:web"

    run_in(a, scenario)


def test_an_ipv6_address_is_reported_before_its_request_is_done(a):
    """Without detection of duplicates the kernel reports it some time after its answer."""
    enable_ipv6(a)
    with (
        inside(a.namespace),
        socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as events,
        contextlib.closing(RequestSocket()) as kernel,
    ):
        requests = AddressRequests(kernel, frozenset)
        events.setblocking(False)
        events.bind((0, RTMGRP_IPV6_IFADDR))
        for _ in range(100):
            assert requests.add("eth0", [VIP6], None, (), (), lambda _added: None) == {}
            assert VIP6.ip.packed in events.recv(1 << 16)
            requests.remove("eth0", [VIP6], takes_along=False)
            with contextlib.suppress(BlockingIOError):
                while events.recv(1 << 16):
                    pass


def test_an_interface_without_ipv6(a):
    async def scenario(tables):
        refused = await tables.ask("add", "eth0", [VIP6, VIP4], None)
        assert list(refused) == [VIP6]
        assert (refused[VIP6].errno, refused[VIP6].strerror) == (
            errno.EACCES,
            "fd00::100: IPv6 is disabled on eth0: type: sysctl -w net/ipv6/conf/eth0/disable_ipv6=0",
        )
        # The others are put on all the same.
        assert a.has("172.16.0.1")

    run_in(a, scenario)


def test_an_address_of_a_whole_list_that_is_refused_keeps_no_other_back(a):
    async def scenario(tables):
        seen = []
        refused = await tables.ask(*("add", "eth0", [VIP6, VIP4], None), there=seen.append)
        assert (seen, list(refused)) == ([(VIP4.ip,)], [VIP6])
        refused = await tables.ask("add", "eth0", [VIP6], None, there=seen.append)
        assert (len(seen), list(refused)) == (1, [VIP6])

    run_in(a, scenario)


@pytest.mark.parametrize("place", ["172.16.0.1/32", "172.16.0.1 peer 172.16.0.9"])
def test_an_address_is_removed_whatever_its_prefix_length_and_peer(a, place):
    a.ip("address", "add", *place.split(), "dev", "eth0")

    async def scenario(tables):
        await tables.succeed("remove", "eth0", [VIP4])

    run_in(a, scenario)
    assert not a.has("172.16.0.1")


def test_an_address_is_removed_right_after_it_was_asked_for(a):
    async def scenario(tables):
        tables.netlink.add("eth0", [VIP4], None, lambda _refused: None)
        await tables.succeed("remove", "eth0", [VIP4])

    run_in(a, scenario)
    assert not a.has("172.16.0.1")


def test_without_memory_for_one_removal_the_others_follow(a):
    class Scarce(socket.socket):
        sent = 0

        def send(self, data):
            self.sent += 1
            if self.sent == 1:
                raise OSError(errno.ENOBUFS, "no buffer space")
            return super().send(data)

    virtual = [InterfaceAddress(ip_address(f"172.16.0.{each}"), 16) for each in (1, 2, 3)]
    for each in virtual:
        a.ip("address", "add", f"{each.ip}/16", "dev", "eth0")

    async def scenario(tables):
        kernel = tables.netlink._kernel
        kernel._socket = Scarce(fileno=kernel._socket.detach())
        error = await tables.ask("remove", "eth0", virtual)
        assert error.strerror == "172.16.0.1: No buffer space available"

    run_in(a, scenario)
    assert [a.has(str(each.ip)) for each in virtual] == [True, False, False]


def test_addresses_are_taken_off_when_nothing_more_is_to_be_had(a, monkeypatch):
    """Neither a descriptor nor a thread."""

    async def scenario(tables):
        await tables.succeed("add", "eth0", [VIP4], None)
        before = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (3, before[1]))
        monkeypatch.setattr(threads, "start_new_thread", pytest.fail)
        try:
            with pytest.raises(OSError, match="Too many open files"):
                socket.socket()
            await tables.succeed("remove", "eth0", [VIP4])
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, before)
            monkeypatch.undo()
        assert not a.has("172.16.0.1")

    run_in(a, scenario)


# -- routes ----------------------------------------------------------------------------------------


def test_a_route_without_a_metric_goes_and_one_with_a_lower_metric_stays(a):
    a.enable_ipv6("fd00::11/64")
    destination, gateway = ip_network("2001:db8:1::/48"), ip_address("fd00::254")
    low, usual = (Route(destination, gateway, metric=metric) for metric in (7, 0))

    async def scenario(tables):
        assert await tables.ask("put_routes", [low, usual]) == {low: 0, usual: 0}
        await tables.succeed("remove_routes", [usual])

    run_in(a, scenario)
    (shown,) = a.ip("-6", "route", "show", "proto", "112").stdout.splitlines()
    assert "metric 7" in shown


def test_whose_a_route_is_of_which_only_the_other_family_can_be_read(a):
    enable_ipv6(a)
    readable, unreadable = "192.0.2.0/24", "2001:db8::/64"
    routes = [Route(ip_network(each), device="eth0", metric=7) for each in (readable, unreadable)]
    for each in routes:
        a.ip("route", "add", str(each.destination), "dev", "eth0", "metric", "7")

    async def scenario(tables):
        kernel = tables.netlink._kernel
        dump = kernel.dump

        def dump_of_ipv4(request):
            if request[16] == socket.AF_INET6:
                raise OSError(errno.ENOBUFS, "No buffer space available")
            return dump(request)

        kernel.dump = dump_of_ipv4
        codes = await tables.ask("put_routes", routes)
        assert list(codes.values()) == [errno.EEXIST, errno.EALREADY]

    run_in(a, scenario)


# -- many events -----------------------------------------------------------------------------------


@pytest.mark.parametrize("is_added", [True, False])
def test_the_tables_have_the_result_of_a_request_behind_hundreds_of_events(a, is_added):
    storm = "".join(f"ip link add v{n} type veth peer name w{n}\n" for n in range(200))

    async def scenario(tables):
        netlink, there = tables.netlink, asyncio.get_running_loop().create_future()
        if not is_added:
            await tables.succeed("add", "eth0", [VIP4], None)
        # All this while the event loop stands still.
        a.run("sh", "-c", storm)

        def done(_):
            there.set_result(netlink.has("eth0", VIP4.ip))

        if is_added:
            netlink.add("eth0", [VIP4], None, done)
        else:
            netlink.remove("eth0", [VIP4], done)
        wait_for("the request", lambda: a.has("172.16.0.1") == is_added)
        assert await there == is_added

    run_in(a, scenario)


# -- events that the kernel drops ------------------------------------------------------------------


def test_events_that_were_dropped_are_made_up_for(a, caplog):
    a.ip("address", "add", "172.16.0.2/16", "dev", "eth0")
    pairs = [f"link add v{n} type veth peer name w{n}" for n in range(50)]

    async def scenario(tables):
        events = tables.netlink._events
        events._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
        # All this while the event loop stands still.
        a.ip("address", "add", "172.16.0.1/16", "dev", "eth0")
        a.run("sh", "-c", "\n".join(f"ip {pair}" for pair in pairs))
        a.ip("address", "del", "172.16.0.2/16", "dev", "eth0")
        a.ip("link", "del", "v49")
        assert tables.netlink.link("v48") is None
        await tables.hear("v48 changed")
        await tables.hear("172.16.0.2 removed from eth0")
        await tables.hear("172.16.0.1 added to eth0")
        assert len(list(tables.netlink.links())) == 2 + 2 * 49
        assert "eth0 changed" not in tables.news
        # It continues as before.
        a.ip("address", "add", "172.16.0.3/16", "dev", "eth0")
        await tables.hear("172.16.0.3 added to eth0")

    run_in(a, scenario)
    assert "the kernel dropped netlink events" in caplog.text


@pytest.mark.parametrize("is_readable", [True, False])
def test_an_address_is_added_when_the_tables_have_it_or_cannot_be_read(a, is_readable, monkeypatch):
    pairs = [f"ip link add v{n} type veth peer name w{n}" for n in range(10)]

    def unreadable():
        raise OSError(errno.ENOBUFS, "No buffer space available")

    async def scenario(tables):
        if not is_readable:
            monkeypatch.setattr(tables.netlink._events, "_read_tables", unreadable)
        tables.netlink._events._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
        # All this while the event loop stands still.
        a.run("sh", "-c", "\n".join(pairs))
        added = asyncio.get_running_loop().create_future()

        def done(refused):
            added.set_result((refused, tables.netlink.has("eth0", VIP4.ip)))

        tables.netlink.add("eth0", [VIP4], None, done)
        wait_for("the address", lambda: a.has("172.16.0.1"))
        assert await added == ({}, is_readable)

    run_in(a, scenario)


def test_a_table_is_read_although_an_earlier_reading_has_stopped_half_way(a):
    pairs = "".join(f"link add v{n} type veth peer name w{n}\n" for n in range(100))
    a.run("ip", "-batch", str(a.write("pairs", pairs)))
    wanted = request(RTM_GETLINK, NLM_F_DUMP, bytes(16))
    with inside(a.namespace), contextlib.closing(RequestSocket()) as kernel:
        assert next(kernel.dump(wanted))
        assert len(consistent(lambda: list(kernel.dump(wanted)))) == 202


def test_links_as_the_kernel_tells_of_them(a):
    a.ip("link", "add", "br1", "type", "bridge")
    a.ip("link", "add", "veth1", "master", "br1", "type", "veth", "peer", "name", "veth2")
    a.ip("link", "property", "add", "dev", "veth1", "altname", "enp0s31f6", "altname", "lan")

    async def scenario(tables):
        link, bridge = tables.netlink.link("veth1"), tables.netlink.link("br1")
        assert (link.kind, link.slave_kind, link.master) == ("veth", "bridge", bridge.index)
        assert link.altnames == ("enp0s31f6", "lan")
        assert tables.netlink.link_of_index(link.master) == bridge
        assert (bridge.kind, bridge.slave_kind, bridge.master) == ("bridge", None, None)
        a.ip("link", "set", "veth1", "nomaster")
        await tables.hear("veth1 changed")
        tables.netlink.catch_up()
        assert tables.netlink.link("veth1").master is None

    run_in(a, scenario)
