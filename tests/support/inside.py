"""Runs a part of a test inside a network namespace, without another process."""

import contextlib
import ctypes
import os
from collections.abc import Iterator

CLONE_NEWNET = 0x40000000


@contextlib.contextmanager
def inside(namespace: str) -> Iterator[None]:
    """This thread, the threads it starts and the sockets it opens are in the network namespace."""
    with _opened("/proc/thread-self/ns/net") as before:
        with _opened(f"/run/netns/{namespace}") as there:
            _enter(there)
        try:
            yield
        finally:
            _enter(before)


@contextlib.contextmanager
def _opened(path: str) -> Iterator[int]:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _enter(descriptor: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.setns(descriptor, CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "cannot enter the network namespace")
