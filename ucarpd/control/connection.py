"""One client's connection: calls in, replies out, one after the other, both of limited size."""

import asyncio
import socket
import struct
from collections import deque
from collections.abc import Callable
from select import EPOLLIN, EPOLLOUT

from ucarpd.control.rendering import Renderer
from ucarpd.control.service import Service, Status
from ucarpd.control.wire import Malformed, Splitter, VarlinkError, error_reply
from ucarpd.linux.alarm import Alarm

LONGEST_CALL = 65536
"""Bytes.  A client whose call is longer is disconnected."""

READ_AT_ONCE = 4096
WRITE_AT_ONCE = 65536
"""Bytes in one turn of the event loop."""

SEND_LIMIT = 10.0
"""Seconds within which a client has to read a reply, or it is disconnected."""

_UCRED = struct.Struct("=iII")


class Connection:
    """One client; each call of `step` or `ready` does one bounded piece of work.

    `wait_for` sets the events that call `ready`, `again` asks for a call of `step`,
    and `closed` means that the connection has ended.
    """

    def __init__(
        self,
        client: socket.socket,
        service: Service,
        renderer: Renderer,
        *,
        wait_for: Callable[["Connection", int], None],
        again: Callable[["Connection"], None],
        closed: Callable[["Connection"], None],
    ) -> None:
        self._socket = client
        self._service = service
        self._renderer = renderer
        self._wait_for = wait_for
        self._again = again
        self._closed = closed
        self._loop = asyncio.get_running_loop()
        self.uid = peer_uid(client)
        self.active_at = self._loop.time()
        """When it got its place, or last began or completed something."""
        self._splitter = Splitter(LONGEST_CALL)
        self._out: deque[memoryview] = deque()
        self._limit = Alarm()
        self._status: Status | None = None
        """The call that has not had its last reply."""
        self._is_due = False
        """There is something new to say about it."""
        self.is_waiting = False
        """Its call is being worked on."""
        self.is_closed = False

    @property
    def is_of_root(self) -> bool:
        return self.uid == 0

    @property
    def is_watching(self) -> bool:
        """Return whether the client waits for changes."""
        return self._status is not None and self._status.more

    def fileno(self) -> int:
        return self._socket.fileno()

    def close(self) -> None:
        self.is_closed = True
        self._limit.cancel()
        self._renderer.forget(self._rendered)
        self._closed(self)
        self._socket.close()

    def changed(self) -> None:
        """Send the changes as soon as the client has read the last reply."""
        self._is_due = True
        self._again(self)

    def ready(self, events: int) -> None:
        """React to events of epoll."""
        if events & EPOLLOUT:
            self._write()
        elif events & EPOLLIN:
            self._read()
        else:
            self.close()

    def step(self) -> None:
        """Continue with the received calls and the replies to send."""
        if self.is_closed or self._out or self.is_waiting:
            return
        if self._status is None:
            self._next_call()
        elif self._is_due:
            self._answer()

    # -- calls -------------------------------------------------------------------------------------------

    def _read(self) -> None:
        try:
            chunk = self._socket.recv(READ_AT_ONCE)
        except BlockingIOError:
            return
        except OSError:
            chunk = b""
        if not chunk:
            self.close()
            return
        self._splitter.feed(chunk)
        self._next_call()

    def _next_call(self) -> None:
        try:
            call = self._splitter.next()
            if call is None:
                self._wait_for(self, EPOLLIN)
                return
            self.active_at = self._loop.time()
            answer = self._service.answer(call, self.uid)
        except Malformed:
            self.close()
            return
        if isinstance(answer, Status):
            self._status = answer
            self._answer()
        elif not isinstance(answer, bytes):
            self._wait()
            answer(self._done)
        elif answer:
            self._send(answer)
        else:
            self._again(self)

    # -- replies -----------------------------------------------------------------------------------------

    def _answer(self) -> None:
        """Send the status that was asked for."""
        assert self._status is not None
        self._is_due = False
        if self._status.name is None:
            self._wait()
            self._renderer.of_all(self._rendered)
            return
        try:
            self._send_status(self._renderer.of_one(self._status.name))
        except VarlinkError as error:
            self._status = None
            self._send(error_reply(error))

    def _wait(self) -> None:
        """Do nothing until the reply is there, except to notice that the client has gone."""
        self.is_waiting = True
        self._wait_for(self, 0)

    def _done(self, reply: bytes) -> None:
        if not self.is_closed:
            self.is_waiting = False
            self._send(reply)

    def _rendered(self, status: bytes) -> None:
        self.is_waiting = False
        if status:
            self._send_status(status)
        else:
            self.close()

    def _send_status(self, status: bytes) -> None:
        if self.is_watching:
            self._send(b'{"parameters":', status, b',"continues":true}\0')
        else:
            self._status = None
            self._send(b'{"parameters":', status, b"}\0")

    def _send(self, *parts: bytes) -> None:
        """Send it in later turns: many clients may get theirs in this one."""
        self.active_at = self._loop.time()
        self._out.extend(map(memoryview, parts))
        self._limit.set(SEND_LIMIT, self.close)
        self._wait_for(self, EPOLLOUT)

    def _write(self) -> None:
        try:
            sent = self._socket.send(self._out[0][:WRITE_AT_ONCE])
        except BlockingIOError:
            return
        except OSError:
            self.close()
            return
        self._out[0] = self._out[0][sent:]
        if not self._out[0]:
            self._out.popleft()
        if not self._out:
            self._limit.cancel()
            self.active_at = self._loop.time()
            self._wait_for(self, 0)
            self._again(self)


def peer_uid(client: socket.socket) -> int:
    """Return the user who has connected.  Raises OSError."""
    credentials = client.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _UCRED.size)
    return int(_UCRED.unpack(credentials)[1])
