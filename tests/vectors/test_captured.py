"""Frames captured from a running ucarp and a running NetBSD kernel."""

from ipaddress import IPv4Address

from vector_rows import (
    CAPTURED_ADVERTISEMENTS,
    CAPTURED_ARP,
    IP_CHECKSUM,
    OUR_MAC,
    SOURCE_MAC,
    as_we_send_it,
    masked,
    params,
    received,
    rows,
)

from ucarpd.carp.neighbours import ARP_REQUEST, gratuitous_arp
from ucarpd.carp.receive import Receiver

IP_ID = slice(18, 20)
ARP_SENDER_MAC = slice(22, 28)
ARP_TARGET_MAC = slice(32, 38)


# -- captured from a running ucarp and a running NetBSD kernel -------------------------------------


@rows(CAPTURED_ADVERTISEMENTS)
def test_captured_advertisement_is_accepted(vector):
    frame = bytes.fromhex(vector["ethernet_frame_hex"])
    assert Receiver(params(vector)).check(frame, (), ()) == received(vector)


@rows(CAPTURED_ADVERTISEMENTS)
def test_captured_advertisement_is_the_one_that_we_would_send(vector):
    """Except for the source MAC, in which ucarp uses another one than we do, and its random IP id."""
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
