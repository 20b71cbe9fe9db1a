"""Sends packets that are ready made: frames by an interface, IP packets to single hosts."""

import socket

_PROTOCOL_CARP = 112
_IPV6_HDRINCL = 36

_FAMILIES = {
    4: (socket.AF_INET, socket.IPPROTO_IP, socket.IP_HDRINCL),
    6: (socket.AF_INET6, socket.IPPROTO_IPV6, _IPV6_HDRINCL),
}


def send_frame(interface: str, frame: bytes) -> None:
    """Put an Ethernet frame on the wire.  Raises OSError."""
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW | socket.SOCK_CLOEXEC, 0) as opened:
        opened.bind((interface, 0))
        opened.send(frame)


def send_packet(interface: str, packet: bytes, destination: str) -> None:
    """Send an IP packet of the CARP protocol, header included.  Raises OSError; never blocks."""
    family, level, header_included = _FAMILIES[packet[0] >> 4]
    kind = socket.SOCK_RAW | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC
    with socket.socket(family, kind, _PROTOCOL_CARP) as opened:
        opened.setsockopt(level, header_included, 1)
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, interface.encode() + b"\0")
        address: tuple[str, int] | tuple[str, int, int, int] = (destination, 0)
        if family == socket.AF_INET6:
            # Link-local addresses need the interface, and it does no harm to others.
            address = (destination, 0, 0, socket.if_nametoindex(interface))
        opened.sendto(packet, address)
