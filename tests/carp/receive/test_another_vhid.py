"""What is said about a frame of another virtual host of the segment?"""

from ipaddress import IPv4Address

import pytest
from flawed_frames import OURS6, PEER, PEER6, RUNGS, Flaws, check6, frame
from hypothesis import given
from hypothesis import strategies as st
from playbook import OURS, params

from ucarpd.carp.params import CARP_GROUP_V6
from ucarpd.carp.receive import DropReason

GROUP = IPv4Address("239.192.7.18")
OURS_IN = {
    "groups": params(vhid=10),
    "unicast": params(vhid=10, peers=(PEER, PEER6)),
}
FOREIGN = Flaws(vhid=11, key=b"another")


@pytest.mark.parametrize("ours", OURS_IN)
@pytest.mark.parametrize(
    "way",
    [
        {"destination": GROUP},
        {"destination": OURS},
        {"destination": IPv4Address("10.0.0.9"), "source": IPv4Address("10.0.0.8")},
        {"destination": OURS6, "source": PEER6},
        {"destination": CARP_GROUP_V6, "source": PEER6},
    ],
)
def test_its_destination_is_its_own_affair(ours, way):
    dropped = check6(frame(FOREIGN._replace(**way)), OURS_IN[ours])
    assert (dropped.reason, dropped.concerns_us) == (DropReason.BAD_VHID, False)
    assert dropped.detail == "vhid 11, this virtual host is 10"


def test_vhid_0_is_none_that_an_operator_can_have_mistyped():
    dropped = check6(frame(Flaws(vhid=0)), OURS_IN["groups"])
    assert (dropped.reason, dropped.concerns_us) == (DropReason.BAD_VHID, False)
    assert dropped.detail == "vhid 0, this virtual host is 10"


@pytest.mark.parametrize(("flaw", "reason", "words"), RUNGS[1:7])
def test_a_flaw_of_it_is_counted_as_such_and_is_no_fault_of_ours(flaw, reason, words):
    """The BSDs look at the TTL and the checksum before the vhid."""
    dropped = check6(frame(FOREIGN._replace(**flaw)), OURS_IN["groups"])
    assert (dropped.reason, dropped.concerns_us) == (reason, False)
    assert dropped.detail == f"{words} (vhid 11, this virtual host is 10)"


def test_a_packet_without_a_vhid_may_be_ours():
    for size in (0, 1):
        dropped = check6(frame(FOREIGN._replace(size=size)), OURS_IN["groups"])
        assert (dropped.reason, dropped.concerns_us) == (DropReason.BAD_LENGTH, True)


WIRE = frame(FOREIGN)


@given(
    st.lists(st.tuples(st.integers(18, 69), st.integers(1, 255)), max_size=4),
    st.sampled_from(sorted(OURS_IN)),
)
def test_whatever_it_holds_it_is_never_told_as_a_fault(changes, ours):
    wire = bytearray(WIRE)
    for at, change in changes:
        wire[at] ^= change
    wire[35] = 11
    dropped = check6(bytes(wire), OURS_IN[ours])
    assert not dropped.concerns_us or dropped.reason is DropReason.BAD_HEADER
