"""The kernel's events: read in small batches, entered in the tables, reported to the listener."""

import asyncio
import errno
import logging
import socket
from collections import Counter
from collections.abc import Callable, Collection, Iterable
from itertools import islice
from typing import Protocol

from ucarpd.carp.params import IPAddress
from ucarpd.linux import netlink_framing as framing
from ucarpd.linux.netlink.messages import Placed
from ucarpd.linux.netlink.pyroute import rtnl
from ucarpd.linux.netlink.tables import Change, Tables
from ucarpd.linux.netlink_socket import RequestSocket, consistent
from ucarpd.linux.worker import Worker

_GROUPS = rtnl.RTMGRP_LINK | rtnl.RTMGRP_IPV4_IFADDR | rtnl.RTMGRP_IPV6_IFADDR
_SO_RCVBUFFORCE = 33
_RECEIVE_BUFFER = 1 << 22
_LARGEST_DATAGRAM = 1 << 16
_RETRY = 1.0
"""Seconds until ucarpd tries again to read tables that it could not read."""

EVENTS_AT_ONCE = 16
"""Events handled before timers get their turn, so many events cannot delay the timers."""

EVENTS_TO_CATCH_UP = 256
"""Events read at once when a caller needs the newest state."""

CHANGES_AT_ONCE = 64
"""Changes reported before timers get their turn."""

_log = logging.getLogger(__name__)


class Listener(Protocol):
    """The receiver of changes, called after the tables have them."""

    def link_changed(self, interface: str) -> None: ...
    def address_added(self, interface: str, ip: IPAddress) -> None: ...
    def address_removed(self, interface: str, ip: IPAddress) -> None: ...


class Events:
    """The kernel's events, which keep `tables` current.

    The constructor raises OSError if it cannot open a socket.
    """

    def __init__(self, listener: Listener, kernel: RequestSocket, worker: Worker) -> None:
        self.followed: set[str] = set()
        """The names of the links whose changes are reported."""
        self.tables = Tables(self.followed)
        self._listener = listener
        self.removed: Callable[[str, IPAddress], None] = lambda _interface, _ip: None
        """Called before the listener."""
        self.watched: dict[tuple[str, IPAddress | None], dict[IPAddress, Placed]] = {}
        """By interface and address: where to note an address that comes, even if it goes at once."""
        self._kernel = kernel
        self._worker = worker
        self._loop = asyncio.get_running_loop()
        self._socket = socket.socket(
            socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC, 0
        )
        try:
            self._socket.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, _RECEIVE_BUFFER)
        except PermissionError:  # less of it, without CAP_NET_ADMIN
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER)
        self._is_following = False
        self._is_outdated = False
        """Whether events were dropped, and the tables are being read again."""
        self._is_closed = False
        self._settling: list[Callable[[], None]] = []
        self._untold: dict[Change, None] = {}
        self._telling: asyncio.Handle | None = None
        self._retry: asyncio.TimerHandle | None = None
        self._held: Counter[tuple[str, IPAddress]] = Counter()
        self._withheld: dict[Change, None] = {}
        self._causes: dict[tuple[str, IPAddress | None], tuple[int, int]] = {}
        """The request that removed each address, recorded while reports are held back."""

    async def open(self) -> None:
        """Read the tables and then follow their changes.  Raises OSError."""
        # The subscription comes before the dump, so changes in between arrive as events.
        self._socket.bind((0, _GROUPS))
        read = self._loop.create_future()
        self._worker.do(self._read_tables, read.set_result, read.set_exception)
        self.tables = await read
        self._follow()

    def close(self) -> None:
        self._loop.remove_reader(self._socket)
        self._socket.close()
        self._is_closed = True
        self._is_following = self._is_outdated = False
        for handle in (self._telling, self._retry):
            if handle is not None:
                handle.cancel()

    def catch_up(self) -> None:
        """Handle the events that the kernel has sent until now, before the loop's next turn."""
        self._read(EVENTS_TO_CATCH_UP)
        self._tell()

    def settle(self, function: Callable[[], None]) -> None:
        """Call the function when the tables have all that the kernel has reported until now.

        That takes a while only if hundreds of events wait, or some were dropped.  If the tables cannot
        be read then, it is called with the old ones.
        """
        are_all_read = self._read(EVENTS_TO_CATCH_UP)
        self._tell()
        if self._is_outdated:
            self._settling.append(function)
        elif are_all_read:
            function()
        else:
            self._loop.call_soon(self.settle, function)

    def hold(self, interface: str, ips: Iterable[IPAddress]) -> Callable[[], None]:
        """Hold back reports that these addresses were removed, while they are being put back.

        Return the function that ends this, for use in `settle`: by then the kernel has sent the events
        of the addresses that went and were put back.
        """
        held = Counter((interface, ip) for ip in ips)
        self._held.update(held)

        def release() -> None:
            self._held -= held
            self._untold |= self._withheld
            self._withheld.clear()
            if not self._held:
                self._causes.clear()
            self._tell_soon()

        return release

    def removed_apart(self, interface: str, ips: Collection[IPAddress]) -> frozenset[IPAddress]:
        """Return the addresses that were removed by other requests than any of these.

        Only removals during a `hold` are known.
        """
        causes = {self._causes.get((interface, ip)) for ip in ips}
        return frozenset(
            other
            for (name, other), each in self._causes.items()
            if other is not None and name == interface and each not in causes
        )

    # -- the tables --------------------------------------------------------------------------------

    def _on_events(self) -> None:
        self._read(EVENTS_AT_ONCE)
        self._tell()

    def _read(self, most: int) -> bool:
        """Read and handle at most this many events; return whether none is left."""
        if not self._is_following:
            return True
        try:
            for _ in range(most):
                for message in framing.split(self._socket.recv(_LARGEST_DATAGRAM)):
                    self._take_in(message)
        except BlockingIOError:
            return True
        except OSError as error:
            if error.errno != errno.ENOBUFS:
                raise
            _log.warning("the kernel dropped netlink events; reading links and addresses again")
            self._read_again()
        return False

    def _take_in(self, message: framing.Message) -> None:
        for change in self.tables.take_in(message):
            self._untold[change] = None
            kind, interface, ip = change
            if kind == "removed" and self._held:
                self._causes[interface, ip] = message.port, message.sequence
            came = self.watched.get((interface, ip)) if kind == "added" else None
            if came is not None and ip and (entry := self.tables.entry(interface, ip)):
                came[ip] = entry.placed

    def _follow(self) -> None:
        self._is_following = True
        self._loop.add_reader(self._socket, self._on_events)

    def _read_again(self) -> None:
        self._loop.remove_reader(self._socket)
        self._is_following = False
        self._is_outdated = True
        self._worker.do(self._read_tables, self._replace, self._not_read)

    def _read_tables(self) -> Tables:
        """Read the tables from the kernel; runs in the worker."""
        # Events from before the dump would undo a part of it.
        self._discard_events()
        return consistent(lambda: Tables.read(self._kernel, self.followed))

    def _discard_events(self) -> None:
        while True:
            try:
                self._socket.recv(1)
            except BlockingIOError:
                return
            except OSError as error:
                if error.errno != errno.ENOBUFS:
                    raise

    def _replace(self, tables: Tables) -> None:
        self._retry = None
        if self._is_closed:
            return
        self._untold.update(dict.fromkeys(self.tables.differences(tables)))
        self.tables = tables
        self._is_outdated = False
        self._follow()
        self._tell_soon()
        self._call_settling(self.settle)

    def _not_read(self, error: OSError) -> None:
        if self._is_closed:
            return
        if self._retry is None:  # The first failure is logged, not each retry.
            _log.error("cannot read links and addresses: %s; trying again", error.strerror)
        self._retry = self._loop.call_later(_RETRY, self._read_again)
        self._call_settling(self._loop.call_soon)

    def _call_settling(self, call: Callable[[Callable[[], None]], object]) -> None:
        settling, self._settling = self._settling, []
        for function in settling:
            call(function)

    # -- the listener ------------------------------------------------------------------------------

    def _tell_soon(self) -> None:
        if self._telling is None:
            self._telling = self._loop.call_soon(self._tell)

    def _tell(self) -> None:
        """Report some changes, if they still hold now that the tables have the whole batch.

        An address that was removed and put back at once is not reported.
        """
        if self._telling is not None:
            self._telling.cancel()
            self._telling = None
        try:
            for change in list(islice(self._untold, CHANGES_AT_ONCE)):
                # Before it returns, the listener may call `catch_up`, which reports more changes.
                if change in self._untold:
                    del self._untold[change]
                    self._tell_one(*change)
        finally:
            if self._untold:
                self._tell_soon()

    def _tell_one(self, kind: str, interface: str, ip: IPAddress | None) -> None:
        if ip is None:
            self._listener.link_changed(interface)
            return
        is_there = self.tables.has(interface, ip)
        if kind == "added" and is_there:
            self._listener.address_added(interface, ip)
        elif kind == "removed" and not is_there:
            self.removed(interface, ip)
            if (interface, ip) in self._held:
                self._withheld[kind, interface, ip] = None
            else:
                self._listener.address_removed(interface, ip)
