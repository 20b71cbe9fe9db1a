"""A program that was started beside the event loop, until it has ended."""

import asyncio
import contextlib
import os
import signal
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence

KILL_AFTER = 2.0
"""Seconds between SIGTERM and SIGKILL for a program that is to end."""

LOOK_AGAIN_AFTER = 0.05
"""Seconds between two looks at a program whose end the kernel cannot report to us."""

UMASK = 0o022
"""What any program gets; the unit's own keeps everybody from reading our files."""

PIDS: set[int] = set()
"""The children that a Child waits for; nobody else may take their exit status."""

_REALTIME = {os.SCHED_FIFO, os.SCHED_RR}


class Child:
    """A program in a session of its own; `ended` gets its exit status, and whether it timed out.

    The status is as in a shell: 128 + N for a signal N.  Raises whatever the start raises.
    """

    def __init__(
        self,
        command: Sequence[str],
        environment: Mapping[str, str],
        ended: Callable[[int, bool], None],
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._report = ended
        self._timer: asyncio.TimerHandle | None = None
        self._timed_out = False
        self._descriptor: int | None = None
        with _ordinary_children():
            self._process = subprocess.Popen(
                command,
                env=environment,
                stdin=subprocess.DEVNULL,
                cwd="/",
                start_new_session=True,
                umask=UMASK,
            )
        PIDS.add(self._process.pid)
        self._be_ordinary()
        self._watch()

    def end_after(self, timeout: float, timed_out: Callable[[], None]) -> None:
        """Terminate it after `timeout` seconds (0: never), and call `timed_out` then."""
        if timeout:
            self._timer = self._loop.call_later(timeout, self._terminate, timed_out)

    def _terminate(self, timed_out: Callable[[], None]) -> None:
        self._timed_out = True
        self._signal_group(signal.SIGTERM)
        self._timer = self._loop.call_later(KILL_AFTER, self._signal_group, signal.SIGKILL)
        timed_out()

    def _signal_group(self, number: signal.Signals) -> None:
        # It is the leader of its own session, so its pid is that of its process group.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, number)

    def _be_ordinary(self) -> None:
        """Take real-time scheduling from it if it could not be started without."""
        with contextlib.suppress(ProcessLookupError):
            if os.sched_getscheduler(self._process.pid) in _REALTIME:
                os.sched_setscheduler(self._process.pid, os.SCHED_OTHER, os.sched_param(0))

    def _watch(self) -> None:
        try:
            self._descriptor = os.pidfd_open(self._process.pid)
            self._loop.add_reader(self._descriptor, self._look)
        except Exception:  # noqa: BLE001 - no descriptor or no memory is left: looking needs neither
            self._close()
            self._loop.call_later(LOOK_AGAIN_AFTER, self._look)

    def _look(self) -> None:
        if not self._has_ended():
            if self._descriptor is None:
                self._loop.call_later(LOOK_AGAIN_AFTER, self._look)
            return
        self._close()
        if self._timer is not None:
            self._timer.cancel()
        if self._timed_out:
            # What it started may have stayed.  Its pid is not given to another process until the
            # exit status is taken, so the signal goes to its group or to nobody.
            self._signal_group(signal.SIGKILL)
        status = self._process.wait()
        PIDS.discard(self._process.pid)
        self._report(status if status >= 0 else 128 - status, self._timed_out)

    def _has_ended(self) -> bool:
        try:
            options = os.WEXITED | os.WNOHANG | os.WNOWAIT
            return os.waitid(os.P_PID, self._process.pid, options) is not None
        except ChildProcessError:
            return True

    def _close(self) -> None:
        if self._descriptor is not None:
            self._loop.remove_reader(self._descriptor)
            os.close(self._descriptor)
            self._descriptor = None


@contextlib.contextmanager
def _ordinary_children() -> Iterator[None]:
    """Let programs that are started meanwhile be scheduled and killed like any others.

    Changing this process for the moment needs no code between fork and exec, which would be unsafe
    beside other threads.
    """
    with _killable_children(), _children_without_priority():
        yield


@contextlib.contextmanager
def _killable_children() -> Iterator[None]:
    """The unit protects ucarpd from the kernel's out-of-memory killer, but not its scripts."""
    try:
        # Kept open: the way back must not need a descriptor.
        descriptor = os.open("/proc/self/oom_score_adj", os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        yield  # /proc is missing or read-only; without a descriptor the program cannot start either.
        return
    try:
        own = os.pread(descriptor, 16, 0)
        if int(own) >= 0:
            yield
            return
        with contextlib.suppress(PermissionError):
            os.pwrite(descriptor, b"0", 0)
        try:
            yield
        finally:
            with contextlib.suppress(PermissionError):
                os.pwrite(descriptor, own, 0)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def _children_without_priority() -> Iterator[None]:
    """A script that loops must not keep the processor from everything else."""
    policy = os.sched_getscheduler(0)
    is_ordinary = policy not in _REALTIME and os.getpriority(os.PRIO_PROCESS, 0) >= 0
    if is_ordinary or policy & os.SCHED_RESET_ON_FORK:
        yield
        return
    parameter = os.sched_getparam(0)
    # RestrictRealtime=yes in the unit forbids the first, a missing CAP_SYS_NICE the second.
    with contextlib.suppress(PermissionError):
        os.sched_setscheduler(0, policy | os.SCHED_RESET_ON_FORK, parameter)
    try:
        yield
    finally:
        with contextlib.suppress(PermissionError):
            os.sched_setscheduler(0, policy, parameter)
