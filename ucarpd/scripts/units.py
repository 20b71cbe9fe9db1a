"""Starting and stopping systemd units, beside the event loop.

systemctl asks systemd for the work, and waits for its end.  So a newer request ends a systemctl that
still waits for an older one: systemd then drops the older work itself, and the newest request wins.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Protocol

from ucarpd.linux.alarm import Alarm
from ucarpd.scripts.child import Child
from ucarpd.scripts.environment import environment_of
from ucarpd.scripts.start import start

START, STOP = "start", "stop"
"""The verbs of systemctl."""

LONGEST_WAIT = 30.0
"""Seconds to wait for systemctl if the configuration sets no limit."""

FIRST_PAUSE, LONGEST_PAUSE = 10.0, 300.0
"""Seconds before a request that has failed is repeated; each failure doubles them."""


class Log(Protocol):
    """The log of the units of one virtual host."""

    def units_done(self, command: str, seconds: float) -> None: ...
    def units_failed(self, text: str) -> None: ...


def _nothing(_text: str = "") -> None:
    return


class Units:
    """The units of one virtual host, in the order in which they start.

    `environment` is as in Hook, `timeout` in seconds for the next request, 0 for LONGEST_WAIT.
    `told` gets the failure at the end of each request, or an empty text.  A request that fails is
    repeated until it succeeds or a newer one follows.
    """

    def __init__(
        self,
        units: Sequence[str],
        log: Log,
        *,
        environment: Mapping[str, str],
        timeout: float = 0.0,
        told: Callable[[str], None] = _nothing,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._units = tuple(units)
        self._log = log
        self._environment = environment
        self.timeout = timeout
        self._told = told
        self._wanted: str | None = None
        self._child: Child | None = None
        self._started_at = 0.0
        self._is_done = False
        """Whether the wanted request has ended."""
        self._is_replaced = False
        """Whether the systemctl that runs was ended by a newer request."""
        self._waiting: list[Callable[[], None]] = []
        """To be called when the units have stopped, or are started again."""
        self._fault: str | None = None
        """The last failure of the wanted request, an empty text; None: it has not ended yet."""
        self._pause = FIRST_PAUSE
        self._repetition = Alarm()
        self._is_closed = False

    def start(self) -> None:
        """Start the units, unless that was the last request."""
        if self._wanted != START:
            self._request(START)

    def stop(self, done: Callable[[], None] = _nothing) -> None:
        """Stop the units, and then call `done`, in a later turn of the loop.

        It is also called if the units cannot be stopped, after the time-out, and after a new start.
        """
        self._waiting.append(done)
        if self._wanted != STOP:
            self._request(STOP)
        elif self._is_done:
            self._call_waiting()

    def close(self) -> None:
        """Repeat no request any more."""
        self._is_closed = True
        self._repetition.cancel()

    def _request(self, verb: str) -> None:
        self._repetition.cancel()
        self._fault = None
        self._pause = FIRST_PAUSE
        self._wanted = verb
        self._is_done = False
        if self._child is None:
            # The caller has not finished its own work.
            self._loop.call_soon(self._begin)
        else:
            self._is_replaced = True
            self._child.kill()

    def _begin(self) -> None:
        if self._child is not None:
            return
        assert self._wanted is not None
        self._is_replaced = False
        self._started_at = self._loop.time()
        units = self._units if self._wanted == START else self._units[::-1]
        command = f"systemctl {self._wanted} {' '.join(units)}"
        words = ("systemctl", "--no-ask-password", self._wanted, "--", *units)
        limit = self.timeout or LONGEST_WAIT
        self._child = Child(
            partial(start, words, environment_of(self._environment)),
            partial(self._ended, command, limit),
            partial(self._failed, command),
        )
        self._child.end_after(limit, _nothing)

    def _failed(self, command: str, error: Exception) -> None:
        self._child = None
        if self._is_replaced:
            self._begin()
        elif isinstance(error, FileNotFoundError):
            self._end(f"{command}: this host has no systemctl")
        else:
            self._end(f"{command} cannot be run: {error}")

    def _ended(self, command: str, limit: float, status: int, timed_out: bool) -> None:
        self._child = None
        if self._is_replaced:
            self._begin()
        elif timed_out:
            self._end(f"{command} did not end within {limit:g} s, and systemd still works on it")
        elif status:
            text = f"{command} failed, exit status {status}"
            self._end(f"{text}: see systemctl status {' '.join(self._units)}")
        else:
            self._log.units_done(command, self._loop.time() - self._started_at)
            self._end("")

    def _end(self, fault: str) -> None:
        self._is_done = True
        before, self._fault = self._fault, fault
        if fault and fault != before:
            self._log.units_failed(fault)
        if fault and not self._is_closed:
            self._repetition.set(self._pause, self._repeat)
            self._pause = min(2 * self._pause, LONGEST_PAUSE)
        self._call_waiting()
        if fault != before:
            self._told(fault)

    def _repeat(self) -> None:
        self._is_done = False
        self._begin()

    def _call_waiting(self) -> None:
        waiting, self._waiting = self._waiting, []
        for done in waiting:
            self._loop.call_soon(done)
