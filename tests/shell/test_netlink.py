"""The tables of links and addresses, fed with messages as pyroute2 decodes them."""

import asyncio
import errno
import socket
from ipaddress import IPv4Address

import pytest

from ucarpd.linux.netlink import InterfaceAddress, Link, Netlink

ETH0, BRIDGE = 2, 7
UP, RUNNING = 0x1, 0x40
NEWLINK, DELLINK, NEWADDR, DELADDR = 16, 17, 20, 21
ADDRESS = InterfaceAddress(IPv4Address("10.0.0.1"), 24)


class Message(dict):
    def get_attr(self, name):
        return self["attrs"].get(name)


def link(
    kind=NEWLINK,
    *,
    name="eth0",
    index=ETH0,
    flags=UP | RUNNING,
    mac="02:00:00:00:00:01",
    family=0,
    hardware=1,
):
    attrs = {"IFLA_IFNAME": name, "IFLA_ADDRESS": mac}
    header = {"type": kind}
    return Message(header=header, family=family, index=index, flags=flags, ifi_type=hardware, attrs=attrs)  # fmt: skip


def address(kind=NEWADDR, *, ip="10.0.0.1", prefixlen=24, index=ETH0):
    return Message(
        header={"type": kind},
        family=socket.AF_INET,
        index=index,
        prefixlen=prefixlen,
        attrs={"IFA_LOCAL": ip},
    )


class Told:
    def __init__(self):
        self.news = []

    def link_changed(self, interface):
        self.news.append(f"{interface} changed")

    def address_added(self, interface, ip):
        self.news.append(f"{ip} added to {interface}")

    def address_removed(self, interface, ip):
        self.news.append(f"{ip} removed from {interface}")


def after(*batches):
    """The table after these batches of messages, and what the listener was told by the last one."""

    async def scenario():
        told = Told()
        netlink = Netlink(told)
        for batch in batches:
            told.news.clear()
            netlink._receive = lambda batch=batch: iter(batch)
            netlink.catch_up()
        await netlink.close()
        return netlink, told.news

    return asyncio.run(scenario())


ROWS = [
    ("a new link", [], [link()], ["eth0 changed"]),
    ("the same again", [link()], [link()], []),
    ("carrier lost", [link()], [link(flags=UP)], ["eth0 changed"]),
    ("another MAC", [link()], [link(mac="02:00:00:00:00:02")], ["eth0 changed"]),
    ("renamed", [link()], [link(name="lan")], ["eth0 changed", "lan changed"]),
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
]  # fmt: skip


@pytest.mark.parametrize(("before", "batch", "news"), [row[1:] for row in ROWS], ids=[r[0] for r in ROWS])  # fmt: skip
def test_what_the_listener_is_told(before, batch, news):
    assert after(before, batch)[1] == news


def test_the_tables():
    netlink, _ = after(
        [link(), link(index=BRIDGE, name="tun0", hardware=65534, mac=None), address()]
    )
    assert netlink.link("eth0") == Link(
        ETH0, "eth0", bytes.fromhex("020000000001"), is_up=True, has_carrier=True, is_ethernet=True
    )
    assert netlink.link("tun0").is_ethernet is False
    assert netlink.addresses("eth0") == [ADDRESS]
    assert netlink.addresses("nowhere") == []


def test_addresses_go_with_their_link_and_the_next_of_that_name_has_none():
    netlink, _ = after([link(), address()], [link(DELLINK), link(index=9)])
    assert netlink.addresses("eth0") == []


def test_changing_an_interface_that_is_gone():
    async def scenario():
        netlink = Netlink(Told())
        loop = asyncio.get_running_loop()
        added, removed = loop.create_future(), loop.create_future()
        netlink.add("eth0", [ADDRESS], None, added.set_result)
        netlink.remove("eth0", [ADDRESS], removed.set_result)
        assert (await added).errno == errno.ENODEV
        assert await removed is None
        await netlink.close()

    asyncio.run(scenario())
