"""A selector whose time-outs are exact.

epoll waits in whole milliseconds, and Python rounds up, so that every timer of an event loop comes up
to a millisecond late.  A timer in the kernel that wakes epoll like any descriptor has no such grain.
"""

import asyncio
import ctypes
import os
import selectors
import time

_TFD_NONBLOCK = os.O_NONBLOCK
_TFD_CLOEXEC = os.O_CLOEXEC

_libc = ctypes.CDLL(None, use_errno=True)


class _Timespec(ctypes.Structure):
    _fields_ = (("seconds", ctypes.c_long), ("nanoseconds", ctypes.c_long))


class _Itimerspec(ctypes.Structure):
    _fields_ = (("interval", _Timespec), ("value", _Timespec))


class PreciseSelector(selectors.EpollSelector):
    """For `asyncio.SelectorEventLoop`.  Raises OSError where the kernel refuses a timer."""

    def __init__(self) -> None:
        super().__init__()
        self._timer = _libc.timerfd_create(time.CLOCK_MONOTONIC, _TFD_NONBLOCK | _TFD_CLOEXEC)
        if self._timer < 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))
        self._spec = _Itimerspec()
        self.register(self._timer, selectors.EVENT_READ)

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """As EpollSelector, but for the time-out (seconds; None: none; 0 or less: do not wait)."""
        if timeout is None or timeout <= 0:
            return super().select(timeout)
        nanoseconds = int(timeout * 1e9) + 1
        value = self._spec.value
        value.seconds, value.nanoseconds = divmod(nanoseconds, 1_000_000_000)
        _libc.timerfd_settime(self._timer, 0, ctypes.byref(self._spec), None)
        ready = super().select(None)
        # Setting a timer also forgets that it has fired, so there is nothing to read.
        value.seconds = value.nanoseconds = 0
        _libc.timerfd_settime(self._timer, 0, ctypes.byref(self._spec), None)
        return [event for event in ready if event[0].fd != self._timer]

    def close(self) -> None:
        super().close()
        os.close(self._timer)


def event_loop() -> asyncio.AbstractEventLoop:
    """Return a new event loop with such a selector."""
    return asyncio.SelectorEventLoop(PreciseSelector())
