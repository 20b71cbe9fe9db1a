"""The sockets of an interface on a real kernel: receiving, sending, and errors."""

import contextlib
import select
import socket
import struct
import time
from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from lab import inside, wait_for
from nodes import mac
from wiretap import open_in

from ucarpd.linux import packet_socket as module
from ucarpd.linux.ip_socket import UnicastSocket
from ucarpd.linux.packet_filter import Expected
from ucarpd.linux.packet_socket import PacketSocket

CARP, TCP, FRAGMENT, ICMPV6 = 112, 6, 44, 58
SENTINEL = 253
"""A protocol that no host knows, and answers with an ICMP error."""

GROUP6, GROUP6_MAC = IPv6Address("ff02::12"), "33:33:00:00:00:12"
GROUP6_IN_PROC = "ff020000000000000000000000000012"
VIRTUAL_MAC = "00:00:5e:00:01:01"
MACVLAN = "02:00:00:00:00:99"
A = {4: ip_address("172.16.0.11"), 6: ip_address("fd00::11")}
B = {4: ip_address("172.16.0.12"), 6: ip_address("fd00::12")}
ETHERTYPE = {4: 0x0800, 6: 0x86DD}
PAYLOAD = bytes(range(36))


@pytest.fixture
def two(a, b):
    """Hosts with both families, who send as many ICMP errors as they like."""
    for host, ip in ((a, A[6]), (b, B[6])):
        host.run("sysctl", "-qw", "net.ipv6.conf.eth0.disable_ipv6=0")
        host.run("sysctl", "-qw", "net.ipv4.icmp_ratelimit=0", "net.ipv6.icmp.ratelimit=0")
        host.ip("address", "add", f"{ip}/64", "dev", "eth0", "nodad")
    return a, b


def packet(source, destination, protocol=CARP, fragment=0, ttl=255, payload=PAYLOAD, options=b""):
    if source.version == 6:
        start = struct.pack("!IHBB", 0x60000000, len(payload), protocol, ttl)
        return start + source.packed + destination.packed + payload
    words = (20 + len(options)) // 4
    length = 4 * words + len(payload)
    start = struct.pack("!BBHHHBB", 0x40 + words, 0x10, length, 7, fragment, ttl, protocol)
    rest = source.packed + destination.packed + options
    total = sum(struct.unpack(f"!{2 * words - 1}H", start + rest))
    checksum = 0xFFFF - (total % 0xFFFF)
    return start + struct.pack("!H", checksum) + rest + payload


def frame(packet, destination=GROUP6_MAC, source=VIRTUAL_MAC):
    macs = bytes.fromhex((destination + source).replace(":", ""))
    return macs + struct.pack("!H", ETHERTYPE[packet[0] >> 4]) + packet


@contextlib.contextmanager
def packet_socket(host, family):
    with inside(host.namespace):
        opened = PacketSocket("eth0", socket.if_nametoindex("eth0"), family)
        opened.hear(Expected(), all_else=True)
    with contextlib.closing(opened):
        yield opened


@contextlib.contextmanager
def unicast_socket(host, family, interface="eth0"):
    with inside(host.namespace):
        opened = UnicastSocket(interface, family)
    with contextlib.closing(opened):
        yield opened


def arrivals(opened, count):
    found = []
    wait_for(f"{count} frames", lambda: found.extend(opened.receive(64)) or len(found) >= count)
    return found


def received(opened, count):
    return [frame for frame, _ in arrivals(opened, count)]


# -- the packet socket -----------------------------------------------------------------------------


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


def test_it_tells_when_a_frame_came_not_when_it_was_read(two):
    a, b = two
    with packet_socket(a, 4) as ear, packet_socket(b, 4) as mouth:
        before = time.monotonic()
        for _ in range(2):
            mouth.send(frame(packet(B[4], IPv4Address("224.0.0.18"))))
        wait_for("the first", lambda: select.select([ear], [], [], 0)[0])
        here_by = time.monotonic()
        wait_for("a while to pass", lambda: time.monotonic() > here_by + 0.005)
        (_, first), _ = arrivals(ear, 2)
        assert before <= first < here_by + 0.005


def test_it_tells_until_when_all_frames_are_read(two):
    a, b = two
    with packet_socket(a, 4) as ear, packet_socket(b, 4) as mouth:
        for _ in range(2):
            mouth.send(frame(packet(B[4], IPv4Address("224.0.0.18"))))
        wait_for("the first", lambda: select.select([ear], [], [], 0)[0])
        here_by = time.monotonic()
        # So long that the wait itself could be taken for a step of the clock.
        wait_for("a while to pass", lambda: time.monotonic() > here_by + 0.3)
        ((_, at),) = ear.receive(1)
        assert ear.read_until == at < here_by + 0.2
        before = time.monotonic()
        assert len(ear.receive(2)) == 1
        assert before <= ear.read_until <= time.monotonic()


def test_a_frame_that_the_wall_clock_says_is_old_counts_as_just_come(two, monkeypatch):
    a, b = two
    with packet_socket(a, 4) as ear, packet_socket(b, 4) as mouth:
        for step in (-3600.0, 3600.0):
            stepped = time.time() + step
            monkeypatch.setattr("ucarpd.linux.wall_clock.time.time", lambda at=stepped: at)
            mouth.send(frame(packet(B[4], IPv4Address("224.0.0.18"))))
            wait_for("the frame", lambda: select.select([ear], [], [], 0)[0])
            read_at = time.monotonic()
            ((_, at),) = arrivals(ear, 1)
            assert read_at <= at <= time.monotonic()
            monkeypatch.undo()


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


@pytest.mark.parametrize("family", [4, 6])
def test_frames_of_a_device_on_the_interface_are_not_heard(two, family):
    """Of a macvlan here; the kernel treats frames of a VLAN alike."""
    a, b = two
    a.ip(
        *("link", "add", "link", "eth0", "name", "mac1", "address", MACVLAN),
        *("type", "macvlan", "mode", "bridge"),
    )
    a.ip("link", "set", "mac1", "up")
    carp = packet(B[family], A[family])
    own = frame(carp, mac(a))
    with packet_socket(a, family) as ear, open_in(b.namespace, "eth0") as mouth:
        mouth.send(frame(carp, MACVLAN))
        mouth.send(own)
        assert received(ear, 1) == [own]


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


def test_the_file_of_all_ipv6_groups_is_read_only_after_a_loss_of_ipv6(two, monkeypatch):
    """It is long on a host with hundreds of interfaces, and each has its looks."""
    a, _ = two
    reads, read = [], module._ipv6_groups
    monkeypatch.setattr(module, "_ipv6_groups", lambda index: reads.append(1) or read(index))
    with packet_socket(a, 6) as opened, inside(a.namespace):
        opened.join(GROUP6)
        a.ip("link", "set", "eth0", "down")
        a.ip("link", "set", "eth0", "up")
        opened.forget_lost_groups()
        a.ip("link", "set", "eth0", "mtu", "1200")
        opened.forget_lost_groups()
        assert reads == []
        a.ip("link", "set", "eth0", "mtu", "1500")
        for _ in range(2):
            opened.forget_lost_groups()
            opened.join(GROUP6)
            assert GROUP6_IN_PROC in a.run("cat", "/proc/net/igmp6").stdout
            assert reads == [1]


@pytest.mark.parametrize(("family", "table"), [(4, "/proc/net/igmp"), (6, "/proc/net/igmp6")])
def test_groups_that_are_used_no_longer_are_left(two, family, table):
    a, _ = two
    other, in_proc = {
        4: (IPv4Address("239.1.2.3"), {"120000E0", "030201EF"}),
        6: (IPv6Address("ff02::1:2"), {GROUP6_IN_PROC, "ff020000000000000000000000010002"}),
    }[family]

    def joined():
        text = a.run("cat", table).stdout
        return {each for each in in_proc if each in text}

    with packet_socket(a, family) as ear:
        for group in (GROUPS[family], other, other):
            ear.join(group)
        assert joined() == in_proc
        ear.leave_others([GROUPS[family]])
        assert len(joined()) == 1
        ear.join(other)
        assert joined() == in_proc
        a.ip("link", "delete", "eth0")
        ear.leave_others([])


GROUPS = {4: IPv4Address("224.0.0.18"), 6: GROUP6}
VHID = 7
MANY = [ip_address(f"172.16.3.{n}") for n in range(63)]


def heard_of(family, vhid=VHID, version=0x21, source=None, size=36, **options):
    """A frame from a peer, about vhid 7 if not told otherwise."""
    payload = (bytes([version, vhid]) + PAYLOAD[2:])[:size]
    return frame(packet(source or B[family], GROUPS[family], payload=payload, **options))


@pytest.mark.parametrize("family", [4, 6])
def test_each_frame_goes_to_one_of_two_ears(two, family):
    a, b = two
    expected = [heard_of(family), heard_of(family, vhid=255)]
    all_else = [
        heard_of(family, source=ip_address({4: "172.16.0.13", 6: "fd00::13"}[family])),
        heard_of(family, vhid=8),
        heard_of(family, version=0x31),
        heard_of(family, ttl=254),
        heard_of(family, size=35),
        heard_of(family, size=1),
    ]
    if family == 4:
        all_else.append(heard_of(4, options=bytes(4)))
    what = Expected([B[family], *MANY], {VHID, *range(9, 256)})
    with (
        packet_socket(a, family) as known,
        packet_socket(a, family) as others,
        open_in(b.namespace, "eth0") as mouth,
    ):
        known.hear(what, all_else=False)
        others.hear(what, all_else=True)
        for each in (*all_else, *expected):
            mouth.send(each)
        assert received(known, len(expected)) == expected
        assert received(others, len(all_else)) == all_else
        assert known.receive(1) == others.receive(1) == []


@pytest.mark.parametrize("family", [4, 6])
def test_a_peer_behind_a_router_is_expected_where_peers_may_be(two, family):
    a, b = two
    routed = heard_of(family, ttl=254)
    with packet_socket(a, family) as known, open_in(b.namespace, "eth0") as mouth:
        known.hear(Expected([B[family]], range(1, 256), may_be_routed=True), all_else=False)
        mouth.send(routed)
        assert received(known, 1) == [routed]


# -- the unicast socket ----------------------------------------------------------------------------


def refused(host, family, deliver):
    """The protocols that ICMP errors which reach the host are about, while `deliver` sends.

    Up to the error about the sentinel, which is sent last.
    """
    # Offsets of the protocols in the Ethernet, IP, ICMP and inner IP header.
    outer, icmp, inner, error_type = {4: (23, 34, 51, 3), 6: (20, 54, 68, 4)}[family]
    expected = 1 if family == 4 else ICMPV6
    found = []
    with open_in(host.namespace, "eth0") as tap:
        tap.settimeout(10)
        deliver()
        while SENTINEL not in found:
            seen = tap.recv(2048)
            if int.from_bytes(seen[12:14], "big") != ETHERTYPE[family] or len(seen) <= inner:
                continue
            if seen[outer] == expected and seen[icmp] == error_type:
                found.append(seen[inner])
    return found


@pytest.mark.parametrize("family", [4, 6])
def test_while_it_is_open_unicast_advertisements_are_not_refused(two, family):
    a, b = two
    with unicast_socket(b, family) as mouth:
        with inside(b.namespace):
            address_family = socket.AF_INET if family == 4 else socket.AF_INET6
            unknown = socket.socket(address_family, socket.SOCK_RAW, SENTINEL)

        def deliver():
            mouth.send(packet(B[family], A[family]), A[family])
            unknown.sendto(PAYLOAD, (str(A[family]), 0))

        with unknown:
            assert refused(b, family, deliver) == [CARP, SENTINEL]
            with unicast_socket(a, family):
                assert refused(b, family, deliver) == [SENTINEL]
            assert refused(b, family, deliver) == [CARP, SENTINEL]


@pytest.mark.parametrize("family", [4, 6])
def test_the_packet_goes_out_as_it_is(two, family):
    a, b = two
    sent = packet(A[family], B[family])
    with packet_socket(b, family) as ear, unicast_socket(a, family) as mouth:
        mouth.send(sent, B[family])
        (seen,) = received(ear, 1)
        assert seen[6:12].hex(":") == a.ip("link", "show", "eth0").stdout.split("ether ")[1][:17]
    assert seen[14:] == sent


def test_a_link_local_peer_is_one_on_this_interface(two):
    a, b = two
    a.ip("address", "add", "fe80::11/64", "dev", "eth0", "nodad")
    b.ip("address", "add", "fe80::12/64", "dev", "eth0", "nodad")
    source, destination = ip_address("fe80::11"), ip_address("fe80::12")
    with packet_socket(b, 6) as ear, unicast_socket(a, 6) as mouth:
        mouth.send(packet(source, destination), destination)
        assert [seen[14:] for seen in received(ear, 1)] == [packet(source, destination)]


def test_without_the_interface(two):
    a, _ = two
    with pytest.raises(OSError, match="no interface"), unicast_socket(a, 4, "nowhere"):
        pass
    with unicast_socket(a, 4) as mouth:
        a.ip("link", "del", "eth0")
        with pytest.raises(OSError, match="unreachable|No such device"):
            mouth.send(packet(A[4], B[4]), B[4])
