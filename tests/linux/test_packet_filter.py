"""The filter of a packet socket, which the kernel runs here for a socket that needs no root.

tests/integration/test_sockets.py has the rest of the filter, on a real interface.
"""

import contextlib
import socket
import struct
from ipaddress import ip_address

import pytest

from ucarpd.carp.frame import carp_over_ip, ethernet
from ucarpd.interface.foreign import COST_OF_A_SOURCE, MOST
from ucarpd.linux.bpf import attach_filter
from ucarpd.linux.packet_filter import Expected, program

HOST = {4: ip_address("192.168.0.9"), 6: ip_address("fe80::9")}
PEER = {4: ip_address("192.168.0.2"), 6: ip_address("fe80::2")}
GROUP = {4: ip_address("224.0.0.18"), 6: ip_address("ff02::12")}
OURS = 7
FOREIGN_VHIDS = [vhid for vhid in range(256) if vhid != OURS]

FRAMES = 6400
LIKELY = range(40, 180)
"""One in 64 of these are 100; ten of them are a standard deviation."""


def frame(source, vhid=OURS, size=36):
    payload = (bytes([0x21, vhid]) + bytes(34))[:size]
    ip = carp_over_ip(source, GROUP[source.version], payload)
    return ethernet(bytes(6), bytes(6), ip)


def with_options(frame):
    """The same frame with four bytes of IPv4 options."""
    return frame[:14] + bytes([0x46]) + frame[15:34] + bytes(4) + frame[34:]


@contextlib.contextmanager
def filtered(family, expected, *, all_else=True):
    """A function that returns how many of the same frame come through the filter."""
    mouth, ear = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    attach_filter(ear, program(family, expected, all_else=all_else))
    ear.setblocking(False)

    def passed(sent, number=1):
        found = 0
        for _ in range(number):
            mouth.send(sent)
            with contextlib.suppress(BlockingIOError):
                assert ear.recv(2048) == sent
                found += 1
        return found

    with mouth, ear:
        yield passed


@pytest.mark.parametrize("family", [4, 6])
@pytest.mark.parametrize(
    ("number", "frames"),
    [
        pytest.param(16, FRAMES, id="one in 64"),
        pytest.param(255, FRAMES * 16, id="one in 1020, a quarter of one from each"),
    ],
)
def test_of_foreign_advertisements_few_come_through(family, number, frames):
    vhids = FOREIGN_VHIDS[:number]
    foreign = [(HOST[family], vhid) for vhid in vhids]
    with filtered(family, Expected([PEER[family]], [OURS], foreign=foreign)) as passed:
        for vhid in (vhids[0], vhids[-1]):
            assert passed(frame(HOST[family], vhid), frames) in LIKELY
        vrrp = frame(HOST[family], vhids[1], size=20)
        assert passed(vrrp, frames) in LIKELY


@pytest.mark.parametrize("family", [4, 6])
def test_all_others_come_through(family):
    sources = [HOST[family] + 256 * place for place in range(60)]
    foreign = [(source, 8) for source in sources] + [(PEER[family], 9)]
    new = HOST[family] + 1
    with filtered(family, Expected([PEER[family]], [OURS], foreign=foreign)) as passed:
        for read in (
            *(frame(source, 9) for source in sources),
            *(frame(source, OURS) for source in sources),
            frame(new, 8),
            frame(PEER[family], 8),
            frame(new, OURS),
            frame(HOST[family], 8, size=1),
            frame(HOST[family], OURS, size=35),
        ):
            assert passed(read, 3) == 3
        assert passed(frame(PEER[family], OURS)) == 0, "it goes to the other socket"
        # One in 244: four for each of these 61.
        assert passed(frame(sources[-1], 8), 4 * FRAMES) in LIKELY
        assert passed(frame(PEER[family], 9), 4 * FRAMES) in LIKELY


def test_options_are_not_taken_for_a_vhid():
    foreign = [(HOST[4], vhid) for vhid in FOREIGN_VHIDS]
    with filtered(4, Expected([PEER[4]], [OURS], foreign=foreign)) as passed:
        assert passed(with_options(frame(HOST[4])), 200) == 200


@pytest.mark.parametrize("family", [4, 6])
def test_the_socket_of_known_hosts_has_no_part_in_it(family):
    foreign = [(PEER[family], vhid) for vhid in FOREIGN_VHIDS]
    expected = Expected([PEER[family]], [OURS], foreign=foreign)
    with filtered(family, expected, all_else=False) as passed:
        assert passed(frame(PEER[family], OURS), 200) == 200
        assert passed(frame(PEER[family], 8)) == 0


def test_the_largest_filter_fits_twice_into_the_kernels_limit():
    """Until the new filter is there, the kernel also counts the old one."""
    sources = [HOST[4] + place for place in range(50)]
    foreign = [(source, place) for place, source in enumerate(sources)]
    foreign += [(HOST[4], vhid) for vhid in range(100, 242)]
    known = [PEER[4] + place * 256 for place in range(64)]
    assert len(foreign) + COST_OF_A_SOURCE * len(sources) == MOST - 6
    largest = program(4, Expected(known, range(1, 256), foreign=foreign), all_else=True)
    mouth, ear = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    with mouth, ear:
        attach_filter(ear, largest)
        attach_filter(ear, largest)
    assert len(largest) * struct.calcsize("HBBI") < 10_000
