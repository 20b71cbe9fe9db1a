"""Joins a network namespace for the length of one call.

setns(2) on a network namespace acts on the calling thread, so a short-lived thread can join while
the rest of the program stays where it is.  A socket keeps the namespace that it was opened in, and a
child process starts in that of the thread which forked it.  No `ip netns exec` stands between: a
measure of the start would contain it.
"""

import ctypes
import os
import threading
from collections.abc import Callable
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")

_CLONE_NEWNET = 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)


def inside(namespace: str, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Return function(*args, **kwargs), called by a thread in the namespace."""
    results: list[R] = []
    errors: list[BaseException] = []

    def body() -> None:
        try:
            _join(namespace)
            results.append(function(*args, **kwargs))
        except BaseException as error:  # noqa: BLE001 - raised again by the caller's thread
            errors.append(error)

    thread = threading.Thread(target=body, daemon=True)
    thread.start()
    thread.join()
    if errors:
        raise errors[0]
    return results[0]


def _join(namespace: str) -> None:
    descriptor = os.open(f"/run/netns/{namespace}", os.O_RDONLY | os.O_CLOEXEC)
    try:
        if _libc.setns(descriptor, _CLONE_NEWNET) != 0:
            error = ctypes.get_errno()
            raise OSError(error, os.strerror(error), namespace)
    finally:
        os.close(descriptor)
