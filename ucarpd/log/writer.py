"""The log process: it takes records from the daemon and writes them, however long that takes.

The receiver of the lines may be dead, slow or full.  In that case this process waits, and the
daemon does not.  The daemon sends records in the receiver's form, so this process needs little code
and little memory.
"""

import errno
import gc
import os
import select
import signal
import socket
import time
from collections.abc import Callable
from contextlib import suppress

from ucarpd.linux import command_line

NAME = "carp-log"
"""The name in the process list.  `pidof ucarpd` and `pgrep -f ucarp` must find the daemon alone."""

RECORD_MAX = 32768
"""The largest record, in bytes."""

WRITTEN = b"."
"""The answer to each record that is written, or that can never be written."""

SEPARATOR = b"\0"
"""The separator between the fields of a record for the journal."""

PATIENCE = 0.5
"""Seconds that one attempt to write may take, and seconds between two attempts."""

LAST_PATIENCE = 1.0
"""Seconds after the end of the daemon for which the process still writes records."""

AFTERWARDS = 0.1
"""Seconds for which the process stays after its last entry, since journald looks up its unit."""

SYSLOG_SOCKET = "/dev/log"

_HOPELESS = {errno.EINVAL, errno.EMSGSIZE, errno.E2BIG}
"""Errors that come from the record, not from its receiver; the next record may succeed."""

_SIGNALS = ("SIGHUP", "SIGINT", "SIGQUIT", "SIGTERM", "SIGUSR1", "SIGUSR2")
"""Signals meant for the daemon; this process ends when the daemon has ended."""


class _Hangs(Exception):
    """The receiver has not taken a record within PATIENCE."""


def run(channel: socket.socket, kind: str) -> None:
    """Write the records from `channel` until the daemon closes it, and end the process.

    `kind` is journal, syslog or stderr.  The caller has blocked all signals.
    """
    status = 1
    try:
        for name in _SIGNALS:
            signal.signal(getattr(signal, name), signal.SIG_IGN)
        signal.signal(signal.SIGALRM, _raise_hangs)
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        gc.disable()
        _become_ordinary()
        command_line.name(NAME)
        command_line.show_alone(NAME)
        writer = _Writer(channel, kind)
        writer.run()
        status = 0
    except Exception as error:  # noqa: BLE001 - no caller could report it
        tell(f"the log process ends: {error!r}")
    finally:
        os._exit(status)


def tell(text: str) -> None:
    """Write a line to standard error, if that takes it at once."""
    write_if_taken(f"ucarpd: {text}\n".encode())


def write_if_taken(line: bytes) -> None:
    with suppress(OSError):
        if _stderr_is_ready(0):
            # A pipe that is ready takes this much without blocking (PIPE_BUF).
            os.write(2, line[:4096])


class _Writer:
    def __init__(self, channel: socket.socket, kind: str) -> None:
        self._channel = channel
        self._kind = kind
        self._sink = _SINKS[kind]()
        self._gone_since: float | None = None
        self._is_told = False

    def run(self) -> None:
        while (record := self._receive()) and self._write(record):
            with suppress(OSError):
                self._channel.send(WRITTEN)
            if self._is_over():
                return
        if self._kind == "journal":
            time.sleep(AFTERWARDS)

    def _receive(self) -> bytes:
        while True:
            try:
                return self._channel.recv(RECORD_MAX)
            except ConnectionResetError:
                # The daemon has not read all answers; its records can still be read.
                continue

    def _write(self, record: bytes) -> bool:
        """Write a record; return False if that failed and the daemon has ended."""
        while True:
            try:
                self._try(record)
            except _Hangs:
                pass
            except BrokenPipeError:
                return True
            except OSError as error:
                if error.errno in _HOPELESS:
                    tell(f"a log line is lost: {error.strerror}")
                    return True
                if not self._is_told:
                    self._is_told = True
                    tell(f"cannot write to the log ({self._kind}): {error.strerror}; trying again")
                time.sleep(PATIENCE)
            else:
                self._is_told = False
                return True
            if self._is_over():
                return False

    def _try(self, record: bytes) -> None:
        # The signal repeats, because a signal just before the call does not interrupt it.
        signal.setitimer(signal.ITIMER_REAL, PATIENCE, PATIENCE)
        try:
            self._sink(record)
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)

    def _is_over(self) -> bool:
        poll = select.poll()
        poll.register(self._channel, 0)
        if not poll.poll(0):
            return False
        now = time.monotonic()
        if self._gone_since is None:
            self._gone_since = now
        return now - self._gone_since >= LAST_PATIENCE


def _raise_hangs(_number: int, _frame: object) -> None:
    raise _Hangs


class _Stderr:
    """A writer of whole lines, even if standard error takes only a part at a time."""

    def __init__(self) -> None:
        self._record = self._rest = b""

    def __call__(self, record: bytes) -> None:
        if record is not self._record:  # else the rest of it
            self._record = self._rest = record
        while self._rest:
            _stderr_is_ready(None)
            with suppress(BlockingIOError):
                self._rest = self._rest[os.write(2, self._rest) :]


class _Syslog:
    def __init__(self) -> None:
        self._socket: socket.socket | None = None
        self._is_connected = False

    def __call__(self, record: bytes) -> None:
        if self._socket is None:
            self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            self._is_connected = False
        try:
            if not self._is_connected:
                self._socket.connect(SYSLOG_SOCKET)
                self._is_connected = True
            self._socket.send(record)
        except OSError:
            # After a restart the syslog daemon has another socket.
            self._socket.close()
            self._socket = None
            raise


class _Journal:
    def __init__(self) -> None:
        from ucarpd.linux import journald  # noqa: PLC0415 - only this kind needs it

        self._send = journald.send

    def __call__(self, record: bytes) -> None:
        self._send(record.split(SEPARATOR))


_SINKS: dict[str, Callable[[], Callable[[bytes], None]]] = {
    "journal": _Journal,
    "syslog": _Syslog,
    "stderr": _Stderr,
}


def _stderr_is_ready(timeout: int | None) -> bool:
    """Return whether standard error takes more, at most so many milliseconds from now (None: wait)."""
    poll = select.poll()
    poll.register(2, select.POLLOUT)
    return bool(poll.poll(timeout))


def _become_ordinary() -> None:
    """Give up the daemon's priority and its protection from the kernel's OOM killer."""
    with suppress(OSError):
        if os.sched_getscheduler(0) in {os.SCHED_FIFO, os.SCHED_RR}:
            os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
    with suppress(OSError):
        if os.getpriority(os.PRIO_PROCESS, 0) < 0:
            os.setpriority(os.PRIO_PROCESS, 0, 0)
    with suppress(OSError), open("/proc/self/oom_score_adj", "r+b", buffering=0) as file:  # noqa: PTH123
        # The kernel may kill this process before the daemon: the daemon starts it again.
        if int(file.read()) < 0:
            file.write(b"0")
    with suppress(OSError):
        os.chdir("/")
