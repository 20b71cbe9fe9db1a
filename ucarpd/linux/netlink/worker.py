"""The thread that carries out requests, one after the other, while the event loop keeps running."""

import asyncio
import errno
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

_T = TypeVar("_T")


class Worker:
    """A thread that the first request starts; later requests need no new system resources."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="netlink")

    def do(
        self,
        request: Callable[[], _T],
        done: Callable[[_T], None],
        failed: Callable[[OSError], None],
    ) -> None:
        """Call `request` in the thread, then `done` or `failed` in the event loop.

        Any exception other than OSError is a defect: the loop's exception handler gets it, and
        `failed` gets an OSError that names it.
        """

        def ended(future: asyncio.Future[_T]) -> None:
            if future.cancelled():
                return
            error = future.exception()
            if error is None:
                done(future.result())
            elif isinstance(error, OSError):
                failed(error)
            else:
                self._report(error)
                failed(OSError(errno.EIO, f"internal error: {type(error).__name__}: {error}"))

        self._loop.run_in_executor(self._executor, request).add_done_callback(ended)

    async def finish(self, last: Callable[[], None]) -> None:
        """Wait for all requests, call `last`, and end the thread."""
        await self._loop.run_in_executor(self._executor, last)
        self._executor.shutdown()

    def _report(self, error: BaseException) -> None:
        context: dict[str, Any] = {
            "message": "a request to the kernel has failed",
            "exception": error,
        }
        self._loop.call_exception_handler(context)
