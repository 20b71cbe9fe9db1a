"""The client: asks the virtual address all the time, and remembers who answered when."""

import math
import sys
import time
from itertools import pairwise

from lab import Host, Process, wait_for

PROBE = """
import socket, sys, time
address = sys.argv[1]
while True:
    began, who = time.monotonic(), "-"
    try:
        with socket.create_connection((address, 80), 0.2) as connection:
            connection.settimeout(0.2)
            connection.sendall(b"GET / HTTP/1.0\\r\\n\\r\\n")
            body = b""
            while piece := connection.recv(1000):
                body += piece
            who = body.decode().split("this is ")[-1].strip() if b"this is " in body else "-"
    except OSError:
        pass
    print(f"{began:.4f} {who}", flush=True)
    time.sleep(max(0, 0.02 - (time.monotonic() - began)))
"""


class Client:
    """One request every 20 ms, each with a connection of its own and 0.2 s to be answered."""

    def __init__(self, host: Host, address: str) -> None:
        self.host = host
        self._process: Process = host.start(sys.executable, "-c", PROBE, address)

    def _answers(self, since: float = 0.0) -> list[tuple[float, str]]:
        rows = [line.split() for line in self._process.text().splitlines()]
        return [
            (float(at), who) for at, who in (r for r in rows if len(r) == 2) if float(at) >= since
        ]

    def wait_for(self, who: str, limit: float = 20.0) -> None:
        """Wait until this machine, and no other, has answered ten times in a row from now on."""
        began = time.monotonic()
        wait_for(
            f"{who} to answer",
            lambda: (last := self._answers(began)[-10:]) and [w for _, w in last] == [who] * 10,
            limit,
        )

    def first(self, who: str, since: float) -> float:
        """Seconds from `since` (monotonic) to the first request that this machine has answered."""
        return min((at for at, w in self._answers(since) if w == who), default=math.inf) - since

    def silence(self, since: float) -> float:
        """The longest time in seconds for which nobody answered after `since` (monotonic)."""
        answered = [since, *(at for at, who in self._answers(since) if who != "-")]
        return max((later - at for at, later in pairwise(answered)), default=0.0)
