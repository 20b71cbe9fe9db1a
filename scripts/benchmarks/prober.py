"""The client's view: a UDP echo on every host, and a prober that asks a virtual address who answers.

The two programs run on hosts of the laboratory, as files of their own:

    prober.py server NAME PORT
    prober.py client ADDRESS PORT INTERVAL RECORD
"""

import contextlib
import os
import select
import socket
import struct
import sys
import time
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from lab import Host

PORT = 7007
INTERVAL = 0.002
"""Seconds between two requests, and so the grain of everything that the client sees."""

_REQUEST = struct.Struct("!IQ")
_RECORD = struct.Struct("=IQQ8s")
_IP_PKTINFO = 8


# -- the programs ----------------------------------------------------------------------------------


def serve(name: str, port: int) -> None:
    """Answer each request from the very address it was sent to, adding this host's name."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setsockopt(socket.IPPROTO_IP, _IP_PKTINFO, 1)
    sock.bind(("", port))
    suffix = name.encode()
    while True:
        data, ancillary, _flags, client = sock.recvmsg(512, 64)
        asked = next(info for _level, kind, info in ancillary if kind == _IP_PKTINFO)
        source = struct.pack("@i4s4s", 0, asked[8:12], bytes(4))
        # The address may have left this host between request and answer.
        with contextlib.suppress(OSError):
            sock.sendmsg([data + suffix], [(socket.IPPROTO_IP, _IP_PKTINFO, source)], 0, client)


def probe(address: str, port: int, interval: float, path: str) -> None:
    """Send a numbered request every `interval` seconds, and record each answer as it comes."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setblocking(False)
    record = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    sequence, due = 0, time.monotonic()
    while True:
        now = time.monotonic()
        if now >= due:
            sequence += 1
            # A neighbour that is not resolved, or a full queue: a lost probe.
            with contextlib.suppress(OSError):
                sock.sendto(_REQUEST.pack(sequence, time.time_ns()), (address, port))
            due = max(due, now - interval) + interval
        if not select.select([sock], [], [], max(0.0, due - time.monotonic()))[0]:
            continue
        with contextlib.suppress(OSError):  # none is left, or an ICMP error is queued on the socket
            while data := sock.recv(512):
                number, sent = _REQUEST.unpack_from(data)
                os.write(record, _RECORD.pack(number, sent, time.time_ns(), data[_REQUEST.size :]))


# -- for the measures ------------------------------------------------------------------------------


class Reply(NamedTuple):
    """One answer; `sent` and `received` are seconds of the machine's clock."""

    sequence: int
    sent: float
    received: float
    host: str


class Outage(NamedTuple):
    """The client's losses: probes without an answer, and the longest silence in seconds."""

    lost: int
    silence: float


class Prober:
    """The programs, and the records of the client."""

    def __init__(
        self, hosts: Iterable["Host"], client: "Host", address: str, interval: float = INTERVAL
    ) -> None:
        self.replies: list[Reply] = []
        program = str(Path(__file__).resolve())
        for host in hosts:
            host.start(sys.executable, program, "server", host.name, str(PORT))
        path = client.root / "probes"
        path.touch()
        self._file = path.open("rb")
        client.start(
            sys.executable, program, "client", address, str(PORT), str(interval), str(path)
        )

    def close(self) -> None:
        self._file.close()

    def poll(self) -> list[Reply]:
        """All replies, including the new ones since the last call."""
        data = self._file.read()
        if spare := len(data) % _RECORD.size:
            self._file.seek(-spare, os.SEEK_CUR)
            data = data[:-spare]
        for number, sent, received, name in _RECORD.iter_unpack(data):
            host = name.rstrip(b"\0").decode()
            self.replies.append(Reply(number, sent / 1e9, received / 1e9, host))
        return self.replies

    def first_reply(self, hosts: Iterable[str], since: float, limit: float) -> float | None:
        """Wait for the first answer of any of the hosts at or after `since`; return its time."""
        hosts = set(hosts)
        give_up_at = time.monotonic() + limit
        position = len(self.replies)
        while position and self.replies[position - 1].received >= since:
            position -= 1
        while True:
            replies = self.poll()
            for reply in replies[position:]:
                if reply.host in hosts and reply.received >= since:
                    return reply.received
            position = len(replies)
            if time.monotonic() > give_up_at:
                return None
            time.sleep(0.005)

    def answering(self, window: float = 0.2) -> set[str]:
        """The hosts that answered in the last `window` seconds."""
        since = time.time() - window
        names = set()
        for reply in reversed(self.poll()):
            if reply.received < since:
                break
            names.add(reply.host)
        return names

    def outage(self, start: float, end: float) -> Outage:
        """Return the client's losses among the probes sent from `start` to `end`."""
        before = after = None
        chosen: dict[int, Reply] = {}
        for reply in self.poll():
            if reply.sent < start:
                before = reply
            elif reply.sent > end:
                after = after or reply
            else:
                chosen.setdefault(reply.sequence, reply)
        return outage([r for r in (before, *(chosen[n] for n in sorted(chosen)), after) if r])


def outage(replies: list[Reply]) -> Outage:
    """Return the losses between replies that are in the order of their probes."""
    pairs = list(pairwise(replies))
    return Outage(
        lost=sum(max(0, b.sequence - a.sequence - 1) for a, b in pairs),
        silence=max((b.received - a.received for a, b in pairs), default=0.0),
    )


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["server", name, port]:
            serve(name, int(port))
        case ["client", address, port, interval, path]:
            probe(address, int(port), float(interval), path)
