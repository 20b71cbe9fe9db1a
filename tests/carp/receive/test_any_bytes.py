"""Can any bytes from the wire do harm?"""

import pytest
from flawed_frames import (
    DUAL_SIGNER,
    FLAWLESS6,
    MAC,
    PARAMS,
    PEER,
    PEER6,
    Flaws,
    check,
    check6,
    frame,
)
from hypothesis import given
from hypothesis import strategies as st

from ucarpd.carp.auth import Signer
from ucarpd.carp.events import AdvertisementReceived
from ucarpd.carp.frame import carp_over_ip, ethernet, group_mac
from ucarpd.carp.params import CARP_GROUP_V4, CARP_GROUP_V6
from ucarpd.carp.receive import Dropped, DropReason


@given(st.binary(max_size=120), st.sampled_from([b"", b"\x08\0", b"\x86\xdd"]))
def test_random_bytes_are_dropped(wire, ethertype):
    wire = wire[:12] + ethertype + wire[12:]
    for result in (check(wire), check6(wire)):
        assert isinstance(result, Dropped)
        assert result.detail


SIGNED = bytes.fromhex("0a 0000000000000007") + Signer(b"secret", 10, PARAMS.addresses).sign(7)


@given(
    st.lists(st.tuples(st.integers(0, 69), st.integers(1, 255)), max_size=6),
    st.integers(0, 70),
    st.binary(max_size=10),
)
def test_a_mutated_frame_is_accepted_only_with_all_that_is_signed(changes, length, trailing):
    wire = bytearray(frame(Flaws()))
    assert len(wire) == 70
    for at, change in changes:
        wire[at] ^= change
    wire = bytes(wire[:length] + trailing)
    result = check(wire)
    if isinstance(result, AdvertisementReceived):
        assert wire[35:36] + wire[42:70] == SIGNED
    else:
        assert isinstance(result, Dropped)


SIGNED6 = bytes.fromhex("0a 0000000000000007") + DUAL_SIGNER.sign(7)


@given(
    st.lists(st.tuples(st.integers(0, 89), st.integers(1, 255)), max_size=6),
    st.integers(0, 90),
    st.binary(max_size=10),
    st.booleans(),
)
def test_a_mutated_ipv6_frame_is_accepted_only_with_all_that_is_signed(
    changes, length, trailing, pseudo
):
    wire = bytearray(frame(FLAWLESS6, DUAL_SIGNER, pseudo=pseudo))
    assert len(wire) == 90
    for at, change in changes:
        wire[at] ^= change
    wire = bytes(wire[:length] + trailing)
    result = check6(wire)
    if isinstance(result, AdvertisementReceived):
        assert wire[55:56] + wire[62:90] == SIGNED6
    else:
        assert isinstance(result, Dropped)


@pytest.mark.parametrize(("source", "group"), [(PEER, CARP_GROUP_V4), (PEER6, CARP_GROUP_V6)])
@given(payload=st.binary(min_size=36, max_size=60))
def test_random_advertisements_are_dropped(source, group, payload):
    """Past the rungs of the IP header."""
    ip = carp_over_ip(source, group, payload)
    result = check6(ethernet(group_mac(group), MAC, ip))
    assert isinstance(result, Dropped)
    assert result.reason not in list(DropReason)[:4]
    assert result.source == source
