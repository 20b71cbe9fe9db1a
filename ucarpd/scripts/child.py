"""A child process, watched by the event loop from its start to its end."""

import asyncio
import contextlib
import os
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from pwd import getpwnam
from typing import NamedTuple, Protocol

from ucarpd.linux.spawn import has_own_directory, spawn

KILL_AFTER = 2.0
"""Seconds between SIGTERM and SIGKILL for a program that must end."""

LOOK_AGAIN_AFTER = 0.05
"""Seconds between two checks of a program whose end the kernel cannot report."""

UMASK = 0o022
"""The usual umask, for scripts; the umask of the unit hides ucarpd's files from other users."""


class Pids(set[int]):
    """Process ids; while a program is being started in another thread, any may be among them."""

    def __init__(self) -> None:
        super().__init__()
        self._starts = 0
        self._lock = threading.Lock()

    @contextlib.contextmanager
    def starting(self) -> Iterator[None]:
        with self._lock:
            self._starts += 1
        try:
            yield
        finally:
            with self._lock:
                self._starts -= 1

    def __contains__(self, pid: object) -> bool:
        return self._starts > 0 or super().__contains__(pid)


PIDS = Pids()
"""The process ids that a Child waits for; other code must not take their exit status."""

_REALTIME = {os.SCHED_FIFO, os.SCHED_RR}


class Started(Protocol):
    """A program that was started; `wait` waits for its end, and returns -N for signal N."""

    @property
    def pid(self) -> int: ...
    def wait(self) -> int: ...


class Spawned:
    """A program that subprocess has not started."""

    def __init__(self, pid: int) -> None:
        self.pid = pid

    def wait(self) -> int:
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


class Account(NamedTuple):
    """The user that a program runs as; None: the groups are ours."""

    uid: int
    gid: int | None
    groups: list[int] | None


def account_of(user: str) -> Account:
    """Return the account of a user.  Raises KeyError; may block, if a directory server is slow."""
    found = getpwnam(user)
    return Account(found.pw_uid, found.pw_gid, os.getgrouplist(user, found.pw_gid))


def start(
    command: Sequence[str],
    environment: Mapping[str, str],
    *,
    output: int | None = None,
    account: Account | None = None,
) -> subprocess.Popen[bytes]:
    """Start a program in a session of its own.  Blocks until it has been executed.

    `output` is the descriptor for its output, `account` its user; by default both are ours.
    Raises the exceptions of subprocess.Popen.
    """
    with _ordinary_children():
        process = subprocess.Popen(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd="/",
            start_new_session=True,
            umask=UMASK,
            user=account.uid if account else None,
            group=account.gid if account else None,
            extra_groups=account.groups if account else None,
        )
    PIDS.add(process.pid)
    return process


def start_beside(
    command: Sequence[str],
    environment: Mapping[str, str],
    *,
    output: int | None = None,
    account: Account | None = None,
) -> Started:
    """Do the same in a thread of its own; the event loop does not wait for it.

    With an account Python forks: vfork would stop all threads until the program is executed, which takes
    long on a busy machine.  `spawn` does neither, but cannot change the user.
    """
    with PIDS.starting():
        if account is not None or not has_own_directory():
            account = account or Account(os.geteuid(), None, None)
            return start(command, environment, output=output, account=account)
        with _ordinary_children():
            process = Spawned(spawn(command, environment, output=output, umask=UMASK))
        PIDS.add(process.pid)
        return process


class Child:
    """A program in a session of its own; `ended` gets its exit status, and whether it timed out.

    The status is as in a shell: 128 + N for a signal N.  The constructor starts the program, unless
    it already runs (`process`), and raises the exceptions of `start`.  `alone`: kill the rest of its
    process group when it ends.
    """

    def __init__(
        self,
        command: Sequence[str],
        environment: Mapping[str, str],
        ended: Callable[[int, bool], None],
        *,
        process: Started | None = None,
        alone: bool = False,
    ) -> None:
        self._alone = alone
        self._loop = asyncio.get_running_loop()
        self._report = ended
        self._timer: asyncio.TimerHandle | None = None
        self._timed_out = False
        self._descriptor: int | None = None
        self._process: Started = process or start(command, environment)
        self._be_ordinary()
        self._watch()

    def end_after(self, timeout: float, timed_out: Callable[[], None]) -> None:
        """Terminate the program after `timeout` seconds (0: never), and then call `timed_out`."""
        if timeout:
            self._timer = self._loop.call_later(timeout, self._terminate, timed_out)

    def kill(self) -> None:
        """Kill the program and its process group; `ended` is still called."""
        self._alone = True
        self._signal_group(signal.SIGKILL)

    def _terminate(self, timed_out: Callable[[], None]) -> None:
        self._timed_out = True
        self._signal_group(signal.SIGTERM)
        self._timer = self._loop.call_later(KILL_AFTER, self._signal_group, signal.SIGKILL)
        timed_out()

    def _signal_group(self, number: signal.Signals) -> None:
        # The program leads its own session, so its pid is also the id of its process group.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, number)

    def _be_ordinary(self) -> None:
        """Take real-time scheduling away from a program that could not be started without it.

        Without CAP_SYS_NICE, the program of another user keeps it.
        """
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if os.sched_getscheduler(self._process.pid) in _REALTIME:
                os.sched_setscheduler(self._process.pid, os.SCHED_OTHER, os.sched_param(0))

    def _watch(self) -> None:
        try:
            self._descriptor = os.pidfd_open(self._process.pid)
            self._loop.add_reader(self._descriptor, self._look)
        except Exception:  # noqa: BLE001 - no descriptor or memory is left; checks need neither
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
        if self._timed_out or self._alone:
            # Its children may still be running.  The kernel does not reuse the pid until the exit
            # status is taken, so the signal cannot hit another group.
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
    """Start programs meanwhile with ordinary scheduling and ordinary OOM protection.

    This changes our own process for a moment.  Code between fork and exec would be unsafe, because
    there are other threads.
    """
    with _killable_children(), _children_without_priority():
        yield


@contextlib.contextmanager
def _killable_children() -> Iterator[None]:
    """Start programs meanwhile without the unit's protection from the kernel's OOM killer."""
    try:
        # The descriptor stays open, so restoring the value needs no new one.
        descriptor = os.open("/proc/self/oom_score_adj", os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        yield  # /proc is missing or read-only; without a descriptor the start fails anyway.
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
    """Start programs meanwhile without our priority: a looping script must not block the CPU."""
    policy = os.sched_getscheduler(0)
    is_ordinary = policy not in _REALTIME and os.getpriority(os.PRIO_PROCESS, 0) >= 0
    if is_ordinary or policy & os.SCHED_RESET_ON_FORK:
        yield
        return
    parameter = os.sched_getparam(0)
    # RestrictRealtime=yes in the unit forbids the change, a missing CAP_SYS_NICE the restoration.
    with contextlib.suppress(PermissionError):
        os.sched_setscheduler(0, policy | os.SCHED_RESET_ON_FORK, parameter)
    try:
        yield
    finally:
        with contextlib.suppress(PermissionError):
            os.sched_setscheduler(0, policy, parameter)
