"""The filter of the tap, which the kernel runs here for a socket that needs no root.

tests/integration/test_another_daemon.py has a real interface.
"""

import contextlib
import socket
from ipaddress import ip_address

import pytest

from ucarpd.carp.frame import carp_over_ip, ethernet
from ucarpd.linux.bpf import attach_filter
from ucarpd.linux.outgoing_tap import _program

SOURCES = [ip_address("192.168.0.9"), ip_address("fe80::9")]
GROUP = {4: ip_address("224.0.0.18"), 6: ip_address("ff02::12")}


def frame(source, vhid):
    ip = carp_over_ip(source, GROUP[source.version], bytes([0x21, vhid]) + bytes(34))
    return ethernet(bytes(6), bytes(6), ip)


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize(
    ("vhids", "passed"),
    [
        ([7], [7]),
        ([7, 200], [7, 200]),
        ([], []),
        (range(1, 201), [1, 7, 200]),
        (range(2, 256), [1, 7, 200, 255]),
    ],
)
def test_which_virtual_hosts_it_shows(source, vhids, passed):
    # Without the look at the packet type, which only a real interface has.
    program = _program(vhids)[2:]
    mouth, ear = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    with mouth, ear:
        attach_filter(ear, program)
        ear.setblocking(False)
        for vhid in (1, 7, 200, 255):
            mouth.send(frame(source, vhid))
        seen = []
        with contextlib.suppress(BlockingIOError):
            while True:
                seen.append(ear.recv(2048))
    assert seen == [frame(source, vhid) for vhid in passed]
