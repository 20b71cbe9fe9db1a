"""Sending finished packets: Ethernet frames by any interface, and IP packets to single hosts."""

import socket

_PROTOCOL_CARP = 112
_IPV6_HDRINCL = 36

WITH_HEADER = {
    4: (socket.AF_INET, socket.IPPROTO_IP, socket.IP_HDRINCL),
    6: (socket.AF_INET6, socket.IPPROTO_IPV6, _IPV6_HDRINCL),
}
"""By version of IP: family, and level and name of the option for packets with their IP header."""


class PacketOut:
    """A sender of finished packets; its methods raise OSError and never block.

    The constructor raises PermissionError without CAP_NET_RAW.  Use one object for all packets:
    the kernel takes up to 25 ms to close a packet socket.
    """

    def __init__(self) -> None:
        kind = socket.SOCK_RAW | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC
        self._frames = socket.socket(socket.AF_PACKET, kind, 0)

    def close(self) -> None:
        self._frames.close()

    def send_frame(self, interface: str, frame: bytes) -> None:
        self._frames.sendto(frame, (interface, 0))

    def send_packet(self, interface: str, packet: bytes, destination: str) -> None:
        """Send an IP packet of the CARP protocol, header included."""
        family, level, header_included = WITH_HEADER[packet[0] >> 4]
        kind = socket.SOCK_RAW | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC
        with socket.socket(family, kind, _PROTOCOL_CARP) as opened:
            opened.setsockopt(level, header_included, 1)
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, interface.encode())
            address: tuple[str, int] | tuple[str, int, int, int] = (destination, 0)
            if family == socket.AF_INET6:
                # A link-local address needs the interface; for other addresses it does no harm.
                address = (destination, 0, 0, socket.if_nametoindex(interface))
            opened.sendto(packet, address)
