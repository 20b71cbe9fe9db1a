"""Sending log lines to the journal, syslog or standard error, through the log process.

The daemon waits neither for a disk nor for a log daemon.  It keeps a line until the log process
confirms that the line is written.  If too many lines wait, the newest are lost and counted.
"""

import asyncio
import logging
import select
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from ucarpd.log import form, writer
from ucarpd.log import process as log_process
from ucarpd.log.lines import root
from ucarpd.log.process import LogProcess

ROOM = 10_000
"""Most lines that may wait."""

CLOSE_PATIENCE = 1.0
"""Seconds for which `close` waits at most until all lines are written."""

RESTART_PAUSES = (0.0, 1.0, 5.0, 30.0)
"""Seconds before each restart of a log process that dies repeatedly; the last pause repeats."""

STEADY_AFTER = 60.0
"""Seconds of life after which the death of a log process counts as the first again."""


class Output(logging.Handler):
    """Log handler that passes lines to the log process, and replaces that process if it dies.

    It works from construction to `close`.  `process` is a running log process, or None if it could
    not be started.  `kind` is journal, syslog or stderr.
    """

    def __init__(self, kind: str, process: LogProcess | None, level: int = logging.INFO) -> None:
        super().__init__()
        self.setFormatter(logging.Formatter("[%(levelname)s] %(message)s"))
        self._kind = kind
        self._process = process
        self._records: deque[bytes] = deque()
        self._sent = 0  # So many of the first records are sent, but not yet confirmed.
        self._lost = 0
        self._deaths = 0
        self._start_at = time.monotonic()  # Start of the log process, or earliest next start.
        self._loop: asyncio.AbstractEventLoop | None = None
        self._loop_thread = 0
        self._is_open = True
        root.setLevel(level)
        root.propagate = False
        root.addHandler(self)
        # Otherwise lines of libraries would go to standard error, which may block.
        logging.getLogger().addHandler(self)

    def attend(self, loop: asyncio.AbstractEventLoop | None) -> None:
        """Read answers in this event loop as they arrive; None: read them with each line."""
        with self._lock_held():
            self._stop_listening()
            self._loop = loop
            self._loop_thread = threading.get_ident()
            self._listen()

    def emit(self, record: logging.LogRecord) -> None:
        """Queue one line.  The lock of the handler is held here."""
        try:
            encoded = form.encode(self._kind, record, self.format(record))
        except Exception as error:  # noqa: BLE001 - a line that cannot be written ends nothing
            encoded = self._own_line(f"a log line cannot be written: {error!r}")
        if self._loop is not None and threading.get_ident() != self._loop_thread:
            self._append(encoded)
            self._loop.call_soon_threadsafe(self._answered)
            return
        if self._lost or len(self._records) >= ROOM:
            self._exchange()
        self._append(encoded)
        self._exchange()

    def _own_line(self, text: str) -> bytes:
        values = {"name": root.name, "levelno": logging.WARNING, "levelname": "WARNING"}
        record = logging.makeLogRecord({**values, "msg": text})
        return form.encode(self._kind, record, self.format(record))

    def _append(self, encoded: bytes) -> None:
        if len(self._records) < ROOM:
            self._records.append(encoded)
        else:
            self._lost += 1

    def close(self) -> None:
        """Wait up to CLOSE_PATIENCE until all lines are written, and end the log process.

        A second call does nothing.
        """
        root.removeHandler(self)
        logging.getLogger().removeHandler(self)
        with self._lock_held():
            if not self._is_open:
                return
            self._stop_listening()
            self._loop = None
            self._wait_until_written()
            if self._process is not None:
                self._process.end(kill=bool(self._records))
                self._process = None
            else:
                self._write_to_stderr()
            self._is_open = False
        super().close()

    # -- the traffic with the log process ----------------------------------------------------------

    def _exchange(self) -> None:
        """Read the waiting answers, and send as many lines as the channel takes now."""
        if self._process is None and not self._start_again():
            return
        try:
            self._take_answers()
            self._send()
        except ConnectionError:
            self._replace()
        except OSError:
            return  # The channel or the kernel's memory is full; the next answer or line retries.

    def _take_answers(self) -> None:
        assert self._process is not None
        try:
            while self._process.channel.recv(16):
                self._records.popleft()
                self._sent -= 1
        except BlockingIOError:
            self._tell_loss()
            return
        raise ConnectionResetError

    def _tell_loss(self) -> None:
        if self._lost and len(self._records) < ROOM:
            count, self._lost = self._lost, 0
            lines = "1 line was" if count == 1 else f"{count} lines were"
            self._records.append(self._own_line(f"{lines} lost here: the log took no more"))

    def _send(self) -> None:
        assert self._process is not None
        while self._sent < len(self._records):
            self._process.channel.send(self._records[self._sent])
            self._sent += 1

    def _wait_until_written(self) -> None:
        deadline = time.monotonic() + CLOSE_PATIENCE
        while True:
            self._exchange()
            left = deadline - time.monotonic()
            if self._process is None or not self._records or left <= 0:
                return
            poll = select.poll()
            poll.register(self._process.channel, select.POLLIN)
            poll.poll(left * 1000)

    # -- death of the log process ------------------------------------------------------------------

    def _replace(self) -> None:
        assert self._process is not None
        self._stop_listening()
        process, self._process = self._process, None
        self._take_last_answers(process)
        process.end(wait=False)
        self._sent = 0
        now = time.monotonic()
        self._deaths = 1 if now - self._start_at > STEADY_AFTER else self._deaths + 1
        text = (
            f"the log process ({process.pid}) has died: another one writes the log; "
            "the line before this one may come twice"
        )
        self._append(self._own_line(text))
        pause = RESTART_PAUSES[min(self._deaths, len(RESTART_PAUSES)) - 1]
        self._start_at = now + pause
        if pause:
            self._look_again(pause)
        else:
            self._exchange()

    def _take_last_answers(self, process: LogProcess) -> None:
        with suppress(OSError):
            while process.channel.recv(16):
                self._records.popleft()

    def _start_again(self) -> bool:
        now = time.monotonic()
        if now < self._start_at:
            return False
        self._start_at = now
        try:
            self._process = log_process.spawn(self._kind)
        except OSError:
            self._start_at = now + RESTART_PAUSES[1]
            self._look_again(RESTART_PAUSES[1])
            if self._kind == "stderr":
                self._write_to_stderr()
            return False
        self._listen()
        return True

    def _write_to_stderr(self) -> None:
        """Write the lines to standard error, as far as it takes them without blocking."""
        for record in self._records:
            writer.write_if_taken(form.plain(record))
        self._records.clear()

    # -- the event loop ----------------------------------------------------------------------------

    def _look_again(self, pause: float) -> None:
        if self._loop is not None:
            self._loop.call_later(pause, self._answered)

    def _listen(self) -> None:
        if self._loop is not None and self._process is not None:
            # If there is no free descriptor, the answers are read with each line.
            with suppress(OSError):
                self._loop.add_reader(self._process.channel, self._answered)

    def _stop_listening(self) -> None:
        if self._loop is not None and self._process is not None and not self._loop.is_closed():
            self._loop.remove_reader(self._process.channel)

    def _answered(self) -> None:
        with self._lock_held():
            if self._is_open:
                self._exchange()

    @contextmanager
    def _lock_held(self) -> Iterator[None]:
        self.acquire()
        try:
            yield
        finally:
            self.release()
