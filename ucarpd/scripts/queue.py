"""Running scripts of one virtual host one after the other, each of them, however many wait.

The event loop does not even wait until a script is started: a whole host may take over at that time,
and the file system of the script may hang.
"""

import asyncio
import contextlib
import threading
from collections import deque
from collections.abc import Callable
from pathlib import Path

from ucarpd.scripts.child import Child, Started, start_beside
from ucarpd.scripts.runner import (
    CANNOT_EXECUTE,
    Hook,
    HookRunner,
    Log,
    Result,
    environment_of,
    obstacle_of,
    why_not_executed,
)

MOST_WAITING = 100
"""Scripts that wait while one runs; of more, the oldest are left out."""

LONGEST_DEATH = 1.0
"""Seconds to wait for the end of a killed script, which a hung file system may delay."""


class ScriptQueue:
    """Scripts in the order in which they were added; `dropped` gets each that is left out."""

    def __init__(self, log: Log, dropped: Callable[[Hook], None]) -> None:
        self._runner = _Runner(log)
        self._dropped = dropped
        self._waiting: deque[Hook] = deque()
        self._is_running = False
        self._idle = asyncio.Event()
        self._idle.set()

    def add(self, hook: Hook) -> None:
        """Run it when its turn comes."""
        if len(self._waiting) >= MOST_WAITING:
            self._dropped(self._waiting.popleft())
        self._waiting.append(hook)
        if not self._is_running:
            self._next()

    def _next(self) -> None:
        self._is_running = bool(self._waiting)
        if self._is_running:
            self._idle.clear()
            self._runner.request(self._waiting.popleft(), self._ended)
        else:
            self._idle.set()

    def _ended(self, _result: Result) -> None:
        self._next()

    async def finish(self, patience: float) -> None:
        """Wait for the scripts, but no longer than `patience` seconds; then end the running one."""
        try:
            await asyncio.wait_for(self._idle.wait(), patience)
        except TimeoutError:
            while self._waiting:
                self._dropped(self._waiting.popleft())
            self._runner.kill()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._idle.wait(), LONGEST_DEATH)


class _Runner(HookRunner):
    """Starts each script in a thread."""

    def __init__(self, log: Log) -> None:
        super().__init__(log)
        self._child: Child | None = None
        self._is_killed = False

    def kill(self) -> None:
        """Kill the script that runs, or is being started, with its process group."""
        self._is_killed = True
        self._may_run_again = False
        if self._child is not None:
            self._child.kill()

    def _spawn(self, hook: Hook, script: Path) -> None:
        def work() -> None:
            started = _start(hook, script)
            # If the script's file system has hung, the loop may be closed by now.
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._started_beside, hook, started)

        self._child = None
        self._log.spawning(str(hook))
        try:
            threading.Thread(target=work, name="script", daemon=True).start()
        except RuntimeError as error:
            self._fail(hook, CANNOT_EXECUTE, str(error))

    def _started_beside(self, hook: Hook, started: "Started | Refused") -> None:
        if isinstance(started, tuple):
            self._fail(hook, *started)
            return
        self._child = Child((), {}, self._ended, process=started)
        self._watch(hook, self._child)
        if self._is_killed:
            self._child.kill()


Refused = tuple[int, str]
"""Exit status and reason of a script that cannot be run."""


def _start(hook: Hook, script: Path) -> "Started | Refused":
    obstacle = obstacle_of(script)
    if obstacle is not None:
        return obstacle
    try:
        return start_beside((str(script), *hook.arguments), environment_of(hook.environment))
    except Exception as error:  # noqa: BLE001 - the next script must get its turn in any case
        return CANNOT_EXECUTE, why_not_executed(error)
