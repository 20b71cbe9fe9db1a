"""systemd: the journal, and what a service tells its manager (sd_notify(3)).

Without systemd the notifications go nowhere, and that is fine.
"""

import asyncio
import logging
import os
import sys
import time
from collections.abc import Awaitable
from typing import TypeVar

from systemd import daemon, journal

T = TypeVar("T")

_PRIORITIES = {
    logging.CRITICAL: 2,
    logging.ERROR: 3,
    logging.WARNING: 4,
    logging.INFO: 6,
    logging.DEBUG: 7,
}

EXTENSION = 10.0
"""Seconds that systemd is asked for again and again while a script keeps the stop waiting."""


def stderr_is_the_journal() -> bool:
    """Whether systemd has connected our standard error to the journal (systemd.exec(5))."""
    try:
        status = os.fstat(sys.stderr.fileno())
    except OSError:
        return False
    return os.environ.get("JOURNAL_STREAM") == f"{status.st_dev}:{status.st_ino}"


class JournalHandler(logging.Handler):
    """Writes records with their `fields` (a mapping of journal field names to values)."""

    def __init__(self, identifier: str) -> None:
        super().__init__()
        self._identifier = identifier

    def emit(self, record: logging.LogRecord) -> None:
        try:
            journal.send(
                self.format(record),
                PRIORITY=_PRIORITIES.get(record.levelno, 6),
                SYSLOG_IDENTIFIER=self._identifier,
                LOGGER=record.name,
                **getattr(record, "fields", {}),
            )
        except OSError:
            self.handleError(record)


def notify_ready(status: str) -> None:
    """Start-up, or a reload, is complete."""
    daemon.notify(f"READY=1\nSTATUS={status}")


def notify_status(status: str) -> None:
    """The line that `systemctl status` shows."""
    daemon.notify(f"STATUS={status}")


def notify_reloading() -> None:
    monotonic_usec = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
    daemon.notify(f"RELOADING=1\nMONOTONIC_USEC={monotonic_usec}")


def notify_stopping() -> None:
    daemon.notify("STOPPING=1")


async def patiently(work: Awaitable[T]) -> T:
    """Await it and return its result; ask for more time to stop as long as that takes."""
    task = asyncio.ensure_future(work)
    while not task.done():
        daemon.notify(f"EXTEND_TIMEOUT_USEC={round(EXTENSION * 1e6)}")
        await asyncio.wait({task}, timeout=EXTENSION / 2)
    return await task


def feed_watchdog() -> None:
    daemon.notify("WATCHDOG=1")


def watchdog_interval() -> float | None:
    """Seconds after which systemd takes silence for death (WatchdogSec=); None: it does not watch."""
    if os.environ.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
        return None
    microseconds = int(os.environ.get("WATCHDOG_USEC", "0"))
    return microseconds / 1e6 or None
