"""Running all scripts of one virtual host in order; HookRunner itself keeps only the newest."""

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable

from ucarpd.scripts.runner import Hook, HookRunner, Log

MOST_WAITING = 100
"""Scripts that wait while one runs; of more, the oldest are left out."""

LONGEST_DEATH = 1.0
"""Seconds to wait for the end of a killed script, which a hung file system may delay."""


class ScriptQueue:
    """Scripts in the order in which they were added; `dropped` gets each that is left out."""

    def __init__(self, log: Log, dropped: Callable[[Hook], None]) -> None:
        self._runner = HookRunner(log)
        self._dropped = dropped
        self._waiting: deque[Hook] = deque()
        self._idle = asyncio.Event()
        self._idle.set()

    def add(self, hook: Hook) -> None:
        """Run it when its turn comes."""
        if len(self._waiting) >= MOST_WAITING:
            self._dropped(self._waiting.popleft())
        self._waiting.append(hook)
        if self._idle.is_set():
            self._next()

    def _next(self) -> None:
        if self._waiting:
            self._idle.clear()
            self._runner.request(self._waiting.popleft(), lambda _result: self._next())
        else:
            self._idle.set()

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
