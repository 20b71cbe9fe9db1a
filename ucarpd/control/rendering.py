"""Status replies, made in small steps between which the event loop serves the protocol."""

import asyncio
import json
from collections import deque
from collections.abc import Callable, Sequence

from ucarpd.control.service import Daemon, no_such_instance
from ucarpd.control.wire import Message

AT_ONCE = 4
"""Instances in one turn of the event loop, which take less than a millisecond."""

REST = 4
LONGEST_REST = 0.5
"""After a status of all instances, pause for so many times the time that it took, in seconds at most.

So the process spends about a fifth of its time on it, however many clients ask.  A process that was
stopped meanwhile does not pause for long.
"""

Done = Callable[[bytes], None]


class Renderer:
    """The status as JSON.  Clients that ask at the same time share one rendering of all instances."""

    def __init__(self, daemon: Daemon) -> None:
        self._daemon = daemon
        self._loop = asyncio.get_running_loop()
        self._waiting: set[Done] = set()
        self._served: set[Done] = set()
        self._names: deque[str] = deque()
        self._pieces: list[bytes] = []
        self._began = 0.0
        self._next: asyncio.Handle | None = None

    def close(self) -> None:
        if self._next is not None:
            self._next.cancel()

    def of_one(self, name: str) -> bytes:
        """Return the status of one instance, or of its file.  Raises VarlinkError."""
        overview = self._daemon.overview()
        refused = [each for each in overview["refused"] if each["name"] == name]
        instance = self._daemon.instance(name)
        if instance is None and not refused:
            raise no_such_instance(name)
        pieces = [] if instance is None else [_encode(instance)]
        return _join(overview | {"refused": refused}, pieces)

    def of_all(self, done: Done) -> None:
        """Call `done` with the status of all instances, as they are now or later.

        The status is empty if a defect keeps it from being made.
        """
        self._waiting.add(done)
        if self._next is None:
            self._next = self._loop.call_soon(self._begin)

    def forget(self, done: Done) -> None:
        """Do not call `done`."""
        self._waiting.discard(done)
        self._served.discard(done)

    def _begin(self) -> None:
        if not self._waiting:
            self._next = None
            return
        self._served, self._waiting = self._waiting, set()
        self._names = deque(self._daemon.names())
        self._began = self._loop.time()
        self._step()

    def _step(self) -> None:
        try:
            status = self._add_pieces()
        except Exception:
            self._serve(b"")
            raise
        if status is None:
            self._next = self._loop.call_soon(self._step)
        else:
            self._serve(status)

    def _add_pieces(self) -> bytes | None:
        """Return the status when it is complete."""
        for _ in range(min(AT_ONCE, len(self._names))):
            instance = self._daemon.instance(self._names.popleft())
            if instance is not None:
                self._pieces.append(_encode(instance))
        return None if self._names else _join(self._daemon.overview(), self._pieces)

    def _serve(self, status: bytes) -> None:
        took = self._loop.time() - self._began
        self._next = self._loop.call_later(min(REST * took, LONGEST_REST), self._begin)
        self._pieces = []
        served, self._served = self._served, set()
        for done in served:
            done(status)


def _encode(message: Message) -> bytes:
    return json.dumps(message, separators=(",", ":")).encode()


def _join(overview: Message, pieces: Sequence[bytes]) -> bytes:
    """Return the object with the overview and the instances."""
    return _encode(overview)[:-1] + b',"instances":[' + b",".join(pieces) + b"]}"
