"""The check ladder: from a frame to AdvertisementReceived, or to the reason why not.

Each rung is one check; the first that fails ends the climb and is counted.  The names of the
reasons are those of the BSDs' `netstat -p carp`, where they have one.  Cheap checks come first, the
digest last but one.  As in every implementation, the frame's source MAC, TOS, id, IP options,
authlen and trailing bytes are not looked at.  Stricter than ucarp and the kernels is one rung only:
the type must be 1 (nothing else is ever sent, and the digest covers it only as a constant).
"""

from collections import Counter
from collections.abc import Container
from dataclasses import dataclass
from enum import Enum

from ucarpd.carp import packet
from ucarpd.carp.auth import Signer
from ucarpd.carp.events import AdvertisementReceived
from ucarpd.carp.frame import TTL, MalformedHeader, parse_ipv4
from ucarpd.carp.params import IPAddress, Params


class DropReason(Enum):
    """Why a packet was not accepted."""

    BAD_HEADER = "hdrops"
    BAD_IP_CHECKSUM = "badipsum"
    BAD_LENGTH = "badlen"
    BAD_TTL = "badttl"
    BAD_DESTINATION = "badaddrs"
    BAD_VERSION = "badver"
    BAD_TYPE = "badtype"
    BAD_CHECKSUM = "badsum"
    BAD_VHID = "badvhid"
    BAD_DIGEST = "badauth"
    OWN_PACKET = "own"


@dataclass(frozen=True, slots=True)
class Dropped:
    """`detail` is for the operator; `source` is None where the frame was too broken to tell."""

    reason: DropReason
    source: IPAddress | None
    detail: str


class Receiver:
    """The ladder for one virtual host; `dropped` and `accepted` count what came."""

    def __init__(self, params: Params) -> None:
        self.dropped: Counter[DropReason] = Counter()
        self.accepted = 0
        self.configure(params)

    def configure(self, params: Params) -> None:
        """Take over changed parameters; the counts go on."""
        self._params = params
        self._signer = Signer(params.key, params.vhid, params.addresses)

    def check(
        self, frame: bytes, own_source: IPAddress | None, sent_counters: Container[int]
    ) -> AdvertisementReceived | Dropped:
        """Climb the ladder.  Never raises, whatever the frame holds.

        `own_source` and `sent_counters` are what our own latest advertisements carried.
        """
        result = self._climb(frame, own_source, sent_counters)
        if isinstance(result, Dropped):
            self.dropped[result.reason] += 1
        else:
            self.accepted += 1
        return result

    def _climb(
        self, frame: bytes, own_source: IPAddress | None, sent_counters: Container[int]
    ) -> AdvertisementReceived | Dropped:
        try:
            ip = parse_ipv4(frame)
        except MalformedHeader as error:
            return Dropped(DropReason.BAD_HEADER, None, str(error))

        def drop(reason: DropReason, detail: str) -> Dropped:
            return Dropped(reason, ip.source, detail)

        if not ip.header_is_intact:
            return drop(DropReason.BAD_IP_CHECKSUM, "the checksum of its IPv4 header is wrong")
        if len(ip.payload) < packet.HEADER_SIZE:
            return drop(DropReason.BAD_LENGTH, f"{len(ip.payload)} bytes, an advertisement has 36")
        if ip.ttl != TTL:
            return drop(DropReason.BAD_TTL, f"TTL {ip.ttl}, must be 255")
        if ip.destination != self._params.group:
            return drop(
                DropReason.BAD_DESTINATION,
                f"sent to {ip.destination}, this host listens on {self._params.group}",
            )
        carp = packet.decode(ip.payload)
        if carp.version != packet.VERSION:
            return drop(DropReason.BAD_VERSION, f"version {carp.version}, CARP is 2; VRRP?")
        if carp.type != packet.TYPE_ADVERTISEMENT:
            return drop(DropReason.BAD_TYPE, f"type {carp.type}, an advertisement is 1")
        if packet.checksum(ip.payload[: packet.HEADER_SIZE]):
            return drop(DropReason.BAD_CHECKSUM, "the checksum of the advertisement is wrong")
        if carp.vhid != self._params.vhid:
            return drop(
                DropReason.BAD_VHID, f"vhid {carp.vhid}, this virtual host is {self._params.vhid}"
            )
        if not self._signer.verify(carp.counter, carp.digest):
            return drop(
                DropReason.BAD_DIGEST,
                "the digest is wrong: password, vhid or virtual addresses differ",
            )
        if ip.source == own_source and carp.counter in sent_counters:
            return drop(DropReason.OWN_PACKET, "our own advertisement came back: a network loop?")
        return AdvertisementReceived(
            ip.source, carp.advbase, carp.advskew, carp.counter, carp.demote
        )
