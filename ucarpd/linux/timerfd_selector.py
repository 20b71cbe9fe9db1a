"""A selector with exact time-outs.

epoll waits whole milliseconds and Python rounds up, so every timer of an event loop is up to one
millisecond late.  A kernel timer (timerfd) wakes epoll like any other descriptor, and on time.
"""

import asyncio
import ctypes
import os
import selectors
import socket
import time

_TFD_NONBLOCK = os.O_NONBLOCK
_TFD_CLOEXEC = os.O_CLOEXEC

SAME = 0.00005
"""Seconds by which two equal times may differ: the event loop says how long to wait, not until when."""

_FIRED = float("-inf")

_libc = ctypes.CDLL(None, use_errno=True)


class _Timespec(ctypes.Structure):
    _fields_ = (("seconds", ctypes.c_long), ("nanoseconds", ctypes.c_long))


class _Itimerspec(ctypes.Structure):
    _fields_ = (("interval", _Timespec), ("value", _Timespec))


class PreciseSelector(selectors.EpollSelector):
    """A selector for `asyncio.SelectorEventLoop`.

    The constructor raises OSError if the kernel refuses a timer.
    """

    def __init__(self) -> None:
        super().__init__()
        self._timer = _libc.timerfd_create(time.CLOCK_MONOTONIC, _TFD_NONBLOCK | _TFD_CLOEXEC)
        if self._timer < 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))
        self._spec = _Itimerspec()
        self._rings_at = 0.0
        """The monotonic second at which the timer wakes this selector; 0: it is off."""
        self.register(self._timer, selectors.EVENT_READ)

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Wait for events, like EpollSelector, but with an exact `timeout`.

        `timeout` is in seconds; None: no limit; 0 or less: do not wait.
        """
        if timeout is not None and timeout <= 0:
            ready = super().select(timeout)
        else:
            at = 0.0 if timeout is None else time.monotonic() + timeout
            if abs(at - self._rings_at) > SAME:
                self._set(timeout or 0.0)
                self._rings_at = at
            ready = super().select(None)
        for event in ready:
            if event[0].fd == self._timer:
                # Setting a timer also forgets that it has fired, so there is nothing to read.
                self._rings_at = _FIRED
                return [each for each in ready if each is not event]
        return ready

    def _set(self, seconds: float) -> None:
        """Set the timer; 0 switches it off."""
        value = self._spec.value
        value.seconds, value.nanoseconds = divmod(int(seconds * 1e9) + (seconds > 0), 1_000_000_000)
        _libc.timerfd_settime(self._timer, 0, ctypes.byref(self._spec), None)

    def close(self) -> None:
        super().close()
        os.close(self._timer)


def event_loop() -> asyncio.AbstractEventLoop:
    """Return a new event loop with such a selector.  Raises OSError."""
    selector = PreciseSelector()
    # A loop that gets no socket pair of its own would end with a traceback.
    for each in socket.socketpair():
        each.close()
    return asyncio.SelectorEventLoop(selector)
