"""An event loop in real time, for tests with real programs, sockets and threads."""

import asyncio
from collections.abc import Callable, Coroutine
from functools import wraps
from typing import Any

LIMIT = 60.0
"""Seconds for a test."""


def in_real_time(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """A test that is a coroutine, run to its end."""

    @wraps(test)
    def run(**arguments):
        asyncio.run(asyncio.wait_for(test(**arguments), LIMIT))

    return run
