"""Frames with flaws, to be dropped or not."""

from ipaddress import IPv4Address, IPv6Address
from typing import NamedTuple

from playbook import OURS, params

from ucarpd.carp.auth import Signer
from ucarpd.carp.events import advertisement_received
from ucarpd.carp.frame import carp_over_ip, ethernet, group_mac, pseudo_header
from ucarpd.carp.packet import Advertisement, checksum, encode
from ucarpd.carp.params import CARP_GROUP_V4, CARP_GROUP_V6, IPAddress
from ucarpd.carp.receive import UNEXPLAINED, DropReason, Receiver

PARAMS = params(vhid=10)
PEER = IPv4Address("10.0.0.2")
VIRTUAL6 = IPv6Address("2001:db8::100")
OURS6 = IPv6Address("fe80::1")
PEER6 = IPv6Address("fe80::2")
MAC = bytes.fromhex("020000000a02")
VALID = advertisement_received(PEER, advbase=1, advskew=100, counter=7, demote=0)


class Flaws(NamedTuple):
    """The flaws of a frame; one flaw for each rung, in the order of the rungs."""

    protocol: int = 112
    ip_checksum_error: int = 0
    size: int = 36
    ttl: int = 255
    version: int = 2
    type: int = 1
    checksum_error: int = 0
    vhid: int = 10
    destination: IPAddress = CARP_GROUP_V4
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


RUNGS_OF_THE_ADVERTISEMENT = (
    ({"version": 1}, DropReason.BAD_VERSION, "version 1, CARP is 2"),
    ({"type": 2}, DropReason.BAD_TYPE, "type 2, an advertisement is 1"),
    ({"checksum_error": 1}, DropReason.BAD_CHECKSUM, "the checksum of the advertisement is wrong"),
    ({"vhid": 11, "key": b"another"}, DropReason.BAD_VHID, "vhid 11, this virtual host is 10"),
)
"""Those between the IP header and the destination, which both families have."""

WRONG_DIGEST = ({"key": b"another"}, DropReason.BAD_DIGEST, f"the digest is wrong: {UNEXPLAINED}")

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
    *RUNGS_OF_THE_ADVERTISEMENT,
    (
        {"destination": IPv4Address("10.0.0.1")},
        DropReason.BAD_DESTINATION,
        "sent to 10.0.0.1, this host listens on 224.0.0.18",
    ),
    WRONG_DIGEST,
    ({"source": OURS}, DropReason.OWN_PACKET, "our own advertisement came back: a network loop?"),
]


def check(wire, receiver=None):
    """As a host with source 10.0.0.1 that has sent the counters 6 and 7."""
    return (receiver or Receiver(PARAMS)).check(wire, (OURS,), (6, 7))


def without_evidence(dropped):
    """A wrong digest comes with something to look into, and nothing else does.

    Only another vhid is no concern of ours.
    """
    assert (dropped.evidence is not None) == (dropped.reason is DropReason.BAD_DIGEST)
    assert dropped.concerns_us == (dropped.reason is not DropReason.BAD_VHID)
    return dropped._replace(evidence=None, concerns_us=True)


DUAL = params(vhid=10, addresses=(*PARAMS.addresses, VIRTUAL6))
FLAWLESS6 = Flaws(source=PEER6, destination=CARP_GROUP_V6)
DUAL_SIGNER = Signer(b"secret", 10, DUAL.addresses)


def check6(wire, configured=DUAL):
    return Receiver(configured).check(wire, (OURS, OURS6), (6, 7))
