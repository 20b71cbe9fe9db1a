"""Notifications to systemd (sd_notify(3)), which never block.

If systemd is frozen, busy or gone for a moment, ucarpd sends its state again later.  Without
systemd, ucarpd sends no notifications.
"""

import asyncio
import contextlib
import logging
import os
import socket
import time
from collections.abc import Awaitable
from pathlib import Path
from typing import TypeVar

from ucarpd.linux.alarm import Alarm

T = TypeVar("T")

EXTENSION = 10.0
"""Seconds of each extension that ucarpd asks systemd for while a stop waits for a script."""

RETRY_AFTER = 1.0
"""Seconds after which ucarpd sends a notification again that systemd did not take."""

LONGEST = 4096
"""Bytes of a notification.  systemd ignores a longer one, and with it the READY=1 before the status."""

_log = logging.getLogger("ucarpd.systemd")


class _Notifier:
    """A sender of notifications in order; the newest state and status wait until systemd takes them."""

    def __init__(self) -> None:
        self._socket: socket.socket | None = None
        self._state: str | None = None
        self._status: str | None = None
        self._retry = Alarm()
        self._is_refused = False

    def state(self, message: str) -> None:
        """Send READY, RELOADING or STOPPING; it replaces an older state and status not yet sent."""
        self._state, self._status = message, None
        self._send_kept()

    def status(self, message: str) -> None:
        self._status = message
        self._send_kept()

    def at_once(self, message: str) -> None:
        """Send a message once: it is of no use later."""
        with contextlib.suppress(OSError):
            self._send(message)

    def _send_kept(self) -> None:
        self._retry.cancel()
        try:
            if self._state is not None:
                self._send(self._state)
                self._state = None
            if self._status is not None:
                self._send(self._status)
                self._status = None
        except OSError:
            with contextlib.suppress(RuntimeError):  # Without an event loop there is no later.
                self._retry.set(RETRY_AFTER, self._send_kept)

    def _send(self, message: str) -> None:
        address = os.environ.get("NOTIFY_SOCKET", "")
        if not address.startswith(("/", "@")):
            return
        if address.startswith("@"):
            address = f"\0{address[1:]}"
        try:
            if self._socket is None:
                self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            # Nor does it take a status that ends within a letter.
            cut = message.encode(errors="replace")[:LONGEST].decode(errors="ignore")
            self._socket.sendto(cut.encode(), socket.MSG_DONTWAIT, address)
        except OSError as error:
            if not self._is_refused:
                self._is_refused = True
                why = error.strerror or error
                _log.warning("the service manager does not take our notifications (%s)", why)
            raise
        if self._is_refused:
            self._is_refused = False
            _log.info("the service manager takes our notifications again")


_notifier = _Notifier()


def notify_ready(status: str) -> None:
    """Report that start-up, or a reload, is complete."""
    _notifier.state(f"READY=1\nSTATUS={status}")


def notify_status(status: str) -> None:
    """Set the line that `systemctl status` shows."""
    _notifier.status(f"STATUS={status}")


def notify_reloading() -> None:
    monotonic_usec = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
    _notifier.state(f"RELOADING=1\nMONOTONIC_USEC={monotonic_usec}")


def notify_stopping() -> None:
    _notifier.state("STOPPING=1")


async def patiently(work: Awaitable[T]) -> T:
    """Await `work` and return its result; meanwhile keep asking systemd for more time to stop."""
    task = asyncio.ensure_future(work)
    while not task.done():
        _notifier.at_once(f"EXTEND_TIMEOUT_USEC={round(EXTENSION * 1e6)}")
        await asyncio.wait({task}, timeout=EXTENSION / 2)
    return await task


def feed_watchdog() -> None:
    _notifier.at_once("WATCHDOG=1")


def watchdog_interval() -> float | None:
    """Return the seconds without a watchdog message after which systemd kills this process.

    None if systemd does not watch it (WatchdogSec=).
    """
    if os.environ.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
        return None
    microseconds = int(os.environ.get("WATCHDOG_USEC", "0"))
    return microseconds / 1e6 or None


def is_running() -> bool:
    """Return whether systemd is the system manager of this host, as sd_booted(3) finds out."""
    return Path("/run/systemd/system").is_dir()
