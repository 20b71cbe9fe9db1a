"""Virtual addresses on a macvlan: neighbours learn the virtual MAC for them, and nothing else."""

import asyncio
import functools
import json
import socket
import sys
from ipaddress import ip_address

import pytest
from kernel_tables import details, opened_tables
from lab import PROJECT, inside
from neighbours import Neighbour

from ucarpd.addresses.arp_settings import ParentArp
from ucarpd.linux import sysctl
from ucarpd.linux.macvlan import prepare_macvlan
from ucarpd.linux.netlink import InterfaceAddress

VIRTUAL_MAC = "00:00:5e:00:01:01"
OWN = "172.16.0.11", "fd00::11"
CLIENT = "172.16.0.50", "fd00::50"
VIRTUAL = "172.16.0.1", "fd00::1"
LATEST = VIRTUAL[0], VIRTUAL_MAC
PORT = 8112


def with_ipv6(host, ip):
    host.run("sysctl", "-qw", "net.ipv6.conf.eth0.disable_ipv6=0")
    host.run("sysctl", "-qw", "net.ipv6.conf.default.disable_ipv6=0")
    host.ip("address", "add", f"{ip}/64", "dev", "eth0", "nodad")


@pytest.fixture
def a(a):
    with_ipv6(a, OWN[1])
    return a


@pytest.fixture
def client(lab):
    host = lab.host("client", f"{CLIENT[0]}/16")
    with_ipv6(host, CLIENT[1])
    return host


@pytest.fixture
def neighbour(client):
    with Neighbour(client, *CLIENT) as neighbour:
        yield neighbour


def mac(host):
    return details(host, "eth0")["address"]


def become_master(host, directory, *, prefixlens=(32, 128), prepared=True):
    """A daemon's work for a virtual host with a MAC of its own."""
    virtual = [
        InterfaceAddress(ip_address(ip), prefixlen)
        for ip, prefixlen in zip(VIRTUAL, prefixlens, strict=True)
    ]
    requests = [
        ("beside", ParentArp("eth0", directory).hold),
        ("add_macvlan", "eth0", "carp1", bytes.fromhex(VIRTUAL_MAC.replace(":", ""))),
        ("beside", functools.partial(prepare_macvlan, "carp1", "eth0", True)),
        ("set_link", "carp1", True),
        ("add", "carp1", virtual, None),
    ]

    async def become():
        async with asyncio.timeout(30), opened_tables() as tables:
            for request in requests:
                if prepared or request[0] != "beside":
                    await tables.succeed(*request)
            # Only then does the device hear those who ask for an IPv6 address.
            await tables.hear(f"{VIRTUAL[1]} added to carp1")

    with inside(host.namespace):
        asyncio.run(become())


def talk(caller, called, ip, source=None):
    """Connect from one host to another by this address, and exchange a word."""
    with inside(called.namespace):
        server = socket.create_server(("::", PORT), family=socket.AF_INET6, dualstack_ipv6=True)
    with server:
        server.settimeout(10)
        with inside(caller.namespace):
            source = source and (source, 0)
            connection = socket.create_connection((ip, PORT), timeout=10, source_address=source)
        with connection, server.accept()[0] as accepted:
            accepted.sendall(b"word")
            assert connection.recv(4) == b"word"


def learnt(host, ip):
    """The MAC that the host has learnt for an address; None if it has not."""
    entries = json.loads(host.ip("-json", "neighbour", "show", ip).stdout or "[]")
    return next((entry["lladdr"] for entry in entries if "lladdr" in entry), None)


def forget(*hosts):
    for host in hosts:
        host.ip("neighbour", "flush", "all")


def test_only_the_virtual_mac_answers_for_the_virtual_address(a, neighbour, tmp_path):
    become_master(a, tmp_path)
    answers = neighbour.answers([*VIRTUAL, *OWN], last=LATEST, rounds=5)
    assert answers == {
        **{ip: {VIRTUAL_MAC: 5} for ip in VIRTUAL},
        **{ip: {mac(a): 5} for ip in OWN},
    }


def test_it_is_the_settings_that_see_to_it(a, neighbour, tmp_path):
    become_master(a, tmp_path, prepared=False)
    answers = neighbour.answers([*VIRTUAL, *OWN], last=LATEST, rounds=5)
    for ip in (VIRTUAL[0], OWN[0]):
        assert set(answers[ip]) == {VIRTUAL_MAC, mac(a)}


@pytest.mark.parametrize("prefixlens", [(32, 128), (16, 64)])
@pytest.mark.parametrize("variant", ["plain", "router", "strict"])
def test_clients_learn_the_virtual_mac_whoever_speaks_first(
    a, client, neighbour, tmp_path, prefixlens, variant
):
    if variant == "router":
        a.run("sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1")
    if variant == "strict":
        a.run("sysctl", "-qw", "net.ipv4.conf.all.rp_filter=1")
    become_master(a, tmp_path, prefixlens=prefixlens)
    for ip, client_ip in zip(VIRTUAL, CLIENT, strict=True):
        forget(a, client)
        talk(client, a, ip)
        assert learnt(client, ip) == VIRTUAL_MAC
        # The host asks for the client's MAC now, and must not name the virtual address as its own.
        forget(a)
        talk(a, client, client_ip, source=ip)
        assert learnt(client, ip) == VIRTUAL_MAC
        forget(a, client)
        talk(a, client, client_ip, source=ip)
        assert learnt(client, ip) == VIRTUAL_MAC
        assert neighbour.macs_claimed(ip) == {VIRTUAL_MAC}


def test_the_macvlan_has_no_address_but_the_virtual_ones(a, tmp_path):
    become_master(a, tmp_path)
    found = json.loads(a.ip("-json", "address", "show", "dev", "carp1").stdout)
    assert {info["local"] for info in found[0]["addr_info"]} == set(VIRTUAL)


def test_a_network_namespace_shares_no_settings_with_another_one(a, b, tmp_path):
    arps = {}
    for host in (a, b):
        with inside(host.namespace):
            arps[host] = ParentArp("eth0", tmp_path)
            arps[host].hold()
    for host, arp in arps.items():
        with inside(host.namespace):
            arp.release()
            assert sysctl.get("eth0", 4, "arp_ignore") == "0"


def test_a_macvlan_without_ipv6(a):
    a.ip("link", "add", "link", "eth0", "name", "carp1", "type", "macvlan", "mode", "bridge")
    with inside(a.namespace):
        prepare_macvlan("carp1", "eth0", with_ipv6=False)
        assert sysctl.get("carp1", 6, "disable_ipv6") == "1"
        assert sysctl.get("carp1", 4, "arp_ignore") == "1"
        with pytest.raises(FileNotFoundError, match="cannot read .*/nowhere/rp_filter"):
            prepare_macvlan("nowhere", "eth0", with_ipv6=False)


def test_where_settings_cannot_be_changed_that_is_said(a):
    """As in a container with a read-only /proc/sys."""
    a.ip("link", "add", "link", "eth0", "name", "carp1", "type", "macvlan", "mode", "bridge")
    program = (
        "from ucarpd.linux.macvlan import prepare_macvlan; prepare_macvlan('carp1', 'eth0', True)"
    )
    read_only = "mount --bind /proc/sys/net /proc/sys/net && mount -o remount,bind,ro /proc/sys/net"
    result = a.run(
        *("unshare", "--mount", "env", f"PYTHONPATH={PROJECT}"),
        *("sh", "-c", f'{read_only} && exec "$0" -c "$1"', sys.executable, program),
        check=False,
    )
    path = "/proc/sys/net/ipv4/conf/carp1/rp_filter"
    assert f"cannot set {path} to 2: Read-only file system" in result.stderr


def test_an_interface_with_a_dot_in_its_name(a, tmp_path):
    a.ip("link", "add", "eth0.5", "type", "veth", "peer", "name", "veth1")
    with inside(a.namespace):
        arp = ParentArp("eth0.5", tmp_path)
        arp.hold()
        assert sysctl.get("eth0.5", 4, "arp_ignore") == "1"
        ParentArp("eth0.5", tmp_path).release()
        assert sysctl.get("eth0.5", 4, "arp_ignore") == "1"
        arp.release()
        assert sysctl.get("eth0.5", 4, "arp_ignore") == "0"
