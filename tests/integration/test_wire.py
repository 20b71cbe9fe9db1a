"""Frames on the wire, and unwanted ones from it."""

import random
import re
import signal
import struct
import time
from collections.abc import Callable
from ipaddress import IPv4Address
from pathlib import Path

import pytest
from lab import PROJECT, Host, Process, run, wait_for
from nodes import (
    BACKUP,
    INIT,
    MASTER,
    SWITCHING,
    VIP,
    both_ways,
    conf,
    mac,
    start_backup,
    start_master,
    start_ucarp,
    wait_for_address,
)
from wiretap import BROADCAST, gaps, open_in

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


# -- forged packets --------------------------------------------------------------------------------

FORGER = "172.16.0.66"
IP, CARP = 14, 34
"""Where the headers begin in a frame."""


def checksum(data: bytes) -> bytes:
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return struct.pack("!H", total ^ 0xFFFF)


def forge(
    genuine: bytes,
    change: Callable[[bytearray], None] = lambda frame: None,
    *,
    source: str = FORGER,
    size: int = 70,
    carp_checksum: bool = True,
) -> bytes:
    """A genuine advertisement with another source, changed, and with its checksums set right."""
    frame = bytearray(genuine)
    frame[IP + 12 : IP + 16] = IPv4Address(source).packed
    change(frame)
    if carp_checksum:
        frame[CARP + 6 : CARP + 8] = b"\0\0"
        frame[CARP + 6 : CARP + 8] = checksum(bytes(frame[CARP:70]))
    frame[IP + 2 : IP + 4] = struct.pack("!H", size - IP)
    frame[IP + 10 : IP + 12] = b"\0\0"
    frame[IP + 10 : IP + 12] = checksum(bytes(frame[IP:CARP]))
    return bytes(frame[:size])


def put(offset: int, value: int) -> Callable[[bytearray], None]:
    def change(frame: bytearray) -> None:
        frame[offset] = value

    return change


def flip(offset: int) -> Callable[[bytearray], None]:
    def change(frame: bytearray) -> None:
        frame[offset] ^= 1

    return change


def status(daemon: Process) -> tuple[int, dict[str, int]]:
    """The content of the line on SIGUSR1: accepted advertisements, and drops by reason."""
    count = len(daemon.lines("advertisements accepted"))
    daemon.signal(signal.SIGUSR1)
    line = daemon.wait_for_line("advertisements accepted", count=count + 1)
    match = re.search(r"; (\d+) advertisements accepted, dropped: (.*)\)", line)
    assert match, line
    drops = {} if match[2] == "none" else dict(each.split(" ") for each in match[2].split(", "))
    return int(match[1]), {reason: int(number) for reason, number in drops.items()}


@pytest.fixture
def flooder(lab) -> Host:
    return lab.host("flooder", f"{FORGER}/16")


@pytest.fixture
def forger(flooder):
    """A socket for whole frames on another host of the segment."""
    with open_in(flooder.namespace, "eth0") as packet_socket:
        yield packet_socket


FORGERIES = [
    ("badlen", {"size": 60}, "26 bytes"),
    ("badver", {"change": put(CARP, 0x31)}, "version 3"),
    ("badtype", {"change": put(CARP, 0x22)}, "type 2"),
    ("badttl", {"change": put(IP + 8, 254)}, "TTL 254"),
    ("badsum", {"change": flip(CARP + 6), "carp_checksum": False}, "checksum of the advertisement"),
    ("badvhid", {"change": put(CARP + 1, 7)}, "vhid 7"),
    ("badauth", {"change": flip(CARP + 35)}, "digest is wrong"),
]


def test_forged_packets_are_dropped_counted_and_reported_once(a, b, wire, forger):
    master, backup = start_master(a), start_backup(b)
    genuine = wire.wait_more(a.address, 2)[0].data
    times = 20
    for _ in range(times):
        for _, forgery, _ in FORGERIES:
            forger.send(forge(genuine, **forgery))
    wire.wait_more(a.address, 4)

    expected = {reason: times for reason, _, _ in FORGERIES}
    for daemon in (master, backup):
        assert status(daemon)[1] == expected
        for _, _, words in FORGERIES:
            assert len(daemon.lines(f"dropped a packet from {FORGER}: ", words)) == 1
    assert len(master.lines(SWITCHING)) == 2
    assert len(backup.lines(SWITCHING)) == 1
    assert a.has(VIP)
    assert not b.has(VIP)


def test_each_source_is_reported(a, wire, forger):
    daemon = start_master(a)
    genuine = wire.wait_more(a.address, 1)[0].data
    sources = [FORGER, "172.16.0.67"]
    for source in sources * 3:
        forger.send(forge(genuine, flip(CARP + 35), source=source))
    for source in sources:
        daemon.wait_for_line(f"[WARNING] web: dropped a packet from {source}: the digest is wrong")
    assert status(daemon)[1] == {"badauth": 6}
    assert len(daemon.lines("dropped a packet")) == 2


def test_random_packets_change_nothing(a, b, wire, forger):
    """Many sources: the log must not grow with them."""
    chance = random.Random(2)
    master, backup = start_master(a), start_backup(b)
    genuine = wire.wait_more(a.address, 2)[0].data
    times = 500

    def have_counted(number):
        return all(sum(status(daemon)[1].values()) == number for daemon in (master, backup))

    for number in range(times):
        if number % 100 == 0:
            # A daemon that gets no processor for a while must not lose any in its socket.
            wait_for("all counted", lambda number=number: have_counted(number))
        payload = chance.randbytes(chance.randrange(80))
        packet = (genuine[:CARP] + payload).ljust(70, b"\0")
        source = f"172.17.{number // 256}.{number % 256}"
        forger.send(forge(packet, source=source, size=CARP + len(payload), carp_checksum=False))
    wire.wait_more(a.address, 4)

    wait_for("all counted", lambda: have_counted(times))
    for daemon in (master, backup):
        assert len(daemon.lines("dropped a packet")) <= 20
    assert status(master)[0] == 0
    assert len(master.lines(SWITCHING)) == 2
    assert len(backup.lines(SWITCHING)) == 1


def test_our_own_packet_that_comes_back_is_dropped(a, wire, forger):
    daemon = start_master(a)
    genuine = wire.wait_more(a.address, 1)[-1].data
    for _ in range(3):
        forger.send(genuine)
    daemon.wait_for_line(f"dropped a packet from {a.address}: our own advertisement came back")
    assert status(daemon) == (0, {"own": 3})
    wire.wait_more(a.address, 2)
    assert len(daemon.lines(SWITCHING)) == 2


# -- the clock -------------------------------------------------------------------------------------

# Python runs it at start: a thread of the daemon writes down what its clocks say.
CLOCK_PROBE = """\
import os, select, threading, time
def probe():
    while True:
        with open({path!r} + ".new", "w") as file:
            file.write(f"{{time.time()}} {{time.monotonic()}}")
        os.rename({path!r} + ".new", {path!r})
        select.select([], [], [], 0.2)  # libfaketime breaks time.sleep()
threading.Thread(target=probe, daemon=True).start()
"""
HOUR = 3600


class SteppedClock:
    """A daemon's wall clock, by libfaketime; the machine's own is left alone."""

    def __init__(self, host: Host) -> None:
        self._offset = host.root / "clock-offset"
        self._probe = host.root / "clock-probe"
        self.step(0)
        site = host.root / "site"
        site.mkdir()
        (site / "sitecustomize.py").write_text(CLOCK_PROBE.format(path=str(self._probe)))
        (library,) = Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1")
        self.environment = {
            "LD_PRELOAD": str(library),
            "FAKETIME_TIMESTAMP_FILE": str(self._offset),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "PYTHONPATH": f"{site}:{PROJECT}",
        }

    def step(self, offset: int) -> None:
        new = self._offset.with_suffix(".new")
        new.write_text(f"{offset:+d}")
        new.rename(self._offset)

    def wait_until_seen(self, offset: int) -> None:
        """Until the daemon's own process says that its clock is off by so much, and only that one."""

        def seen() -> bool:
            if not self._probe.exists():
                return False
            wall, monotonic = map(float, self._probe.read_text().split())
            assert abs(monotonic - time.monotonic()) < 60
            return abs(wall - time.time() - offset) < 60

        wait_for(f"the clock to be off by {offset} s", seen)


def test_a_step_of_the_clock_changes_nothing(a, b, wire):
    clocks = {host: SteppedClock(host) for host in (a, b)}
    daemons = {}
    for host in (a, b):
        host.write_conf("web", conf(host.address))
        daemons[host] = host.ucarpd(environment=clocks[host].environment)
        daemons[host].wait_for_line(MASTER if host is a else BACKUP)
    for offset in (HOUR, -HOUR):
        for clock in clocks.values():
            clock.step(offset)
        for clock in clocks.values():
            clock.wait_until_seen(offset)
        wire.wait_more(a.address, 4)
    between = gaps(wire.advertisements(a.address))
    assert max(between) < 2
    assert min(between) > 0.5
    assert len(daemons[a].lines(SWITCHING)) == 2
    assert len(daemons[b].lines(SWITCHING)) == 1

    # The timers of the backup still run.
    a.cable(False)
    daemons[b].wait_for_line(MASTER, f"no advertisement from {a.address} for 3")
    wait_for_address(b)
