"""The tables of links and addresses, fed with the kernel's messages.

Tests of the real kernel are in tests/integration: test_kernel_links.py, and
secondaries for what it takes along with an address.
"""

import asyncio
import socket
from ipaddress import ip_address

import pytest
from fed_netlink import ADDRESS, ADDRESS6, BRIDGE, address6, after, fed
from rtnetlink import (
    DADFAILED,
    DELADDR,
    DELLINK,
    ETH0,
    NEWLINK,
    NOPREFIXROUTE,
    PERMANENT,
    RUNNING,
    SECONDARY,
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

from ucarpd.linux.netlink import InterfaceAddress, Link, Placed, messages
from ucarpd.linux.netlink.messages import decoded

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


def test_an_address_that_came_and_went_at_once_is_noted_for_those_who_watch_it():
    async def scenario():
        async with fed("eth0") as (netlink, news, send):
            came = {}
            netlink.watch("eth0", [ADDRESS.ip], came)
            for message in (link(), address(label="eth0:0"), address(DELADDR)):
                send(message)
            send(address(ip="10.0.0.2"))
            netlink.catch_up()
            assert came == {ADDRESS.ip: Placed(ADDRESS, "eth0:0")}
            assert f"{ADDRESS.ip} added to eth0" not in news

    asyncio.run(scenario())


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
    assert netlink.macs() == {bytes.fromhex("020000000001")}
    assert asked == []
    assert [each.name for each in netlink.links("lan")] == ["lan", "lan0"]
    assert [each.name for each in netlink.links("enp1s0")] == ["lan"]
    assert [netlink.link("veth3").index, netlink.link_of_index(14).name] == [13, "veth4"]
    assert netlink.link("veth8") is None
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
    assert netlink.duplicates("eth0") == [three]


def test_an_address_with_two_lengths_is_there_until_both_are_gone():
    both = [link(), address(), address(prefixlen=32)]
    netlink, news = after(both, [address(DELADDR)])
    assert news == []
    assert netlink.has("eth0", ADDRESS.ip)
    netlink, news = after(both, [address(DELADDR), address(DELADDR, prefixlen=32)])
    assert news == ["10.0.0.1 removed from eth0"]
    assert netlink.where(ADDRESS.ip) is None


def test_an_address_with_two_lengths_is_there_if_one_of_them_is_usable():
    netlink, _ = after([link(), address(flags=TENTATIVE), address(prefixlen=32)])
    assert netlink.has("eth0", ADDRESS.ip)


@pytest.mark.parametrize(
    ("order", "own", "again"),
    [
        ("8 1", 1, "8"),
        ("8 9 1", 1, "8 9"),
        ("8 1 9", 1, "8"),
        ("1 8", 1, ""),
        ("1 8 2", 2, ""),
        ("8 1 9 2", 2, "8"),
        ("8 9", 1, ""),
    ],
)
def test_the_virtual_addresses_before_those_of_the_host(order, own, again):
    """The kernel takes the first one for the host's connections; here 8 and 9 are virtual."""
    first, *others = (f"10.0.0.{each}" for each in order.split())
    there = [address(ip=first), *(address(ip=ip, flags=PERMANENT | SECONDARY) for ip in others)]
    gone = address(DELADDR, ip="10.0.0.7")
    netlink, _ = after([link(), address(ip="10.1.0.8"), address(ip="10.0.0.7"), *there], [gone])
    ours = {ip_address(f"10.0.0.{each}") for each in (8, 9)}
    found = netlink.before("eth0", ip_address(f"10.0.0.{own}"), ours)
    assert [str(each.address.ip) for each in found] == [f"10.0.0.{n}" for n in again.split()]


@pytest.mark.parametrize(
    ("own_length", "flags", "again"),
    [
        (16, PERMANENT, True),
        (16, PERMANENT | NOPREFIXROUTE, False),
        (16, PERMANENT | SECONDARY, False),
        (24, PERMANENT, False),
        (28, PERMANENT, False),
    ],
)
def test_a_virtual_address_with_a_route_inside_the_network_of_the_host(own_length, flags, again):
    """As after the host got a wider mask; the kernel takes the more specific route."""
    own, host_route, elsewhere = map(ip_address, ("10.0.0.9", "10.0.0.8", "10.9.0.1"))
    ours = {ADDRESS.ip, ADDRESS6.ip, host_route, elsewhere}
    there = [address(ip=str(own), prefixlen=own_length), address(flags=flags), address6()]
    others = [address(ip=str(host_route), prefixlen=32), address(ip=str(elsewhere))]
    lan = [link(name="lan", index=3), address(index=3)]
    netlink, _ = after([link(), *there, *others, *lan, address6(ip="fd00::9")])
    assert [each.address for each in netlink.before("eth0", own, ours)] == [ADDRESS] * again
    assert netlink.before("eth0", ip_address("fd00::9"), ours) == []


def test_addresses_that_are_there_and_not_usable():
    netlink, _ = after([link(), address(), address6(DADFAILED), address6(TENTATIVE, ip="fd00::2")])
    ips = [ADDRESS.ip, ADDRESS6.ip, ip_address("fd00::2"), ip_address("fd00::3")]
    found = netlink._tables.unusable("eth0", ips)
    assert found == [ADDRESS6, ADDRESS6._replace(ip=ips[2])]
    assert netlink._tables.unusable("lan", ips) == []


def test_addresses_go_with_their_link_and_the_next_of_that_name_has_none():
    netlink, _ = after([link(), address()], [link(DELLINK), link(index=9)])
    assert netlink.addresses("eth0") == []


@pytest.mark.parametrize(
    ("batch", "is_another"),
    [
        ([], False),
        ([address()], True),
        ([address(), address(DELADDR)], True),
        ([link(flags=UP)], True),
    ],
)
def test_another_version_means_that_something_may_have_changed(batch, is_another):
    async def versions():
        async with fed("eth0") as (netlink, _news, send):
            seen = []
            for each in ([link()], batch):
                for message in each:
                    send(message)
                netlink.catch_up()
                seen.append(netlink.version)
            return seen

    before, after_it = asyncio.run(versions())
    assert (before is not after_it) is is_another
