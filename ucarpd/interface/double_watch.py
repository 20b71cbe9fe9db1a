"""Detecting another process of this host that advertises on the same interface.

Two daemons with one vhid on one host do not receive each other's advertisements, so both become
master.  The tap costs a little time for each frame of the interface, so it is open only for some
seconds in each minute.
"""

import asyncio
from _thread import start_new_thread
from collections.abc import Callable, Collection

from ucarpd.linux.alarm import Alarm
from ucarpd.linux.outgoing_tap import OutgoingTap

PAUSE = 60.0
"""Seconds between two observations."""

FRAMES_AT_ONCE = 64
"""Frames handled before timers get their turn."""


class DoubleWatch:
    """Observer of outgoing advertisements that were not sent by `tap`; `found` gets each of them.

    `vhids` are looked for, as they are when an observation begins; `duration` returns its seconds.
    """

    def __init__(
        self,
        interface: str,
        vhids: Collection[int],
        duration: Callable[[], float],
        found: Callable[[bytes], None],
    ) -> None:
        self._vhids = vhids
        self._interface = interface
        self._duration = duration
        self._found = found
        self._loop = asyncio.get_running_loop()
        self.tap: OutgoingTap | None = None
        """While it is open, advertisements must be sent by it."""
        self._next = Alarm()

    def start(self) -> None:
        """Start to observe: at once, and then repeatedly."""
        self.stop()
        self._look()

    def stop(self) -> None:
        self._next.cancel()
        if (tap := self._taken()) is not None:
            tap.close()

    def _look(self) -> None:
        try:
            self.tap = OutgoingTap(self._interface, self._vhids)
        except OSError:
            # The sockets of the interface fail for the same reason, and that is reported.
            self._next.set(PAUSE, self._look)
            return
        self._loop.add_reader(self.tap, self._read, self.tap)
        self._next.set(self._duration(), self._rest)

    def _rest(self) -> None:
        self._next.set(PAUSE, self._look)
        if (tap := self._taken()) is not None:
            # The kernel takes some 15 ms to close the tap, and the loop must not wait for it.
            try:
                start_new_thread(tap.close, ())
            except RuntimeError:  # No thread can be started.
                tap.close()

    def _taken(self) -> OutgoingTap | None:
        tap, self.tap = self.tap, None
        if tap is not None:
            self._loop.remove_reader(tap)
        return tap

    def _read(self, tap: OutgoingTap) -> None:
        for _ in range(FRAMES_AT_ONCE):
            try:
                frame = tap.receive()
            except OSError:
                return  # `stop` has closed it, or the interface is down, which a netlink event reports.
            if frame is None:
                return
            self._found(frame)
