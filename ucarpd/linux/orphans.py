"""Orphans: child processes that this process did not start and that no code waits for.

As process 1 of a container, or as a subreaper, ucarpd becomes the parent of processes that its
scripts leave behind.  An ended process keeps its process id until its parent waits for it, and a
container has few process ids.
"""

import os
import signal
from collections.abc import Collection

from ucarpd.linux.alarm import Alarm

LOOK_AFTER = 5.0
"""Seconds between two looks.

SIGCHLD is no help: a few hundred scripts that end while the loop is busy fill the pipe by which Python
tells it of signals, and a SIGTERM behind them would be lost.
"""

LOOK_AGAIN_AFTER = 0.1
"""Seconds until the next look, if the first ended child belongs to other code of this process."""


class Orphans:
    """Reaper of orphans, as long as the event loop is open.

    `ours` are the process ids whose exit status other code of this process takes.
    """

    def __init__(self, ours: Collection[int]) -> None:
        self._ours = ours
        self._next = Alarm()
        # If it was ignored, as whoever starts us may have it, no child would leave an exit status.
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        self._look()

    def _look(self) -> None:
        self._next.set(LOOK_AFTER, self._look)
        while (pid := _first_ended()) is not None:
            if pid in self._ours:
                self._next.set(LOOK_AGAIN_AFTER, self._look)
                return
            os.waitpid(pid, os.WNOHANG)


def _first_ended() -> int | None:
    """Return the process id of an ended child without reaping it; None if there is none."""
    try:
        ended = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return None
    return ended.si_pid if ended else None
