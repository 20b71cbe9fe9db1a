"""Digests, headers and frames that the C functions of ucarp and the BSD kernels made."""

import pytest
from vector_rows import (
    CUSTOM_LLADDR,
    FRAME,
    GENERATED,
    GENERATED_FRAMES,
    IP_CHECKSUM,
    IP_TOS,
    IPV6_TRAFFIC_CLASS,
    LINK_LOCAL_LEFT_OUT,
    OUR_MAC,
    SOURCE_MAC,
    as_we_send_it,
    masked,
    params,
    received,
    rows,
)

from ucarpd.carp import auth, packet
from ucarpd.carp.receive import Dropped, DropReason, Receiver


def frames(vectors):
    names = [f"{vector['name']}-IPv{family}" for vector, family in vectors]
    return pytest.mark.parametrize(("vector", "family"), vectors, ids=names)


# -- made by the C functions of ucarp and the BSD kernels ------------------------------------------


@rows(GENERATED)
def test_generated_digest(vector):
    signer = auth.sender(params(vector))
    assert signer.sign(int(vector["counter"])).hex() == vector["hmac_hex"]
    assert signer.verify(int(vector["counter"]), bytes.fromhex(vector["hmac_hex"]))


@rows(GENERATED)
def test_generated_header(vector):
    header = packet.Advertisement(
        vhid=vector["vhid"],
        advbase=vector["advbase"],
        advskew=vector["advskew"],
        counter=int(vector["counter"]),
        digest=bytes.fromhex(vector["hmac_hex"]),
        demote=vector["demote"],
    )
    wire = bytes.fromhex(vector["carp_packet_hex"])
    assert packet.encode(header) == wire
    assert packet.decode(wire) == header


@frames(GENERATED_FRAMES)
def test_generated_frame_is_the_one_that_we_would_send(vector, family):
    """Except for the source MAC of ucarp, which is not the interface's, and FreeBSD's type of service."""
    theirs = bytes.fromhex(vector[FRAME[family]])
    # With the BSDs the source MAC is our virtual one, whatever the interface has.
    mac = theirs[SOURCE_MAC] if vector["impl"] == "ucarp" else OUR_MAC
    ours = as_we_send_it(vector, mac, family)
    differs = ()
    if vector["impl"] == "freebsd":
        differs = (IP_TOS, IP_CHECKSUM) if family == 4 else (IPV6_TRAFFIC_CLASS,)
    assert masked(ours, *differs) == masked(theirs, *differs)


@frames(GENERATED_FRAMES)
def test_generated_frame_is_accepted(vector, family):
    frame = bytes.fromhex(vector[FRAME[family]])
    assert Receiver(params(vector)).check(frame, (), ()) == received(vector, family)


@frames(LINK_LOCAL_LEFT_OUT)
def test_openbsd_leaves_link_local_addresses_out_and_is_accepted_all_the_same(vector, family):
    """By a host with no other setting than the addresses."""
    frame = bytes.fromhex(vector[FRAME[family]])
    receiver = Receiver(params(vector, hash_link_local=True))
    assert receiver.check(frame, (), ()) == received(vector, family)


@frames([(v, family) for v, family in GENERATED_FRAMES if v["impl"] == "netbsd" and family == 6])
def test_netbsds_checksum_is_accepted_without_asking_for_it(vector, family):
    frame = bytes.fromhex(vector[FRAME[family]])
    receiver = Receiver(params(vector, pseudo_checksum=False))
    assert receiver.check(frame, (), ()) == received(vector, family)


@rows(CUSTOM_LLADDR)
def test_openbsd_with_an_lladdr_set_by_hand_signs_it_too(vector):
    """A host that does not know of it cannot tell."""
    frame = bytes.fromhex(vector["ethernet_frame_hex"])
    dropped = Receiver(params(vector, lladdr=None)).check(frame, (), ())
    assert isinstance(dropped, Dropped)
    assert dropped.reason is DropReason.BAD_DIGEST
