"""The tables of links and addresses, fed with the kernel's messages; the worker, and its failures.

What the kernel itself says and does is in tests/integration: test_kernel_links.py, and
test_kernel_secondaries.py for what it takes along with an address.
"""

import asyncio
import contextlib
import errno
import socket
import struct
import subprocess
import sys
from functools import partial
from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from rtnetlink import (
    DADFAILED,
    DELADDR,
    DELLINK,
    ETH0,
    NEWADDR,
    NEWLINK,
    NOPREFIXROUTE,
    PERMANENT,
    RUNNING,
    TENTATIVE,
    UP,
    address,
    attribute,
    link,
    link_info,
    nested,
    number,
    text,
)

from ucarpd.linux.netlink import InterfaceAddress, Link, Netlink, Placed, messages
from ucarpd.linux.netlink.events import CHANGES_AT_ONCE, EVENTS_AT_ONCE
from ucarpd.linux.netlink.messages import decoded
from ucarpd.linux.netlink.worker import Worker

BRIDGE = 7
ADDRESS = InterfaceAddress(IPv4Address("10.0.0.1"), 24)
ADDRESS6 = InterfaceAddress(IPv6Address("fd00::1"), 64)


def address6(flags=PERMANENT, kind=NEWADDR, *, ip="fd00::1", byte=None):
    return address(kind, ip, 64, flags, byte=byte)


class Told:
    def __init__(self):
        self.news = []

    def link_changed(self, interface):
        self.news.append(f"{interface} changed")

    def address_added(self, interface, ip):
        self.news.append(f"{ip} added to {interface}")

    def address_removed(self, interface, ip):
        self.news.append(f"{ip} removed from {interface}")


@contextlib.asynccontextmanager
async def fed(*followed):
    """A Netlink whose events are what the test sends to the socket, and whom it tells."""
    told = Told()
    netlink = Netlink(told)
    for name in followed:
        netlink.follow(name)
    events, ours = netlink._events, socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    events._socket.close()
    ours[0].setblocking(False)
    events._socket = ours[0]
    events._follow()
    with ours[1]:
        yield netlink, told.news, ours[1].send
        await netlink.close()


def after(*batches):
    """The table after these batches of messages, and what the listener was told by the last one."""

    async def scenario():
        async with fed("eth0") as (netlink, news, send):
            for batch in batches:
                news.clear()
                for message in batch:
                    send(message)
                netlink.catch_up()
            return netlink, list(news)

    return asyncio.run(scenario())


ROWS = [
    ("a new link", [], [link()], ["eth0 changed"]),
    ("the same again", [link()], [link()], []),
    ("carrier lost", [link()], [link(flags=UP)], ["eth0 changed"]),
    ("another MAC", [link()], [link(mac="02:00:00:00:00:02")], ["eth0 changed"]),
    ("renamed", [link()], [link(name="lan")], ["eth0 changed", "lan changed"]),
    ("of the radio", [link()], [link(NEWLINK, attribute(11, b"wlan"), mac=None)], []),
    ("not followed", [], [link(name="lan", index=3), link(DELLINK, name="lan", index=3)], []),
    ("of one not followed", [link(name="lan")], [address()], ["10.0.0.1 added to lan"]),
    ("renamed to that name", [link(name="lan")], [link()], ["lan changed", "eth0 changed"]),
    ("deleted", [link()], [link(DELLINK)], ["eth0 changed"]),
    ("leaves a bridge", [link()], [link(DELLINK, family=socket.AF_BRIDGE)], []),
    ("a port of a bridge", [], [link(family=socket.AF_BRIDGE)], []),
    ("an address", [link()], [address()], ["10.0.0.1 added to eth0"]),
    ("the same address", [link(), address()], [address()], []),
    ("of an unknown link", [], [address()], []),
    ("removed", [link(), address()], [address(DELADDR)], ["10.0.0.1 removed from eth0"]),
    ("removed, unknown", [link()], [address(DELADDR)], []),
    ("removed and back", [link(), address()], [address(DELADDR), address()], ["10.0.0.1 added to eth0"]),
    ("there and gone", [link()], [address(), address(DELADDR)], ["10.0.0.1 removed from eth0"]),
    ("IPv6", [link()], [address6()], ["fd00::1 added to eth0"]),
    ("IPv6, removed", [link(), address6()], [address6(kind=DELADDR)], ["fd00::1 removed from eth0"]),
    ("tentative", [link()], [address6(TENTATIVE)], []),
    ("tentative, gone", [link(), address6(TENTATIVE)], [address6(TENTATIVE, DELADDR)], []),
    ("tentative, passed", [link(), address6(TENTATIVE)], [address6()], ["fd00::1 added to eth0"]),
    ("turned tentative", [link(), address6()], [address6(TENTATIVE)], ["fd00::1 removed from eth0"]),
    ("a duplicate", [link(), address6(TENTATIVE)], [address6(PERMANENT | DADFAILED)], []),
    ("turned duplicate", [link(), address6()], [address6(DADFAILED)], ["fd00::1 removed from eth0"]),
    ("flags above the byte", [link()], [address6(NOPREFIXROUTE)], ["fd00::1 added to eth0"]),
    ("flags in the byte", [link()], [address6(byte=TENTATIVE)], []),
    ("flags in the byte, passed", [link()], [address6(byte=PERMANENT)], ["fd00::1 added to eth0"]),
]  # fmt: skip


@pytest.mark.parametrize(("before", "batch", "news"), [row[1:] for row in ROWS], ids=[r[0] for r in ROWS])  # fmt: skip
def test_what_the_listener_is_told(before, batch, news):
    assert after(before, batch)[1] == news


def test_the_tables():
    tun0 = link(index=BRIDGE, name="tun0", hardware=65534, mac=None)
    netlink, _ = after([link(), tun0, address()])
    assert netlink.link("eth0") == Link(
        ETH0, "eth0", bytes.fromhex("020000000001"), is_up=True, has_carrier=True, is_ethernet=True
    )
    assert netlink.link("tun0").is_ethernet is False
    assert netlink.link_of_index(BRIDGE) == netlink.link("tun0")
    assert netlink.link_of_index(99) is None
    assert [each.name for each in netlink.links()] == ["eth0", "tun0"]
    assert netlink.addresses("eth0") == [ADDRESS]
    assert netlink.addresses("nowhere") == []


def test_addresses_of_both_families_without_those_that_are_not_usable():
    netlink, _ = after(
        [link(), address(), address6(), address6(TENTATIVE, ip="fd00::2")],
        [address6(DADFAILED, ip="fd00::3")],
    )
    assert netlink.addresses("eth0") == [ADDRESS, ADDRESS6]


PARENT, ELSEWHERE, MASTER = number(5, ETH0), number(37, 0), number(10, BRIDGE)


@pytest.mark.parametrize(
    ("attributes", "fields"),
    [
        ([], {}),
        ([PARENT, link_info("macvlan")], {"parent": ETH0, "kind": "macvlan"}),
        ([PARENT, ELSEWHERE, link_info("macvlan")], {"kind": "macvlan"}),
        ([MASTER, link_info("veth", "bridge")], {"kind": "veth", "master": BRIDGE, "slave_kind": "bridge"}),
        ([MASTER, link_info(slave_kind="vrf")], {"master": BRIDGE, "slave_kind": "vrf"}),
        ([nested(52, text(53, "enp1s0"), text(53, "lan"))], {"altnames": ("enp1s0", "lan")}),
    ],
)  # fmt: skip
def test_what_a_link_is_a_part_of(attributes, fields):
    netlink, _ = after([link(NEWLINK, *attributes, name="carp1", index=9)])
    found = netlink.link("carp1")
    plain = {"parent": None, "kind": None, "master": None, "slave_kind": None, "altnames": ()}
    assert {name: getattr(found, name) for name in plain} == plain | fields


def test_names_that_are_not_utf8():
    odd, text_of = attribute(53, b"l\xfcan\0"), "l\udcfcan"
    named = link(NEWLINK, nested(52, odd), name="xeth").replace(b"xeth", b"\xfceth")
    labelled = address(label="eth0:x").replace(b"eth0:x", b"eth0:\xfc")
    netlink, _ = after([named, labelled])
    assert netlink.link("\udcfceth").altnames == (text_of,)
    assert netlink.placed("\udcfceth", ADDRESS.ip).label == "eth0:\udcfc"


def test_two_links_that_change_names():
    netlink, _ = after(
        [link(), link(name="lan", index=3)],
        [link(name="x"), link(name="eth0", index=3), link(name="lan")],
    )
    assert (netlink.link("eth0").index, netlink.link("lan").index) == (3, ETH0)
    assert netlink.link("x") is None


def test_links_that_are_not_followed_are_decoded_when_they_are_asked_for(monkeypatch):
    asked = []
    monkeypatch.setattr(
        messages, "decoded", lambda kind, data: asked.append(data) or decoded(kind, data)
    )
    storm = [link(name=f"veth{number}", index=10 + number) for number in range(9)]
    lan = [
        link(NEWLINK, nested(52, text(53, "enp1s0")), name="lan", index=3),
        link(name="lan0", index=4),
    ]
    netlink, news = after([link()], [*storm, *lan, link(DELLINK, name="veth8", index=18)])
    assert news == []
    assert asked == []
    assert [each.name for each in netlink.links("lan")] == ["lan", "lan0"]
    assert [each.name for each in netlink.links("enp1s0")] == ["lan"]
    assert [netlink.link("veth3").index, netlink.link_of_index(14).name] == [13, "veth4"]
    assert len(asked) == 4
    assert len(list(netlink.links())) == 11


def test_a_link_that_is_followed_from_now_on():
    async def scenario():
        async with fed() as (netlink, news, send):
            for flags in (UP | RUNNING, UP):
                send(link(flags=flags))
                netlink.catch_up()
                netlink.follow("eth0")
            return netlink.link("eth0").has_carrier, news

    assert asyncio.run(scenario()) == (False, ["eth0 changed"])


def test_lookups_of_one_address():
    lan = [link(name="lan", index=3), address(ip="10.0.0.9", index=3, label="lan:web")]
    netlink, _ = after([link(), address(), address6(), address6(DADFAILED, ip="fd00::3"), *lan])
    nine, three = ip_address("10.0.0.9"), ip_address("fd00::3")
    assert netlink.has("eth0", ADDRESS.ip)
    assert not netlink.has("lan", ADDRESS.ip)
    assert not netlink.has("nowhere", ADDRESS.ip)
    assert not netlink.has("eth0", three)
    assert netlink.placed("lan", nine) == Placed(InterfaceAddress(nine, 24), "lan:web")
    assert netlink.placed("eth0", ADDRESS6.ip) == Placed(ADDRESS6, None)
    assert netlink.placed("eth0", nine) is None
    assert (netlink.where(nine), netlink.where(ADDRESS6.ip)) == ("lan", "eth0")
    assert netlink.where(three) is None
    assert netlink.dad_failed("eth0", three)
    assert not netlink.dad_failed("eth0", ADDRESS6.ip)


def test_an_address_with_two_lengths_is_there_until_both_are_gone():
    both = [link(), address(), address(prefixlen=32)]
    netlink, news = after(both, [address(DELADDR)])
    assert news == []
    assert netlink.has("eth0", ADDRESS.ip)
    netlink, news = after(both, [address(DELADDR), address(DELADDR, prefixlen=32)])
    assert news == ["10.0.0.1 removed from eth0"]
    assert netlink.where(ADDRESS.ip) is None


def test_addresses_go_with_their_link_and_the_next_of_that_name_has_none():
    netlink, _ = after([link(), address()], [link(DELLINK), link(index=9)])
    assert netlink.addresses("eth0") == []


VETHS = [f"veth{number}" for number in range(3 * CHANGES_AT_ONCE)]


def test_a_storm_is_taken_in_a_little_at_a_time():
    async def scenario():
        async with fed(*VETHS) as (netlink, news, send):
            for number in range(2 * EVENTS_AT_ONCE):
                send(link(name=f"veth{number}", index=10 + number))
            netlink._events._on_events()
            return len(list(netlink.links())), len(news)

    assert asyncio.run(scenario()) == (EVENTS_AT_ONCE, EVENTS_AT_ONCE)


def test_many_changes_are_told_a_few_at_a_time():
    most = len(VETHS)
    links = b"".join(link(name=f"veth{number}", index=10 + number) for number in range(most))

    async def scenario():
        async with fed(*VETHS) as (_, news, send):
            send(links)
            counts = []
            while len(news) < most:
                await asyncio.sleep(0)
                counts.append(len(news))
            return sorted({*counts})

    assert asyncio.run(scenario()) == [0, *range(CHANGES_AT_ONCE, most + 1, CHANGES_AT_ONCE)]


def test_a_removal_that_is_held_is_told_only_if_it_lasts():
    own = [link(), address(), address(ip="10.0.0.2")]

    async def scenario():
        async with fed() as (netlink, news, send):
            send(b"".join(own))
            netlink.catch_up()
            news.clear()
            release = netlink._events.hold("eth0", [ADDRESS.ip, ip_address("10.0.0.2")])
            send(address(DELADDR) + address(DELADDR, ip="10.0.0.2"))
            netlink.catch_up()
            assert news == []
            send(address())
            release()
            release()
            await asyncio.sleep(0)
            return news

    assert asyncio.run(scenario()) == ["10.0.0.2 removed from eth0", "10.0.0.1 added to eth0"]


def outcomes(*requests):
    """What each request, a function of the table and a callback, comes to."""

    async def scenario():
        netlink = Netlink(Told())
        results = [asyncio.get_running_loop().create_future() for _ in requests]
        for request, result in zip(requests, results, strict=True):
            request(netlink, result.set_result)
        ended = [await result for result in results]
        await netlink.close()
        return ended

    return asyncio.run(scenario())


def test_the_end_of_a_guard_that_nobody_has_begun():
    assert outcomes(lambda netlink, done: netlink.end_guard("eth0", done)) == [None]


@pytest.mark.parametrize("interface", ["nowhere", "much-too-long-for-a-name"])
def test_changing_an_interface_that_is_gone(interface):
    refused, removed = outcomes(
        lambda netlink, done: netlink.add(interface, [ADDRESS], None, done, pytest.fail),
        lambda netlink, done: netlink.remove(interface, [ADDRESS], done),
    )
    error = refused[ADDRESS]
    assert (error.errno, error.strerror) == (errno.ENODEV, f"interface {interface} does not exist")
    assert removed is None


def test_a_defect_in_the_worker_is_reported_and_the_caller_hears_of_it():
    defects = []

    async def scenario():
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _loop, context: defects.append(context["exception"]))
        worker, ended = Worker(), loop.create_future()
        worker.do(partial(struct.unpack, "=I", b""), pytest.fail, ended.set_result)
        error = await ended
        await worker.finish(list)
        return error

    error = asyncio.run(scenario())
    assert error.errno == errno.EIO
    assert error.strerror.startswith("internal error: error: unpack requires")
    assert [type(defect) for defect in defects] == [struct.error]


def test_of_pyroute2_only_the_messages_are_loaded_and_no_program_runs():
    """With all of it a start takes a third longer, and root runs `uname` and `file`."""
    watched = (
        "import sys\n"
        "programs, ran = {'subprocess.Popen', 'os.fork', 'os.posix_spawn', 'os.system'}, []\n"
        "sys.addaudithook(lambda event, _: ran.append(event) if event in programs else None)\n"
        "import ucarpd.process.main\n"
        "print(*sys.modules)\n"
        "print(*ran)\n"
    )
    command = [sys.executable, "-c", watched]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    loaded, ran = (set(line.split()) for line in done.stdout.split("\n")[:2])
    assert "pyroute2.netlink.rtnl.ifinfmsg" in loaded
    assert loaded & {"pyroute2.iproute", "multiprocessing", "unittest"} == set()
    assert ran == set()
