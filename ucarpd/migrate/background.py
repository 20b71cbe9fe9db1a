"""ucarp's --daemonize: the caller waits until the process in the background serves, or has failed."""

import os
import select
import signal
import time
from contextlib import suppress

PATIENCE = 2.0
"""Seconds for which the caller waits at most: at boot, start scripts run one after the other."""


class Background:
    """In the process in the background, its way to tell the caller that it has started.

    The caller waits until `deadline`, of the monotonic clock.
    """

    def __init__(self, channel: int, deadline: float) -> None:
        self.deadline = deadline
        self._channel: int | None = channel
        self._caller = os.dup(2)
        null = os.open(os.devnull, os.O_RDWR)
        for descriptor in (0, 1, 2):
            os.dup2(null, descriptor)
        os.close(null)

    def say(self, line: str) -> None:
        """Write a line to the standard error of the caller, while that waits."""
        if self._channel is not None:
            with suppress(OSError):
                os.write(self._caller, os.fsencode(line + "\n"))

    def let_go(self, status: int) -> None:
        """Let the caller end with this exit status.  Only the first call counts."""
        if self._channel is not None:
            with suppress(OSError):
                os.write(self._channel, bytes([status]))
            os.close(self._channel)
            os.close(self._caller)
            self._channel = None


def enter() -> Background:
    """Return in a new process in the background; the present one ends as soon as that has started.

    It ends with the status of the new one if that ends first.  There must be no threads yet.
    """
    deadline = time.monotonic() + PATIENCE
    reading, writing = os.pipe()
    pid = os.fork()
    if pid:
        os.close(writing)
        os._exit(_status(pid, reading, deadline))
    os.close(reading)
    os.setsid()
    os.chdir("/")
    return Background(writing, deadline)


def _status(pid: int, reading: int, deadline: float) -> int:
    # A caller that is interrupted leaves the other process alone.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    poll = select.poll()
    poll.register(reading, select.POLLIN)
    if not poll.poll(max(0.0, deadline - time.monotonic()) * 1000):
        return 0
    if said := os.read(reading, 1):
        return said[0]
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) & 0x7F
