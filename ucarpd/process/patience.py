"""Looks at many files, one after the other; one that hangs, as on a dead NFS server, is given up."""

import errno
import threading
import time
from _thread import start_new_thread
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


class _Turn:
    """The turn of one thread, which takes looks until one hangs."""

    def __init__(self, step: Callable[[], Look]) -> None:
        self.step = step
        self.has_begun = False
        self.is_over = False


class Patience:
    """Takes looks for a thread that waits for them; a file that still hangs gets no second look."""

    def __init__(self) -> None:
        self._hanging: dict[Path, _Turn] = {}

    def take(self, looks: Looks[_T], must_wait: Callable[[Path], bool] = lambda _path: False) -> _T:
        """Take all looks, in another thread, and return the result.

        If one hangs, `must_wait` gets its file, and returns whether to wait rather than give it up.
        """
        for path, turn in list(self._hanging.items()):
            if turn.is_over:
                del self._hanging[path]
        course = _Course(looks, self._hanging)
        course.watch(must_wait)
        return course.result.result()


class _Course(Generic[_T]):
    """The course of these looks, each in the turn of one thread: `_turn`."""

    def __init__(self, looks: Looks[_T], hanging: dict[Path, _Turn]) -> None:
        self.result: Future[_T] = Future()
        self._looks = looks
        self._hanging = hanging
        self._lock = threading.Lock()
        self._turn = _Turn(partial(next, looks))
        self._path = Path()
        self._began_at = time.monotonic()

    def watch(self, must_wait: Callable[[Path], bool]) -> None:
        """Take the looks, and return when there is a result."""
        self._start(self._turn)
        while not self.result.done():
            turn = self._turn
            # A busy machine may take long to begin a thread; without memory it never does.
            longest = LITTLE_PATIENCE if self._hanging and turn.has_begun else PATIENCE
            with self._lock:
                remaining = self._began_at + longest - time.monotonic()
                hangs = remaining <= 0 and not self.result.done()
                if hangs and not turn.has_begun:
                    self._turn = _Turn(turn.step)
                elif hangs and must_wait(self._path):
                    self._began_at = float("inf")
                elif hangs:
                    self._hanging[self._path] = turn
                    self._turn = _Turn(partial(self._looks.throw, _given_up()))
            if self._turn is turn:
                # A turn that has not begun yet may begin, and then hang, at any moment.
                slice_ = PATIENCE if turn.has_begun or not self._hanging else LITTLE_PATIENCE
                wait([self.result], min(max(remaining, 0.0), slice_))
            elif turn.has_begun:
                self._start(self._turn)
            else:
                self._take(self._turn)

    def _start(self, turn: _Turn) -> None:
        """Give the turn to another thread, or take it if none can be started."""
        self._began_at = time.monotonic()
        try:
            # Thread.start() would wait until the thread runs.
            start_new_thread(self._take, (turn,))
        except RuntimeError:
            self._take(turn)

    def _take(self, turn: _Turn) -> None:
        with self._lock:
            turn.has_begun = True
            if self._turn is turn:
                self._began_at = time.monotonic()
        step = turn.step
        while (look := self._next(turn, step)) is not None:
            step = taken(self._looks, look)
        turn.is_over = True

    def _next(self, turn: _Turn, step: Callable[[], Look]) -> Callable[[], Any] | None:
        """Return the next look of this turn, or None."""
        with self._lock:
            if self._turn is not turn:
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
