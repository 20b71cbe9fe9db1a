"""The client's end: a connection to the socket of one process."""

import socket
import struct
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Self

from ucarpd.control import wire
from ucarpd.control.wire import Message

LONGEST_REPLY = 64 * 1024 * 1024
"""Bytes, far more than the status of 10,000 virtual hosts."""

_CHUNK = 65536


class Client:
    """A connection to the socket at `path`.

    `timeout` is in seconds, for the connection and for each call.  A process that does not answer
    raises TimeoutError; if it has ended, or this user may not ask it, another OSError is raised.
    """

    def __init__(self, path: Path, timeout: float = 1.0) -> None:
        self._timeout = timeout
        self._splitter = wire.Splitter(LONGEST_REPLY)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            _connect(self._socket, path, timeout)
        except OSError:
            self._socket.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    def close(self) -> None:
        self._socket.close()

    def call(self, method: str, parameters: Message | None = None) -> Message:
        """Return the parameters of the reply.  Raises VarlinkError, OSError and Malformed."""
        deadline = time.monotonic() + self._timeout
        self._send(wire.call(method, parameters), deadline)
        return wire.result(self._receive(deadline))[0]

    def more(
        self, method: str, parameters: Message | None = None, until: float | None = None
    ) -> Iterator[Message]:
        """Yield the parameters of each reply to one call, as they come.

        The first one must come in time; later ones may take until `until`, in seconds of
        time.monotonic(), then TimeoutError is raised; None: for ever.  Raises as `call` does.
        """
        deadline: float | None = time.monotonic() + self._timeout
        self._send(wire.call(method, parameters, more=True), deadline)
        continues = True
        while continues:
            parameters, continues = wire.result(self._receive(deadline))
            deadline = until
            yield parameters

    def _send(self, data: bytes, deadline: float | None) -> None:
        self._socket.settimeout(_remaining(deadline))
        self._socket.sendall(data)

    def _receive(self, deadline: float | None) -> Message:
        while (message := self._splitter.next()) is None:
            self._socket.settimeout(_remaining(deadline))
            chunk = self._socket.recv(_CHUNK)
            if not chunk:
                raise ConnectionResetError("the process has closed the connection")
            self._splitter.feed(chunk)
        return message


def _connect(connection: socket.socket, path: Path, timeout: float) -> None:
    """Connect; while the queue of the process is full, wait.

    A socket that does not block would get EAGAIN at once.
    """
    seconds, fraction = divmod(timeout, 1)
    limit = struct.pack("@ll", int(seconds), int(fraction * 1_000_000))
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, limit)
    try:
        connection.connect(str(path))
    except BlockingIOError:
        raise TimeoutError(f"{path}: does not answer") from None


def _remaining(deadline: float | None) -> float | None:
    if deadline is None:
        return None
    remaining = deadline - time.monotonic()
    if remaining <= 0:
        raise TimeoutError("timed out")
    return remaining
