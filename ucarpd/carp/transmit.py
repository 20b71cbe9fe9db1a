"""From the actions of a virtual host to frames, ready to be sent."""

from ipaddress import IPv4Address

from ucarpd.carp import packet
from ucarpd.carp.actions import AnnounceAddresses, SendAdvertisement
from ucarpd.carp.auth import Signer
from ucarpd.carp.frame import (
    ARP_REPLY,
    ARP_REQUEST,
    BROADCAST_MAC,
    ETHERTYPE_IPV4,
    carp_over_ipv4,
    ethernet,
    gratuitous_arp,
    group_mac,
)
from ucarpd.carp.params import Params


class Transmitter:
    """Makes the frames of one virtual host."""

    def __init__(self, params: Params) -> None:
        self.configure(params)

    def configure(self, params: Params) -> None:
        """Take over changed parameters."""
        self._params = params
        self._signer = Signer(params.key, params.vhid, params.addresses)
        # ucarp's --nomcast changes the Ethernet destination alone; the packet keeps the group.
        self._destination_mac = BROADCAST_MAC if params.broadcast else group_mac(params.group)

    def advertisement(self, action: SendAdvertisement, mac: bytes) -> bytes:
        """The frame of one advertisement, sent from the interface's own `mac`."""
        assert isinstance(action.source, IPv4Address)
        header = packet.encode(
            packet.Advertisement(
                vhid=self._params.vhid,
                advbase=action.advbase,
                advskew=action.advskew,
                counter=action.counter,
                digest=self._signer.sign(action.counter),
            )
        )
        ip = carp_over_ipv4(action.source, self._params.group, header)
        return ethernet(self._destination_mac, mac, ETHERTYPE_IPV4, ip)

    def announcements(self, action: AnnounceAddresses, mac: bytes) -> list[bytes]:
        """The frames that announce each address at `mac`."""
        return [
            gratuitous_arp(address, mac, operation)
            for address in action.addresses
            if isinstance(address, IPv4Address)
            for operation in (ARP_REQUEST, ARP_REPLY)
        ]
