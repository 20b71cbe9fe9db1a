"""Calls that may block, such as looking up a name, beside the event loop."""

import asyncio
import contextlib
from _thread import start_new_thread
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from ucarpd.checks.probe import Failed

T = TypeVar("T")

SHARE_OF_TIMEOUT = 0.9
"""Part of the time-out of a run in which it waits for a call that an earlier run began."""


def in_thread(function: Callable[[], object]) -> None:
    """Call a function that has no result in a thread of its own; an OSError in it is no fault."""

    def work() -> None:
        with contextlib.suppress(OSError):
            function()

    # Thread.start() would wait until the thread runs: for ever, if there is no memory for that.
    start_new_thread(work, ())


class Beside(Generic[T]):
    """One call at a time, in a thread of its own, for a check with this time-out in seconds.

    So a call that hangs delays neither other checks nor the end of the process.
    """

    def __init__(self, timeout: float) -> None:
        self._patience = timeout * SHARE_OF_TIMEOUT
        self._running: asyncio.Future[T] | None = None
        self._has_begun = False

    async def call(self, function: Callable[[], T], doing: str) -> T:
        """Return the result of `function`, or raise its OSError or LookupError.

        If an earlier call of this object still runs, its result serves this one too.  Raises Failed if
        it hangs; `doing` names the call.
        """
        running = self._running
        if running is None:
            # Not shield(): with Python 3.14 it reports an error that no caller waits for any more.
            running = self._begin(function, doing)
            await asyncio.wait({running})
            return running.result()
        # One hang must not fail two runs at once, if the next is due when the last is too late.
        await asyncio.wait({running}, timeout=self._patience)
        if not running.done():
            if not self._has_begun:
                self._running = None  # A thread that lacks memory ends before it begins.
            raise Failed(f"{doing} hangs")
        return running.result()

    def _begin(self, function: Callable[[], T], doing: str) -> asyncio.Future[T]:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()

        def work() -> None:
            self._has_begun = True
            result: Any = None
            error: Exception | None = None
            try:
                result = function()
            except Exception as raised:  # noqa: BLE001 - whoever waits for the result gets it
                error = raised
            # The loop may be closed by now, if the call has hung.
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(deliver, result, error)

        def deliver(result: Any, error: Exception | None) -> None:
            self._running = None
            if error is None:
                future.set_result(result)
            else:
                future.set_exception(error)
                future.exception()  # No defect, even if the run has timed out.

        self._has_begun = False
        try:
            start_new_thread(work, ())
        except RuntimeError as error:
            raise Failed(f"{doing}: {error}") from None
        self._running = future
        return future
