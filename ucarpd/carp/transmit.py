"""From the actions of a virtual host to frames, ready to be sent."""

from ipaddress import IPv4Address, IPv6Address
from typing import NamedTuple

from ucarpd.carp import auth, packet
from ucarpd.carp.actions import AnnounceAddresses, SendAdvertisement
from ucarpd.carp.frame import (
    BROADCAST_MAC,
    PROTOCOL_CARP,
    carp_over_ip,
    ethernet,
    group_mac,
    pseudo_header,
    virtual_mac,
)
from ucarpd.carp.neighbours import (
    ARP_REPLY,
    ARP_REQUEST,
    gratuitous_arp,
    unsolicited_neighbour_advertisement,
)
from ucarpd.carp.params import Family, IPAddress, Params


class Datagram(NamedTuple):
    """An IP packet to one host; the kernel finds the way and the MAC address."""

    destination: IPAddress
    packet: bytes


class Transmitter:
    """Makes the frames of one virtual host."""

    def __init__(self, params: Params) -> None:
        self.configure(params)

    def configure(self, params: Params) -> None:
        """Take over changed parameters."""
        self._params = params
        self._signer = auth.sender(params)
        self._virtual_mac = virtual_mac(params.vhid)
        self._prefixes: dict[Family, tuple[tuple[IPAddress, bytes], bytes]] = {}
        """By family: the source addresses, and all bytes of a frame before the CARP header."""

    def advertisement(self, action: SendAdvertisement, mac: bytes) -> list[bytes | Datagram]:
        """One advertisement: a frame to the group, or a datagram to each peer.

        `mac` is the interface's own.
        """
        params = self._params
        source, family = action.source, action.family
        header = packet.Advertisement(
            vhid=params.vhid,
            advbase=action.advbase,
            advskew=action.advskew,
            counter=action.counter,
            digest=self._signer.sign(action.counter),
            demote=action.demotion,
        )
        peers = params.peers_of(family)
        if peers:
            # One list may serve all hosts, so it may contain our own address.
            return [
                Datagram(peer, self._ip_packet(source, peer, header))
                for peer in peers
                if peer != source
            ]
        group = params.group_of(family)
        is_virtual = params.source_mac_is_virtual and not action.is_final
        source_mac = self._virtual_mac if is_virtual else mac
        return [self._prefix(source, source_mac) + self._encode(source, group, header)]

    def announcements(self, action: AnnounceAddresses, mac: bytes, router: bool) -> list[bytes]:
        """The frames that announce each address, at `mac` or at the virtual MAC address.

        `router`: this host forwards IPv6 packets.
        """
        is_virtual = self._params.virtual_mac or action.at_successor
        at = self._virtual_mac if is_virtual else mac
        # A former master must not draw the virtual MAC address back to its switch port.
        sender = mac if action.at_successor else at
        frames: list[bytes] = []
        for address in action.addresses:
            if isinstance(address, IPv4Address):
                operations = (ARP_REQUEST, ARP_REPLY)
                frames += (gratuitous_arp(address, at, op, sender) for op in operations)
            else:
                frames.append(unsolicited_neighbour_advertisement(address, at, router, sender))
        return frames

    def _group_mac(self, family: Family) -> bytes:
        # ucarp's --nomcast changes the Ethernet destination alone; the packet keeps the group.
        return BROADCAST_MAC if self._params.broadcast else group_mac(self._params.group_of(family))

    def _prefix(self, source: IPAddress, source_mac: bytes) -> bytes:
        """Return the part that each frame from these addresses has in common; it is made once."""
        family, sent_from = source.version, (source, source_mac)
        known = self._prefixes.get(family)
        if known is None or known[0] != sent_from:
            ip = carp_over_ip(source, self._params.group_of(family), bytes(packet.HEADER_SIZE))
            frame = ethernet(self._group_mac(family), source_mac, ip)
            known = self._prefixes[family] = sent_from, frame[: -packet.HEADER_SIZE]
        return known[1]

    def _ip_packet(
        self, source: IPAddress, destination: IPAddress, header: packet.Advertisement
    ) -> bytes:
        return carp_over_ip(source, destination, self._encode(source, destination, header))

    def _encode(
        self, source: IPAddress, destination: IPAddress, header: packet.Advertisement
    ) -> bytes:
        pseudo = b""
        if self._params.pseudo_checksum and isinstance(source, IPv6Address):
            pseudo = pseudo_header(source, destination, packet.HEADER_SIZE, PROTOCOL_CARP)
        return packet.encode(header, pseudo)
