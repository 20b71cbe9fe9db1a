"""The requests of many clients at the same time, as they arrive.

A client that sends nothing, or a little at a time, takes a descriptor, and delays no other client.
"""

import selectors
import socket
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Any, NamedTuple

LIMIT = 5.0
"""Seconds for a request to arrive."""

LONGEST_HEAD = 16384
"""Bytes of a request."""

MOST = 64
"""Clients whose requests are not complete; a further one replaces the oldest of them."""


class Request(NamedTuple):
    """A request up to the empty line, and the client that waits for the answer."""

    connection: socket.socket
    address: Any
    head: bytes


class _Arriving:
    def __init__(self, connection: socket.socket, address: Any) -> None:
        self.connection = connection
        self.address = address
        self.data = b""
        self.until = time.monotonic() + LIMIT


class Reception:
    """The clients of these listening sockets whose requests are not complete."""

    def __init__(self, sockets: Iterable[socket.socket]) -> None:
        self._selector = selectors.DefaultSelector()
        self._arriving: dict[_Arriving, None] = {}
        """The oldest first."""
        for each in sockets:
            each.setblocking(False)
            self._selector.register(each, selectors.EVENT_READ)

    def requests(self) -> Iterator[Request]:
        """Yield each request when it is complete.  Raises OSError, as if a socket was shut down."""
        while True:
            for key, _ in self._selector.select(self._patience()):
                if key.data is None:
                    assert isinstance(key.fileobj, socket.socket)
                    self._accept(key.fileobj)
                elif key.data in self._arriving and self._is_complete(key.data):
                    self._forget(key.data)
                    yield Request(key.data.connection, key.data.address, key.data.data)
            while self._patience() == 0:
                self._drop(next(iter(self._arriving)))

    def close(self) -> None:
        for each in list(self._arriving):
            self._drop(each)
        self._selector.close()

    def _patience(self) -> float | None:
        """Return the seconds until the oldest client is too late."""
        oldest = next(iter(self._arriving), None)
        return None if oldest is None else max(oldest.until - time.monotonic(), 0)

    def _accept(self, listening: socket.socket) -> None:
        with suppress(ConnectionAbortedError, BlockingIOError):
            connection, address = listening.accept()
            connection.setblocking(False)
            client = _Arriving(connection, address)
            self._arriving[client] = None
            self._selector.register(connection, selectors.EVENT_READ, client)
            if len(self._arriving) > MOST:
                self._drop(next(iter(self._arriving)))

    def _is_complete(self, client: _Arriving) -> bool:
        """Read what has come; drop a client that has gone, or whose request is too long."""
        try:
            chunk = client.connection.recv(LONGEST_HEAD)
        except BlockingIOError:
            return False
        except OSError:
            chunk = b""
        client.data += chunk
        if not chunk or len(client.data) > LONGEST_HEAD:
            self._drop(client)
            return False
        return b"\r\n\r\n" in client.data

    def _forget(self, client: _Arriving) -> None:
        self._selector.unregister(client.connection)
        del self._arriving[client]

    def _drop(self, client: _Arriving) -> None:
        self._forget(client)
        client.connection.close()
