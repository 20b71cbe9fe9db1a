"""Macvlans of a real kernel: how they are made, adopted and removed."""

import asyncio
import errno
from ipaddress import ip_address

import pytest
from kernel_tables import details, run_in

from ucarpd.linux.netlink import InterfaceAddress

MAC = bytes.fromhex("00005e000101")
OTHER_MAC = bytes.fromhex("00005e000102")
VIP4 = InterfaceAddress(ip_address("172.16.0.1"), 32)


def test_a_macvlan_is_made_set_up_and_removed(a):
    async def scenario(tables):
        # These requests come at once: none waits until the tables show the previous result.
        outcomes = await asyncio.gather(
            tables.ask("add_macvlan", "eth0", "carp1", MAC),
            tables.ask("set_link", "carp1", True),
            tables.ask("add", "carp1", [VIP4], None),
        )
        assert outcomes == [None, None, {}]
        await tables.hear("172.16.0.1 added to carp1")
        parent, link = tables.netlink.link("eth0"), tables.netlink.link("carp1")
        assert (link.parent, link.kind, link.mac) == (parent.index, "macvlan", MAC)
        assert (link.is_up, link.is_ethernet) == (True, True)
        assert details(a, "carp1")["linkinfo"]["info_data"]["mode"] == "bridge"
        await tables.succeed("set_link", "carp1", False)
        assert "UP" not in details(a, "carp1")["flags"]
        await tables.succeed("remove_link", "carp1")
        while tables.netlink.link("carp1"):
            await tables.hear("carp1 changed")
        await tables.succeed("remove_link", "carp1")

    run_in(a, scenario)


def test_a_macvlan_is_made_down(a):
    async def scenario(tables):
        await tables.succeed("add_macvlan", "eth0", "carp1", MAC)
        assert "UP" not in details(a, "carp1")["flags"]

    run_in(a, scenario)


@pytest.mark.parametrize(
    ("parent", "mac", "mode", "is_adopted"),
    [
        ("eth0", MAC, "bridge", True),
        ("eth0", OTHER_MAC, "bridge", False),
        ("veth1", MAC, "bridge", False),
        ("eth0", MAC, "private", False),
    ],
)
def test_a_macvlan_that_is_there_is_adopted_only_if_it_is_just_so(a, parent, mac, mode, is_adopted):
    a.ip("link", "add", "veth1", "type", "veth", "peer", "name", "veth2")
    a.ip(
        *("link", "add", "link", parent, "name", "carp1", "address", mac.hex(":")),
        *("type", "macvlan", "mode", mode),
    )
    before = details(a, "carp1")["ifindex"]

    async def scenario(tables):
        await tables.succeed("add_macvlan", "eth0", "carp1", MAC)

    run_in(a, scenario)
    there = details(a, "carp1")
    assert (there["ifindex"] == before) == is_adopted
    assert (there["link"], there["address"]) == ("eth0", MAC.hex(":"))
    assert there["linkinfo"]["info_data"]["mode"] == "bridge"


@pytest.mark.parametrize(("below", "is_adopted"), [("eth0", True), ("veth1", False)])
@pytest.mark.parametrize("where", ["a", "b"])
def test_on_a_macvlan_one_is_adopted_only_if_the_same_link_is_below(
    request, a, where, below, is_adopted
):
    """The link below may be in another namespace."""
    host = request.getfixturevalue(where)
    host.ip("link", "add", "veth1", "type", "veth", "peer", "name", "veth2")
    for name, link, mac in (("mv0", "eth0", OTHER_MAC), ("carp1", below, MAC)):
        macvlan = ("netns", a.namespace, "type", "macvlan", "mode", "bridge")
        host.ip("link", "add", name, "link", link, "address", mac.hex(":"), *macvlan)
    before = details(a, "carp1")["ifindex"]

    async def scenario(tables):
        await tables.succeed("add_macvlan", "mv0", "carp1", MAC)

    run_in(a, scenario)
    assert (details(a, "carp1")["ifindex"] == before) == is_adopted


def test_a_link_that_is_not_a_macvlan_is_left_alone(a):
    a.ip("link", "add", "carp1", "type", "veth", "peer", "name", "veth2")
    a.ip("link", "property", "add", "dev", "eth0", "altname", "lan")

    async def scenario(tables):
        for name, kind in (("carp1", "veth"), ("lan", "veth"), ("lo", "hardware")):
            requests = ("add_macvlan", "eth0", name, MAC), ("remove_link", name)
            for request in (*requests, ("set_link", name, False)):
                error = await tables.ask(*request)
                assert error.errno == errno.EEXIST
                assert error.strerror == f"{name} is not a macvlan but {kind}"

    run_in(a, scenario)
    assert details(a, "carp1")["linkinfo"]["info_kind"] == "veth"
    assert details(a, "eth0")


def test_requests_about_links_that_are_not_there(a):
    async def scenario(tables):
        for request in (
            ("add_macvlan", "nowhere", "carp1", MAC),
            ("set_link", "nowhere", True),
        ):
            error = await tables.ask(*request)
            assert (error.errno, error.strerror) == (
                errno.ENODEV,
                "interface nowhere does not exist",
            )
        await tables.succeed("set_link", "nowhere", False)

    run_in(a, scenario)


def test_a_function_has_its_turn_among_the_requests(a):
    async def scenario(tables):
        seen = []

        def look():
            seen.append("carp1" in a.ip("link", "show").stdout)
            raise OSError(errno.EROFS, "no")

        outcomes = await asyncio.gather(
            tables.ask("beside", look),
            tables.ask("add_macvlan", "eth0", "carp1", MAC),
            tables.ask("beside", look),
        )
        assert seen == [False, True]
        assert [error and error.strerror for error in outcomes] == ["no", None, "no"]

    run_in(a, scenario)


def test_two_macvlans_with_one_mac(a):
    async def scenario(tables):
        for name in ("carp1", "carp2"):
            await tables.succeed("add_macvlan", "eth0", name, MAC)
        await tables.succeed("set_link", "carp1", True)
        error = await tables.ask("set_link", "carp2", True)
        assert error.errno == errno.EADDRINUSE
        assert error.strerror == "cannot set carp2 up: Address already in use"

    run_in(a, scenario)
