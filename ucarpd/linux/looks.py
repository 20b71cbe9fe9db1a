"""Looks at files: one that hangs, as on a dead NFS server, does not hold up the next one for long."""

import asyncio
import errno
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple, TypeVar

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


class Looks:
    """Takes one look after the other, in a thread; if one hangs, another thread takes the next ones."""

    def __init__(self, make_worker: Callable[[], Worker]) -> None:
        self._loop = asyncio.get_running_loop()
        self._make_worker = make_worker
        self._worker = make_worker()
        self._waiting: deque[_Look] = deque()
        self._present: _Look | None = None
        self._patience: asyncio.TimerHandle | None = None
        self._hanging = 0

    def do(
        self,
        look: Callable[[], _T],
        done: Callable[[_T], None],
        failed: Callable[[OSError], None],
        hangs: Callable[[], None],
    ) -> None:
        """Call `look` in a thread, then `done` or `failed` in the event loop, as Worker does.

        If it takes long, call `hangs` meanwhile.  If no thread can be started, `failed` gets EAGAIN.
        """
        self._waiting.append(_Look(look, done, failed, hangs))
        if self._present is None:
            self._begin()

    def _begin(self) -> None:
        self._present = present = self._waiting.popleft() if self._waiting else None
        if present is None:
            return
        patience = LITTLE_PATIENCE if self._hanging else PATIENCE
        self._patience = self._loop.call_later(patience, self._leave, present)
        done, failed = (
            partial(self._ended, present, report) for report in (present.done, present.failed)
        )
        try:
            self._worker.do(present.look, done, failed)
        except RuntimeError as error:
            self._loop.call_soon(failed, OSError(errno.EAGAIN, str(error)))

    def _leave(self, present: _Look) -> None:
        """Leave the thread to the present look."""
        self._hanging += 1
        self._worker.end()
        self._worker = self._make_worker()
        self._begin()
        present.hangs()

    def _ended(self, look: _Look, report: Callable[[Any], None], result: object) -> None:
        if look is self._present:
            assert self._patience is not None
            self._patience.cancel()
            self._begin()
        else:
            self._hanging -= 1
        report(result)
