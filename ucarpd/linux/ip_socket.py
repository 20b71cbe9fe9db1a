"""The socket that sends advertisements to single hosts, by the kernel's routes and neighbours.

The socket must also stay open for the receiving side: if no socket takes the protocol, the kernel
answers every unicast advertisement with an ICMP error.  The packet socket receives advertisements.
"""

import socket

from ucarpd.carp.frame import PROTOCOL_CARP
from ucarpd.carp.params import IPAddress
from ucarpd.linux.bpf import RETURN, Instruction, attach_filter
from ucarpd.linux.packet_out import WITH_HEADER

_NOTHING = [Instruction(RETURN, 0)]


class UnicastSocket:
    """A raw socket on the interface that has this name now, for family 4 or 6.

    The constructor raises OSError if the socket cannot be opened.
    """

    def __init__(self, interface: str, family: int) -> None:
        address_family, level, header_included = WITH_HEADER[family]
        self._index = socket.if_nametoindex(interface)
        self._socket = socket.socket(
            address_family,
            socket.SOCK_RAW | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC,
            PROTOCOL_CARP,
        )
        try:
            # Packets that arrive before the filter stay in the buffer, and ucarpd never reads it.
            attach_filter(self._socket, _NOTHING)
            self._socket.setsockopt(level, header_included, 1)
            device = interface.encode() + b"\0"
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, device)
        except BaseException:
            self.close()
            raise

    def send(self, packet: bytes, destination: IPAddress) -> None:
        """Send a whole IP packet.  Raises OSError; never blocks."""
        address: tuple[str, int] | tuple[str, int, int, int] = (str(destination), 0)
        if destination.version == 6 and destination.is_link_local:
            address = (str(destination), 0, 0, self._index)
        self._socket.sendto(packet, address)

    def close(self) -> None:
        self._socket.close()
