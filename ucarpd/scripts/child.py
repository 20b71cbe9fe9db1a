"""A child process, watched by the event loop from its start to its end."""

import asyncio
import contextlib
import os
import signal
from collections.abc import Callable
from functools import partial

from ucarpd.linux import threads
from ucarpd.linux.alarm import Alarm
from ucarpd.scripts.start import PIDS, REALTIME, Started

KILL_AFTER = 2.0
"""Seconds between SIGTERM and SIGKILL for a program that must end."""

LONGEST_DEATH = 1.0
"""Seconds after SIGKILL in which a program must end; one that hangs in the kernel ends when that lets it."""

LOOK_AGAIN_AFTER = 0.05
"""Seconds between two checks of a program whose end the kernel cannot report."""


class Child:
    """A program in a session of its own; `ended` gets its exit status, and whether it timed out.

    The status is as in a shell: 128 + N for a signal N.  `start` is called in a thread of its own: the
    loop does not wait, even if the file system of the program hangs.  If it raises an exception,
    `failed` gets that instead, in a later turn of the loop.  `alone`: kill the rest of its process
    group when it ends.
    """

    def __init__(
        self,
        start: Callable[[], Started],
        ended: Callable[[int, bool], None],
        failed: Callable[[Exception], None],
        *,
        alone: bool = False,
    ) -> None:
        self._alone = alone
        self._loop = asyncio.get_running_loop()
        self._report = ended
        self._failed = failed
        self._limit = Alarm()
        self._timed_out = False
        self._descriptor: int | None = None
        self._process: Started | None = None
        self._early_signal: signal.Signals | None = None
        """The last signal for a program that has not been started yet."""
        self._beginning = threads.begin(partial(self._start, start), partial(self._begin, None))

    def _start(self, start: Callable[[], Started]) -> None:
        """Runs in a thread."""
        process: Started | None = None
        error: Exception | None = None
        try:
            process = start()
        except Exception as raised:  # noqa: BLE001 - whoever waits for the program must go on
            error = raised
        try:
            self._loop.call_soon_threadsafe(self._begin, process, error)
        except RuntimeError:  # The loop is closed, as our process ends.
            if process is not None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
                PIDS.discard(process.pid)

    def _begin(self, process: Started | None, error: Exception | None) -> None:
        self._beginning.cancel()
        if process is None:
            assert error is not None
            self._limit.cancel()
            self._failed(error)
            return
        self._process = process
        self._be_ordinary(process.pid)
        self._watch(process.pid)
        if self._early_signal is not None:
            self._signal_group(self._early_signal)

    def end_after(self, timeout: float, timed_out: Callable[[], None]) -> None:
        """Terminate the program after `timeout` seconds (0: never), and then call `timed_out`."""
        if timeout:
            self._limit.set(timeout, self._terminate, timed_out)

    @property
    def pid(self) -> int | None:
        """None before it has been started, and after its end."""
        return None if self._process is None else self._process.pid

    def kill(self) -> None:
        """Kill the program and its process group; `ended` is still called."""
        self._signal_group(signal.SIGKILL)

    def _terminate(self, timed_out: Callable[[], None]) -> None:
        self._timed_out = True
        self._signal_group(signal.SIGTERM)
        self._limit.set(KILL_AFTER, self._kill_at_last)
        timed_out()

    def _kill_at_last(self) -> None:
        self._signal_group(signal.SIGKILL)
        if self._process is None:
            # The start itself hangs.  If it ever ends, the program is killed at once.
            self._give_up()
        else:
            self._limit.set(LONGEST_DEATH, self._give_up)

    def _give_up(self) -> None:
        """Report the end of a program that can do nothing any more, but is still there."""
        report = self._report
        self._report = lambda _status, _timed_out: None
        self._failed = lambda _error: None
        report(128 + signal.SIGKILL, True)

    def _signal_group(self, number: signal.Signals) -> None:
        if self._process is None:
            self._early_signal = number
            return
        # The program leads its own session, so its pid is also the id of its process group.  Without
        # CAP_KILL, the program of another user runs on.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, number)

    @staticmethod
    def _be_ordinary(pid: int) -> None:
        """Take real-time scheduling away from a program that could not be started without it.

        Without CAP_SYS_NICE, the program of another user keeps it.
        """
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if os.sched_getscheduler(pid) in REALTIME:
                os.sched_setscheduler(pid, os.SCHED_OTHER, os.sched_param(0))

    def _watch(self, pid: int) -> None:
        try:
            self._descriptor = os.pidfd_open(pid)
            self._loop.add_reader(self._descriptor, self._look)
        except Exception:  # noqa: BLE001 - no descriptor or memory is left; checks need neither
            self._close()
            self._loop.call_later(LOOK_AGAIN_AFTER, self._look)

    def _look(self) -> None:
        assert self._process is not None
        if not _has_ended(self._process.pid):
            if self._descriptor is None:
                self._loop.call_later(LOOK_AGAIN_AFTER, self._look)
            return
        self._close()
        self._limit.cancel()
        if self._timed_out or self._alone:
            # Its children may still be running.  The kernel does not reuse the pid until the exit
            # status is taken, so the signal cannot hit another group.
            self._signal_group(signal.SIGKILL)
        status = self._process.wait()
        PIDS.discard(self._process.pid)
        # The number may be another program's from now on, and a late kill() must not hit that.
        self._process = None
        self._report(status if status >= 0 else 128 - status, self._timed_out)

    def _close(self) -> None:
        if self._descriptor is not None:
            self._loop.remove_reader(self._descriptor)
            os.close(self._descriptor)
            self._descriptor = None


def _has_ended(pid: int) -> bool:
    try:
        return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
    except ChildProcessError:
        return True
