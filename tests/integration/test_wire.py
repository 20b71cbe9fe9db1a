"""The packets on the wire, as tcpdump, tshark and the neighbours see them."""

import re
import signal
from ipaddress import IPv4Address
from pathlib import Path

import pytest
from lab import Host, run, wait_for
from nodes import (
    INIT,
    MASTER,
    VIP,
    both_ways,
    conf,
    mac,
    start_backup,
    start_master,
    start_ucarp,
    wait_for_address,
)
from wiretap import BROADCAST, gaps

GROUP = "224.0.0.18"


def test_one_advertisement_each_second(a, wire):
    start_master(a)
    heard = wire.wait_more(a.address, 6)
    between = gaps(heard)
    # A single one may come late on a busy machine, but then the next one is not late.
    assert max(between) < 2
    assert sum(between) / len(between) == pytest.approx(1, abs=0.1)
    for each in heard:
        assert (each.mac, each.destination_mac) == (mac(a), "01:00:5e:00:00:12")
        assert (each.destination, each.ttl, each.vhid) == (GROUP, 255, 1)
        assert (each.advbase, each.advskew) == (1, 0)
    counters = [each.counter for each in heard]
    assert counters == list(range(counters[0], counters[0] + len(heard)))


def capture_of_a_life(a: Host, wire, path: Path) -> int:
    """Save the frames of a host from start to stop; return the number of advertisements."""
    daemon = start_master(a, ADVSKEW=20)
    wire.wait_more(a.address, 2)
    daemon.stop()
    wait_for("both bow-outs", lambda: len(wire.bow_outs(a.address)) == 2)
    wire.save(path)
    return len(wire.advertisements())


def test_tcpdump_reads_it_without_a_complaint(a, wire, tmp_path):
    count = capture_of_a_life(a, wire, tmp_path / "life.pcap")
    # Without -T carp tcpdump takes IP protocol 112 for VRRP.
    command = ("tcpdump", "-nnvv", "-T", "carp", "-r", str(tmp_path / "life.pcap"), "proto", "112")
    text = run(*command).stdout
    assert len(re.findall(r"172\.16\.0\.11 > 224\.0\.0\.18: CARPv2-advertise 36: ", text)) == count
    assert text.count("vhid=1 advbase=1 advskew=20 authlen=7 counter=") == count - 2
    assert text.count("vhid=1 advbase=255 advskew=255 authlen=7 counter=") == 2
    assert not re.search(r"bad|invalid|truncated|malformed|incorrect|\[\|", text, re.IGNORECASE)


def test_tshark_reads_it_without_a_complaint(a, wire, tmp_path):
    count = capture_of_a_life(a, wire, tmp_path / "life.pcap")
    tshark = ("tshark", "-n", "-r", str(tmp_path / "life.pcap"), "-d", "ip.proto==112,carp")
    checks = ("-o", "ip.check_checksum:TRUE")
    fields = (
        "carp.version",
        "carp.type",
        "carp.vhid",
        "carp.checksum.status",
        "ip.checksum.status",
    )
    shown = run(*tshark, *checks, "-Y", "carp", "-T", "fields", *(f"-e{each}" for each in fields))
    assert shown.stdout.splitlines() == ["2\t1\t1\t1\t1"] * count
    complaints = "_ws.malformed || _ws.expert.severity >= warning"
    assert run(*tshark, *checks, "-Y", complaints).stdout == ""


@both_ways
def test_takeover_is_announced_to_the_neighbours(a, b, wire):
    """As request and as reply, when the address is there, and again later."""
    on_a = start_master(a)
    start_backup(b)
    wire.wait_more(a.address, 1)
    handed_over = wire.advertisements()[-1].at
    on_a.stop()
    took_over = wire.wait(b.address)[0].at

    def of_b() -> list:
        return [each for each in wire.announcements(VIP, handed_over) if each.mac == mac(b)]

    def are_repeated() -> bool:
        # With scripts the first come twice: the kernel reports the address, then the script ends.
        found = of_b()
        return len(found) >= 8 and found[-1].at - found[0].at > 0.5

    wait_for("several announcements, and some again later", are_repeated)
    announcements = of_b()
    assert announcements[0].at > took_over
    for kind in ("request", "reply"):
        assert len([each for each in announcements if each.kind == kind]) >= 4
    assert {(each.sender_mac, each.destination_mac) for each in announcements} == {
        (mac(b), BROADCAST)
    }


@both_ways
def test_clients_follow_the_address(lab, a, b):
    """A client with the old master in its ARP cache reaches the new one at once."""
    client = lab.host("client", "172.16.0.99/16")
    on_a = start_master(a)
    start_backup(b)

    def neighbour() -> str:
        return client.ip("neigh", "show", VIP).stdout

    client.run("bash", "-c", f"echo hello >/dev/udp/{VIP}/9")
    wait_for("the client to know the first host", lambda: mac(a) in neighbour())
    on_a.stop()
    wait_for_address(b)
    # Only the announcement tells the client, which has not asked again.
    wait_for("the client to know the second host", lambda: mac(b) in neighbour())


def groups(host: Host) -> set[str]:
    """The multicast groups of eth0."""
    memberships = host.run("cat", "/proc/net/igmp").stdout.split("eth0", 1)[1]
    addresses = re.findall(r"^\t+([0-9A-F]{8}) ", memberships, re.MULTILINE)
    return {str(IPv4Address(bytes.fromhex(each)[::-1])) for each in addresses}


def test_group_membership(a):
    assert GROUP not in groups(a)
    daemon = start_master(a)
    assert GROUP in groups(a)
    a.ip("address", "delete", f"{a.address}/{a.prefixlen}", "dev", "eth0")
    daemon.wait_for_line(INIT)
    assert GROUP in groups(a)
    daemon.stop()
    assert GROUP not in groups(a)


@pytest.mark.parametrize("pause", [False, True], ids=["at once", "later"])
def test_an_ipv6_group_is_joined_again_when_ipv6_is_back(a, pause):
    """The kernel leaves it when the MTU is too small for IPv6."""

    def is_joined():
        return "ff020000000000000000000000000012" in a.run("cat", "/proc/net/igmp6").stdout

    a.enable_ipv6("fd00::11/64")
    daemon = start_backup(a, ADDR=f"{VIP},fd00::1", MASK=None, SRCIP=None, DEADRATIO=99)
    assert is_joined()
    a.ip("link", "set", "eth0", "mtu", "1200")
    if pause:
        daemon.wait_for_line("because its MTU is below 1280")
    a.ip("link", "set", "eth0", "mtu", "1500")
    wait_for("the membership", is_joined)


def test_a_group_is_left_with_the_last_virtual_host_that_uses_it(a):
    group = "239.1.2.3"
    daemon = start_master(a)
    for vhid, name in enumerate(("mail", "news"), 2):
        a.write_conf(name, conf(a.address, VHID=vhid, ADDR=f"172.16.0.{vhid}", MCAST=group))
    daemon.signal(signal.SIGHUP)
    daemon.wait_for_line("reloaded: 0 changed, 2 started")
    assert groups(a) >= {GROUP, group}
    for count, name in enumerate(("mail", "news"), 1):
        assert group in groups(a)
        (a.conf / f"{name}.conf").unlink()
        daemon.signal(signal.SIGHUP)
        daemon.wait_for_line("reloaded: 0 changed, 1 ended", count=count)
    wait_for("the end of the membership", lambda: group not in groups(a))
    assert GROUP in groups(a)


@pytest.mark.parametrize(
    ("keys", "option", "destination", "destination_mac"),
    [
        pytest.param({"NOMCAST": "yes"}, "--nomcast", GROUP, BROADCAST, id="nomcast"),
        pytest.param(
            {"MCAST": "239.1.2.3"},
            "--mcastip=239.1.2.3",
            "239.1.2.3",
            "01:00:5e:01:02:03",
            id="mcast",
        ),
    ],
)
def test_other_destinations_agree_with_ucarp(
    a, b, wire, keys, option, destination, destination_mac
):
    theirs = start_ucarp(b, options=(option,))
    wire.wait(b.address)
    ours = start_backup(a, **keys)
    wire.wait_more(b.address, 5)
    assert ours.lines(MASTER) == []

    theirs.kill()
    ours.wait_for_line(MASTER, f"no advertisement from {b.address}")
    wire.wait(a.address)
    killed = wire.advertisements(b.address)[-1].at
    theirs = start_ucarp(b, options=(option,))
    wire.wait_more(a.address, 5)
    assert wire.advertisements(b.address, after=killed) == []
    for each in wire.advertisements():
        # ucarp and ours write the same addresses into their frames.
        assert (each.destination, each.destination_mac) == (destination, destination_mac)
