"""Looks at many files, one after the other; one that hangs, as on a dead NFS server, is given up."""

import errno
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, wait
from functools import partial
from pathlib import Path
from typing import Any, Generic, TypeVar

from ucarpd.config.looks import Look, Looks, taken

_T = TypeVar("_T")

PATIENCE = 3.0
"""Seconds after which a look counts as one that hangs."""

LITTLE_PATIENCE = 0.1
"""The same while another one hangs: there may be hundreds, on the same file system."""


class Patience:
    """Takes looks for a thread that waits for them; a file that still hangs gets no second look."""

    def __init__(self) -> None:
        self._hanging: dict[Path, threading.Thread] = {}

    def take(self, looks: Looks[_T], must_wait: Callable[[Path], bool] = lambda _path: False) -> _T:
        """Take all looks, in another thread, and return the result.

        If one hangs, `must_wait` gets its file, and returns whether to wait rather than give it up.
        """
        for path, thread in list(self._hanging.items()):
            if not thread.is_alive():
                del self._hanging[path]
        course = _Course(looks, self._hanging)
        course.watch(must_wait)
        return course.result.result()


class _Course(Generic[_T]):
    """The course of these looks, each in the thread that has its turn: `_thread`."""

    def __init__(self, looks: Looks[_T], hanging: dict[Path, threading.Thread]) -> None:
        self.result: Future[_T] = Future()
        self._looks = looks
        self._hanging = hanging
        self._lock = threading.Lock()
        self._thread = threading.current_thread()
        self._path = Path()
        self._began_at = time.monotonic()

    def watch(self, must_wait: Callable[[Path], bool]) -> None:
        """Take the looks, and return when there is a result."""
        self._go_on(partial(next, self._looks))
        while not self.result.done():
            longest = LITTLE_PATIENCE if self._hanging else PATIENCE
            with self._lock:
                remaining = self._began_at + longest - time.monotonic()
                hangs = remaining <= 0 and not self.result.done()
                if hangs and must_wait(self._path):
                    self._began_at = float("inf")
                elif hangs:
                    self._hanging[self._path] = self._thread
                    self._thread = threading.current_thread()
            if self._thread is threading.current_thread():
                self._go_on(partial(self._looks.throw, _given_up()))
            else:
                wait([self.result], min(max(remaining, 0.0), PATIENCE))

    def _go_on(self, step: Callable[[], Look]) -> None:
        """Give the turn to another thread, or take it if none can be started."""
        thread = threading.Thread(target=self._work, args=(step,), name="looks", daemon=True)
        self._thread, self._began_at = thread, time.monotonic()
        try:
            thread.start()
        except RuntimeError:
            self._thread = threading.current_thread()
            self._work(step)

    def _work(self, step: Callable[[], Look]) -> None:
        while (look := self._next(step)) is not None:
            step = taken(self._looks, look)

    def _next(self, step: Callable[[], Look]) -> Callable[[], Any] | None:
        """Return the next look of the present thread, or None."""
        with self._lock:
            if self._thread is not threading.current_thread():
                return None  # The look has been given up.
            try:
                path, look = step()
                while path in self._hanging:
                    path, look = self._looks.throw(_given_up())
            except StopIteration as end:
                self.result.set_result(end.value)
                return None
            except Exception as error:  # noqa: BLE001 - the caller gets it
                self.result.set_exception(error)
                return None
            self._path, self._began_at = path, time.monotonic()
            return look


def _given_up() -> TimeoutError:
    return TimeoutError(errno.ETIMEDOUT, "its file system does not answer")
