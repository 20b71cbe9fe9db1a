"""The cost of packets and of the state machine alone; `scripts/bench code` runs it.

These are not tests, and `scripts/test` does not collect them.
"""

from ipaddress import IPv4Address

from pytest_benchmark.fixture import BenchmarkFixture

from ucarpd.carp.actions import SendAdvertisement
from ucarpd.carp.auth import Signer, sender
from ucarpd.carp.events import (
    AdvertisementReceived,
    DeadlineReached,
    InterfaceReady,
    advertisement_received,
)
from ucarpd.carp.frame import carp_over_ip, ethernet, group_mac
from ucarpd.carp.machine import VirtualHost
from ucarpd.carp.packet import HEADER_SIZE, Advertisement, decode, encode
from ucarpd.carp.params import CARP_GROUP_V4, Params
from ucarpd.carp.receive import Receiver
from ucarpd.carp.transmit import Transmitter

PARAMS = Params(vhid=7, addresses=(IPv4Address("10.77.1.7"),), key=b"benchmark", advskew=100)
OURS = IPv4Address("10.77.0.2")
PEER = IPv4Address("10.77.0.1")
MAC = bytes.fromhex("020000000a02")
FRESH_COUNTERS = 1 << 40


def advertisement(signer: Signer, counter: int = 7) -> bytes:
    return encode(Advertisement(7, 1, 0, counter, signer.sign(counter)))


def frame(signer: Signer) -> bytes:
    packet = carp_over_ip(PEER, CARP_GROUP_V4, advertisement(signer))
    return ethernet(group_mac(CARP_GROUP_V4), MAC, packet)


def host() -> VirtualHost:
    """A backup that is ready."""
    machine = VirtualHost(PARAMS, counter=0)
    machine.handle(InterfaceReady((OURS,)), 0.0)
    return machine


def test_encode(benchmark: BenchmarkFixture) -> None:
    heard = Advertisement(7, 1, 0, 7, sender(PARAMS).sign(7))
    assert len(benchmark(encode, heard)) == HEADER_SIZE


def test_decode(benchmark: BenchmarkFixture) -> None:
    assert benchmark(decode, advertisement(sender(PARAMS))).counter == 7


def test_sign(benchmark: BenchmarkFixture) -> None:
    assert len(benchmark(sender(PARAMS).sign, 7)) == 20


def test_verify(benchmark: BenchmarkFixture) -> None:
    signer = sender(PARAMS)
    assert benchmark(signer.verify, 7, signer.sign(7))


def test_check_ladder_of_a_good_frame(benchmark: BenchmarkFixture) -> None:
    receiver = Receiver(PARAMS)
    found = benchmark(receiver.check, frame(sender(PARAMS)), (OURS,), ())
    assert isinstance(found, AdvertisementReceived)


def test_check_ladder_of_a_forged_frame(benchmark: BenchmarkFixture) -> None:
    receiver = Receiver(PARAMS)
    forged = frame(Signer(b"wrong", 7, PARAMS.addresses))
    assert not isinstance(benchmark(receiver.check, forged, (OURS,), ()), AdvertisementReceived)


def test_backup_hears_the_master(benchmark: BenchmarkFixture) -> None:
    machine = host()
    counters = iter(range(1, FRESH_COUNTERS))

    def step() -> None:
        counter = next(counters)
        machine.handle(advertisement_received(PEER, 1, 0, counter), counter * 1.0)

    benchmark(step)
    assert machine.master_down_at is not None


def test_master_advertises(benchmark: BenchmarkFixture) -> None:
    machine = host()
    now = [machine.next_deadline() or 0.0]
    transmitter = Transmitter(PARAMS)

    def step() -> int:
        actions = machine.handle(DeadlineReached(), now[0])
        sent = [a for a in actions if isinstance(a, SendAdvertisement)]
        frames = [transmitter.advertisement(each, MAC) for each in sent]
        now[0] = machine.next_deadline() or 0.0
        return len(frames)

    assert benchmark(step) in {0, 1}
