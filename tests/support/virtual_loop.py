"""An event loop whose clock stands still while there is work and jumps to the next timer."""

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
from functools import wraps
from typing import Any


class _JumpingSelector(selectors.SelectSelector):
    def __init__(self) -> None:
        super().__init__()
        self.now = 1000.0

    def select(self, timeout=None):
        ready = super().select(0)
        if not ready and timeout is None:
            raise RuntimeError("nothing will ever happen: no timer is set")
        if not ready:
            self.now += max(0.0, timeout)
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    """A loop in virtual time; `jump(seconds)` acts like a stopped process: only the clock moves."""

    def __init__(self) -> None:
        self._jumping = _JumpingSelector()
        super().__init__(self._jumping)

    def time(self) -> float:
        return self._jumping.now

    def jump(self, seconds: float) -> None:
        self._jumping.now += seconds


def run(coroutine: Coroutine[Any, Any, None]) -> None:
    """Run a test to its end in virtual time."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        runner.run(coroutine)


def in_virtual_time(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """A test that is a coroutine, run to its end in virtual time.

    A fixture that is an asynchronous context manager is entered before it, and left after it.
    """

    @wraps(test)
    def wrapper(**arguments):
        async def main():
            async with AsyncExitStack() as entered:
                for each in arguments.values():
                    if hasattr(type(each), "__aexit__"):
                        await entered.enter_async_context(each)
                await test(**arguments)

        run(main())

    return wrapper
