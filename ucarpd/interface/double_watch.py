"""Looks now and then whether another process of this host advertises on an interface too.

Two daemons with one vhid on one host do not hear each other, so that both are master.  Looking costs a
little for each frame of the interface; so it is done for some seconds in a minute.
"""

import asyncio
from collections.abc import Callable

from ucarpd.linux.outgoing_tap import OutgoingTap

PAUSE = 60.0
"""Seconds between two looks."""

FRAMES_AT_ONCE = 64
"""Frames taken in before timers get their turn."""


class DoubleWatch:
    """`found` gets each advertisement that goes out on the interface and was not sent by `send`.

    `duration` tells for how many seconds to look.
    """

    def __init__(
        self, interface: str, duration: Callable[[], float], found: Callable[[bytes], None]
    ) -> None:
        self._interface = interface
        self._duration = duration
        self._found = found
        self._loop = asyncio.get_running_loop()
        self._tap: OutgoingTap | None = None
        self._next: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Look at once, and then again and again."""
        self.stop()
        self._look()

    def stop(self) -> None:
        if self._next is not None:
            self._next.cancel()
            self._next = None
        if (tap := self._taken()) is not None:
            tap.close()

    def send(self, frame: bytes) -> bool:
        """Send a frame unseen, if it is a time to look; whether it is.  Raises OSError."""
        tap = self._tap
        if tap is None:
            return False
        tap.send(frame)
        return True

    def _look(self) -> None:
        try:
            self._tap = OutgoingTap(self._interface)
        except OSError:
            # The sockets that we need are not there either, and that is told.
            self._next = self._loop.call_later(PAUSE, self._look)
            return
        self._loop.add_reader(self._tap, self._read, self._tap)
        self._next = self._loop.call_later(self._duration(), self._rest)

    def _rest(self) -> None:
        self._next = self._loop.call_later(PAUSE, self._look)
        if (tap := self._taken()) is not None:
            # The kernel takes some 15 ms to let go, for which the loop must not wait.
            try:
                self._loop.run_in_executor(None, tap.close)
            except RuntimeError:  # There is no thread to be had.
                tap.close()

    def _taken(self) -> OutgoingTap | None:
        tap, self._tap = self._tap, None
        if tap is not None:
            self._loop.remove_reader(tap)
        return tap

    def _read(self, tap: OutgoingTap) -> None:
        for _ in range(FRAMES_AT_ONCE):
            try:
                frame = tap.receive()
            except OSError:
                return  # The interface went down or away; netlink tells.
            if frame is None or tap is not self._tap:
                return
            self._found(frame)
