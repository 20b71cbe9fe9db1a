"""Bytes that other implementations made, or met; `carp.json` says which, and how they were made.

`freebsd-live.json` has advertisements of a running FreeBSD kernel.

Every frame is both accepted and sent: if configured for a peer, we send the same bytes as the peer.
"""

import json
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path

import pytest

from ucarpd.carp.actions import SendAdvertisement
from ucarpd.carp.events import advertisement_received
from ucarpd.carp.params import CARP_GROUP_V4, CARP_GROUP_V6, KEY_SIZE, Params
from ucarpd.carp.transmit import Transmitter


def load(name):
    return json.loads((Path(__file__).parents[1] / "vectors" / name).read_text(encoding="utf-8"))


DATA = load("carp.json")
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
# The offsets of bytes in an Ethernet frame, for masking those that may differ.
SOURCE_MAC = slice(6, 12)
IP_TOS = slice(15, 16)
IP_CHECKSUM = slice(24, 26)
IPV6_TRAFFIC_CLASS = slice(14, 16)


def rows(vectors):
    return pytest.mark.parametrize("vector", vectors, ids=lambda vector: vector["name"])


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
    return advertisement_received(
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


def heard(row):
    peer = row["received"]
    return advertisement_received(
        IPv4Address(peer["src"]), peer["advbase"], peer["advskew"], 7, peer["demote"]
    )
