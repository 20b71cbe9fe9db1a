"""The check ladder: from a frame to AdvertisementReceived, or to the reason why not.

Each rung is one check; the first that fails ends the climb and is counted.  The names of the
reasons come from the BSDs' `netstat -p carp`, if it has one.  Cheap checks come first, the digest
last but one.  As in every implementation, the frame's source MAC, TOS, id, IP options, authlen and
trailing bytes are no reason to drop it.  Only one rung is stricter than ucarp and the kernels: the
type must be 1 (no other is ever sent, and the digest covers it only as a constant).

A frame that begins with the same bytes as an earlier good one has passed the rungs about these
bytes, so only its checksum, digest and counter are checked.

A family in which this virtual host has unicast peers takes nothing from elsewhere, and nothing that
was sent to the group, as OpenBSD has it; the TTL is not looked at there, since peers may be routed,
as FreeBSD has it.  The destination comes after the vhid: another virtual host on the segment may have
another group, or unicast peers.  In IPv6 two checksums are accepted: the plain one, and NetBSD's
with the pseudo-header.

VRRP shares CARP's protocol number and groups.  It is recognised by its form before most other
checks, because a VRRP router is no faulty CARP host: a router with our id is logged, others are
only counted.
"""

import struct
from collections import Counter
from collections.abc import Container
from dataclasses import replace
from enum import Enum
from typing import NamedTuple

from ucarpd.carp import auth, packet
from ucarpd.carp.events import AdvertisementReceived, advertisement_received
from ucarpd.carp.frame import (
    PROTOCOL_CARP,
    TTL,
    IPPacket,
    MalformedHeader,
    parse,
    pseudo_header,
    source_mac,
    virtual_mac,
)
from ucarpd.carp.params import Family, IPAddress, Params
from ucarpd.carp.statement import Statement
from ucarpd.carp.vrrp import is_vrrp

OTHERS = 64
"""Sources with another vhid whose digest is looked at: it limits the work for a forger."""

REPEATED = 8
"""Beginnings of good frames that are remembered; a forger may vary them, as no digest covers them."""

_BEGINNING = slice(None, -30)
"""The bytes before the checksum of the advertisement, in a frame that ends with it."""
_SIZE = {4: 14 + 20 + packet.HEADER_SIZE, 6: 14 + 40 + packet.HEADER_SIZE}
"""Bytes of such a frame, without IP options."""
_ADVERTISEMENT = slice(-packet.HEADER_SIZE, None)
_COUNTER_AND_DIGEST = struct.Struct("!Q20s")
"""They end it."""

WRONG_DIGEST = "the digest is wrong"
UNEXPLAINED = (
    "password or virtual addresses differ: compare what ucarpd fingerprint prints on both hosts; if "
    "these are two services, change the UCARP_VHID of one"
)
"""All that a wrong digest shows by itself; another vhid is another line."""


class DropReason(Enum):
    """Why a packet was not accepted."""

    BAD_HEADER = "hdrops"
    BAD_IP_CHECKSUM = "badipsum"
    BAD_LENGTH = "badlen"
    BAD_TTL = "badttl"
    BAD_VERSION = "badver"
    BAD_TYPE = "badtype"
    BAD_CHECKSUM = "badsum"
    BAD_VHID = "badvhid"
    BAD_DESTINATION = "badaddrs"
    BAD_PEER = "badpeer"
    BAD_DIGEST = "badauth"
    OWN_PACKET = "own"
    MISTYPED_VHID = "othervhid"
    """Another vhid, with our addresses and our key: either host has a typing error."""
    VRRP = "vrrp"
    OTHER_VRRP = "othervrrp"
    """VRRP with an id that is not our vhid, which is no fault at all."""


class Evidence(NamedTuple):
    """An advertisement for our vhid whose digest is wrong; `source_mac` is that of its frame."""

    source: IPAddress
    source_mac: bytes
    counter: int
    digest: bytes


class Dropped(NamedTuple):
    """`detail` is for the operator; `source` is None if the frame was too broken to tell.

    `evidence` comes with a wrong digest: the diagnosis may find out more from it.  `concerns_us` is
    False if the frame is of another virtual host, and so no fault of this one, whatever the reason.
    """

    reason: DropReason
    source: IPAddress | None
    detail: str
    evidence: Evidence | None = None
    concerns_us: bool = True


class Receiver:
    """The ladder for one virtual host; `dropped` and `accepted` count its frames."""

    def __init__(self, params: Params) -> None:
        self.dropped: Counter[DropReason] = Counter()
        self.accepted = 0
        self.configure(params)

    def configure(self, params: Params) -> None:
        """Take over changed parameters; the counts go on."""
        self._params = params
        self._signed_as_ours: dict[tuple[IPAddress, int], bool] = {}
        self._signers = auth.acceptors(params)
        self._repeated: dict[bytes, Statement] = {}

    def check(
        self, frame: bytes, own_sources: Container[IPAddress], sent_counters: Container[int]
    ) -> AdvertisementReceived | Dropped:
        """Climb the ladder.  Never raises, whatever the frame holds.

        `own_sources` and `sent_counters` are what our own latest advertisements carried.
        """
        # A host repeats all but the last 30 bytes of its frames, so the rungs that look at these
        # bytes have the same result.
        beginning = frame[_BEGINNING]
        repeated = self._repeated.get(beginning)
        if repeated is not None and packet.is_intact(frame[_ADVERTISEMENT]):
            counter, digest = _COUNTER_AND_DIGEST.unpack_from(frame, len(beginning) + 2)
            heard = AdvertisementReceived(repeated, counter)
        else:
            examined = self._examine(frame, own_sources)
            if isinstance(examined, Dropped):
                return self._counted(examined)
            heard, digest = examined
        for signer in self._signers:
            if signer.verify(heard.counter, digest):
                break
        else:
            source = heard.statement.source
            evidence = Evidence(source, source_mac(frame), heard.counter, digest)
            text = f"{WRONG_DIGEST}: {UNEXPLAINED}"
            return self._counted(Dropped(DropReason.BAD_DIGEST, source, text, evidence))
        if heard.counter in sent_counters and heard.statement.source in own_sources:
            text = "our own advertisement came back: a network loop?"
            return self._counted(Dropped(DropReason.OWN_PACKET, heard.statement.source, text))
        if repeated is None and self._is_repeatable(frame, heard.statement.family):
            if len(self._repeated) >= REPEATED:
                self._repeated.clear()
            self._repeated[beginning] = heard.statement
        self.accepted += 1
        return heard

    def _counted(self, dropped: Dropped) -> Dropped:
        self.dropped[dropped.reason] += 1
        return dropped

    def _examine(
        self, frame: bytes, own_sources: Container[IPAddress]
    ) -> tuple[AdvertisementReceived, bytes] | Dropped:
        """Climb up to the digest; return the advertisement, and the digest to verify."""
        try:
            ip = parse(frame)
        except MalformedHeader as error:
            return Dropped(DropReason.BAD_HEADER, None, str(error))

        vhid = self._params.vhid
        is_foreign = ip.payload[1:2] not in {b"", bytes([vhid])}

        def drop(reason: DropReason, detail: str) -> Dropped:
            if is_foreign:
                detail += f" (vhid {ip.payload[1]}, this virtual host is {vhid})"
            return Dropped(reason, ip.source, detail, concerns_us=not is_foreign)

        if not ip.header_is_intact:
            return drop(DropReason.BAD_IP_CHECKSUM, "the checksum of its IPv4 header is wrong")
        family = ip.family
        if is_vrrp(ip.payload, family):
            return drop(*self._vrrp(ip))
        if len(ip.payload) < packet.HEADER_SIZE:
            return drop(DropReason.BAD_LENGTH, f"{len(ip.payload)} bytes, an advertisement has 36")
        if ip.ttl != TTL and not self._params.peers_of(family):
            return drop(DropReason.BAD_TTL, f"TTL {ip.ttl}, must be 255")
        carp = packet.decode(ip.payload)
        if carp.version != packet.VERSION:
            return drop(DropReason.BAD_VERSION, f"version {carp.version}, CARP is 2")
        if carp.type != packet.TYPE_ADVERTISEMENT:
            return drop(DropReason.BAD_TYPE, f"type {carp.type}, an advertisement is 1")
        if not _is_intact(ip):
            return drop(DropReason.BAD_CHECKSUM, "the checksum of the advertisement is wrong")
        if carp.vhid != vhid:
            return self._other_vhid(ip.source, carp)
        if family not in self._params.families:
            text = f"this virtual host has no IPv{family} address to share"
            return Dropped(DropReason.BAD_VHID, ip.source, text, concerns_us=False)
        if misdirected := self._misdirected(ip, own_sources):
            return drop(*misdirected)
        heard = advertisement_received(
            ip.source,
            carp.advbase,
            carp.advskew,
            carp.counter,
            carp.demote,
            from_virtual_mac=source_mac(frame) == virtual_mac(carp.vhid),
        )
        return heard, carp.digest

    def _is_repeatable(self, frame: bytes, family: Family) -> bool:
        """Return whether every frame that begins with the same bytes passes the same rungs.

        Between unicast peers that also depends on our own source addresses.
        """
        ends_with_advertisement = len(frame) == _SIZE[family]
        return ends_with_advertisement and not self._params.peers_of(family)

    def _other_vhid(self, source: IPAddress, carp: packet.Advertisement) -> Dropped:
        mine = self._params.vhid
        if not self._is_signed_as_ours(source, carp):
            text = f"vhid {carp.vhid}, this virtual host is {mine}"
            return Dropped(DropReason.BAD_VHID, source, text, concerns_us=False)
        text = (
            f"{source} advertises the same addresses with the same password under "
            f"UCARP_VHID={carp.vhid}, here it is {mine}: both hosts are master; set the same on both"
        )
        return Dropped(DropReason.MISTYPED_VHID, source, text)

    def _is_signed_as_ours(self, source: IPAddress, carp: packet.Advertisement) -> bool:
        """Return whether only the vhid differs.

        Each pair of source and vhid is looked at once, and not many of them.  No host has vhid 0.
        """
        if not carp.vhid:
            return False
        kind = source, carp.vhid
        if kind not in self._signed_as_ours:
            if len(self._signed_as_ours) >= OTHERS:
                return False
            signers = auth.acceptors(replace(self._params, vhid=carp.vhid))
            self._signed_as_ours[kind] = any(
                signer.verify(carp.counter, carp.digest) for signer in signers
            )
        return self._signed_as_ours[kind]

    def _vrrp(self, ip: IPPacket) -> tuple[DropReason, str]:
        vhid = self._params.vhid
        if ip.payload[1] != vhid:
            return DropReason.OTHER_VRRP, "VRRP"
        text = f"a VRRP router at {ip.source} uses id {vhid}: change its id, or UCARP_VHID"
        if self._params.virtual_mac or self._params.source_mac_is_virtual:
            text += f" (both have the MAC address {virtual_mac(vhid).hex(':')})"
        return DropReason.VRRP, text

    def _misdirected(
        self, ip: IPPacket, own_sources: Container[IPAddress]
    ) -> tuple[DropReason, str] | None:
        """Return why the source or the destination is wrong, or None."""
        peers = self._params.peers_of(ip.family)
        if not peers:
            group = self._params.group_of(ip.family)
            if ip.destination != group:
                text = f"sent to {ip.destination}, this host listens on {group}"
                return DropReason.BAD_DESTINATION, text
            return None
        if ip.destination not in own_sources:
            why = "this host expects unicast from its peers"
            if not ip.destination.is_multicast:
                why = "which is not the source address of this host"
            return DropReason.BAD_DESTINATION, f"sent to {ip.destination}, {why}"
        if ip.source not in peers:
            text = "its source is not one of UCARP_PEERS"
            if _is_link_local(ip.source) and not any(map(_is_link_local, peers)):
                text += ": some systems (FreeBSD) advertise from it, so add it to the list"
            return DropReason.BAD_PEER, text
        return None


def _is_link_local(ip: IPAddress) -> bool:
    return ip.version == 6 and ip.is_link_local


def _is_intact(ip: IPPacket) -> bool:
    header = ip.payload[: packet.HEADER_SIZE]
    if packet.is_intact(header):
        return True
    if ip.family == 4:
        return False
    # A sender sums up the payload as it is, trailing bytes aside.
    pseudo = pseudo_header(ip.source, ip.destination, packet.HEADER_SIZE, PROTOCOL_CARP)
    return packet.checksum(pseudo + header) == 0
