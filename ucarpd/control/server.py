"""The Varlink server: many clients, and a bounded piece of work in each turn of the event loop.

An epoll descriptor of its own holds all clients, and the event loop watches only that one.  Each turn
takes one event from it, so 64 busy clients take no more time of a turn than one.
"""

import asyncio
import select
import socket
from collections import deque

from ucarpd.control.connection import Connection
from ucarpd.control.rendering import Renderer
from ucarpd.control.service import Daemon, Service
from ucarpd.linux.alarm import Alarm
from ucarpd.log.lines import AFTER_THE_WORK

MOST = 64
"""Connections at a time of root, and as many of all other users, who cannot keep root waiting."""

WAITING = 192
"""Clients of root, and of all others, that may wait for a place; further ones are disconnected.

The kernel's queue would let root wait behind them.
"""

QUIET = 1.0
"""Seconds without a call or a reply after which a connection is closed if another client waits."""

LOOK_AGAIN = 0.25
"""Seconds between two attempts to make room for a client that waits."""

CHANGES = 0.25
"""Seconds between two replies about changes."""


class Server:
    """Serves `daemon` to the clients of the listening sockets that it is given."""

    def __init__(self, daemon: Daemon) -> None:
        self._loop = asyncio.get_running_loop()
        self._service = Service(daemon)
        self._renderer = Renderer(daemon)
        self._epoll = select.epoll()
        self._listener: socket.socket | None = None
        self._connections: dict[int, Connection] = {}
        self._again: deque[Connection] = deque()
        self._waiting: dict[bool, deque[Connection]] = {True: deque(), False: deque()}
        """Clients of root, and of other users."""
        self._admitting = Alarm()
        self._retry = Alarm()
        self._told_at = self._loop.time() - CHANGES
        self._telling = Alarm()
        self._loop.add_reader(self._epoll, self._take_event)

    def listen(self, listener: socket.socket) -> None:
        """Serve the clients of this socket; the server owns it now."""
        self._close_listener()
        listener.setblocking(False)
        self._listener = listener
        self._epoll.register(listener, select.EPOLLIN)

    def close(self) -> None:
        self._close_listener()
        for each in (*self._connections.values(), *self._waiting[True], *self._waiting[False]):
            each.close()
        for alarm in (self._retry, self._telling, self._admitting):
            alarm.cancel()
        self._renderer.close()
        self._loop.remove_reader(self._epoll)
        self._epoll.close()

    def changed(self) -> None:
        """Tell the clients that wait for changes, soon and not too often."""
        if self._telling.at is None:
            pause = self._told_at + CHANGES - self._loop.time()
            self._telling.set(max(AFTER_THE_WORK, pause), self._tell)

    def _tell(self) -> None:
        self._told_at = self._loop.time()
        for each in self._connections.values():
            if each.is_watching:
                each.changed()

    def _close_listener(self) -> None:
        if self._listener is not None:
            self._listener.close()  # which also takes it out of epoll
            self._listener = None

    # -- one turn ----------------------------------------------------------------------------------------

    def _take_event(self) -> None:
        for descriptor, events in self._epoll.poll(0, 1):
            if connection := self._connections.get(descriptor):
                self._guard(connection, events)
            else:
                self._accept()

    def _guard(self, connection: Connection, events: int | None) -> None:
        try:
            if events is None:
                connection.step()
            else:
                connection.ready(events)
        except Exception:
            connection.close()
            raise  # to the event loop, which reports it

    def _step_soon(self, connection: Connection) -> None:
        if not self._again:
            self._loop.call_soon(self._step)
        self._again.append(connection)

    def _step(self) -> None:
        connection = self._again.popleft()
        if self._again:
            self._loop.call_soon(self._step)
        self._guard(connection, None)

    # -- clients come and go -----------------------------------------------------------------------------

    def _accept(self) -> None:
        assert self._listener is not None
        try:
            client, _ = self._listener.accept()
        except BlockingIOError:
            return
        except OSError:  # No descriptors are left, for example.
            self._pause()
            return
        client.setblocking(False)
        connection = Connection(
            client,
            self._service,
            self._renderer,
            wait_for=self._epoll.modify,
            again=self._step_soon,
            closed=self._forget,
        )
        waiting = self._waiting[connection.is_of_root]
        waiting.append(connection)
        self._admit()
        if len(waiting) > WAITING:
            waiting.pop().close()

    def _admit(self) -> None:
        """Give a place to the first waiting client, of root and of others; repeat while there are places."""
        self._admitting.cancel()
        admitted = False
        for of_root, waiting in self._waiting.items():
            if waiting and self._has_place(of_root):
                admitted = True
                connection = waiting.popleft()
                connection.active_at = self._loop.time()
                self._connections[connection.fileno()] = connection
                self._epoll.register(connection, select.EPOLLIN)
        if any(self._waiting.values()):
            self._admitting.set(0 if admitted else LOOK_AGAIN, self._admit)

    def _has_place(self, of_root: bool) -> bool:
        """Return whether there is a place; if not, try to make one.

        It closes a connection that has been idle for long, if possible of a client that awaits no changes.
        """
        rivals = [each for each in self._connections.values() if each.is_of_root == of_root]
        if len(rivals) < MOST:
            return True
        latest = self._loop.time() - QUIET
        quiet = [each for each in rivals if each.active_at <= latest and not each.is_waiting]
        if quiet:
            min(quiet, key=lambda each: (each.is_watching, each.active_at)).close()
        return bool(quiet)

    def _pause(self) -> None:
        """Leave the clients that wait where they are, for a moment."""
        assert self._listener is not None
        self._epoll.modify(self._listener, 0)
        self._retry.set(LOOK_AGAIN, self._resume)

    def _resume(self) -> None:
        if self._listener is not None:
            self._epoll.modify(self._listener, select.EPOLLIN)

    def _forget(self, connection: Connection) -> None:
        if self._connections.pop(connection.fileno(), None):
            self._epoll.unregister(connection)
