"""IPv6, both families at once, and several addresses in one virtual host."""

import signal

import pytest
from lab import Host, wait_for
from nodes import BACKUP, MASTER, VIP, both_ways, conf, mac, start, start_ucarp, wait_for_address

VIP6 = "fd00::1"
LINK_LOCAL = "fe80::1"
GROUP6 = "ff02::12"
FOUR = "172.16.0.9, 2001:db8::44, 172.16.0.1, fd00::1"


@pytest.fixture
def a6(a) -> Host:
    a.enable_ipv6("fd00::11/64")
    return a


@pytest.fixture
def b6(b) -> Host:
    b.enable_ipv6("fd00::12/64")
    return b


def start_pair(a: Host, b: Host, **keys: object):
    """`a` becomes MASTER, `b` its BACKUP."""
    keys = {"SRCIP": None, "MASK": None, **keys}
    first = start(a, PREEMPT="yes", **keys)
    first.wait_for_line(MASTER)
    second = start(b, ADVSKEW=50, **keys)
    second.wait_for_line(BACKUP)
    return first, second


def serves(host: Host, *addresses: str) -> bool:
    return all(host.has(address) for address in addresses)


@both_ways
def test_a_dual_stack_pair(a6, b6, wire):
    first, second = start_pair(a6, b6, ADDR=f"{VIP},{VIP6}")
    wait_for("both addresses on a", lambda: serves(a6, VIP, VIP6))
    source6 = next(s for s in sources(wire) if ":" in s)
    in_ipv4, in_ipv6 = wire.wait_more(a6.address, 3), wire.wait(source6, 3)
    assert {each.destination_mac for each in in_ipv6} == {"33:33:00:00:00:12"}
    assert {(each.destination, each.ttl) for each in in_ipv6} == {(GROUP6, 255)}
    assert abs(in_ipv6[-1].counter - in_ipv4[-1].counter) <= 3  # one run of counters for both
    # The backup hears both families.
    assert not second.lines(MASTER)
    assert not second.lines("advertisements are lost")
    first.kill()
    assert "no advertisement from" in second.wait_for_line(MASTER)
    wait_for("both addresses on b", lambda: serves(b6, VIP, VIP6))
    announced = wait_for("b announces both", lambda: announcements(wire, b6))
    assert announced == {(VIP, "request"), (VIP, "reply"), (VIP6, "neighbour")}


def sources(wire) -> set[str]:
    heard = wait_for(
        "advertisements in both families",
        lambda: found if len(found := {e.source for e in wire.advertisements()}) >= 2 else None,
    )
    return set(heard)


def announcements(wire, host: Host):
    address = mac(host)
    found = {
        (each.ip, each.kind)
        for ip in (VIP, VIP6)
        for each in wire.announcements(ip)
        if each.mac == each.sender_mac == address
    }
    return found if len(found) == 3 else None


@both_ways
def test_silence_in_one_family_alone_is_told_and_moves_nothing(a6, b6, wire):
    """A switch that loses one kind of multicast is no reason for a second master."""
    first, second = start_pair(a6, b6, ADDR=f"{VIP},{VIP6}")
    b6.drop("ingress", "ip protocol 112")
    second.wait_for_line("only IPv4 advertisements are lost")
    wire.wait_more(a6.address, 5)
    assert second.lines(MASTER) == []
    first.kill()
    second.wait_for_line(MASTER)


def test_two_masters_that_have_no_family_in_common_name_each_other(a6, b6):
    first, second = start_pair(a6, b6, ADDR=f"{VIP},{VIP6}")
    a6.ip("-6", "address", "flush", "dev", "eth0", "scope", "link")
    a6.ip("address", "delete", "fd00::11/64", "dev", "eth0")
    b6.ip("-4", "address", "flush", "dev", "eth0")
    text = "is also MASTER: this host hears it, but has no"
    first.wait_for_line(text, "IPv6 source address")
    second.wait_for_line(text, "IPv4 source address")
    b6.ip("address", "add", f"{b6.address}/16", "dev", "eth0")
    second.wait_for_line(f"{a6.address} is no longer MASTER")


@both_ways
def test_a_graceful_stop_hands_over_at_once_in_both_families(a6, b6, wire):
    first, second = start_pair(a6, b6, ADDR=f"{VIP},{VIP6}")
    wait_for("both addresses on a", lambda: serves(a6, VIP, VIP6))
    first.stop()
    assert "bowed out" in second.wait_for_line(MASTER)
    wait_for("both addresses on b", lambda: serves(b6, VIP, VIP6))
    assert not any(serves(a6, address) for address in (VIP, VIP6))
    # In both families it goes out only if the peer is not heard within 50 ms.
    in_ipv6 = [":" in each.source for each in wire.advertisements() if each.is_bow_out]
    assert in_ipv6 in ([False], [False, False, True], [False, False, True, False, True])


@both_ways
def test_an_ipv6_only_pair(a6, b6, wire):
    """Without any IPv4 address on either host."""
    for host in (a6, b6):
        host.ip("-4", "address", "flush", "dev", "eth0")
    first, second = start_pair(a6, b6, ADDR=VIP6)
    wait_for_address(a6, VIP6)
    assert "ready with source fe80::" in first.wait_for_line(BACKUP)
    first.kill()
    second.wait_for_line(MASTER)
    wait_for_address(b6, VIP6)
    assert {":" in each.source for each in wire.advertisements()} == {True}


@both_ways
def test_an_ipv6_address_is_there_at_once_and_not_used_for_own_connections(a6):
    start(a6, SRCIP=None, MASK=None, ADDR=VIP6).wait_for_line(MASTER)
    wait_for_address(a6, VIP6)
    (address,) = (each for each in a6.addresses() if each["local"] == VIP6)
    assert address["prefixlen"] == 128
    assert "tentative" not in address
    assert "src fd00::11" in a6.run("ip", "-6", "route", "get", "fd00::12").stdout


@both_ways
def test_a_link_local_virtual_address(a6, b6):
    """As a default gateway for IPv6 hosts."""
    first, second = start_pair(a6, b6, ADDR=LINK_LOCAL)
    wait_for_address(a6, LINK_LOCAL)
    first.stop()
    second.wait_for_line(MASTER)
    wait_for_address(b6, LINK_LOCAL)
    assert not a6.has(LINK_LOCAL)


@both_ways
def test_a_router_announces_itself_as_one(a6, wire):
    a6.sysctl("net/ipv6/conf/all/forwarding", "1")
    start(a6, SRCIP=None, MASK=None, ADDR=LINK_LOCAL).wait_for_line(MASTER)
    announced = wait_for("the announcement", lambda: wire.announcements(LINK_LOCAL))
    assert {each.kind for each in announced} == {"router"}


@both_ways
def test_four_addresses_in_any_order(a6, b6):
    keys = {"SRCIP": None, "MASK": None}
    first = start(a6, ADDR=FOUR, **keys)
    first.wait_for_line(MASTER)
    second = start(b6, ADDR=", ".join(reversed(FOUR.split(", "))), ADVSKEW=50, **keys)
    second.wait_for_line(BACKUP)
    wait_for("all four on a", lambda: serves(a6, *FOUR.split(", ")))
    first.stop()
    second.wait_for_line("bowed out")
    wait_for("all four on b", lambda: serves(b6, *FOUR.split(", ")))
    assert not second.lines("digest")


def test_one_more_address_without_a_flag_day(a, b):
    """The digest does not cover it: one host after the other gets it, and nothing moves.

    With scripts the instance is restarted for it.
    """
    first, second = start_pair(a, b, ADDR=VIP)
    wait_for_address(a)
    for host, process, skew in ((b, second, 50), (a, first, 0)):
        more = {"EXTRA_ADDRS": "172.16.0.77/16", "ADVSKEW": skew, "PREEMPT": "yes"}
        reload(host, process, **more)
    wait_for_address(a, "172.16.0.77")
    reload(a, first, ADVSKEW=0, PREEMPT="yes")
    wait_for("the address is gone", lambda: not a.has("172.16.0.77"))
    assert a.has(VIP)
    assert len(first.lines(MASTER)) == 1
    assert not second.lines(MASTER)


def reload(host: Host, process, **keys: object) -> None:
    reloads = len(process.lines("reloaded"))
    host.write_conf("web", conf(None, MASK=None, **keys))
    process.signal(signal.SIGHUP)
    process.wait_for_line("reloaded", count=reloads + 1)


@both_ways
def test_an_extra_address_keeps_ucarp_as_a_peer(a, b):
    ours = start(a, EXTRA_ADDRS="172.16.0.77")
    ours.wait_for_line(MASTER)
    wait_for("both addresses", lambda: serves(a, VIP, "172.16.0.77"))
    theirs = start_ucarp(b, skew=50)
    ours.wait_for_line(MASTER)
    ours.stop()
    theirs.wait_for_line(MASTER)
    wait_for_address(b)


@both_ways
def test_a_hash_only_address_is_not_served(a, b):
    first = start(a, HASH_ADDRS="172.16.0.78")
    first.wait_for_line(MASTER)
    wait_for_address(a)
    assert not a.has("172.16.0.78")
    other = start(b, ADDR=f"{VIP} 172.16.0.78", ADVSKEW=50)
    other.wait_for_line(BACKUP)
    first.stop()
    other.wait_for_line("bowed out")


@both_ways
def test_a_reload_that_changes_the_digest_says_that_it_is_a_flag_day(a):
    process = start(a)
    process.wait_for_line(MASTER)
    reload(a, process, SRCIP=a.address, ADDR=f"{VIP} 172.16.0.78")
    process.wait_for_line("the list of addresses has changed")


@pytest.mark.parametrize(("vmac", "device"), [("no", "eth0"), ("yes", "eth0-v1")])
@pytest.mark.parametrize("addresses", [f"{VIP},{VIP6}", VIP6])
def test_an_mtu_that_is_too_small_for_ipv6_is_named(a6, addresses, vmac, device):
    """The kernel takes IPv6 off the interface, and puts it back with a greater MTU."""
    process = start(a6, SRCIP=None, MASK=None, ADDR=addresses, VMAC=vmac)
    process.wait_for_line(MASTER)
    wait_for("the address", lambda: a6.has(VIP6, device))
    a6.ip("link", "set", "eth0", "mtu", "1200")
    process.wait_for_line("eth0 has no IPv6, because its MTU is below 1280")
    a6.ip("link", "set", "eth0", "mtu", "1500")
    wait_for("the address again", lambda: a6.has(VIP6, device), limit=90)
    process.stop()
    assert not process.lines("[ERROR]")
