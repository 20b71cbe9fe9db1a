"""A flood leaves no memory behind, counted in blocks of Python's allocator."""

import gc
import sys
from ipaddress import IPv4Address

import pytest

from ucarpd.carp.actions import SendAdvertisement
from ucarpd.carp.params import Params
from ucarpd.carp.receive import Dropped, Receiver
from ucarpd.carp.transmit import Transmitter
from ucarpd.log.limits import DropLimiter

OURS = Params(vhid=7, addresses=(IPv4Address("10.0.0.100"),), key=b"geheim")
THEIRS = Params(vhid=7, addresses=(IPv4Address("10.0.0.100"),), key=b"anders")


def frames(params, sources):
    transmitter = Transmitter(params)
    for number in range(sources):
        source = IPv4Address("10.0.1.0") + number
        yield from transmitter.advertisement(SendAdvertisement(source, 1, 0, number), bytes(6))


def blocks_left(work):
    """How many blocks stay after doing the same again, when caches are full."""
    work()
    gc.collect()
    before = sys.getallocatedblocks()
    work()
    gc.collect()
    return sys.getallocatedblocks() - before


@pytest.mark.parametrize(("params", "is_good"), [(OURS, True), (THEIRS, False)])
def test_packets_leave_nothing(params, is_good):
    receiver = Receiver(OURS)
    flood = list(frames(params, 3000))

    def receive():
        for frame in flood:
            assert isinstance(receiver.check(frame, (), ()), Dropped) is not is_good

    assert blocks_left(receive) < 100


def test_reports_leave_nothing_whatever_sources_are_invented():
    limiter = DropLimiter(())
    receiver = Receiver(OURS)
    dropped = [receiver.check(frame, (), ()) for frame in frames(THEIRS, 3000)]
    lines = 0

    def report():
        nonlocal lines
        lines += sum(limiter.admit(each, 1.0) is not None for each in dropped)

    assert blocks_left(report) < 100
    assert lines <= 10
