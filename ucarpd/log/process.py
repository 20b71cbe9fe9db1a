"""Starting and ending the log process, from the daemon's side."""

import gc
import os
import select
import signal
import socket
import sys
from contextlib import suppress

from ucarpd.log import writer

END_PATIENCE = 0.5
"""Seconds to wait for the end of the log process after its last line."""

JOURNAL = "/run/systemd/journal/stdout"
"""The socket that systemd connects standard error to."""

_DESCRIPTORS = 1024
"""More descriptors than are open when the log process is forked."""

_PROGRAM = """\
import os, socket, sys
sys.path[:] = os.environ.pop("LOG_PATH").split(os.pathsep)
del os.environ["LOG_PROGRAM"]
from ucarpd.log.writer import run
os.dup2(os.open(os.devnull, os.O_RDWR), 1)
run(socket.socket(fileno=0), sys.argv[1])
"""


def stderr_is_the_journal() -> bool:
    """Return whether systemd has connected standard error to the journal (systemd.exec(5)).

    If no journal runs, systemd takes /dev/null instead, and the journal may come back.  If one runs,
    /dev/null is the choice of the unit's author.
    """
    try:
        status = os.fstat(2)
        if (
            os.environ.get("SYSTEMD_EXEC_PID") == str(os.getpid())
            and "JOURNAL_STREAM" not in os.environ
        ):
            null = os.stat(os.devnull)  # noqa: PTH116 - pathlib would cost memory
            return status.st_rdev == null.st_rdev and not _journal_runs()
    except OSError:
        return False
    return os.environ.get("JOURNAL_STREAM") == f"{status.st_dev}:{status.st_ino}"


def _journal_runs() -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        client.setblocking(False)
        try:
            client.connect(JOURNAL)
        except BlockingIOError:
            return True  # It has much to do.
        except OSError:
            return False
        return True


class LogProcess:
    """A running log process; `channel` leads to it, and never blocks."""

    def __init__(self, pid: int, channel: socket.socket) -> None:
        self.pid = pid
        self.channel = channel
        channel.setblocking(False)
        self._descriptor: int | None = None
        # The descriptor stays valid even if another part of the daemon reaps the process.
        with suppress(OSError):
            self._descriptor = os.pidfd_open(pid)

    def end(self, kill: bool = False, wait: bool = True) -> None:
        """Close the channel: the process writes its last lines and ends.  `kill`: end it at once.

        `wait`: wait up to END_PATIENCE for its end, since systemd kills what outlives the daemon, and
        logs that.
        """
        self.channel.close()
        if self._descriptor is None:
            return
        if kill:
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._descriptor, signal.SIGKILL)
        if wait:
            poll = select.poll()
            poll.register(self._descriptor, select.POLLIN)
            poll.poll(END_PATIENCE * 1000)
        with suppress(ChildProcessError):
            os.waitid(os.P_PIDFD, self._descriptor, os.WEXITED | os.WNOHANG)
        os.close(self._descriptor)
        self._descriptor = None


def fork(kind: str) -> LogProcess | None:
    """Fork a log process; this process must still be small and have no threads.

    None if that fails, for example without a free descriptor: `Output` starts one later.
    """
    try:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    except OSError:
        return None
    signals = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    # The processes share memory that neither writes.  Garbage collection would write all of it.
    gc.freeze()
    try:
        pid = os.fork()
        if pid == 0:
            _close_all_but(theirs.fileno())
            _connect_to_null(0, 1)
            writer.run(theirs, kind)
    except OSError:
        ours.close()
        return None
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, signals)
        theirs.close()
    return LogProcess(pid, ours)


def spawn(kind: str) -> LogProcess:
    """Start a log process as a new program, at any time.  Raises OSError."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    path = os.pathsep.join(os.path.abspath(each) for each in sys.path)  # noqa: PTH100 - not loaded
    # The command line does not name ucarpd, because tools could take the process for the daemon.
    command = [sys.executable, "-IS", "-c", "import os; exec(os.environ['LOG_PROGRAM'])", kind]
    environment = {**os.environ, "LOG_PATH": path, "LOG_PROGRAM": _PROGRAM}
    try:
        pid = os.posix_spawn(
            sys.executable,
            command,
            environment,
            file_actions=[(os.POSIX_SPAWN_DUP2, theirs.fileno(), 0)],
            setsigmask=signal.valid_signals(),
        )
    except OSError:
        ours.close()
        raise
    finally:
        theirs.close()
    return LogProcess(pid, ours)


def _close_all_but(descriptor: int) -> None:
    """Close all other descriptors, such as the lock of an instance."""
    os.closerange(3, descriptor)
    os.closerange(descriptor + 1, _DESCRIPTORS)


def _connect_to_null(*descriptors: int) -> None:
    with suppress(OSError):
        null = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
        for each in descriptors:
            os.dup2(null, each)
        os.close(null)
