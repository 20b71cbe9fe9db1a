"""Watches the hosts from outside the daemons: advertisements on the wire, addresses on interfaces.

Advertisements are captured where they enter the switch, with the kernel's time stamps; addresses come
from netlink events, which are exact where sampling would only be close.  All times are seconds of
CLOCK_REALTIME, because packet stamps are; do not step the clock during a run.
"""

import contextlib
import ctypes
import selectors
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterable
from typing import NamedTuple

from lab import Host, inside, rtnetlink

_SO_ATTACH_FILTER = 26
_SO_TIMESTAMPNS = 35
_ETH_P_ALL = 3
_BUFFER = 4 << 20
_CARP_OR_VRRP = 112

# Incoming IPv4 of protocol 112 alone: a flood sent *to* a host must not load the observer.
_FILTER = [
    *((0x28, 0, 0, 0xFFFFF004), (0x15, 5, 0, 4)),  # the packet type "outgoing": reject
    *((0x28, 0, 0, 12), (0x15, 0, 3, 0x0800)),  # not IPv4: reject
    *((0x30, 0, 0, 23), (0x15, 0, 1, _CARP_OR_VRRP)),
    *((0x06, 0, 0, 256), (0x06, 0, 0, 0)),
]


class Advert(NamedTuple):
    """An advertisement, of CARP or VRRP, and the host whose switch port it came in by."""

    at: float
    host: str
    vhid: int


class Change(NamedTuple):
    """A virtual address that came or went."""

    at: float
    host: str
    address: str
    present: bool


class Observer(threading.Thread):
    """Use it as a context manager.  It sees advertisements of each host's first cable."""

    def __init__(self, switch: str, hosts: Iterable[Host]) -> None:
        super().__init__(daemon=True)
        self.adverts: list[Advert] = []
        self.changes: list[Change] = []
        self.holding: dict[str, dict[str, float]] = {}
        """For each host, its virtual addresses and since when it has them."""
        self._selector = selectors.DefaultSelector()
        self._is_over = False
        for host in hosts:
            self.holding[host.name] = {}
            with inside(switch):
                wire = _capture(host.name)
            self._selector.register(wire, selectors.EVENT_READ, (self._on_wire, host.name))
            with inside(host.namespace):
                route = rtnetlink.open_socket(rtnetlink.GROUP_IPV4_IFADDR)
            route.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)
            route.setblocking(False)
            self._selector.register(route, selectors.EVENT_READ, (self._on_address, host.name))

    def __enter__(self) -> "Observer":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over = True
        self.join()
        for key in list(self._selector.get_map().values()):
            assert isinstance(key.fileobj, socket.socket)
            key.fileobj.close()
        self._selector.close()

    def run(self) -> None:
        while not self._is_over:
            for key, _ in self._selector.select(0.2):
                handler, host = key.data
                with contextlib.suppress(OSError):  # the port went down, or there is nothing left
                    handler(key.fileobj, host)

    def _on_wire(self, sock: socket.socket, host: str) -> None:
        for _ in range(256):
            frame, ancillary, _flags, _address = sock.recvmsg(2048, 64)
            at = time.time()
            for _level, kind, data in ancillary:
                if kind == _SO_TIMESTAMPNS:
                    seconds, nanoseconds = struct.unpack("@ll", data[:16])
                    at = seconds + nanoseconds / 1e9
            header = 14 + (frame[14] & 0x0F) * 4
            if len(frame) > header + 1:
                self.adverts.append(Advert(at, host, frame[header + 1]))

    def _on_address(self, sock: socket.socket, host: str) -> None:
        data = sock.recv(1 << 16)
        now = time.time()
        for kind, payload in rtnetlink.messages(data):
            if kind not in (rtnetlink.RTM_NEWADDR, rtnetlink.RTM_DELADDR):
                continue
            parsed = rtnetlink.parse_address(payload)
            if parsed is None or parsed[1] != 32:
                continue
            address, present = parsed[0], kind == rtnetlink.RTM_NEWADDR
            if present:
                self.holding[host].setdefault(address, now)
            else:
                self.holding[host].pop(address, None)
            self.changes.append(Change(now, host, address, present))

    # -- questions asked of the record -------------------------------------------------------------

    def holders(self, address: str) -> list[str]:
        """The hosts that have the address now."""
        return [host for host, held in self.holding.items() if address in held]

    def last_advert(self, host: str, before: float) -> float | None:
        times = (a.at for a in reversed(self.adverts) if a.host == host and a.at <= before)
        return next(times, None)

    def advert_times(self, host: str, start: float, end: float) -> list[float]:
        return [a.at for a in list(self.adverts) if a.host == host and start <= a.at <= end]

    def first_change(self, host: str, *, present: bool, since: float) -> float | None:
        """When the host got (or lost) a virtual address, at or after `since`."""
        found = (c.at for c in self.changes if c.host == host and c.present == present)
        return next((at for at in found if at >= since), None)

    def count_changes(self, host: str, *, present: bool, since: float) -> int:
        return sum(
            c.host == host and c.present == present and c.at >= since for c in list(self.changes)
        )

    def overlap(self, start: float, end: float, *, without: str = "") -> float:
        """Seconds between `start` and `end` in which two hosts or more had the one address.

        A failed host may keep the address behind its cut cable, and that does no harm.
        """
        return overlap([c for c in list(self.changes) if c.host != without], start, end)


def overlap(changes: Iterable[Change], start: float, end: float) -> float:
    """Seconds between `start` and `end` in which two hosts or more had the address."""
    holders: set[str] = set()
    total, since = 0.0, start
    for change in sorted(changes):
        until = min(max(change.at, start), end)
        if len(holders) >= 2:
            total += until - since
        since = until
        (holders.add if change.present else holders.discard)(change.host)
    return total + (end - since if len(holders) >= 2 else 0.0)


def wait(condition: Callable[[], bool], limit: float) -> bool:
    """Wait until the condition holds; False if it does not within `limit` seconds."""
    give_up_at = time.monotonic() + limit
    while not condition():
        if time.monotonic() > give_up_at:
            return False
        time.sleep(0.02)
    return True


def _capture(interface: str) -> socket.socket:
    code = b"".join(struct.pack("=HBBI", *step) for step in _FILTER)
    buffer = ctypes.create_string_buffer(code)
    program = struct.pack("@HP", len(_FILTER), ctypes.addressof(buffer))
    sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW | socket.SOCK_CLOEXEC, 0)
    sock.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, program)
    sock.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)
    sock.bind((interface, _ETH_P_ALL))
    sock.setblocking(False)
    return sock
