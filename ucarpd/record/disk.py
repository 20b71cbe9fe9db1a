"""A thread for files whose disk may be slow, or hang: neither the protocol nor netlink waits for it."""

import asyncio
import errno
import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import TypeVar

_T = TypeVar("_T")


class Disk:
    """Does one job after the other, in a thread that the first job starts.

    If a disk hangs, the thread does not keep the process from ending.
    """

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._jobs: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._thread: threading.Thread | None = None

    def do(
        self,
        job: Callable[[], _T],
        done: Callable[[_T], None],
        failed: Callable[[OSError], None],
    ) -> None:
        """Call `job` in the thread, then `done` or `failed` in the event loop.

        Any exception other than OSError is a defect: the loop's exception handler gets it, and
        `failed` gets an OSError that names it.
        """

        def carry_out() -> None:
            try:
                result = job()
            except OSError as error:
                self._tell(failed, error)
            except Exception as error:  # noqa: BLE001 - the event loop reports it
                self._tell(self._report, error)
                self._tell(failed, OSError(errno.EIO, f"internal error: {error!r}"))
            else:
                self._tell(done, result)

        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="disk", daemon=True)
            self._thread.start()
        self._jobs.put(carry_out)

    async def finish(self, patience: float) -> None:
        """Wait for the jobs, but no longer than `patience` seconds."""
        if self._thread is not None:
            idle = asyncio.Event()
            self._jobs.put(lambda: self._tell(lambda _: idle.set(), None))
            try:
                await asyncio.wait_for(idle.wait(), patience)
            except TimeoutError:
                return

    def _run(self) -> None:
        while True:
            self._jobs.get()()

    def _tell(self, function: Callable[[_T], None], about: _T) -> None:
        try:
            self._loop.call_soon_threadsafe(function, about)
        except RuntimeError:
            return  # The event loop is closed: the process ends.

    def _report(self, error: Exception) -> None:
        context = {"message": "work on a file has failed", "exception": error}
        self._loop.call_exception_handler(context)
