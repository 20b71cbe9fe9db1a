"""The children that nobody in this process has started and nobody waits for.

As process 1 of a container, or as a subreaper, ucarpd becomes the parent of what its scripts leave
behind.  Each of them keeps its process id, of which a container has few, until its parent asks.
"""

import asyncio
import os
import signal
from collections.abc import Collection

LOOK_AGAIN_AFTER = 0.1
"""Seconds until another look, when a child that is waited for stands in front of the others."""


class Orphans:
    """Reaps them as they end, as long as the event loop is open.

    `ours` are the process ids whose exit status somebody else takes.
    """

    def __init__(self, ours: Collection[int]) -> None:
        self._ours = ours
        self._loop = asyncio.get_running_loop()
        self._look_again: asyncio.TimerHandle | None = None
        self._loop.add_signal_handler(signal.SIGCHLD, self.reap)
        self.reap()

    def reap(self) -> None:
        if self._look_again is not None:
            self._look_again.cancel()
            self._look_again = None
        while (pid := _first_ended()) is not None:
            if pid in self._ours:
                self._look_again = self._loop.call_later(LOOK_AGAIN_AFTER, self.reap)
                return
            os.waitpid(pid, os.WNOHANG)


def _first_ended() -> int | None:
    """Return a child that has ended, and leave it as it is; None if there is none."""
    try:
        ended = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return None
    return ended.si_pid if ended else None
