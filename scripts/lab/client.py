"""A client that keeps asking an address, and remembers the answers.

All times are seconds of the monotonic clock.
"""

import math
import sys
import time
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from lab.hosts import Host
from lab.process import Process, wait_for

ASKER = Path(__file__).with_name("asker.py")


class Request(NamedTuple):
    """One request; `host` is the one that answered, None if none did."""

    asked_at: float
    ended_at: float
    host: str | None


class Client:
    """One request each `interval` seconds, over a connection of its own, with `limit` seconds."""

    def __init__(
        self, host: Host, address: str, interval: float = 0.02, limit: float = 0.2
    ) -> None:
        self.host = host
        self.requests: list[Request] = []
        """In the order in which they ended, up to the last look."""
        self.process: Process = host.start(
            *(sys.executable, "-P", str(ASKER), address, str(interval), str(limit))
        )

    def look(self) -> list[Request]:
        """Take in the requests that have ended since the last look, and return them."""
        new = []
        for line in self.process.new_lines():
            asked, ended, answer = line.split(" ", 2)
            new.append(Request(float(asked), float(ended), answer or None))
        self.requests += new
        return new

    def wait_for(self, who: str, limit: float = 20.0) -> None:
        """Wait until this host, and no other, has answered ten times in a row from now on."""
        began = time.monotonic()

        def has_answered() -> bool:
            self.look()
            last = [request.host for request in self.requests if request.asked_at >= began][-10:]
            return last == [who] * 10

        wait_for(f"{who} to answer", has_answered, limit)

    def asked(self, begin: float, end: float = math.inf) -> list[Request]:
        """The requests of a time, in the order in which they were asked."""
        found = [request for request in self.requests if begin <= request.asked_at < end]
        return sorted(found, key=lambda request: request.asked_at)

    def first_answer(self, who: str, since: float) -> float | None:
        """When this host first answered a request that was asked after `since`; None if never."""
        self.look()
        answers = (request.ended_at for request in self.asked(since) if request.host == who)
        return min(answers, default=None)

    def silence(self, begin: float, end: float = math.inf) -> float:
        """The longest time in seconds for which nobody answered; 0 if no request was lost.

        A silence lasts from the last answer before a lost request to the first one after it.
        """
        self.look()
        longest, last_answer = 0.0, begin
        for answered, group in groupby(self.asked(begin, end), lambda request: bool(request.host)):
            requests = list(group)
            if answered:
                last_answer = requests[-1].ended_at
                continue
            after = (r.ended_at for r in self.asked(requests[-1].asked_at, end) if r.host)
            longest = max(longest, next(after, min(end, time.monotonic())) - last_answer)
        return longest
