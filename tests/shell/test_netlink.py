"""The tables of links and addresses, fed with messages as pyroute2 decodes them.

What the kernel itself says and does is in tests/integration/test_kernel_links.py.
"""

import asyncio
import errno
import socket
from ipaddress import IPv4Address, IPv6Address

import pytest

from ucarpd.linux.netlink import InterfaceAddress, Link, Netlink

ETH0, BRIDGE = 2, 7
UP, RUNNING = 0x1, 0x40
NEWLINK, DELLINK, NEWADDR, DELADDR = 16, 17, 20, 21
ADDRESS = InterfaceAddress(IPv4Address("10.0.0.1"), 24)
ADDRESS6 = InterfaceAddress(IPv6Address("fd00::1"), 64)
DADFAILED, PERMANENT, TENTATIVE, NOPREFIXROUTE = 0x08, 0x80, 0x40, 0x200


class Message(dict):
    def get_attr(self, name):
        return self["attrs"].get(name)


KIND = Message(attrs={"IFLA_INFO_KIND": "macvlan"})


def link(
    kind=NEWLINK,
    *,
    name="eth0",
    index=ETH0,
    flags=UP | RUNNING,
    mac="02:00:00:00:00:01",
    family=0,
    hardware=1,
    **attrs,
):
    attrs = {"IFLA_IFNAME": name, "IFLA_ADDRESS": mac, **attrs}
    header = {"type": kind}
    return Message(header=header, family=family, index=index, flags=flags, ifi_type=hardware, attrs=attrs)  # fmt: skip


def address(kind=NEWADDR, *, ip="10.0.0.1", prefixlen=24, index=ETH0):
    return Message(
        header={"type": kind},
        family=socket.AF_INET,
        index=index,
        prefixlen=prefixlen,
        flags=PERMANENT,
        attrs={"IFA_LOCAL": ip},
    )


def address6(flags=PERMANENT, kind=NEWADDR, *, ip="fd00::1", prefixlen=64, byte=None):
    """With the flags in the attribute; `byte` for a kernel that knows but the header's byte."""
    attrs = {"IFA_ADDRESS": ip}
    if byte is None:
        attrs["IFA_FLAGS"] = flags
    return Message(
        header={"type": kind},
        family=socket.AF_INET6,
        index=ETH0,
        prefixlen=prefixlen,
        # The kernel puts the lower eight here.
        flags=flags & 0xFF if byte is None else byte,
        attrs=attrs,
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
    netlink, _ = after(
        [link(), link(index=BRIDGE, name="tun0", hardware=65534, mac=None), address()]
    )
    assert netlink.link("eth0") == Link(
        ETH0, "eth0", bytes.fromhex("020000000001"), is_up=True, has_carrier=True, is_ethernet=True
    )
    assert netlink.link("tun0").is_ethernet is False
    assert netlink.addresses("eth0") == [ADDRESS]
    assert netlink.addresses("nowhere") == []


def test_addresses_of_both_families_without_those_that_are_not_usable():
    netlink, _ = after(
        [link(), address(), address6(), address6(TENTATIVE, ip="fd00::2")],
        [address6(DADFAILED, ip="fd00::3")],
    )
    assert netlink.addresses("eth0") == [ADDRESS, ADDRESS6]


@pytest.mark.parametrize(
    ("attrs", "parent", "kind"),
    [
        ({}, None, None),
        ({"IFLA_LINK": ETH0, "IFLA_LINKINFO": KIND}, ETH0, "macvlan"),
        ({"IFLA_LINK": ETH0, "IFLA_LINK_NETNSID": 0, "IFLA_LINKINFO": KIND}, None, "macvlan"),
    ],
)
def test_what_a_link_is_stacked_on(attrs, parent, kind):
    netlink, _ = after([link(name="carp1", index=9, **attrs)])
    stacked = netlink.link("carp1")
    assert (stacked.parent, stacked.kind) == (parent, kind)


def test_addresses_go_with_their_link_and_the_next_of_that_name_has_none():
    netlink, _ = after([link(), address()], [link(DELLINK), link(index=9)])
    assert netlink.addresses("eth0") == []


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


def test_changing_an_interface_that_is_gone():
    added, removed = outcomes(
        lambda netlink, done: netlink.add("nowhere", [ADDRESS], None, done, pytest.fail),
        lambda netlink, done: netlink.remove("nowhere", [ADDRESS], done),
    )
    assert (added.errno, added.strerror) == (errno.ENODEV, "interface nowhere does not exist")
    assert removed is None
