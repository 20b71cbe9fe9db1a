"""Starting a program, in a thread of its own: the event loop does not wait for that."""

import contextlib
import os
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from pwd import getpwnam
from typing import NamedTuple, Protocol

from ucarpd.linux.spawn import spawn, unshare_directory

UMASK = 0o022
"""The usual umask, for scripts; the umask of the unit hides ucarpd's files from other users."""


class _Starts:
    """The starts under way, each in a thread; `first` is called before the first, `last` after the last."""

    def __init__(
        self, first: Callable[[], None] = lambda: None, last: Callable[[], None] = lambda: None
    ) -> None:
        self.count = 0
        self._lock = threading.Lock()
        self._first = first
        self._last = last

    @contextlib.contextmanager
    def one_more(self) -> Iterator[None]:
        with self._lock:
            if self.count == 0:
                self._first()
            self.count += 1
        try:
            yield
        finally:
            with self._lock:
                self.count -= 1
                if self.count == 0:
                    self._last()


class Pids(set[int]):
    """Process ids; while another thread starts a program, every process id counts as one of them."""

    def __init__(self) -> None:
        super().__init__()
        self._starts = _Starts()
        self.starting = self._starts.one_more

    def __contains__(self, pid: object) -> bool:
        return self._starts.count > 0 or super().__contains__(pid)


PIDS = Pids()
"""The process ids that a Child waits for; other code must not take their exit status."""

REALTIME = {os.SCHED_FIFO, os.SCHED_RR}


class Started(Protocol):
    """A program that was started; `wait` waits for its end, and returns -N for signal N."""

    @property
    def pid(self) -> int: ...
    def wait(self) -> int: ...


class Spawned:
    """A program that `spawn` has started, without subprocess."""

    def __init__(self, pid: int) -> None:
        self.pid = pid

    def wait(self) -> int:
        try:
            return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        except ChildProcessError:
            return 0  # As subprocess does, if other code has taken the status.


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
) -> Started:
    """Start a program in a session of its own.  Blocks until it has been executed.

    The calling thread ends soon, because its directory and its umask may change.  `output` is the
    descriptor for the program's output, `account` its user; by default both are ours.  Raises the
    exceptions of subprocess.Popen.
    """
    # This changes our own process for a moment: code between fork and exec would be unsafe, because
    # there are other threads.
    with PIDS.starting(), _oom_score.ordinary(), _children_without_priority():
        if account is None and unshare_directory():
            process: Started = Spawned(spawn(command, environment, output=output, umask=UMASK))
        else:
            process = _fork(command, environment, output, account)
        PIDS.add(process.pid)
    return process


def _fork(
    command: Sequence[str],
    environment: Mapping[str, str],
    output: int | None,
    account: Account | None,
) -> Started:
    """Start it by subprocess, which forks because a user is given, even if it is ours.

    Its vfork would stop all threads until the program is executed, which takes long on a busy
    machine.  `spawn` does neither, but cannot change the user.
    """
    account = account or Account(os.geteuid(), None, None)
    return subprocess.Popen(
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        cwd="/",
        start_new_session=True,
        umask=UMASK,
        user=account.uid,
        group=account.gid,
        extra_groups=account.groups,
    )


class _OomScore:
    """The unit's protection from the kernel's OOM killer, which programs would inherit.

    It is off while any thread starts a program.
    """

    def __init__(self) -> None:
        self._descriptor: int | None = None
        self._own = b""
        self.ordinary = _Starts(self._raise, self._restore).one_more

    def _raise(self) -> None:
        # If /proc is missing or read-only, or no descriptor is left, the score stays as it is.
        with contextlib.suppress(OSError):
            # The descriptor stays open, so restoring the value needs no new one.
            self._descriptor = os.open("/proc/self/oom_score_adj", os.O_RDWR | os.O_CLOEXEC)
            self._own = os.pread(self._descriptor, 16, 0)
            if int(self._own) < 0:
                os.pwrite(self._descriptor, b"0", 0)

    def _restore(self) -> None:
        if self._descriptor is None:
            return
        with contextlib.suppress(OSError):
            if int(self._own) < 0:
                os.pwrite(self._descriptor, self._own, 0)
        os.close(self._descriptor)
        self._descriptor = None


_oom_score = _OomScore()


@contextlib.contextmanager
def _children_without_priority() -> Iterator[None]:
    """Start programs meanwhile without our priority: a looping script must not block the CPU."""
    policy = os.sched_getscheduler(0)
    is_ordinary = policy not in REALTIME and os.getpriority(os.PRIO_PROCESS, 0) >= 0
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
