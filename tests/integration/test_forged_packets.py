"""Packets that are forged or damaged are dropped, counted and reported."""

import random
import re
import signal
import struct
from collections.abc import Callable
from ipaddress import IPv4Address

import pytest
from lab import Host, Process, wait_for
from nodes import SWITCHING, VIP, start_backup, start_master
from wiretap import open_in

FORGER = "172.16.0.66"
IP, CARP = 14, 34
"""The offsets of the headers in a frame."""


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
    ("badver", {"change": put(CARP, 0x41)}, "version 4"),
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
