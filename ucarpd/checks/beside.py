"""Calls that may block, such as looking up a name, beside the event loop."""

import asyncio
import contextlib
import threading
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from ucarpd.checks.probe import Failed

T = TypeVar("T")


def in_thread(function: Callable[[], object]) -> None:
    """Call a function that has no result in a thread of its own; an OSError in it is no fault."""

    def work() -> None:
        with contextlib.suppress(OSError):
            function()

    threading.Thread(target=work, name="check", daemon=True).start()


class Beside(Generic[T]):
    """One call at a time, in a thread of its own.

    So a call that hangs delays neither other checks nor the end of the process.
    """

    def __init__(self) -> None:
        self._is_busy = False

    async def call(self, function: Callable[[], T], doing: str) -> T:
        """Return the result of `function`, or raise its OSError or LookupError.

        Raises Failed while an earlier call of this object still hangs; `doing` names the call.
        """
        if self._is_busy:
            raise Failed(f"{doing} hangs")
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()

        def work() -> None:
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
            self._is_busy = False
            if future.done():
                return  # The run has timed out.
            if error is None:
                future.set_result(result)
            else:
                future.set_exception(error)

        try:
            threading.Thread(target=work, name="check", daemon=True).start()
        except RuntimeError as error:
            raise Failed(f"{doing}: {error}") from None
        self._is_busy = True
        return await future
