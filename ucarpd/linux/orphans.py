"""Orphans: child processes that this process did not start and that no code waits for.

As process 1 of a container, or as a subreaper, ucarpd becomes the parent of processes that its
scripts leave behind.  An ended process keeps its process id until its parent waits for it, and a
container has few process ids.
"""

import asyncio
import os
import signal
from collections.abc import Collection

from ucarpd.linux.alarm import Alarm

LOOK_AGAIN_AFTER = 0.1
"""Seconds until the next look, if the first ended child belongs to other code of this process."""


class Orphans:
    """Reaper of orphans as they end, as long as the event loop is open.

    `ours` are the process ids whose exit status other code of this process takes.
    """

    def __init__(self, ours: Collection[int]) -> None:
        self._ours = ours
        self._look_again = Alarm()
        loop = asyncio.get_running_loop()
        # The loop's own handlers need the pipe by which threads wake it.  Hundreds of scripts that end at
        # once would fill that, and a SIGTERM behind them would be lost.
        signal.signal(signal.SIGCHLD, lambda *_: loop.call_soon_threadsafe(self.reap))
        signal.siginterrupt(signal.SIGCHLD, False)
        self.reap()

    def reap(self) -> None:
        self._look_again.cancel()
        while (pid := _first_ended()) is not None:
            if pid in self._ours:
                self._look_again.set(LOOK_AGAIN_AFTER, self.reap)
                return
            os.waitpid(pid, os.WNOHANG)


def _first_ended() -> int | None:
    """Return the process id of an ended child without reaping it; None if there is none."""
    try:
        ended = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return None
    return ended.si_pid if ended else None
