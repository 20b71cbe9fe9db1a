"""From the actions of a virtual host to frames, ready to be sent."""

from collections.abc import Iterable
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
    question,
    unsolicited_neighbour_advertisement,
)
from ucarpd.carp.params import Family, IPAddress, Params

_NO_HOST = IPv4Address(0)


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
        self._latest: dict[type[IPAddress], tuple[tuple[object, ...], packet.Beginning]] = {}
        """By family of the source: what the latest frame to the group depended on, and how it began."""

    def advertisement(self, action: SendAdvertisement, mac: bytes) -> list[bytes | Datagram]:
        """Return one advertisement: a frame to the group, or a datagram to each peer.

        `mac` is the interface's own.
        """
        source, advbase, advskew, counter, demotion, is_final = action
        digest = self._signer.sign(counter)
        kind = source, mac, advbase, advskew, demotion, is_final
        latest = self._latest.get(type(source))
        if latest is None or latest[0] != kind:
            if peers := self._params.peers_of(source.version):
                # One list may serve all hosts, so it may contain our own address.
                return [self._datagram(action, peer, digest) for peer in peers if peer != source]
            latest = self._latest[type(source)] = kind, self._beginning(action, mac)
        return [packet.complete(latest[1], counter, digest)]

    def announcements(self, action: AnnounceAddresses, mac: bytes, router: bool) -> list[bytes]:
        """Return the frames that announce each address, at `mac` or at the virtual MAC address.

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

    def questions(
        self, addresses: Iterable[IPAddress], sources: Iterable[IPAddress], mac: bytes
    ) -> list[bytes]:
        """Return the frames that ask who else has these addresses, from `sources` at `mac`.

        By ARP no host asks (RFC 5227): then no table changes, and no router answers for another
        host.  In IPv6 the answer to such a question goes to all hosts, and would mislead them.

        Hosts with unicast peers do not ask: in a cloud, the network itself answers for all hosts.
        """
        asking = {ip.version: ip for ip in sources} | {4: _NO_HOST}
        return [
            question(ip, asking[ip.version], mac)
            for ip in addresses
            if ip.version in asking and not self._params.peers_of(ip.version)
        ]

    def _group_mac(self, family: Family) -> bytes:
        # ucarp's --nomcast changes the Ethernet destination alone; the packet keeps the group.
        return BROADCAST_MAC if self._params.broadcast else group_mac(self._params.group_of(family))

    def _beginning(self, action: SendAdvertisement, mac: bytes) -> packet.Beginning:
        """Return how a frame to the group begins."""
        source = action.source
        group = self._params.group_of(source.version)
        is_virtual = self._params.source_mac_is_virtual and not action.is_final
        ip = carp_over_ip(source, group, bytes(packet.HEADER_SIZE))
        sender = self._virtual_mac if is_virtual else mac
        frame = ethernet(self._group_mac(source.version), sender, ip)
        data, total = self._header(action, group)
        return packet.Beginning(frame[: -packet.HEADER_SIZE] + data, total)

    def _datagram(self, action: SendAdvertisement, peer: IPAddress, digest: bytes) -> Datagram:
        payload = packet.complete(self._header(action, peer), action.counter, digest)
        return Datagram(peer, carp_over_ip(action.source, peer, payload))

    def _header(self, action: SendAdvertisement, destination: IPAddress) -> packet.Beginning:
        source, advbase, advskew, _counter, demotion, _is_final = action
        pseudo = b""
        if self._params.pseudo_checksum and isinstance(source, IPv6Address):
            pseudo = pseudo_header(source, destination, packet.HEADER_SIZE, PROTOCOL_CARP)
        return packet.beginning(self._params.vhid, advbase, advskew, demotion, pseudo)
