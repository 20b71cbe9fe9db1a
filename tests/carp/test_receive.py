"""The check ladder, rung by rung."""

from dataclasses import replace
from ipaddress import IPv4Address, IPv6Address
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st
from playbook import OURS, params

from ucarpd.carp.auth import Signer
from ucarpd.carp.events import AdvertisementReceived
from ucarpd.carp.frame import carp_over_ip, ethernet, group_mac, pseudo_header
from ucarpd.carp.packet import Advertisement, checksum, encode
from ucarpd.carp.params import CARP_GROUP_V4, CARP_GROUP_V6, IPAddress
from ucarpd.carp.receive import OTHERS, Dropped, DropReason, Evidence, Receiver

PARAMS = params(vhid=10)
PEER = IPv4Address("10.0.0.2")
OTHER = IPv4Address("10.0.9.1")
VIRTUAL6 = IPv6Address("2001:db8::100")
LINK_LOCAL = IPv6Address("fe80::200:5eff:fe00:10a")
OURS6 = IPv6Address("fe80::1")
PEER6 = IPv6Address("fe80::2")
MAC = bytes.fromhex("020000000a02")

VALID = AdvertisementReceived(PEER, advbase=1, advskew=100, counter=7, demote=0)


class Flaws(NamedTuple):
    """What is wrong with a frame; one flaw for each rung, in the order of the rungs."""

    protocol: int = 112
    ip_checksum_error: int = 0
    size: int = 36
    ttl: int = 255
    destination: IPAddress = CARP_GROUP_V4
    version: int = 2
    type: int = 1
    checksum_error: int = 0
    vhid: int = 10
    key: bytes = b"secret"
    source: IPAddress = PEER


def frame(flaws, signer=None, pseudo=False):
    """In the family of its source; signed by a host with PARAMS unless told otherwise."""
    signer = signer or Signer(flaws.key, flaws.vhid, PARAMS.addresses)
    pseudo = pseudo_header(flaws.source, flaws.destination, 36, 112) if pseudo else b""
    carp = bytearray(
        encode(
            Advertisement(
                vhid=flaws.vhid,
                advbase=1,
                advskew=100,
                counter=7,
                digest=signer.sign(7),
                version=flaws.version,
                type=flaws.type,
            ),
            pseudo,
        )
    )
    carp[6] ^= flaws.checksum_error
    ip = bytearray(carp_over_ip(flaws.source, flaws.destination, bytes(carp[: flaws.size])))
    if flaws.source.version == 6:
        ip[6] = flaws.protocol
        ip[7] = flaws.ttl
    else:
        ip[8] = flaws.ttl
        ip[9] = flaws.protocol
        ip[10:12] = b"\0\0"
        ip[10:12] = checksum(ip[:20]).to_bytes(2, "big")
        ip[10] ^= flaws.ip_checksum_error
    return ethernet(group_mac(flaws.destination), MAC, bytes(ip))


RUNGS = [
    # flaw, reason, words for the operator
    ({"protocol": 17}, DropReason.BAD_HEADER, "IP protocol 17"),
    (
        {"ip_checksum_error": 1},
        DropReason.BAD_IP_CHECKSUM,
        "the checksum of its IPv4 header is wrong",
    ),
    ({"size": 35}, DropReason.BAD_LENGTH, "35 bytes, an advertisement has 36"),
    ({"ttl": 254}, DropReason.BAD_TTL, "TTL 254, must be 255"),
    (
        {"destination": IPv4Address("10.0.0.1")},
        DropReason.BAD_DESTINATION,
        "sent to 10.0.0.1, this host listens on 224.0.0.18",
    ),
    ({"version": 3}, DropReason.BAD_VERSION, "version 3, CARP is 2; VRRP?"),
    ({"type": 2}, DropReason.BAD_TYPE, "type 2, an advertisement is 1"),
    (
        {"checksum_error": 1},
        DropReason.BAD_CHECKSUM,
        "the checksum of the advertisement is wrong",
    ),
    ({"vhid": 11, "key": b"another"}, DropReason.BAD_VHID, "vhid 11, this virtual host is 10"),
    (
        {"key": b"another"},
        DropReason.BAD_DIGEST,
        "the digest is wrong: password, vhid or virtual addresses differ",
    ),
    (
        {"source": OURS},
        DropReason.OWN_PACKET,
        "our own advertisement came back: a network loop?",
    ),
]


def check(wire, receiver=None):
    """As a host with source 10.0.0.1 that has sent the counters 6 and 7."""
    return (receiver or Receiver(PARAMS)).check(wire, (OURS,), (6, 7))


def without_evidence(dropped):
    """A wrong digest comes with something to look into, and nothing else does."""
    assert (dropped.evidence is not None) == (dropped.reason is DropReason.BAD_DIGEST)
    return replace(dropped, evidence=None)


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
    """A frame with this flaw and all those of the rungs above it."""
    flaws = Flaws()
    for flaw, *_ in RUNGS[first:]:
        flaws = flaws._replace(**flaw)
    assert check(frame(flaws)).reason is RUNGS[first][1]


def test_every_reason_has_a_rung():
    """The rung of BAD_PEER is one of unicast alone; see below."""
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


# -- IPv6 ------------------------------------------------------------------------------------------------

DUAL = params(vhid=10, addresses=(*PARAMS.addresses, VIRTUAL6))
FLAWLESS6 = Flaws(source=PEER6, destination=CARP_GROUP_V6)
DUAL_SIGNER = Signer(b"secret", 10, DUAL.addresses)
VALID6 = AdvertisementReceived(PEER6, advbase=1, advskew=100, counter=7, demote=0)


def check6(wire, configured=DUAL):
    return Receiver(configured).check(wire, (OURS, OURS6), (6, 7))


def test_without_a_flaw_in_ipv6():
    assert check6(frame(FLAWLESS6, DUAL_SIGNER)) == VALID6


def test_one_virtual_host_hears_both_families():
    """The digest is the same in both: it covers all addresses."""
    assert check6(frame(Flaws(), DUAL_SIGNER)) == VALID


@pytest.mark.parametrize("other_host_is", ["ours, OpenBSD, FreeBSD", "NetBSD"])
def test_both_checksums_are_good_in_ipv6(other_host_is):
    pseudo = other_host_is == "NetBSD"
    assert check6(frame(FLAWLESS6, DUAL_SIGNER, pseudo=pseudo)) == VALID6


def test_the_pseudo_header_counts_for_nothing_in_ipv4():
    """Nobody sums it up there.  That of IPv6 stands in for it."""
    wire = bytearray(frame(Flaws()))
    carp = wire[34:]
    carp[6:8] = b"\0\0"
    pseudo = PEER.packed + CARP_GROUP_V4.packed + b"\0\x70\0\x24"
    wire[40:42] = checksum(pseudo + carp).to_bytes(2, "big")
    assert check(bytes(wire)).reason is DropReason.BAD_CHECKSUM


def test_bytes_after_the_advertisement_are_in_neither_sum():
    for pseudo in (False, True):
        wire = bytearray(frame(FLAWLESS6, DUAL_SIGNER, pseudo=pseudo) + b"junk")
        wire[19] += 4  # the payload length
        assert check6(bytes(wire)) == VALID6


RUNGS6 = [
    ({"protocol": 17}, DropReason.BAD_HEADER, "IPv6 next header 17"),
    ({"size": 35}, DropReason.BAD_LENGTH, "35 bytes, an advertisement has 36"),
    ({"ttl": 254}, DropReason.BAD_TTL, "TTL 254, must be 255"),
    (
        {"destination": OURS6},
        DropReason.BAD_DESTINATION,
        "sent to fe80::1, this host listens on ff02::12",
    ),
    ({"version": 3}, DropReason.BAD_VERSION, "version 3, CARP is 2; VRRP?"),
    ({"type": 2}, DropReason.BAD_TYPE, "type 2, an advertisement is 1"),
    (
        {"checksum_error": 1},
        DropReason.BAD_CHECKSUM,
        "the checksum of the advertisement is wrong",
    ),
    ({"vhid": 11, "key": b"another"}, DropReason.BAD_VHID, "vhid 11, this virtual host is 10"),
    (
        {"key": b"another"},
        DropReason.BAD_DIGEST,
        "the digest is wrong: password, vhid or virtual addresses differ",
    ),
    (
        {"source": OURS6},
        DropReason.OWN_PACKET,
        "our own advertisement came back: a network loop?",
    ),
]


def flawed6(flaws):
    return frame(flaws, Signer(flaws.key, flaws.vhid, DUAL.addresses))


@pytest.mark.parametrize(("flaw", "reason", "words"), RUNGS6)
def test_each_rung_in_ipv6(flaw, reason, words):
    source = None if reason is DropReason.BAD_HEADER else flaw.get("source", PEER6)
    dropped = check6(flawed6(FLAWLESS6._replace(**flaw)))
    assert without_evidence(dropped) == Dropped(reason, source, words)


@pytest.mark.parametrize("first", range(len(RUNGS6)))
def test_the_first_rung_that_fails_is_the_reason_in_ipv6(first):
    flaws = FLAWLESS6
    for flaw, *_ in RUNGS6[first:]:
        flaws = flaws._replace(**flaw)
    assert check6(flawed6(flaws)).reason is RUNGS6[first][1]


def test_a_family_that_the_virtual_host_has_no_address_of():
    """The peers list other addresses than this host, and no digest would agree."""
    six = params(vhid=10, addresses=(VIRTUAL6,))
    assert Receiver(PARAMS).check(frame(FLAWLESS6), (OURS,), ()) == Dropped(
        DropReason.BAD_VHID, PEER6, "this virtual host has no IPv6 address to share"
    )
    assert Receiver(six).check(frame(Flaws()), (OURS6,), ()) == Dropped(
        DropReason.BAD_VHID, PEER, "this virtual host has no IPv4 address to share"
    )


def test_another_group_of_ipv6():
    group = IPv6Address("ff05::12")
    configured = params(vhid=10, addresses=DUAL.addresses, group6=group)
    assert check6(frame(FLAWLESS6._replace(destination=group), DUAL_SIGNER), configured) == VALID6
    dropped = check6(frame(FLAWLESS6, DUAL_SIGNER), configured)
    assert dropped.reason is DropReason.BAD_DESTINATION


# -- unicast ---------------------------------------------------------------------------------------------

THIRD, THIRD6 = IPv4Address("10.0.0.3"), IPv6Address("fe80::3")
ONE_PEER = (OURS, PEER)
BOTH = (OURS, PEER, OURS6, PEER6)
TO_US = {"destination": OURS}
TO_US6 = {"source": PEER6, "destination": OURS6}
FROM_THE_GROUP6 = {"source": PEER6, "destination": CARP_GROUP_V6}
NOT_TO_US = "this host expects unicast from its peers"
NO_PEER = "its source is not one of UCARP_PEERS"


@pytest.mark.parametrize(
    ("peers", "flaws", "reason", "words"),
    [
        (ONE_PEER, TO_US, None, ""),
        (ONE_PEER, TO_US | {"ttl": 3}, None, "routers may lie in between"),
        (
            ONE_PEER,
            {},
            DropReason.BAD_DESTINATION,
            f"sent to 224.0.0.18, {NOT_TO_US}",
        ),
        (
            ONE_PEER,
            {"destination": THIRD},
            DropReason.BAD_DESTINATION,
            f"sent to 10.0.0.3, {NOT_TO_US}",
        ),
        (ONE_PEER, TO_US | {"source": THIRD}, DropReason.BAD_PEER, NO_PEER),
        (
            ONE_PEER,
            {"source": THIRD},
            DropReason.BAD_DESTINATION,
            f"sent to 224.0.0.18, {NOT_TO_US}",
        ),
        (
            ONE_PEER,
            TO_US | {"source": THIRD, "version": 3},
            DropReason.BAD_PEER,
            NO_PEER,
        ),
        (ONE_PEER, TO_US | {"version": 3}, DropReason.BAD_VERSION, "version 3, CARP is 2; VRRP?"),
        (ONE_PEER, TO_US | {"source": OURS}, DropReason.OWN_PACKET, None),
        (ONE_PEER, FROM_THE_GROUP6, None, "IPv6 has no peer and keeps its group"),
        (ONE_PEER, FROM_THE_GROUP6 | {"ttl": 3}, DropReason.BAD_TTL, "TTL 3, must be 255"),
        (
            ONE_PEER,
            TO_US6,
            DropReason.BAD_DESTINATION,
            "sent to fe80::1, this host listens on ff02::12",
        ),
        (BOTH, TO_US, None, ""),
        (BOTH, TO_US6, None, ""),
        (BOTH, TO_US6 | {"ttl": 3}, None, "routers may lie in between"),
        (
            BOTH,
            FROM_THE_GROUP6,
            DropReason.BAD_DESTINATION,
            f"sent to ff02::12, {NOT_TO_US}",
        ),
        (BOTH, TO_US6 | {"source": THIRD6}, DropReason.BAD_PEER, NO_PEER),
        ((PEER6,), {}, None, "IPv4 has no peer and keeps its group"),
        (
            (PEER6,),
            TO_US,
            DropReason.BAD_DESTINATION,
            "sent to 10.0.0.1, this host listens on 224.0.0.18",
        ),
    ],
)
def test_the_rungs_of_unicast(peers, flaws, reason, words):
    configured = params(vhid=10, addresses=DUAL.addresses, peers=peers)
    flaws = Flaws(**flaws)
    result = check6(frame(flaws, DUAL_SIGNER), configured)
    if reason is None:
        assert result == AdvertisementReceived(flaws.source, 1, 100, 7), words
    else:
        assert result == Dropped(reason, flaws.source, words or RUNGS[-1][2])


def test_a_link_local_stranger_may_be_a_host_that_is_listed_by_its_global_address():
    configured = params(vhid=10, addresses=DUAL.addresses, peers=(IPv6Address("2001:db8::2"),))
    flaws = Flaws(**TO_US6 | {"source": PEER6})
    dropped = check6(frame(flaws, DUAL_SIGNER), configured)
    assert dropped.reason is DropReason.BAD_PEER
    assert dropped.detail.startswith(f"{NO_PEER}: some systems (FreeBSD) advertise from it")


# -- VRRP ---------------------------------------------------------------------------------------------------


def vrrp(vhid):
    payload = bytes([0x31, vhid, 100, 1, 0, 100, 0, 0, 10, 9, 0, 10])
    return ethernet(group_mac(CARP_GROUP_V4), MAC, carp_over_ip(PEER, CARP_GROUP_V4, payload))


@pytest.mark.parametrize("peers", [(), (PEER,)])
def test_a_vrrp_router_with_another_id_is_counted_alone(peers):
    receiver = Receiver(params(vhid=10, peers=peers))
    assert check(vrrp(11), receiver) == Dropped(DropReason.OTHER_VRRP, PEER, "VRRP")
    assert receiver.dropped == {DropReason.OTHER_VRRP: 1}


@pytest.mark.parametrize(
    ("configured", "more"),
    [
        ({}, ""),
        ({"virtual_mac": True}, " (both have the MAC address 00:00:5e:00:01:0a)"),
        ({"source_mac_is_virtual": True}, " (both have the MAC address 00:00:5e:00:01:0a)"),
    ],
)
def test_a_vrrp_router_with_our_id_is_told_as_one(configured, more):
    text = f"a VRRP router at 10.0.0.2 uses id 10: give one another number{more}"
    receiver = Receiver(params(vhid=10, **configured))
    assert check(vrrp(10), receiver) == Dropped(DropReason.VRRP, PEER, text)


# -- what it may be signed with ----------------------------------------------------------------------------

ADDRESSES = (*DUAL.addresses, LINK_LOCAL)
LLADDR = bytes.fromhex("02aabbccddee")


def signed_with(key=b"secret", *, addresses=ADDRESSES, **how):
    return Signer(key, 10, addresses, **how)


@pytest.mark.parametrize(
    ("changes", "signer", "is_accepted", "because"),
    [
        ({}, signed_with(), True, "ours to the letter"),
        ({}, signed_with(with_link_local=False), True, "as OpenBSD sends it"),
        ({"hash_link_local": False}, signed_with(), True, "as FreeBSD and NetBSD send it"),
        ({"hash_link_local": False}, signed_with(with_link_local=False), True, "as we send it"),
        ({}, signed_with(addresses=ADDRESSES[1:]), False, "other addresses must agree"),
        ({}, signed_with(b"former"), False, "no old key"),
        ({"old_keys": (b"former",)}, signed_with(b"former"), True, "an old key"),
        ({"old_keys": (b"former",)}, signed_with(), True, "and the new one still"),
        (
            {"old_keys": (b"oldest", b"former")},
            signed_with(b"former", with_link_local=False),
            True,
            "an old key, on OpenBSD",
        ),
        ({"old_keys": (b"former",)}, signed_with(b"another"), False, "any other key"),
        ({}, signed_with(lladdr=LLADDR), False, "OpenBSD hashes an lladdr that we do not know"),
        ({"lladdr": LLADDR}, signed_with(lladdr=LLADDR), True, "and one that we do"),
        (
            {"lladdr": LLADDR},
            signed_with(lladdr=LLADDR, with_link_local=False),
            True,
            "in both variants",
        ),
        ({"lladdr": LLADDR}, signed_with(), False, "a peer without it"),
        (
            {"hashed": DUAL.addresses},
            signed_with(addresses=DUAL.addresses),
            True,
            "what is hashed counts, not what is served",
        ),
        ({"hashed": DUAL.addresses}, signed_with(), False, "what is served does not"),
    ],
)
@pytest.mark.parametrize("source", [PEER, PEER6])
def test_what_it_may_be_signed_with(*, changes, signer, is_accepted, because, source):
    group = CARP_GROUP_V4 if source is PEER else CARP_GROUP_V6
    configured = params(vhid=10, addresses=ADDRESSES, **changes)
    result = check6(frame(Flaws(source=source, destination=group), signer), configured)
    if is_accepted:
        assert result == AdvertisementReceived(source, 1, 100, 7), because
    else:
        assert result.reason is DropReason.BAD_DIGEST, because


# -- the counts ----------------------------------------------------------------------------------------------


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


# -- whatever comes from the wire ----------------------------------------------------------------------


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
    assert result.reason not in list(DropReason)[:6]
    assert result.source == source


# -- where the frame came from ------------------------------------------------------------------------------


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
    assert result.from_virtual_mac is is_virtual
