"""Reads what passes an interface, and puts frames on it; knows CARP and ARP by itself.

Times are the kernel's times of arrival, so that a busy machine does not blur them.
"""

import socket
import struct
import threading
import time
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from itertools import pairwise
from pathlib import Path

from lab import inside, wait_for

ETH_P_ALL = 3
ETH_P_IP = 0x0800
ETH_P_ARP = 0x0806
ETH_P_IPV6 = 0x86DD
ICMPV6 = 58
TCP = 6
SYN = 0x02
NEIGHBOUR_ADVERTISEMENT = 136
ALL_NODES = IPv6Address("ff02::1").packed
PROTOCOL_CARP = 112
SO_TIMESTAMPNS = 35
BROADCAST = "ff:ff:ff:ff:ff:ff"


@dataclass(frozen=True)
class Frame:
    """`at` is in seconds of the epoch."""

    at: float
    data: bytes


@dataclass(frozen=True)
class Advertisement:
    at: float
    data: bytes
    """The whole frame."""
    mac: str
    destination_mac: str
    source: str
    destination: str
    ttl: int
    vhid: int
    advbase: int
    advskew: int
    demotion: int
    counter: int

    @property
    def is_bow_out(self) -> bool:
        return (self.advbase, self.advskew) == (255, 255)


@dataclass(frozen=True)
class Announcement:
    """A gratuitous ARP packet (`kind` request or reply), or an unsolicited neighbour advertisement.

    Of these `kind` is neighbour, or router where it has that flag.
    """

    at: float
    kind: str
    mac: str
    destination_mac: str
    sender_mac: str
    ip: str


class Wiretap:
    """Records all frames from construction to close."""

    def __init__(self, namespace: str, interface: str) -> None:
        self._frames: list[Frame] = []
        self._socket = open_in(namespace, interface)
        self._socket.settimeout(0.1)
        self._closing = False
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def __enter__(self) -> "Wiretap":
        return self

    def __exit__(self, *_: object) -> None:
        self._closing = True
        self._thread.join()
        self._socket.close()

    def _read(self) -> None:
        while not self._closing:
            try:
                data, ancillary, _, _ = self._socket.recvmsg(2048, 64)
            except TimeoutError:
                continue
            except OSError:  # the interface has gone down; it may come again
                continue
            ((_, _, timespec),) = ancillary
            seconds, nanoseconds = struct.unpack("@qq", timespec)
            self._frames.append(Frame(seconds + nanoseconds / 1e9, data))

    def advertisements(self, source: str | None = None, after: float = 0.0) -> list[Advertisement]:
        """Those of one source, bow-outs included."""
        parsed = (parse_advertisement(frame) for frame in list(self._frames) if frame.at > after)
        return [each for each in parsed if each and source in (None, each.source)]

    def bow_outs(self, source: str) -> list[Advertisement]:
        return [each for each in self.advertisements(source) if each.is_bow_out]

    def announcements(self, ip: str, after: float = 0.0) -> list[Announcement]:
        """The gratuitous ARP packets about an address."""
        parsed = (parse_announcement(frame) for frame in list(self._frames) if frame.at > after)
        return [each for each in parsed if each and each.ip == ip]

    def first_from(self, mac: str, after: float) -> float:
        """When the first frame from this MAC address passed, after a moment."""
        source = bytes.fromhex(mac.replace(":", ""))

        def times() -> list[float]:
            frames = list(self._frames)
            return [each.at for each in frames if each.at > after and each.data[6:12] == source]

        return float(wait_for(f"a frame from {mac}", times)[0])

    def connection_attempts(self, ip: str, after: float = 0.0) -> int:
        """How many TCP packets that ask for a connection to the address have passed."""
        return sum(is_attempt(frame.data, ip) for frame in list(self._frames) if frame.at > after)

    def wait(
        self, source: str, count: int = 1, after: float = 0.0, limit: float = 15.0
    ) -> list[Advertisement]:
        """Wait until a source has sent `count` advertisements (bow-outs are none)."""

        def heard() -> list[Advertisement]:
            return [each for each in self.advertisements(source, after) if not each.is_bow_out]

        wait_for(
            f"{count} advertisements of {source}", lambda: len(heard()) >= count, limit + count
        )
        return heard()

    def wait_more(self, source: str, count: int) -> list[Advertisement]:
        """Wait until a source has sent `count` further advertisements; all of those to come."""
        seen = self.advertisements()
        return self.wait(source, count, after=seen[-1].at if seen else 0.0)

    def wait_quiet(self) -> None:
        """Wait until nothing has passed for a moment, so that all that was sent has been read."""
        quiet_since, count = time.monotonic(), len(self._frames)

        def is_quiet() -> bool:
            nonlocal quiet_since, count
            if len(self._frames) != count:
                quiet_since, count = time.monotonic(), len(self._frames)
            return time.monotonic() - quiet_since > 0.3

        wait_for("quiet", is_quiet)

    def save(self, path: Path) -> None:
        """Write a pcap file."""
        with path.open("wb") as file:
            file.write(struct.pack("=IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1))
            for frame in list(self._frames):
                size = len(frame.data)
                second, microsecond = int(frame.at), int(frame.at % 1 * 1e6)
                file.write(struct.pack("=IIII", second, microsecond, size, size) + frame.data)


def open_in(namespace: str, interface: str) -> socket.socket:
    """A packet socket in another network namespace, for reading and for sending whole frames."""
    with inside(namespace):
        opened = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
        opened.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        opened.bind((interface, ETH_P_ALL))
    return opened


def parse_advertisement(frame: Frame) -> Advertisement | None:
    data = frame.data
    ethertype = int.from_bytes(data[12:14], "big")
    if ethertype == ETH_P_IP and data[14] == 0x45 and data[23] == PROTOCOL_CARP:
        ttl, source, destination = data[22], IPv4Address(data[26:30]), IPv4Address(data[30:34])
        carp = data[34:70]
    elif ethertype == ETH_P_IPV6 and data[20] == PROTOCOL_CARP:
        ttl, source, destination = data[21], IPv6Address(data[22:38]), IPv6Address(data[38:54])
        carp = data[54:90]
    else:
        return None
    if len(carp) < 36:
        return None
    return Advertisement(
        at=frame.at,
        data=data,
        mac=data[6:12].hex(":"),
        destination_mac=data[0:6].hex(":"),
        source=str(source),
        destination=str(destination),
        ttl=ttl,
        vhid=carp[1],
        advbase=carp[5],
        advskew=carp[2],
        demotion=carp[4],
        counter=int.from_bytes(carp[8:16], "big"),
    )


def parse_announcement(frame: Frame) -> Announcement | None:
    data = frame.data
    if int.from_bytes(data[12:14], "big") == ETH_P_IPV6:
        return _parse_neighbour_advertisement(frame)
    if len(data) < 42 or int.from_bytes(data[12:14], "big") != ETH_P_ARP:
        return None
    sender, target = IPv4Address(data[28:32]), IPv4Address(data[38:42])
    if sender != target:
        return None
    return Announcement(
        at=frame.at,
        kind={1: "request", 2: "reply"}[data[21]],
        mac=data[6:12].hex(":"),
        destination_mac=data[0:6].hex(":"),
        sender_mac=data[22:28].hex(":"),
        ip=str(sender),
    )


def _parse_neighbour_advertisement(frame: Frame) -> Announcement | None:
    """An unsolicited one, to all nodes."""
    data = frame.data
    if data[20] != ICMPV6 or data[54] != NEIGHBOUR_ADVERTISEMENT or data[38:54] != ALL_NODES:
        return None
    return Announcement(
        at=frame.at,
        kind="router" if data[58] & 0x80 else "neighbour",
        mac=data[6:12].hex(":"),
        destination_mac=data[0:6].hex(":"),
        sender_mac=data[80:86].hex(":"),
        ip=str(IPv6Address(data[62:78])),
    )


def is_attempt(data: bytes, ip: str) -> bool:
    """A TCP packet with SYN alone, to this address."""
    if data[12:14] == ETH_P_IP.to_bytes(2, "big"):
        destination, protocol, tcp = data[30:34], data[23], data[34:]
    else:
        destination, protocol, tcp = data[38:54], data[20], data[54:]
    return (
        destination == ip_address(ip).packed and protocol == TCP and tcp[13:14] == SYN.to_bytes(1)
    )


def gaps(advertisements: list[Advertisement]) -> list[float]:
    """Seconds between each advertisement and the next."""
    times = [each.at for each in advertisements]
    return [later - earlier for earlier, later in pairwise(times)]
