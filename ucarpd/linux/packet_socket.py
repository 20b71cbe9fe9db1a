"""A packet socket on one interface; `packet_filter` makes its filter in the kernel.

Frames of VLANs and macvlans on the interface do not pass.

There is one socket for each family.  One socket for all protocols would see every frame of a busy
gateway, in both directions.
"""

import contextlib
import socket
import struct
from collections.abc import Callable, Collection
from ipaddress import IPv6Address
from pathlib import Path

from ucarpd.carp.frame import ETHERTYPE_IPV4, ETHERTYPE_IPV6
from ucarpd.carp.params import Family, IPAddress
from ucarpd.linux import sysctl
from ucarpd.linux.bpf import attach_filter, on_interface
from ucarpd.linux.packet_filter import Expected, program
from ucarpd.linux.wall_clock import WallClock

_LARGEST_FRAME = 2048
"""Bytes read of a frame; an advertisement is 70 bytes long, in IPv6 90."""

_RECEIVE_BUFFER = 4 << 20
"""Bytes; the kernel's default holds some 250 frames, which a flood fills in milliseconds."""

_IPV6_GROUPS = Path("/proc/thread-self/net/igmp6")

_SO_RCVBUFFORCE = 33
_SO_TIMESTAMPNS = 35
_TIMESPEC = struct.Struct("@ll")
_ANCILLARY_SIZE = socket.CMSG_SPACE(_TIMESPEC.size)

_PROTOCOLS: dict[Family, tuple[int, int]] = {
    4: (socket.AF_INET, ETHERTYPE_IPV4),
    6: (socket.AF_INET6, ETHERTYPE_IPV6),
}
"""By family: the kernel's number of it, and Ethernet's."""

Arrival = tuple[bytes, float]
"""A frame, and the monotonic time in seconds at which the kernel received it."""


class PacketSocket:
    """A packet socket on the interface with this name and index, for one family.

    The constructor raises OSError.  Until `hear` is called the socket receives no frames.
    """

    def __init__(self, interface: str, index: int, family: Family) -> None:
        self._interface = interface
        self._index = index
        self._family = family
        address_family, ethertype = _PROTOCOLS[family]
        self._membership = socket.socket(address_family, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
        # Protocol 0 receives nothing until bind(), so no frame slips in ahead of the filter.
        self._socket = socket.socket(
            socket.AF_PACKET, socket.SOCK_RAW | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC, 0
        )
        self.send: Callable[[bytes], object] = self._socket.send
        """Send one Ethernet frame.  Raises OSError; never blocks."""
        self._groups: set[IPAddress] = set()
        self._ipv6_generation = sysctl.ipv6_generation(interface)
        self._clock = WallClock()
        self.read_until = 0.0
        """The monotonic second until which all frames that came have been received."""
        try:
            self.hear(Expected(), all_else=False)
            self._socket.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
            with contextlib.suppress(PermissionError):
                self._socket.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, _RECEIVE_BUFFER)
            self._socket.bind((interface, ethertype))
        except BaseException:
            self.close()
            raise

    def fileno(self) -> int:
        return self._socket.fileno()

    @property
    def is_bound(self) -> bool:
        """Whether its interface still exists; another one may have the name and the index by now."""
        interface, *_ = self._socket.getsockname()
        return bool(interface)

    def hear(self, expected: Expected, *, all_else: bool) -> None:
        """Receive only expected frames, or only the others (`all_else`).  Raises OSError."""
        found = program(self._family, expected, all_else=all_else)
        attach_filter(self._socket, on_interface(self._index, found))

    def join(self, group: IPAddress) -> None:
        """Join the multicast group on this interface, unless it is joined already.  Raises OSError.

        The interface is named by its index, because it may have no address yet.  As a member the
        kernel answers IGMP or MLD queries; without answers a snooping switch stops forwarding.
        """
        if group not in self._groups:
            self._change_membership(group, socket.IP_ADD_MEMBERSHIP, socket.IPV6_JOIN_GROUP)
            self._groups.add(group)

    def forget_lost_groups(self) -> None:
        """Make `join` join again what the kernel has left.

        It leaves all IPv6 groups when the interface loses IPv6, as by a small MTU.  The file of all
        groups is read only after that, since it lists those of all interfaces.
        """
        if self._family != 6 or not self._groups:
            return
        generation = sysctl.ipv6_generation(self._interface)
        if generation in {None, self._ipv6_generation}:
            return
        if joined := _ipv6_groups(self._index):
            self._ipv6_generation = generation
            self.leave_others(joined)

    def leave_others(self, used: Collection[IPAddress]) -> None:
        """Leave the groups that are joined, but not `used`; their number is limited in the kernel.

        This is no error if the interface is gone.
        """
        for group in self._groups.difference(used):
            self._groups.remove(group)
            self._change_membership(group, socket.IP_DROP_MEMBERSHIP, socket.IPV6_LEAVE_GROUP)

    def _change_membership(self, group: IPAddress, option: int, option6: int) -> None:
        if isinstance(group, IPv6Address):
            request = struct.pack("=16si", group.packed, self._index)
            self._membership.setsockopt(socket.IPPROTO_IPV6, option6, request)
        else:
            request = struct.pack("=4s4si", group.packed, b"\0" * 4, self._index)
            self._membership.setsockopt(socket.IPPROTO_IP, option, request)

    def receive(self, limit: int) -> list[Arrival]:
        """Return up to `limit` waiting frames.  Raises OSError, for example after a link loss."""
        self.read_until = self._clock.look()
        receive, monotonic = self._socket.recvmsg, self._clock.monotonic
        arrivals: list[Arrival] = []
        for _ in range(limit):
            try:
                frame, ancillary, _flags, _address = receive(_LARGEST_FRAME, _ANCILLARY_SIZE)
            except BlockingIOError:
                return arrivals
            seconds, nanoseconds = _TIMESPEC.unpack(ancillary[0][2])
            arrivals.append((frame, monotonic(seconds + nanoseconds * 1e-9)))
        self.read_until = min(self.read_until, arrivals[-1][1])
        return arrivals

    def close(self) -> None:
        self._socket.close()
        self._membership.close()


def _ipv6_groups(index: int) -> set[IPAddress]:
    """Return the IPv6 groups of the interface; empty if it has no IPv6."""
    try:
        lines = _IPV6_GROUPS.read_text(encoding="ascii").splitlines()
    except OSError:
        return set()
    rows = (line.split() for line in lines)
    return {IPv6Address(bytes.fromhex(row[2])) for row in rows if int(row[0]) == index}
