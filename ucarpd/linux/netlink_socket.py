"""The socket for requests to the kernel and its answers."""

import contextlib
import errno
import fcntl
import os
import socket
import struct
from collections.abc import Callable, Iterator
from typing import TypeVar

from ucarpd.linux import netlink_framing as framing

_SOL_NETLINK, _NETLINK_GET_STRICT_CHK = 270, 12
_SIOCGIFNAME, _SIOCGIFINDEX = 0x8910, 0x8933
_NAME_SIZE = 16
_INTERFACE_REQUEST = struct.Struct("=16si20x")
_LARGEST_DATAGRAM = 1 << 16
_DUMP_ATTEMPTS = 10

_T = TypeVar("_T")


class DumpInterruptedError(Exception):
    """The table must be read again, for example because it changed meanwhile: entries may be missing."""


class RequestSocket:
    """A socket for requests; not for use by several threads at once.

    It is opened at the start, because a process that has run out of descriptors must still be able
    to remove its addresses.
    """

    def __init__(self) -> None:
        self._socket = socket.socket(
            socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, socket.NETLINK_ROUTE
        )
        with contextlib.suppress(OSError):  # before Linux 4.20 a dump is always of everything
            self._socket.setsockopt(_SOL_NETLINK, _NETLINK_GET_STRICT_CHK, 1)
        self._sequence = 0

    def close(self) -> None:
        self._socket.close()

    def index_of(self, interface: str) -> int:
        """Return the index of the interface.  Raises OSError with a text."""
        # The C library's function for this would need one more descriptor.
        name = interface.encode("utf-8", "surrogateescape")
        if len(name) < _NAME_SIZE:
            request = _INTERFACE_REQUEST.pack(name, 0)
            try:
                answer = fcntl.ioctl(self._socket, _SIOCGIFINDEX, request)
            except OSError as error:
                if error.errno != errno.ENODEV:
                    raise
            else:
                return int(_INTERFACE_REQUEST.unpack(answer)[1])
        raise OSError(errno.ENODEV, f"interface {interface} does not exist")

    def index_if_there(self, interface: str) -> int | None:
        """Return the index of the interface, or None if there is no such one.  Raises OSError."""
        try:
            return self.index_of(interface)
        except OSError as error:
            if error.errno == errno.ENODEV:
                return None
            raise

    def name_if_there(self, index: int) -> str | None:
        """Return the name of the interface with this index, or None if it is gone.

        Raises OSError.
        """
        try:
            answer = fcntl.ioctl(self._socket, _SIOCGIFNAME, _INTERFACE_REQUEST.pack(b"", index))
        except OSError as error:
            if error.errno == errno.ENODEV:
                return None
            raise
        return framing.text(_INTERFACE_REQUEST.unpack(answer)[0])

    def ask(self, request: bytes) -> int:
        """Send a request with the ACK flag, and return the kernel's answer, an errno or 0.

        It is also an errno if the request cannot be sent, or the answer not be read, as without memory.
        """
        try:
            self._send(request)
            errors = (each for each in self._answers() if each.kind == framing.NLMSG_ERROR)
            return next(errors).code
        except OSError as error:
            return error.errno or errno.EIO

    def get(self, request: bytes) -> framing.Message:
        """Return the kernel's message about one object.  Raises OSError if there is none."""
        self._send(request)
        answer = next(self._answers())
        if answer.kind == framing.NLMSG_ERROR:
            raise OSError(answer.code, os.strerror(answer.code))
        return answer

    def dump(self, request: bytes) -> Iterator[framing.Message]:
        """Yield all messages of a table; read it to the end.  For use in `consistent`."""
        self._send(request)
        is_whole = True
        for answer in self._answers():
            is_whole = is_whole and not answer.flags & framing.NLM_F_DUMP_INTR
            if answer.kind in (framing.NLMSG_DONE, framing.NLMSG_ERROR):
                break
            yield answer
        if answer.code == errno.EBUSY:
            # An earlier dump was not read to its end, as without memory.  This ends it.
            with contextlib.suppress(BlockingIOError):
                while True:
                    self._socket.recv(_LARGEST_DATAGRAM, socket.MSG_DONTWAIT)
            raise DumpInterruptedError
        if answer.code:
            why = os.strerror(answer.code)
            raise OSError(answer.code, f"cannot read the kernel's tables: {why}")
        if not is_whole:
            raise DumpInterruptedError

    def _send(self, request: bytes) -> None:
        self._sequence = (self._sequence + 1) & 0xFFFFFFFF
        self._socket.send(framing.numbered(request, self._sequence))

    def _answers(self) -> Iterator[framing.Message]:
        """Yield the answers to the latest request, and skip left-over answers to earlier ones."""
        while True:
            for answer in framing.split(self._socket.recv(_LARGEST_DATAGRAM)):
                if answer.sequence == self._sequence:
                    yield answer


def consistent(read: Callable[[], _T]) -> _T:
    """Call `read` until the kernel has not changed its table meanwhile, and return its result.

    Raises OSError, also after several failed attempts.
    """
    for _ in range(_DUMP_ATTEMPTS):
        try:
            return read()
        except DumpInterruptedError:
            continue
    raise OSError(errno.EAGAIN, "the kernel's tables change too fast to be read")
