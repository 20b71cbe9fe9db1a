"""Network namespaces: they are made, entered and removed.

setns(2) on a network namespace acts on the calling thread.  A socket keeps the namespace in which
it was opened, and a child process starts in that of the thread that forked it.  So a program can
open a socket or start a process on a host without `ip netns exec` in between, which would cost a
measure of the start some milliseconds.
"""

import contextlib
import ctypes
import os
import signal
from collections.abc import Iterator

from lab.process import LabError, run, wait_for

_CLONE_NEWNET = 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)


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
    if _libc.setns(descriptor, _CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "cannot enter the network namespace")


def add_namespace(name: str) -> None:
    """Make a namespace with a working loopback interface, and without IPv6."""
    run("ip", "netns", "add", name)
    run("ip", "-n", name, "link", "set", "lo", "up")
    # IPv6's own traffic would blur the picture; tests of IPv6 switch it on again.
    for scope in ("all", "default"):
        run(
            *("ip", "netns", "exec", name, "sysctl", "-qw"),
            f"net.ipv6.conf.{scope}.disable_ipv6=1",
            check=False,
        )


def pids_in(name: str) -> list[int]:
    """The ids of all processes in a namespace."""
    return [int(pid) for pid in run("ip", "netns", "pids", name).stdout.split()]


def sweep_namespace(name: str) -> None:
    """End the processes in a namespace, and remove it."""

    def is_empty() -> bool:
        pids = pids_in(name)
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        return not pids

    with contextlib.suppress(LabError):
        wait_for(f"the processes in {name} to end", is_empty, limit=5)
    run("ip", "netns", "delete", name, check=False)
