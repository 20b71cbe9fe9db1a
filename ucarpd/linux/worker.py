"""A thread for work that may be slow, or hang: the event loop does not wait for it."""

import asyncio
import errno
import threading
from _thread import allocate_lock, start_new_thread
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from queue import SimpleQueue
from typing import TypeVar

from ucarpd.linux.scarcity import NO_THREAD

_T = TypeVar("_T")

BEGINS_WITHIN = 3.0
"""Seconds after which another thread is started: one that lacks memory ends before it begins."""


class Worker:
    """Does one job after the other, in a thread that the first job starts; `name` is for messages.

    Later jobs need no new system resources.  If one hangs, the thread does not keep the process from
    ending.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._loop = asyncio.get_running_loop()
        self._jobs: SimpleQueue[Callable[[], object] | None] = SimpleQueue()
        self._is_running = False
        self._has_begun = allocate_lock()
        """Held by the thread that does the jobs, also after its end."""
        self._is_finished = False

    def do(
        self,
        job: Callable[[], _T],
        done: Callable[[_T], None] | None,
        failed: Callable[[OSError], None],
    ) -> None:
        """Call `job` in the thread, then `done` or `failed` in the event loop; `done` may be None.

        Any exception other than OSError is a defect: the loop's exception handler gets it, and
        `failed` gets an OSError that names it.  After `end` no job is done, and `failed` gets ECANCELED.
        If the thread cannot be started, `failed` gets EAGAIN, and the next job tries again.
        """

        def carry_out() -> None:
            try:
                result = job()
            except OSError as error:
                self._tell(failed, error)
            except Exception as error:  # noqa: BLE001 - the event loop reports it
                self._tell(self._report, error)
                text = f"internal error: {type(error).__name__}: {error}"
                self._tell(failed, OSError(errno.EIO, text))
            else:
                if done is not None:
                    self._tell(done, result)

        if self._is_finished:
            self._tell(failed, OSError(errno.ECANCELED, f"the thread {self._name} has ended"))
            return
        if not self._is_running:
            try:
                # Thread.start() would wait until the thread runs: without memory for that, for ever.
                start_new_thread(self._run, ())
            except RuntimeError:
                self._loop.call_soon(failed, OSError(errno.EAGAIN, NO_THREAD))
                return
            self._is_running = True
            self._loop.call_later(BEGINS_WITHIN, self._look)
        self._jobs.put(carry_out)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Begin no job of this block before its end.

        With many jobs the interpreter would go to and fro between the threads with each system call.
        """
        gate = threading.Event()
        self._jobs.put(gate.wait)
        try:
            yield
        finally:
            gate.set()

    def end(self) -> None:
        """Let the thread end after the jobs."""
        self._is_finished = True
        self._jobs.put(None)

    async def finish(self, patience: float | None = None) -> None:
        """Wait for the jobs, but no longer than `patience` seconds; the thread ends after them."""
        if self._is_running:
            idle = asyncio.Event()
            self._jobs.put(lambda: self._tell(lambda _: idle.set(), None))
            self.end()
            with suppress(TimeoutError):
                await asyncio.wait_for(idle.wait(), patience)

    def _look(self) -> None:
        if not self._has_begun.locked():
            with suppress(RuntimeError):
                start_new_thread(self._run, ())
            self._loop.call_later(BEGINS_WITHIN, self._look)

    def _run(self) -> None:
        if not self._has_begun.acquire(blocking=False):
            return  # Another thread does the jobs.
        while (job := self._jobs.get()) is not None:
            job()

    def _tell(self, function: Callable[[_T], None], about: _T) -> None:
        # The event loop may be closed: the process ends.
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(function, about)

    def _report(self, error: Exception) -> None:
        context = {"message": f"work in the thread {self._name} has failed", "exception": error}
        self._loop.call_exception_handler(context)
