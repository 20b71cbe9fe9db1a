"""Does what a receiver remembers of earlier frames change what it says of the next one?"""

import pytest
from flawed_frames import (
    DUAL,
    DUAL_SIGNER,
    FLAWLESS6,
    OURS6,
    PEER,
    PEER6,
    RUNGS,
    Flaws,
    check,
    check6,
    frame,
)
from hypothesis import given
from hypothesis import strategies as st
from playbook import OURS, params

from ucarpd.carp import receive
from ucarpd.carp.events import AdvertisementReceived, advertisement_received
from ucarpd.carp.packet import Advertisement, encode
from ucarpd.carp.receive import REPEATED, Dropped, DropReason, Receiver
from ucarpd.carp.statement import Statement

WIRE = frame(Flaws(), DUAL_SIGNER)
WIRE6 = frame(FLAWLESS6, DUAL_SIGNER)


def heard(receiver, wire):
    """As a host that has sent the counters 6 and 7."""
    return receiver.check(wire, (OURS, OURS6), (6, 7))


def experienced():
    receiver = Receiver(DUAL)
    for wire in (WIRE, WIRE6):
        heard(receiver, wire)
    return receiver


def all_of(result):
    """Also what does not count when two advertisements are compared."""
    if isinstance(result, Dropped):
        return result
    said = result.statement
    values = [getattr(said, name) for name in Statement.__slots__ if name != "sides"]
    return [*values, result.counter]


EXPERIENCED = experienced()


@pytest.mark.parametrize("wire", [WIRE, WIRE6], ids=["IPv4", "IPv6"])
@given(
    changes=st.lists(st.tuples(st.integers(0, 89), st.integers(1, 255)), max_size=3),
    length=st.one_of(st.just(90), st.integers(0, 90)),
    trailing=st.binary(max_size=30),
)
def test_a_mutated_frame_is_judged_alike(wire, changes, length, trailing):
    mutated = bytearray(wire)
    for at, change in changes:
        mutated[at % len(wire)] ^= change
    mutated = bytes(mutated[:length] + trailing)
    assert all_of(heard(EXPERIENCED, mutated)) == all_of(check6(mutated))


@pytest.mark.parametrize(("flaw", "reason", "_words"), RUNGS)
def test_a_flaw_is_found_after_good_frames_too(flaw, reason, _words):
    receiver = Receiver(params(vhid=10))
    check(frame(Flaws()), receiver)
    check(frame(Flaws()), receiver)
    assert check(frame(Flaws(**flaw)), receiver).reason is reason


def test_a_repeated_frame_is_not_taken_apart_again(monkeypatch):
    receiver = experienced()
    monkeypatch.delattr(receive, "parse")
    assert all_of(heard(receiver, WIRE)) == all_of(advertisement_received(PEER, 1, 100, 7))
    assert all_of(heard(receiver, WIRE6)) == all_of(advertisement_received(PEER6, 1, 100, 7))


def test_what_trails_an_advertisement_does_not_count():
    another = encode(Advertisement(10, 1, 100, 9, DUAL_SIGNER.sign(9)))
    receiver = Receiver(DUAL)
    assert [heard(receiver, WIRE + another).counter for _ in range(3)] == [7, 7, 7]


def test_the_counter_is_that_of_the_frame():
    receiver = experienced()
    following = bytearray(WIRE)
    following[49] = 9
    assert heard(receiver, bytes(following)).reason is DropReason.BAD_CHECKSUM
    following[41] -= 2
    result = heard(receiver, bytes(following))
    assert result.reason is DropReason.BAD_DIGEST
    assert result.evidence.counter == 9


def test_after_a_reload_nothing_of_before_counts():
    receiver = experienced()
    receiver.configure(params(vhid=10, addresses=DUAL.addresses, group="224.0.0.99"))
    assert heard(receiver, WIRE).reason is DropReason.BAD_DESTINATION


def test_between_unicast_peers_our_own_addresses_count_each_time():
    configured = params(vhid=10, addresses=DUAL.addresses, peers=(PEER,))
    wire = frame(Flaws(destination=OURS), DUAL_SIGNER)
    receiver = Receiver(configured)
    assert isinstance(heard(receiver, wire), AdvertisementReceived)
    assert receiver.check(wire, (PEER,), ()).reason is DropReason.BAD_DESTINATION


def test_a_forger_who_varies_what_is_not_signed_fills_no_memory():
    receiver = Receiver(DUAL)
    for advskew in range(3 * REPEATED):
        varied = bytearray(WIRE)
        varied[36] = advskew
        varied[40:42] = b"\0\0"
        varied[40:42] = receive.packet.checksum(varied[34:]).to_bytes(2, "big")
        assert heard(receiver, bytes(varied)).statement.advskew == advskew
        assert len(receiver._repeated) <= REPEATED
