"""Where log lines go: the journal, syslog or standard error.

Nobody waits for a disk or a log daemon here: records are queued, and a thread writes them.
"""

import contextlib
import logging
import logging.handlers
import os
import queue
import sys
from typing import TextIO

from ucarpd.journal import root

IDENTIFIER = root.name
"""The program's name in the journal and in syslog."""

_QUEUE_SIZE = 10_000
_CLOSE_PATIENCE = 2.0

_Lines = queue.Queue[logging.LogRecord | None]


class Output:
    """Lines go through a queue to one handler in a thread, from construction to `close`."""

    def __init__(self, handler: logging.Handler, level: int = logging.INFO) -> None:
        handler.setFormatter(logging.Formatter("[%(levelname)s] %(message)s"))
        lines: _Lines = queue.Queue(_QUEUE_SIZE)
        self._listener = _PatientListener(lines, handler)
        self._queue_handler = _BoundedQueueHandler(lines)
        self._queue_handler.addFilter(_with_defaults)
        root.setLevel(level)
        root.propagate = False
        root.addHandler(self._queue_handler)
        self._listener.start()

    def close(self) -> None:
        """Write what is still queued, unless the log daemon hangs.  Twice is fine."""
        root.removeHandler(self._queue_handler)
        self._listener.stop()


class _BoundedQueueHandler(logging.handlers.QueueHandler):
    """When the log daemon hangs, lines are lost rather than advertisements; how many is told."""

    def __init__(self, lines: _Lines) -> None:
        super().__init__(lines)
        self._lost = 0

    def enqueue(self, record: logging.LogRecord) -> None:
        if self._lost:
            record.msg = f"{record.msg} ({self._lost} lines before this one were lost)"
        try:
            super().enqueue(record)
            self._lost = 0
        except queue.Full:
            self._lost += 1


class _PatientListener(logging.handlers.QueueListener):
    """Its end is not held up for ever by a log daemon that hangs."""

    def __init__(self, lines: _Lines, handler: logging.Handler) -> None:
        super().__init__(lines, handler)
        self._lines = lines

    def enqueue_sentinel(self) -> None:
        with contextlib.suppress(queue.Full):
            self._lines.put(None, timeout=_CLOSE_PATIENCE)

    def stop(self) -> None:
        if self._thread is not None:
            self.enqueue_sentinel()
            self._thread.join(_CLOSE_PATIENCE)
            self._thread = None


class StderrHandler(logging.StreamHandler[TextIO]):
    """Lines in the form that they have in syslog, without its time stamp."""

    def __init__(self) -> None:
        super().__init__(sys.stderr)

    def format(self, record: logging.LogRecord) -> str:
        return f"{IDENTIFIER}[{os.getpid()}]: {super().format(record)}"


class SyslogHandler(logging.handlers.SysLogHandler):
    """To the local syslog daemon, each line with the facility of its virtual host."""

    def __init__(self, socket_path: str = "/dev/log") -> None:
        super().__init__(socket_path)
        self.ident = f"{IDENTIFIER}[{os.getpid()}]: "

    def emit(self, record: logging.LogRecord) -> None:
        self.facility = self.facility_names[getattr(record, "facility", "daemon")]
        super().emit(record)


def _with_defaults(record: logging.LogRecord) -> bool:
    """Records of other modules' loggers lack our attributes."""
    record.__dict__.setdefault("fields", {})
    record.__dict__.setdefault("facility", "daemon")
    return True
