"""`ucarpd check` looks at the machine that it runs on; it needs no privileges for that."""

import re
import sys

from lab import Host
from nodes import BACKUP, VIP, conf, start_master, start_ucarp
from other_user import UCARPD_AS_NOBODY

PASSWORD = "Qz9-kx"

OTHERS = "(, [a-z0-9]+)*"
"""Names of more interfaces, which some kernels make in every network namespace."""


def check(host: Host, *, as_nobody: bool = False, **keys: object) -> tuple[int, str]:
    """Its exit status, and its lines about a file."""
    path = host.write_conf("web", conf(host.address, **{"PASS": PASSWORD} | keys))
    if as_nobody:
        path.chmod(0o644)
    program = UCARPD_AS_NOBODY if as_nobody else (sys.executable, "-m", "ucarpd")
    process = host.start(*program, "check", "/etc/ucarp/web.conf")
    status = process.popen.wait(30)
    return status, process.text()


def test_a_pair_as_it_should_be(a):
    status, text = check(a)
    assert (status, text) == (0, "/etc/ucarp/web.conf: OK, virtual host 1 on eth0\n")


def test_an_old_ucarp_for_the_same_virtual_host(a):
    old = start_ucarp(a)
    old.wait_for_line(BACKUP)
    status, text = check(a)
    assert status == 0
    assert f"web.conf:3: UCARP_VHID: process {old.pid} is the old ucarp" in text
    assert "old ucarp" not in check(a, VHID=2)[1]


def test_it_needs_no_privileges(a):
    status, text = check(a, as_nobody=True, SRCIP="172.16.0.99")
    assert status == 0
    advice = "write UCARP_SRCIP=172.16.0.11, or leave the key out (warning)"
    assert f"UCARP_SRCIP: source address 172.16.0.99 is not on eth0: {advice}" in text


def test_routes_that_have_the_virtual_address_as_their_source(a):
    a.ip("address", "add", f"{VIP}/16", "dev", "eth0")
    for route in ("default", "10.9.0.0/16"):
        a.ip("route", "add", route, "via", "172.16.0.254", "src", VIP)
    a.ip("route", "add", "10.8.0.0/16", "via", "172.16.0.254", "src", a.address)
    status, text = check(a)
    assert status == 0
    assert "(the kernel removes the route default, the route 10.9.0.0/16 with it)" in text


def test_routes_that_this_host_has_already(a):
    a.enable_ipv6("fd00::11/64")
    ours = {
        "default via 172.16.0.254": "default via 172.16.0.253",
        "192.0.2.0/24 via 172.16.0.254 metric 7 table 1000": "unreachable 192.0.2.0/24 metric 7 table 1000",
        "2001:db8::/48 via fd00::fe": "2001:db8::/48 via fd00::fd",
    }
    free = "192.0.2.0/25 via 172.16.0.254; 192.0.2.0/24 via 172.16.0.254 metric 8 table 1000"
    free += "; 198.51.100.0/24 via 172.16.0.254 table 77; default via fd00::fe"
    a.ip("route", "add", "192.0.2.128/25", "via", "172.16.0.254")
    for there in ours.values():
        a.ip("-6" if "::" in there else "-4", "route", "add", *there.split())
    status, text = check(a, ROUTES=f"'{'; '.join(ours)}; {free}'")
    assert status == 0
    for route in ours:
        assert f"UCARP_ROUTES: {route}: this host has another route to the same destination" in text
    assert text.count("another route") == len(ours)


def test_the_servers_old_address_becomes_the_virtual_one(a):
    """It is still the first of its network, and the new one hangs on it."""
    a.ip("address", "flush", "dev", "eth0")
    a.sysctl("net/ipv4/conf/eth0/promote_secondaries", "0")
    a.sysctl("net/ipv4/conf/all/promote_secondaries", "0")
    for ip in (VIP, "172.16.0.12"):
        a.ip("address", "add", f"{ip}/16", "dev", "eth0")
    status, text = check(a, SRCIP=None)
    assert status == 0
    assert re.search(rf"UCARP_ADDR: {VIP} is on eth0 now: .* first", text)
    assert "the kernel removes 172.16.0.12 with it" in text


def test_the_only_address_of_the_host(a):
    a.ip("address", "flush", "dev", "eth0")
    a.ip("address", "add", f"{VIP}/16", "dev", "eth0")
    status, text = check(a, SRCIP=None)
    assert status == 78
    assert f"UCARP_ADDR: eth0 has only {VIP}, which is UCARP_ADDR" in text
    assert "OK" not in text


def test_a_running_master_has_put_its_address_there_itself(a):
    start_master(a, PASS=PASSWORD)
    status, text = check(a)
    assert (status, text) == (0, "/etc/ucarp/web.conf: OK, virtual host 1 on eth0\n")


def test_what_keeps_two_hosts_from_hearing_each_other(a):
    status, text = check(a, SRCIP=None, PEERS="172.16.0.51,172.16.0.52")
    assert status == 78
    assert "no address of eth0 (172.16.0.11) is in UCARP_PEERS (172.16.0.51, 172.16.0.52)" in text
    a.ip("link", "add", "br-lan", "type", "bridge")
    a.ip("link", "set", "eth0", "master", "br-lan")
    status, text = check(a)
    assert status == 78
    assert "eth0 is a port of br-lan and receives nothing itself: UCARP_INTERFACE=br-lan" in text


def test_names_of_interfaces(a):
    a.ip("link", "property", "add", "dev", "eth0", "altname", "enp0s31f6")
    status, text = check(a, INTERFACE="enp0s31f6")
    assert (status, "write UCARP_INTERFACE=eth0" in text) == (78, True)
    status, text = check(a, INTERFACE="hots0")
    assert (status, "this host has no hots0 now (it has eth0" in text) == (0, True)


def test_a_file_that_was_written_for_another_host(a):
    there = rf"\(it has eth0{OTHERS}\): "
    status, text = check(a, INTERFACE="ens18", SRCIP=None)
    assert status == 0
    assert re.search(f"no ens18 now {there}did you mean UCARP_INTERFACE=eth0\\?", text)
    status, text = check(a, INTERFACE="172.16.0.11", SRCIP=None)
    assert re.search(f"now {there}this is an address, write UCARP_INTERFACE=eth0", text)
    status, text = check(a, INTERFACE="lo", SRCIP=None)
    assert (status, "lo is not Ethernet, and CARP needs Ethernet" in text) == (78, True)
    status, text = check(a, ADDR="172.17.0.1")
    assert status == 0
    where = "/etc/ucarp/web.conf:5: UCARP_ADDR"
    assert f"{where}: 172.17.0.1 is in no network of eth0 (172.16.0.0/16): a typing err" in text


def test_ipv6_is_off(a):
    a.sysctl("net/ipv6/conf/eth0/disable_ipv6", "1")
    status, text = check(a, ADDR=f"{VIP},2001:db8::10", SRCIP=None)
    assert status == 0
    said, _, command = text.partition(": type: ")
    assert "UCARP_ADDR: IPv6 is off on eth0, and 2001:db8::10 cannot be served" in said
    a.sysctl(*command.split()[2].split("="))
    assert "IPv6 is off" not in check(a, ADDR=f"{VIP},2001:db8::10", SRCIP=None)[1]


def test_two_files_on_one_bridge(a):
    """A bridge may join the other end of an interface's cable, as in a container."""
    a.ip("link", "add", "br-lan", "type", "bridge")
    a.ip("link", "add", "v0", "type", "veth", "peer", "name", "port0")
    a.ip("link", "set", "port0", "master", "br-lan")
    for link, ip in (("br-lan", "172.17.0.1"), ("v0", "172.17.0.2")):
        a.ip("address", "add", f"{ip}/16", "dev", link)
        a.ip("link", "set", link, "up")
    for name, link, ip in (("one", "br-lan", "172.17.0.8"), ("two", "v0", "172.17.0.9")):
        a.write_conf(name, conf(a.address, SRCIP=None, MASK=None, INTERFACE=link, ADDR=ip))
    process = a.start(sys.executable, "-m", "ucarpd", "check", "/etc/ucarp")
    assert process.popen.wait(30) == 0
    assert (
        "/etc/ucarp/two.conf:2: UCARP_VHID: v0 and br-lan of /etc/ucarp/one.conf are joined by"
        in (process.text())
    )
