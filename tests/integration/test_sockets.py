"""The sockets of an interface, on real ones: what gets in, what gets out, what the kernel says."""

import contextlib
import socket
import struct
from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from inside import inside
from lab import wait_for
from wiretap import open_in

from ucarpd.linux.packet_socket import PacketSocket

CARP, TCP, FRAGMENT = 112, 6, 44

GROUP6, GROUP6_MAC = IPv6Address("ff02::12"), "33:33:00:00:00:12"
GROUP6_IN_PROC = "ff020000000000000000000000000012"
VIRTUAL_MAC = "00:00:5e:00:01:01"
A = {4: ip_address("172.16.0.11"), 6: ip_address("fd00::11")}
B = {4: ip_address("172.16.0.12"), 6: ip_address("fd00::12")}
ETHERTYPE = {4: 0x0800, 6: 0x86DD}
PAYLOAD = bytes(range(36))


@pytest.fixture
def two(a, b):
    """Hosts with both families."""
    for host, ip in ((a, A[6]), (b, B[6])):
        host.run("sysctl", "-qw", "net.ipv6.conf.eth0.disable_ipv6=0")
        host.ip("address", "add", f"{ip}/64", "dev", "eth0", "nodad")
    return a, b


def packet(source, destination, protocol=CARP, fragment=0):
    if source.version == 6:
        start = struct.pack("!IHBB", 0x60000000, len(PAYLOAD), protocol, 255)
        return start + source.packed + destination.packed + PAYLOAD
    length = 20 + len(PAYLOAD)
    start = struct.pack("!BBHHHBB", 0x45, 0x10, length, 7, fragment, 255, protocol)
    addresses = source.packed + destination.packed
    total = sum(struct.unpack("!9H", start + addresses))
    checksum = 0xFFFF - (total % 0xFFFF)
    return start + struct.pack("!H", checksum) + addresses + PAYLOAD


def frame(packet, destination=GROUP6_MAC, source=VIRTUAL_MAC):
    macs = bytes.fromhex((destination + source).replace(":", ""))
    return macs + struct.pack("!H", ETHERTYPE[packet[0] >> 4]) + packet


@contextlib.contextmanager
def packet_socket(host, family):
    with inside(host.namespace):
        opened = PacketSocket("eth0", socket.if_nametoindex("eth0"), family)
    with contextlib.closing(opened):
        yield opened


def received(opened, count):
    frames = []
    wait_for(f"{count} frames", lambda: frames.extend(opened.receive(64)) or len(frames) >= count)
    return frames


# -- the packet socket ------------------------------------------------------------------------------------


@pytest.mark.parametrize("family", [4, 6])
def test_it_hears_carp_of_its_family_and_nothing_else(two, family):
    a, b = two
    source, group = B[family], GROUP6 if family == 6 else IPv4Address("224.0.0.18")
    wanted = frame(packet(source, group))
    other = 10 - family
    with packet_socket(a, family) as ear, open_in(b.namespace, "eth0") as mouth:
        mouth.send(frame(packet(source, group, TCP)))
        mouth.send(frame(packet(B[other], A[other])))
        # A later fragment: by the offset, or in IPv6 by a header of its own.
        mouth.send(frame(packet(source, group, FRAGMENT if family == 6 else CARP, fragment=1)))
        ear.send(frame(packet(A[family], group)))
        mouth.send(wanted)
        assert received(ear, 1) == [wanted]


def test_what_it_sends_gets_out(two):
    a, b = two
    sent = frame(packet(A[6], GROUP6))
    with packet_socket(b, 6) as ear, packet_socket(a, 6) as mouth:
        mouth.send(sent)
        assert received(ear, 1) == [sent]


def test_it_hears_the_peer_also_where_a_macvlan_has_the_same_mac(two):
    a, b = two
    a.ip(
        *("link", "add", "link", "eth0", "name", "carp1", "address", VIRTUAL_MAC),
        *("type", "macvlan", "mode", "bridge"),
    )
    a.ip("link", "set", "carp1", "up")
    sent = frame(packet(B[6], GROUP6))
    with packet_socket(a, 6) as ear, open_in(b.namespace, "eth0") as mouth:
        mouth.send(sent)
        assert received(ear, 1) == [sent]


def test_joining_an_ipv6_group_is_reported_to_the_switch(two):
    a, _ = two
    with open_in(a.namespace, "eth0") as tap, packet_socket(a, 6) as ear:
        tap.settimeout(10)
        ear.join(GROUP6)
        ear.join(GROUP6)
        assert GROUP6_IN_PROC in a.run("cat", "/proc/net/igmp6").stdout
        while True:
            seen = tap.recv(2048)
            # MLD: a hop-by-hop header with the router alert, then an ICMPv6 report (131 or 143).
            is_report = seen[12:14] == b"\x86\xdd" and seen[20] == 0 and seen[62] in (131, 143)
            if is_report and GROUP6.packed in seen[62:]:
                break
    wait_for("the end", lambda: GROUP6_IN_PROC not in a.run("cat", "/proc/net/igmp6").stdout)
