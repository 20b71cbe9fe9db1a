"""Starting a thread without waiting for it: without memory it may never begin."""

import asyncio
import errno
from _thread import allocate_lock, start_new_thread
from collections.abc import Callable

from ucarpd.linux.scarcity import NO_THREAD

BEGINS_WITHIN = 10.0
"""Seconds after which a thread is given up."""


def begin(work: Callable[[], None], failed: Callable[[OSError], None]) -> asyncio.TimerHandle:
    """Call `work` in a new thread; if that does not begin, call `failed` in a later turn of the loop.

    Of the two, only one is ever called.  The timer may be cancelled when the thread has begun.
    """
    loop = asyncio.get_running_loop()
    is_decided = allocate_lock()

    def run() -> None:
        if is_decided.acquire(blocking=False):
            work()

    def give_up(error: OSError) -> None:
        if is_decided.acquire(blocking=False):
            failed(error)

    text = f"its thread has not begun within {BEGINS_WITHIN:g} s: is there too little memory?"
    timer = loop.call_later(BEGINS_WITHIN, give_up, OSError(errno.ENOMEM, text))
    try:
        # Thread.start() would wait until the thread runs: for ever, if there is no memory for that.
        start_new_thread(run, ())
    except RuntimeError:
        loop.call_soon(give_up, OSError(errno.EAGAIN, NO_THREAD))
    return timer
