"""Bytes that other implementations made, or met; `carp.json` says which, and how they were made.

`freebsd-live.json` has advertisements of a running FreeBSD kernel.

Every frame is both accepted and sent: what a peer makes is what we make when we are configured for it.
"""

import json
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path
from typing import NamedTuple

import pytest

from ucarpd.carp import auth, packet
from ucarpd.carp.actions import SendAdvertisement, State
from ucarpd.carp.auth import Signer
from ucarpd.carp.events import (
    AddressesReleased,
    AdvertisementReceived,
    DeadlineReached,
    DemotionChanged,
    InterfaceReady,
)
from ucarpd.carp.frame import ethernet, group_mac
from ucarpd.carp.machine import VirtualHost
from ucarpd.carp.neighbours import ARP_REQUEST, gratuitous_arp
from ucarpd.carp.params import (
    CARP_GROUP_V4,
    CARP_GROUP_V6,
    KEY_SIZE,
    PASSWORD_SIZE,
    DemoteStyle,
    Params,
    TieBreak,
)
from ucarpd.carp.receive import Dropped, DropReason, Receiver
from ucarpd.carp.transmit import Datagram, Transmitter


def load(name):
    return json.loads((Path(__file__).parent / name).read_text(encoding="utf-8"))


DATA = load("carp.json")
FREEBSD_LIVE = load("freebsd-live.json")["frames"]

GENERATED = DATA["vectors"]
FRAME = {4: "ethernet_frame_hex", 6: "ethernet_frame_ipv6_hex"}
GENERATED_FRAMES = [(v, family) for v in GENERATED for family in FRAME if FRAME[family] in v]
CUSTOM_LLADDR = [vector for vector in GENERATED if "custom_lladdr" in vector]
LINK_LOCAL_LEFT_OUT = [
    (vector, family)
    for vector, family in GENERATED_FRAMES
    if vector.get("hmac_variant", "").startswith("nov6ll")
    and any(ip_address(text).is_link_local for text in vector["v6"])
]
CAPTURED_ADVERTISEMENTS = [row for row in DATA["captured"] if "carp_packet_hex" in row]
CAPTURED_ARP = [row for row in DATA["captured"] if row.get("frame_type") == "gratuitous ARP"]

# Where bytes lie in an Ethernet frame, for masking what may differ.
SOURCE_MAC = slice(6, 12)
IP_TOS = slice(15, 16)
IP_ID = slice(18, 20)
IP_CHECKSUM = slice(24, 26)
IPV6_TRAFFIC_CLASS = slice(14, 16)
ARP_SENDER_MAC = slice(22, 28)
ARP_TARGET_MAC = slice(32, 38)


def rows(vectors):
    return pytest.mark.parametrize("vector", vectors, ids=lambda vector: vector["name"])


def frames(vectors):
    names = [f"{vector['name']}-IPv{family}" for vector, family in vectors]
    return pytest.mark.parametrize(("vector", "family"), vectors, ids=names)


def key(vector):
    return bytes.fromhex(vector["key_hex"])


def params(vector, **changes):
    """Of a host of ours that is configured for this peer."""
    lladdr = vector.get("custom_lladdr")
    configured = {
        "vhid": vector["vhid"],
        "addresses": tuple(ip_address(text) for text in vector["v4"] + vector["v6"]),
        "key": key(vector).ljust(KEY_SIZE, b"\0"),
        "group": IPv4Address(vector.get("ipv4_dst", CARP_GROUP_V4)),
        "group6": IPv6Address(vector.get("ipv6_dst", CARP_GROUP_V6)),
        "broadcast": "-M" in vector.get("options", ()),
        # OpenBSD transmits a digest that leaves link-local addresses out.
        "hash_link_local": not vector.get("hmac_variant", "").startswith("nov6ll"),
        "lladdr": bytes.fromhex(lladdr.replace(":", "")) if lladdr else None,
        "pseudo_checksum": vector["impl"] == "netbsd",
        "source_mac_is_virtual": not vector["impl"].startswith("ucarp"),
    }
    return Params(**(configured | changes))


def source(vector, family=4):
    return ip_address(vector[f"ipv{family}_src"])


def received(vector, family=4):
    return AdvertisementReceived(
        source(vector, family),
        vector["advbase"],
        vector["advskew"],
        int(vector["counter"]),
        vector["demote"],
    )


def as_we_send_it(vector, mac, family=4):
    action = SendAdvertisement(
        source(vector, family),
        vector["advbase"],
        vector["advskew"],
        int(vector["counter"]),
        vector["demote"],
    )
    (frame,) = Transmitter(params(vector)).advertisement(action, mac)
    return frame


OUR_MAC = bytes.fromhex("020000000a02")


def masked(frame, *places):
    blank = bytearray(frame)
    for place in places:
        blank[place] = bytes(len(blank[place]))
    return blank.hex(":")


def test_nothing_is_left_out_by_accident():
    assert len(GENERATED) == 69
    assert [family for _, family in GENERATED_FRAMES].count(4) == 57
    assert [family for _, family in GENERATED_FRAMES].count(6) == 16
    assert {vector["name"] for vector, _ in GENERATED_FRAMES} == {v["name"] for v in GENERATED}
    assert [vector["name"] for vector in CUSTOM_LLADDR] == ["openbsd/custom_lladdr_is_hashed"]
    assert len(LINK_LOCAL_LEFT_OUT) == 4
    assert {v["demote"] for v in GENERATED if v["impl"] == "openbsd"} == {0, 7, 255}
    assert len(CAPTURED_ADVERTISEMENTS) + len(CAPTURED_ARP) == len(DATA["captured"])


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
    """But for ucarp's source MAC, where ours is the interface's, and FreeBSD's type of service."""
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


# -- captured from a running ucarp and a running NetBSD kernel -------------------------------------


@rows(CAPTURED_ADVERTISEMENTS)
def test_captured_advertisement_is_accepted(vector):
    frame = bytes.fromhex(vector["ethernet_frame_hex"])
    assert Receiver(params(vector)).check(frame, (), ()) == received(vector)


@rows(CAPTURED_ADVERTISEMENTS)
def test_captured_advertisement_is_the_one_that_we_would_send(vector):
    """But for ucarp's source MAC, where ours is the interface's, and its random IP id."""
    theirs = bytes.fromhex(vector["ethernet_frame_hex"])
    mac = theirs[SOURCE_MAC] if vector["impl"].startswith("ucarp") else OUR_MAC
    ours = as_we_send_it(vector, mac)
    assert masked(ours, IP_ID, IP_CHECKSUM) == masked(theirs, IP_ID, IP_CHECKSUM)


@rows(CAPTURED_ARP)
def test_captured_gratuitous_arp_has_our_layout(vector):
    """ucarp's is ours to the byte; NetBSD names its virtual MAC as sender, and no target MAC."""
    theirs = bytes.fromhex(vector["ethernet_frame_hex"])
    ours = gratuitous_arp(IPv4Address(vector["vip"]), theirs[SOURCE_MAC], ARP_REQUEST)
    differs = () if vector["impl"].startswith("ucarp") else (ARP_SENDER_MAC, ARP_TARGET_MAC)
    assert masked(ours, *differs) == masked(theirs, *differs)


# -- captured from a running FreeBSD kernel --------------------------------------------------------


def live_params(vector):
    """A FreeBSD kernel ignores a key whose first byte is 0, and signs with an empty one."""
    used = bytes(KEY_SIZE) if vector.get("zero_key_ok") else key(vector)
    return params(vector, key=used)


def live_source(vector):
    frame = bytes.fromhex(vector["ethernet_frame_hex"])
    is_ipv6 = frame[12:14] == b"\x86\xdd"
    return ip_address(frame[22:38] if is_ipv6 else frame[26:30])


def test_no_frame_of_the_running_freebsd_is_left_out():
    assert len(FREEBSD_LIVE) == 15
    assert [live_source(vector).version for vector in FREEBSD_LIVE].count(6) == 3
    assert sum(vector.get("zero_key_ok") or False for vector in FREEBSD_LIVE) == 2


@rows(FREEBSD_LIVE)
def test_an_advertisement_of_the_running_freebsd_is_accepted(vector):
    frame = bytes.fromhex(vector["ethernet_frame_hex"])
    heard = Receiver(live_params(vector)).check(frame, (), ())
    counter = int(vector["counter"], 16)
    expected = AdvertisementReceived(
        live_source(vector), vector["advbase"], vector["advskew"], counter
    )
    assert heard == expected
    assert heard.from_virtual_mac


@rows(FREEBSD_LIVE)
def test_an_advertisement_of_the_running_freebsd_is_the_one_that_we_would_send(vector):
    """But for the type of service, and the traffic class in IPv6."""
    theirs = bytes.fromhex(vector["ethernet_frame_hex"])
    counter = int(vector["counter"], 16)
    action = SendAdvertisement(live_source(vector), vector["advbase"], vector["advskew"], counter)
    (ours,) = Transmitter(live_params(vector)).advertisement(action, OUR_MAC)
    is_ipv6 = action.family == 6
    differs = (IPV6_TRAFFIC_CLASS,) if is_ipv6 else (IP_TOS, IP_CHECKSUM)
    assert masked(ours, *differs) == masked(theirs, *differs)


@rows([vector for vector in FREEBSD_LIVE if vector.get("zero_key_ok")])
def test_the_key_that_the_running_freebsd_ignored_does_not_open_its_advertisements(vector):
    frame = bytes.fromhex(vector["ethernet_frame_hex"])
    dropped = Receiver(params(vector)).check(frame, (), ())
    assert isinstance(dropped, Dropped)
    assert dropped.reason is DropReason.BAD_DIGEST


# -- what must not be accepted, and what must be in spite of its looks -------------------------------


class Ours(NamedTuple):
    """This host's verdict; `because` is there where a peer decides otherwise."""

    reason: DropReason | None
    because: str = ""


ACCEPTED = Ours(None)

NEGATIVE = {
    "valid": ACCEPTED,
    "bad_carp_checksum": Ours(DropReason.BAD_CHECKSUM),
    "bad_ip_checksum": Ours(DropReason.BAD_IP_CHECKSUM),
    "version_1": Ours(DropReason.BAD_VERSION),
    "type_0": Ours(DropReason.BAD_TYPE, "stricter on purpose: nobody sends another type than 1"),
    "type_2": Ours(DropReason.BAD_TYPE, "stricter on purpose: nobody sends another type than 1"),
    "ttl_254": Ours(DropReason.BAD_TTL, "FreeBSD 14 and 15 miss it by a byte-order bug"),
    "truncated_8": Ours(DropReason.BAD_LENGTH),
    "authlen_0": ACCEPTED,
    "authlen_255": ACCEPTED,
    "bad_digest": Ours(DropReason.BAD_DIGEST),
    "wrong_vip": Ours(DropReason.BAD_DIGEST),
    "other_vhid": Ours(DropReason.MISTYPED_VHID),
    "pad_5": ACCEPTED,
    "trailing_zeros": ACCEPTED,
    "trailing_junk": Ours(None, "FreeBSD 15 alone sums up the whole IP payload"),
    "unicast_dst": Ours(DropReason.BAD_DESTINATION, "FreeBSD does not look at the destination"),
    "tos0_no_df": ACCEPTED,
    "ip_options": ACCEPTED,
    "advskew_tampered": ACCEPTED,
    "advbase_tampered": ACCEPTED,
    "counter_0": ACCEPTED,
    "counter_max": ACCEPTED,
    "exact_replay": ACCEPTED,
    "bow_out": ACCEPTED,
}


NEGATIVE_RECEIVER = DATA["conventions"]["receiver_for_negative"]
NEGATIVE_SOURCE = IPv4Address(NEGATIVE_RECEIVER["src"])


def negative_params(**changes):
    receiver = NEGATIVE_RECEIVER
    return Params(
        vhid=receiver["vhid"],
        addresses=tuple(IPv4Address(text) for text in receiver["v4"]),
        key=receiver["password"].encode(),
        advbase=receiver["advbase"],
        advskew=receiver["advskew"],
        **changes,
    )


def negative_frame(vector):
    ip = bytes.fromhex(vector["ipv4_packet_hex"])
    return ethernet(group_mac(CARP_GROUP_V4), OUR_MAC, ip)


def test_every_negative_vector_has_a_row():
    assert {vector["name"] for vector in DATA["negative"]} == set(NEGATIVE)


@rows(DATA["negative"])
def test_negative(vector):
    result = Receiver(negative_params()).check(negative_frame(vector), (NEGATIVE_SOURCE,), ())
    assert (result.reason if isinstance(result, Dropped) else None) is NEGATIVE[
        vector["name"]
    ].reason


@rows(DATA["negative"])
def test_where_a_peer_decides_otherwise_the_row_says_why(vector):
    ours = NEGATIVE[vector["name"]]
    verdict = "drop" if ours.reason else "accept"
    disagreeing = [who for who, peer in vector["expect"].items() if peer["verdict"] != verdict]
    assert bool(ours.because) == bool(disagreeing), disagreeing


@rows([v for v in DATA["negative"] if any("counter" in peer for peer in v["expect"].values())])
def test_our_counters_have_the_names_of_the_bsds(vector):
    """At least one BSD counts the packet under the reason that we give."""
    theirs = {peer.get("counter") for peer in vector["expect"].values()}
    ours = NEGATIVE[vector["name"]].reason
    named_otherwise = {
        # OpenBSD looks for a carp interface in unicast mode, NetBSD for a carp interface.
        "unicast_dst": DropReason.BAD_DESTINATION,
        # FreeBSD 15 drops what we accept.
        "trailing_junk": None,
        # Nobody else sees that only the vhid differs.
        "other_vhid": DropReason.MISTYPED_VHID,
    }
    if vector["name"] in named_otherwise:
        assert ours is named_otherwise[vector["name"]]
    else:
        assert ours is not None
        assert ours.value in theirs


def test_an_exact_replay_is_accepted():
    valid, replay = (
        negative_frame(next(v for v in DATA["negative"] if v["name"] == name))
        for name in ("valid", "exact_replay")
    )
    receiver = Receiver(negative_params())
    assert valid == replay
    assert receiver.check(valid, (), ()) == receiver.check(replay, (), ())
    assert receiver.accepted == 2


def test_a_tampered_interval_is_what_we_hear():
    """Nobody signs advskew and advbase, so this is how it must be; the counter is signed."""
    heard = {
        name: Receiver(negative_params()).check(negative_frame(vector), (), ())
        for vector in DATA["negative"]
        if (name := vector["name"]) in ("valid", "advskew_tampered", "advbase_tampered")
    }
    valid = heard.pop("valid")
    for tampered in heard.values():
        assert tampered.counter == valid.counter
        assert tampered.units != valid.units


@rows(DATA["negative"])
def test_negative_in_unicast(vector):
    """The other way round: what is sent to us is accepted, what is sent to the group is not.

    The cheaper checks come before the one of the destination, and the others after it.
    """
    receiver = Receiver(negative_params(peers=(IPv4Address("10.77.0.9"),)))
    result = receiver.check(negative_frame(vector), (NEGATIVE_SOURCE,), ())
    if vector["name"] == "unicast_dst":
        assert result == AdvertisementReceived(IPv4Address("10.77.0.9"), 1, 0, 0x1122334455667788)
    elif vector["name"] in ("bad_ip_checksum", "truncated_8"):
        assert result.reason is NEGATIVE[vector["name"]].reason
    else:
        assert result.reason is DropReason.BAD_DESTINATION


def test_the_unicast_packet_is_the_one_that_we_would_send():
    (vector,) = (v for v in DATA["negative"] if v["name"] == "unicast_dst")
    us, sender = NEGATIVE_SOURCE, IPv4Address("10.77.0.9")
    action = SendAdvertisement(sender, advbase=1, advskew=0, counter=0x1122334455667788)
    sent = Transmitter(negative_params(peers=(us, sender))).advertisement(action, OUR_MAC)
    assert sent == [Datagram(us, bytes.fromhex(vector["ipv4_packet_hex"]))]


BOTH_SUMS = "the two sums exclude each other, and a host of ours may meet either kernel"

NEGATIVE_V6 = {
    "v6_plain_checksum": Ours(None, BOTH_SUMS),
    "v6_pseudo_header_checksum": Ours(None, BOTH_SUMS),
    "v6_hop_limit_254": Ours(DropReason.BAD_TTL),
}


def test_every_negative_vector_of_ipv6_has_a_row():
    assert {vector["name"] for vector in DATA["negative_v6"]} == set(NEGATIVE_V6)


@rows(DATA["negative_v6"])
@pytest.mark.parametrize("pseudo_checksum", [False, True])
def test_negative_in_ipv6(vector, pseudo_checksum):
    """What we send with does not matter to what we accept."""
    configured = Params(
        vhid=vector["vhid"],
        addresses=tuple(IPv6Address(text) for text in vector["v6"]),
        key=vector["password"].encode(),
        pseudo_checksum=pseudo_checksum,
    )
    frame = ethernet(group_mac(CARP_GROUP_V6), OUR_MAC, bytes.fromhex(vector["ipv6_packet_hex"]))
    result = Receiver(configured).check(frame, (), ())
    sender = IPv6Address("fe80::1:2:3:4")
    ours = NEGATIVE_V6[vector["name"]]
    if ours.reason is None:
        assert result == AdvertisementReceived(sender, 1, 0, 5)
    else:
        assert (result.reason, result.source) == (ours.reason, sender)


@rows(DATA["negative_v6"])
def test_where_a_peer_decides_otherwise_in_ipv6_the_row_says_why(vector):
    ours = NEGATIVE_V6[vector["name"]]
    verdict = f"drop ({ours.reason.value})" if ours.reason else "accept"
    disagreeing = [who for who, theirs in vector["expect"].items() if theirs != verdict]
    assert bool(ours.because) == bool(disagreeing), disagreeing


# -- what each tool makes of a password ------------------------------------------------------------

KEY_RULES = {
    "ucarp": lambda password: password,
    "openbsd_ifconfig": lambda password: password[:PASSWORD_SIZE],
    "freebsd_ifconfig": lambda password: password[:PASSWORD_SIZE],
    # Type one character more there.
    "netbsd_ifconfig": lambda password: password[:-1][:PASSWORD_SIZE],
}


@pytest.mark.parametrize("tool", KEY_RULES)
@pytest.mark.parametrize("row", DATA["password_to_key"], ids=lambda row: row["configured"])
def test_password_to_key(row, tool):
    """The password as typed here signs like the key that the tool makes of it there."""
    password = row["configured"].encode()
    addresses = [IPv4Address("10.77.1.100")]
    if tool == "ucarp" and len(password) > PASSWORD_SIZE:
        assert row[tool] == "rejected (longer than 19 bytes)"
    else:
        ours = Signer(KEY_RULES[tool](password), 10, addresses).sign(1)
        theirs = Signer(bytes.fromhex(row[tool]), 10, addresses).sign(1)
        assert ours == theirs


# -- who is master ------------------------------------------------------------------------------------


# How a host of ours decides as they do; ucarp, FreeBSD and NetBSD do not know OpenBSD's demotion.
AS_UCARP = {"tiebreak": TieBreak.REVERSED, "demote_style": DemoteStyle.SKEW}
AS_FREEBSD = {"tiebreak": TieBreak.YIELD, "demote_style": DemoteStyle.SKEW}
AS_OPENBSD = {"tiebreak": TieBreak.YIELD, "demote_style": DemoteStyle.OPENBSD}


def brought_to(state, own, *, demotion=0, **configured):
    """A virtual host in this state, at second 1000 or before."""
    host = VirtualHost(
        Params(
            vhid=1,
            addresses=(IPv4Address("10.77.1.100"),),
            key=b"secret",
            advbase=own["advbase"],
            advskew=own["advskew"],
            preempt=own["preempt"],
            **configured,
        ),
        counter=1,
    )
    host.handle(DemotionChanged(demotion, "demoted"), 0.0)
    ready = InterfaceReady((IPv4Address(own["src"]),))
    if state == "MASTER":
        host.handle(ready, 0.0)
        host.handle(AddressesReleased(), 0.0)
        host.handle(DeadlineReached(), host.next_deadline())
    else:
        host.handle(ready, 1000.0)
    assert host.state.name == state
    return host


def heard(row):
    peer = row["received"]
    return AdvertisementReceived(
        IPv4Address(peer["src"]), peer["advbase"], peer["advskew"], 7, peer["demote"]
    )


def election_id(row):
    def interval(side):
        return f"{side['advbase']}/{side['advskew']}-{side['src']}-demote{side['demote']}"

    preempt = "-preempt" if row["own"]["preempt"] else ""
    return f"{row['state']}-{interval(row['own'])}{preempt}-hears-{interval(row['received'])}"


elections = pytest.mark.parametrize("row", DATA["election"], ids=election_id)


FOLLOWED_AT_ANY_ADVBASE = "BACKUP-86/0-10.77.0.2-demote0-hears-255/255-10.77.0.9-demote0"
"""They all miss a bow-out where their own master-down interval is longer than its 256 s; we do not."""


@elections
def test_election_as_ucarp_decides_it(row):
    own, peer = row["own"], row["received"]
    host = brought_to(row["state"], own, **AS_UCARP)
    down_at = host.master_down_at
    host.handle(heard(row), 1000.5)
    sent = [a for a in host.handle(AddressesReleased(), 1000.6) if isinstance(a, SendAdvertisement)]

    match row["expect"]["ucarp"]:
        case "MASTER" | "stay MASTER, gratuitous ARP now and again two adverts later":
            assert host.state is State.MASTER
        case "BACKUP (after one last advert)":
            assert host.state is State.BACKUP
            # On a tie it makes a BSD yield too, so there, unlike ucarp, we leave it out.
            is_tie = (own["advbase"], own["advskew"]) == (peer["advbase"], peer["advskew"])
            assert len(sent) == (0 if is_tie else 1)
        case "stay BACKUP, timer reset" if election_id(row) == FOLLOWED_AT_ANY_ADVBASE:
            assert host.state is State.MASTER
        case "stay BACKUP, timer reset":
            assert host.state is State.BACKUP
            assert host.master_down_at > down_at
        case other:
            pytest.fail(f"{other!r} is not an outcome")


def outcome(row, **configured):
    """What a host of ours decides, in the words of the vectors about the BSD kernels."""
    host = brought_to(row["state"], row["own"], **configured)
    down_at = host.master_down_at
    host.handle(heard(row), 1000.5)
    if row["state"] == "MASTER":
        return "stay MASTER" if host.state is State.MASTER else "BACKUP"
    if host.state is State.MASTER:
        return "MASTER"
    assert host.master_down_at > down_at
    return "stay BACKUP, timer reset"


@elections
@pytest.mark.parametrize("who", ["freebsd", "netbsd"])
def test_election_as_freebsd_and_netbsd_decide_it(row, who):
    expected = "MASTER" if election_id(row) == FOLLOWED_AT_ANY_ADVBASE else row["expect"][who]
    assert outcome(row, **AS_FREEBSD) == expected


DIFFERENT_FROM_OPENBSD = {
    "BACKUP-0/1-10.77.0.2-demote0-hears-255/255-10.77.0.9-demote0": (
        "MASTER",
        "with advbase 0 OpenBSD skips rule B4, and so misses a bow-out; ucarp and the others do not",
    ),
    FOLLOWED_AT_ANY_ADVBASE: ("MASTER", "see there"),
    "BACKUP-1/0-10.77.0.2-demote1-preempt-hears-1/100-10.77.0.9-demote1": (
        "stay BACKUP, timer reset",
        "a host of ours that is less fit than usual preempts nobody who is no less fit",
    ),
}


@elections
def test_election_as_openbsd_decides_it(row):
    expected = row["expect"]["openbsd"]
    ours, because = DIFFERENT_FROM_OPENBSD.get(election_id(row), (expected, ""))
    assert outcome(row, demotion=row["own"]["demote"], **AS_OPENBSD) == ours
    assert bool(because) == (ours != expected)


def test_every_difference_is_about_a_row():
    assert set(DIFFERENT_FROM_OPENBSD) <= set(map(election_id, DATA["election"]))
