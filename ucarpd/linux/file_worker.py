"""Looks at files: one that hangs, as on a dead NFS server, does not hold up the next one for long."""

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial
from typing import Any, NamedTuple, TypeVar

from ucarpd.linux.alarm import Alarm
from ucarpd.linux.worker import Worker

_T = TypeVar("_T")

PATIENCE = 1.0
"""Seconds after which a look counts as one that hangs."""

LITTLE_PATIENCE = 0.05
"""The same while another one hangs: there may be hundreds, on the same file system."""


class _Look(NamedTuple):
    look: Callable[[], Any]
    done: Callable[[Any], None]
    failed: Callable[[OSError], None]
    hangs: Callable[[], None]


class FileWorker:
    """Takes one look after the other, in a thread; if one hangs, another thread takes the next ones."""

    def __init__(self, make_worker: Callable[[], Worker]) -> None:
        self._loop = asyncio.get_running_loop()
        self._make_worker = make_worker
        self._worker = make_worker()
        self._turn = 0
        """The number of the worker."""
        self._given: deque[_Look] = deque()
        """The looks that the worker has to do; the first one is under way."""
        self._left: list[_Look] = []
        """The looks that hang, in the threads of earlier workers."""
        self._began_at = 0.0
        self._patience = Alarm()

    def do(
        self,
        look: Callable[[], _T],
        done: Callable[[_T], None],
        failed: Callable[[OSError], None],
        hangs: Callable[[], None],
    ) -> None:
        """Call `look` in a thread, then `done` or `failed` in the event loop, as Worker does.

        If it takes long, call `hangs` meanwhile.
        """
        self._give(_Look(look, done, failed, hangs))

    def held(self) -> AbstractContextManager[None]:
        """Begin no look of this block before its end, as in Worker."""
        return self._worker.held()

    def _give(self, look: _Look) -> None:
        if not self._given:
            # After the present work of the loop, which may take long, and hold the worker.
            self._patience.set(0, self._begin_watch)
        self._given.append(look)
        done, failed = (
            partial(self._ended, self._turn, look, report) for report in (look.done, look.failed)
        )
        # All at once: what many looks have found comes in few turns of the event loop.
        self._worker.do(partial(self._take, self._turn, look), done, failed)

    @property
    def _longest(self) -> float:
        return LITTLE_PATIENCE if self._left else PATIENCE

    def _take(self, turn: int, look: _Look) -> object:
        """Runs in a thread."""
        return look.look() if turn == self._turn or look in self._left else None

    def _begin_watch(self) -> None:
        self._began_at = self._loop.time()
        self._patience.set(self._longest, self._watch)

    def _watch(self) -> None:
        remaining = self._began_at + self._longest - self._loop.time()
        if remaining > 0:
            self._patience.set(remaining, self._watch)
        else:
            self._leave()

    def _leave(self) -> None:
        """Leave the thread to the look that is under way."""
        hanging, *rest = self._given
        self._left.append(hanging)
        self._given.clear()
        self._worker.end()
        self._worker = self._make_worker()
        self._turn += 1
        for each in rest:
            self._give(each)
        hanging.hangs()

    def _ended(self, turn: int, look: _Look, report: Callable[[Any], None], result: object) -> None:
        if turn == self._turn:
            self._given.popleft()
            self._began_at = self._loop.time()
            if not self._given:
                self._patience.cancel()
        elif look in self._left:
            self._left.remove(look)
        else:
            return  # The next worker was asked again.
        report(result)
