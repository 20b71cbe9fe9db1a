"""Why is a frame dropped?  One row for each rung of the ladder, and what is no reason."""

from ipaddress import IPv4Address

import pytest
from flawed_frames import (
    MAC,
    OURS6,
    PARAMS,
    PEER,
    RUNGS,
    VALID,
    Flaws,
    check,
    frame,
    without_evidence,
)
from playbook import OURS, params

from ucarpd.carp.auth import Signer
from ucarpd.carp.receive import OTHERS, Dropped, DropReason, Evidence, Receiver

OTHER = IPv4Address("10.0.9.1")


def test_a_wrong_digest_comes_with_what_the_detective_needs():
    dropped = check(frame(Flaws(key=b"another")))
    digest = Signer(b"another", 10, PARAMS.addresses).sign(7)
    assert dropped.evidence == Evidence(PEER, MAC, 7, digest)


def test_without_a_flaw():
    assert check(frame(Flaws())) == VALID


@pytest.mark.parametrize(("flaw", "reason", "words"), RUNGS)
def test_each_rung(flaw, reason, words):
    source = None if reason is DropReason.BAD_HEADER else flaw.get("source", PEER)
    assert without_evidence(check(frame(Flaws(**flaw)))) == Dropped(reason, source, words)


@pytest.mark.parametrize("first", range(len(RUNGS)))
def test_the_first_rung_that_fails_is_the_reason(first):
    """A frame with this flaw and the flaws of all rungs above it."""
    flaws = Flaws()
    for flaw, *_ in RUNGS[first:]:
        flaws = flaws._replace(**flaw)
    assert check(frame(flaws)).reason is RUNGS[first][1]


def test_every_reason_has_a_rung():
    """Only unicast has the rung BAD_PEER; see below."""
    assert [reason for _, reason, _ in RUNGS] == [
        reason
        for reason in DropReason
        if reason
        not in {
            DropReason.BAD_PEER,
            DropReason.MISTYPED_VHID,
            DropReason.VRRP,
            DropReason.OTHER_VRRP,
        }
    ]


@pytest.mark.parametrize(
    ("own_sources", "sent", "is_own", "because"),
    [
        ((PEER,), (7,), True, "our address and a counter that we sent"),
        ((PEER,), (6, 8), False, "a copied configuration: a peer with our address"),
        ((OURS,), (7,), False, "a peer that happens to count as we do"),
        ((), (7,), False, "we have no address yet"),
        ((PEER, OURS6), (7,), True, "one of our addresses"),
        ((OURS, OURS6), (7,), False, "none of our addresses"),
    ],
)
def test_own_packets(own_sources, sent, is_own, because):
    result = Receiver(PARAMS).check(frame(Flaws()), own_sources, sent)
    assert (getattr(result, "reason", None) is DropReason.OWN_PACKET) == is_own, because


def test_what_is_not_looked_at():
    plain = frame(Flaws())
    for what, wire in (
        ("source MAC", plain[:6] + b"\xff" * 6 + plain[12:]),
        ("destination MAC", b"\xff" * 6 + plain[6:]),
        ("bytes after the IP packet", plain + b"junk"),
    ):
        assert check(wire) == VALID, what


def test_our_own_service_under_another_vhid_is_told_as_a_typing_error():
    receiver = Receiver(PARAMS)
    for _ in range(2):
        dropped = check(frame(Flaws(vhid=11)), receiver)
        assert dropped.reason is DropReason.MISTYPED_VHID
        assert "under UCARP_VHID=11, here it is 10: both hosts are master" in dropped.detail
    other_addresses = frame(Flaws(vhid=11, source=OTHER), Signer(b"secret", 11, [OTHER]))
    assert check(other_addresses, receiver).reason is DropReason.BAD_VHID


def test_a_forger_of_vhids_does_not_make_us_work():
    receiver = Receiver(PARAMS)
    for number in range(OTHERS):
        check(frame(Flaws(vhid=11, source=OTHER + number, key=b"another")), receiver)
    assert check(frame(Flaws(vhid=12)), receiver).reason is DropReason.BAD_VHID


def test_another_group():
    group = IPv4Address("239.192.7.18")
    receiver = Receiver(params(vhid=10, group=group))
    assert check(frame(Flaws(destination=group)), receiver) == VALID
    assert check(frame(Flaws()), receiver).reason is DropReason.BAD_DESTINATION


# -- the counts ------------------------------------------------------------------------------------


def test_everything_is_counted():
    receiver = Receiver(PARAMS)
    for flaw, *_ in RUNGS:
        check(frame(Flaws(**flaw)), receiver)
    for _ in range(3):
        check(frame(Flaws()), receiver)
        check(frame(Flaws(ttl=1)), receiver)
    assert receiver.accepted == 3
    once = dict.fromkeys((reason for _, reason, _ in RUNGS), 1)
    assert receiver.dropped == once | {DropReason.BAD_TTL: 4}


def test_configure_keeps_the_counts():
    receiver = Receiver(PARAMS)
    check(frame(Flaws()), receiver)
    check(frame(Flaws(key=b"another")), receiver)
    receiver.configure(params(vhid=10, key=b"another"))
    assert check(frame(Flaws(key=b"another")), receiver) == VALID
    assert check(frame(Flaws()), receiver).reason is DropReason.BAD_DIGEST
    assert receiver.accepted == 2
    assert receiver.dropped == {DropReason.BAD_DIGEST: 2}


# -- where the frame came from ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mac", "is_virtual"),
    [
        ("00005e00010a", True),  # the BSD kernels
        ("00005e00000a", False),  # ucarp
        ("00005e00010b", False),  # of another vhid
        ("020000000a02", False),
    ],
)
def test_the_virtual_mac_is_told_and_is_no_reason_to_drop(mac, is_virtual):
    plain = frame(Flaws())
    result = check(plain[:6] + bytes.fromhex(mac) + plain[12:])
    assert result == VALID
    assert result.statement.from_virtual_mac is is_virtual
