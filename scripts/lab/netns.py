"""Network namespaces: they are made, entered and removed.

setns(2) on a network namespace acts on the calling thread.  A socket keeps the namespace in which
it was opened, and a child process starts in the namespace of its parent's thread.  So a program can
open a socket or start a process on a host without `ip netns exec` in between, which would cost a
measure of the start some milliseconds.
"""

import contextlib
import ctypes
import errno
import fcntl
import os
import signal
import socket
import struct
from collections.abc import Iterator
from pathlib import Path

from lab.process import LabError, run, wait_for

NETNS = Path("/run/netns")

_CLONE_NEWNET = 0x40000000
_MNT_DETACH = 2
_SIOCSIFFLAGS, _IFF_UP = 0x8914, 1
_libc = ctypes.CDLL(None, use_errno=True)


@contextlib.contextmanager
def inside(namespace: str) -> Iterator[None]:
    """This thread, the threads it starts and the sockets it opens are in the network namespace."""
    with _opened("/proc/thread-self/ns/net") as before:
        with _opened(str(NETNS / namespace)) as there:
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
    with inside(name):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            fcntl.ioctl(sock, _SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", _IFF_UP))
        # IPv6's own traffic would blur the picture; tests of IPv6 switch it on again.
        for scope in ("all", "default"):
            with contextlib.suppress(OSError):
                Path(f"/proc/sys/net/ipv6/conf/{scope}/disable_ipv6").write_text("1")


def ip_lines(name: str, *lines: str) -> None:
    """Give ip(8) several commands at once, which takes less time than one after the other."""
    run("ip", "-n", name, "-batch", "-", input="\n".join(lines))


def pids_in(name: str) -> list[int]:
    """The ids of all processes in a namespace."""
    pids = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if (process / "ns/net").samefile(NETNS / name):
                pids.append(int(process.name))
    return pids


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
    _libc.umount2(bytes(NETNS / name), _MNT_DETACH)
    try:
        (NETNS / name).unlink(missing_ok=True)
    except OSError as error:
        # It is mounted once more.  The rest can go, and the next sweep finds this one again.
        if error.errno != errno.EBUSY:
            raise
