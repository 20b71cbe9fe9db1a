"""Running the up- and down-scripts of one virtual host without blocking the protocol.

Scripts run one at a time, in order.  A script runs to its end or its time-out.  Of the requests
that wait meanwhile, only the newest is kept.  ucarpd executes scripts directly, never through a
shell.
"""

import asyncio
import signal
from _thread import LockType, allocate_lock
from collections import defaultdict
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import NamedTuple, Protocol

from ucarpd.scripts.child import Child
from ucarpd.scripts.environment import environment_of
from ucarpd.scripts.executable import CANNOT_EXECUTE, obstacle_of, why_not_executed
from ucarpd.scripts.runs import FAILED, NOT_RUN, OK, TIMED_OUT, Runs
from ucarpd.scripts.start import Started, start

HANGS_AFTER = 3.0
"""Seconds after which the start of a script counts as one that hangs."""

GOES_ON_AFTER = 30.0
"""Seconds after which a script without a time limit counts as one that may hang: the default limit."""

LOOKS_EVERY = 1.0
"""Seconds between two looks of a start that waits for an earlier one, whether it is still wanted."""

STRAY_SIGNALS = {128 + each: each.name for each in (signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2)}
"""Signals for ucarpd that `systemctl kill` also sends to its scripts, by the resulting status."""


class Hook(NamedTuple):
    """One run of a script.  `target` is its purpose; two runs with one target are equivalent.

    A run without a script does nothing, and succeeds.  `timeout` is in seconds, 0 for none.  If the
    script fails, `is_excused` returns whether its work is done nevertheless.  `objection` returns why it
    must not run, or None; then `wait` returns when the script may start.  A thread calls both.
    """

    target: str
    script: Path | None
    arguments: tuple[str, ...]
    environment: Mapping[str, str]
    timeout: float
    is_excused: Callable[[], bool] = lambda: False
    objection: Callable[[], str | None] | None = None
    wait: Callable[[], object] = lambda: None

    def __str__(self) -> str:
        return " ".join((str(self.script), *self.arguments))


class Result(NamedTuple):
    """The end of a run: its exit status as in a shell, 128 + N for a signal N.

    The status is one of `executable` if the script could not be started.
    """

    status: int
    timed_out: bool = False


class Log(Protocol):
    """The log of the runner."""

    def spawning(self, hook: str) -> None: ...
    def script_ended(self, hook: str, status: int, seconds: float, excused: bool) -> None: ...
    def script_not_run(self, hook: str, status: int, why: str) -> None: ...
    def script_hangs(self, hook: str, pid: int | None) -> None: ...
    def script_hit(self, hook: str, signal_name: str) -> None: ...
    def script_timed_out(self, hook: str, timeout: float) -> None: ...


class _Obstacle(Exception):
    """A script that cannot be run: its exit status, and the reason."""


Done = Callable[[Result], None]


class HookRunner:
    """The scripts of one virtual host; `runs` notes each run."""

    def __init__(self, log: Log, runs: Runs | None = None) -> None:
        self._log = log
        self._runs = runs or Runs()
        self._loop = asyncio.get_running_loop()
        self._waiting: tuple[Hook, Done] | None = None
        self._running: tuple[Hook, Done] | None = None
        self._child: Child | None = None
        self._started = 0.0
        self._may_run_again = False
        self._turns: defaultdict[Path, LockType] = defaultdict(allocate_lock)
        """Held while a script is being started."""

    @property
    def running(self) -> Hook | None:
        return self._running[0] if self._running else None

    @property
    def is_busy(self) -> bool:
        return self._running is not None or self._waiting is not None

    @property
    def pid(self) -> int | None:
        """The script that is at work; None: none is, or it is being started."""
        return None if self._child is None else self._child.pid

    @property
    def running_for(self) -> float:
        """Seconds since the running script was to start."""
        return self._loop.time() - self._started

    def request(self, hook: Hook, done: Done) -> None:
        """Run `hook` as soon as possible; `done` gets the result unless a newer request follows.

        If a run for the same target is under way and no request waits, that run serves this
        request.
        """
        if self._running and not self._waiting and self._running[0].target == hook.target:
            self._running = (self._running[0], done)
            return
        self._waiting = (hook, done)
        # The run starts in the loop's next turn, because the caller has not finished its own work.
        self._loop.call_soon(self._begin)

    def kill(self) -> None:
        """Kill the script that runs, or is being started, with its process group."""
        self._may_run_again = False
        if self._child is not None:
            self._child.kill()

    def _begin(self) -> None:
        if self._running is None and self._waiting is not None:
            self._running, self._waiting = self._waiting, None
            self._may_run_again = True
            self._start(self._running[0])

    def _start(self, hook: Hook) -> None:
        """Start the script; `_ended` or `_not_started` follows."""
        if hook.script is None:
            self._finish(Result(0))
            return
        self._started = self._loop.time()
        self._runs.begin(hook.target, self._started)
        begins = partial(self._loop.call_soon_threadsafe, partial(self._log.spawning, str(hook)))
        turn = self._turns[hook.script]
        self._child = Child(
            partial(_start, hook, hook.script, turn, lambda: self.running is hook, begins),
            self._ended,
            partial(self._not_started, hook),
        )
        self._child.end_after(
            hook.timeout, lambda: self._log.script_timed_out(str(hook), hook.timeout)
        )
        self._loop.call_later(HANGS_AFTER, self._look, self._child, hook, True)
        if not hook.timeout:
            self._loop.call_later(GOES_ON_AFTER, self._look, self._child, hook, False)

    def _look(self, child: Child, hook: Hook, is_starting: bool) -> None:
        if child is self._child and (child.pid is None) is is_starting:
            self._log.script_hangs(str(hook), child.pid)

    def _not_started(self, hook: Hook, error: Exception) -> None:
        if isinstance(error, _Obstacle):
            self._fail(hook, *error.args)
        else:
            self._fail(hook, CANNOT_EXECUTE, why_not_executed(error))

    def _ended(self, status: int, timed_out: bool) -> None:
        assert self._running is not None
        hook = self._running[0]
        if status in STRAY_SIGNALS and self._may_run_again and not timed_out and not self._waiting:
            self._may_run_again = False
            self._log.script_hit(str(hook), STRAY_SIGNALS[status])
            self._start(hook)
            return
        now = self._loop.time()
        result, excused = Result(status, timed_out=timed_out), False
        try:
            excused = status != 0 and not timed_out and hook.is_excused()
            self._log.script_ended(str(hook), status, now - self._started, excused)
        finally:
            self._runs.end(now, *_in_words(hook, result, excused=excused))
            self._finish(result)

    def _fail(self, hook: Hook, status: int, why: str) -> None:
        try:
            self._log.script_not_run(str(hook), status, why)
        finally:
            self._runs.end(self._loop.time(), NOT_RUN, f"cannot be run: {why}")
            self._finish(Result(status))

    def _finish(self, result: Result) -> None:
        assert self._running is not None
        done = self._running[1]
        self._running = None
        self._child = None
        # Even if `done` raises an exception, the waiting request gets its turn.
        self._loop.call_soon(self._begin)
        done(result)


def _start(
    hook: Hook,
    script: Path,
    turn: LockType,
    is_wanted: Callable[[], bool],
    begins: Callable[[], object],
) -> Started:
    """Runs in a thread: the file system of the script may hang."""
    # A dead server holds up one thread for days, not one for each attempt.
    while not turn.acquire(timeout=LOOKS_EVERY):
        _expect(is_wanted)
    try:
        obstacle = obstacle_of(script)
        if obstacle is not None:
            raise _Obstacle(*obstacle)
        if hook.objection is not None and (why := hook.objection()):
            raise _Obstacle(CANNOT_EXECUTE, why)
        hook.wait()
        _expect(is_wanted)
        begins()
        return start((str(script), *hook.arguments), environment_of(hook.environment))
    finally:
        turn.release()


def _expect(is_wanted: Callable[[], bool]) -> None:
    if not is_wanted():
        raise _Obstacle(CANNOT_EXECUTE, "it was given up")


def _in_words(hook: Hook, result: Result, *, excused: bool) -> tuple[str, str]:
    """Return the result of a run in a fixed word, and for the operator."""
    if result.timed_out:
        return TIMED_OUT, f"timed out after {hook.timeout:g} s"
    if result.status == 0 or excused:
        return OK, OK
    return FAILED, f"exit status {result.status}"
