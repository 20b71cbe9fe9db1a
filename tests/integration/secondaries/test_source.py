"""A virtual address that is the first of its network is not the host's source."""

import pytest
from lab import wait_for
from nodes import start_master
from secondaries import OTHER_VIP, VIP, ipv4, routes, run_in

from ucarpd.linux.netlink import InterfaceAddress


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
    # If it makes no difference, the address is added as ever.
    assert flags == (prefixlen in (24, 26))


def test_a_virtual_address_that_is_the_first_of_its_network_has_a_route(a):
    """Another virtual address, of a wider network, is none of the host's own."""
    a.ip("address", "flush", "dev", "eth0")
    wide, narrow = InterfaceAddress(VIP.ip, 16), InterfaceAddress(OTHER_VIP.ip, 24)

    async def scenario(tables):
        await tables.succeed("add", "eth0", [wide], None)
        await tables.hear("172.16.0.1 added to eth0")
        await tables.succeed("add", "eth0", [wide, narrow], None)

    run_in(a, scenario)
    assert routes(a) == [
        "172.16.0.0/24 dev eth0 proto kernel scope link src 172.16.0.2 ",
        "172.16.0.0/16 dev eth0 proto kernel scope link src 172.16.0.1 ",
    ]


def test_a_host_with_a_wider_mask_is_still_its_own_source(a):
    """The virtual address is left with a route inside the new network."""
    a.run("sysctl", "-qw", "net.ipv4.conf.eth0.promote_secondaries=1")
    a.ip("address", "add", "172.16.0.11/24", "dev", "eth0")
    a.ip("address", "delete", "172.16.0.11/16", "dev", "eth0")
    daemon = start_master(a, MASK="24")
    a.ip("address", "add", "172.16.0.11/16", "dev", "eth0")
    a.ip("address", "delete", "172.16.0.11/24", "dev", "eth0")
    daemon.wait_for_line("added again behind 172.16.0.11")  # soon
    wait_for("source", lambda: " src 172.16.0.11 " in a.ip("route", "get", "172.16.0.99").stdout)
    wait_for("all", lambda: ipv4(a).keys() == {"172.16.0.11", "172.16.0.1"})
    assert daemon.lines("was removed from eth0") == []


def test_the_hosts_new_address_is_its_source_although_the_virtual_one_was_there_first(a):
    """As after `nmcli connection up`, or when DHCP assigns another address."""
    a.run("sysctl", "-qw", "net.ipv4.conf.eth0.promote_secondaries=1")
    daemon = start_master(a, SRCIP=None, EXTRA_ADDRS="172.16.0.2/16")
    a.ip("address", "add", "172.16.0.50/16", "dev", "eth0")
    a.ip("address", "delete", "172.16.0.11/16", "dev", "eth0")
    daemon.wait_for_line("added again behind 172.16.0.50")  # soon
    wait_for("source", lambda: " src 172.16.0.50 " in a.ip("route", "get", "172.16.0.99").stdout)
    wait_for("all", lambda: ipv4(a).keys() == {"172.16.0.50", "172.16.0.1", "172.16.0.2"})
    assert daemon.lines("was removed from eth0") == []
