"""Frames that must not be accepted, and others that must be in spite of their looks."""

from ipaddress import IPv4Address, IPv6Address
from typing import NamedTuple

import pytest
from vector_rows import DATA, OUR_MAC, rows

from ucarpd.carp.actions import SendAdvertisement
from ucarpd.carp.events import advertisement_received
from ucarpd.carp.frame import ethernet, group_mac
from ucarpd.carp.params import CARP_GROUP_V4, CARP_GROUP_V6, Params
from ucarpd.carp.receive import Dropped, DropReason, Receiver
from ucarpd.carp.transmit import Datagram, Transmitter


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
        # FreeBSD 15 drops this packet, and we accept it.
        "trailing_junk": None,
        # No other system sees that only the vhid differs.
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
    """The digest covers the counter, but not advskew and advbase, so this must be accepted."""
    heard = {
        name: Receiver(negative_params()).check(negative_frame(vector), (), ())
        for vector in DATA["negative"]
        if (name := vector["name"]) in ("valid", "advskew_tampered", "advbase_tampered")
    }
    valid = heard.pop("valid")
    for tampered in heard.values():
        assert tampered.counter == valid.counter
        assert tampered.statement.units != valid.statement.units


@rows(DATA["negative"])
def test_negative_in_unicast(vector):
    """The opposite: a packet to us is accepted, a packet to the group is not.

    Only the digest, and what it tells, comes after the check of the destination.
    """
    receiver = Receiver(negative_params(peers=(IPv4Address("10.77.0.9"),)))
    result = receiver.check(negative_frame(vector), (NEGATIVE_SOURCE,), ())
    if vector["name"] == "unicast_dst":
        assert result == advertisement_received(IPv4Address("10.77.0.9"), 1, 0, 0x1122334455667788)
    elif vector["name"] in (
        "bad_ip_checksum",
        "truncated_8",
        "version_1",
        "type_0",
        "type_2",
        "bad_carp_checksum",
        "other_vhid",
    ):
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
    """Our settings for sending do not matter for receiving."""
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
        assert result == advertisement_received(sender, 1, 0, 5)
    else:
        assert (result.reason, result.source) == (ours.reason, sender)


@rows(DATA["negative_v6"])
def test_where_a_peer_decides_otherwise_in_ipv6_the_row_says_why(vector):
    ours = NEGATIVE_V6[vector["name"]]
    verdict = f"drop ({ours.reason.value})" if ours.reason else "accept"
    disagreeing = [who for who, theirs in vector["expect"].items() if theirs != verdict]
    assert bool(ours.because) == bool(disagreeing), disagreeing
