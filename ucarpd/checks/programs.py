"""Checks by programs: a script of the operator, or systemd's word about a unit.

Each run has a process group of its own, which is killed when the run ends or is too late.  A process
that has left the group is found by its environment.
"""

import asyncio
import os
from _thread import allocate_lock
from collections.abc import Mapping, Sequence
from itertools import count
from pathlib import Path

from ucarpd.checks.beside import Beside, in_thread
from ucarpd.checks.probe import Failed, Surroundings, fit
from ucarpd.config import Check
from ucarpd.linux.alarm import Alarm
from ucarpd.scripts import survivors
from ucarpd.scripts.child import Child
from ucarpd.scripts.environment import environment_of
from ucarpd.scripts.executable import refusal, why_not_executed
from ucarpd.scripts.start import Account, Started, account_of, start

READ_PAUSE = 0.002
"""Seconds between two reads: a program that never stops writing must not keep the loop busy."""

_READ_SIZE = 1 << 16
"""Bytes of output that are read at once: a pipe holds no more."""

_TAIL = 4096
"""Bytes at the end of the output that are kept."""

LONGEST_DEATH = 1.0
"""Seconds to wait for the end of a run that was killed; the next one may be due at the same moment."""

MOST_LEFT = 100
"""Runs that wait for a search, at most: the latest ones."""

_MARK = "UCARPD_CHECK"
"""The variable with the number of the run in the environment of its processes."""

_numbers = count()


class Program:
    """Runs a command; exit status 0 is good."""

    watches = None

    def __init__(self, check: Check, surroundings: Surroundings, command: Sequence[str]) -> None:
        self._check = check
        self._surroundings = surroundings
        self._command = command
        self._run: _Run | None = None
        self._users: Beside[Account] = Beside(check.timeout)
        self._search = allocate_lock()
        self._left: list[str] = []
        """The marks of the runs whose processes are to be searched for."""

    async def run(self) -> str:
        if self._run is not None and not self._run.ended.done():
            await asyncio.wait({self._run.ended}, timeout=LONGEST_DEATH)
            if not self._run.ended.done():
                raise Failed("its last run was killed, but still hangs")
        account = await self._account()
        # The search for processes that a run leaves may last until the next run: it must not find those.
        number = str(next(_numbers))
        own = {"UCARP_CHECK": self._check.name, _MARK: number}
        environment = environment_of({**self._surroundings.environment(), **own})
        try:
            self._run = run = _Run(self._command, environment, account)
            await asyncio.wait({run.ended})
            status = run.ended.result()
        except asyncio.CancelledError:
            run.kill()
            self._kill_survivors(number)
            raise
        except OSError as error:
            raise Failed(f"it cannot be run: {why_not_executed(error)}") from None
        line = run.last_line
        if status:
            raise Failed(line or f"exit status {status}")
        return line or "exit status 0"

    def _kill_survivors(self, number: str) -> None:
        """Find the processes that have left the process group, beside the loop.

        A process that hangs in the kernel holds up whoever looks at it, perhaps for days: only one
        thread waits for that, and the next search finds what other runs leave meanwhile.
        """
        self._left = [*self._left, f"{_MARK}={number}"][-MOST_LEFT:]
        if not self._search.acquire(blocking=False):
            return
        left = self._left

        def search() -> None:
            try:
                survivors.kill(left)
            finally:
                self._search.release()

        try:
            in_thread(search)
            self._left = []
        except RuntimeError:  # No thread can be started.
            self._search.release()

    async def _account(self) -> Account | None:
        user = self._check.user
        if user is None:
            return None
        try:
            return await self._users.call(lambda: account_of(user), f"looking up the user {user}")
        except (LookupError, OSError):
            raise Failed(f"there is no user {user}") from None


class _Run:
    """One run of a command; `ended` gets its exit status, or the OSError that kept it from running."""

    def __init__(
        self, command: Sequence[str], environment: Mapping[str, str], account: Account | None
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self.ended: asyncio.Future[int] = self._loop.create_future()
        self._tail = b""
        self._again = Alarm()
        self._pipe, output = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        os.set_blocking(output, True)
        self._output = os.fdopen(output, "wb", buffering=0)

        def begin() -> Started:
            with self._output as output:
                # A program of the system, such as systemctl, has no path here.
                if command[0].startswith("/") and (why := _fault(Path(command[0]), account)):
                    raise Failed(f"it cannot be run: {why}")
                return start(command, environment, output=output.fileno(), account=account)

        self._child = Child(begin, self._end, self._fail, alone=True)
        self._listen()

    def kill(self) -> None:
        """Kill the program with its process group, at once or as soon as it has been started."""
        self._child.kill()

    @property
    def last_line(self) -> str:
        """The last line that is not empty."""
        lines = [line.strip() for line in self._tail.decode("utf-8", "replace").splitlines()]
        return fit(next((line for line in reversed(lines) if line), ""))

    def _listen(self) -> None:
        self._loop.add_reader(self._pipe, self._read)

    def _read(self) -> None:
        self._loop.remove_reader(self._pipe)
        if self._take():
            self._again.set(READ_PAUSE, self._listen)

    def _take(self) -> bool:
        """Read the contents of the pipe; return whether there may be more."""
        try:
            part = os.read(self._pipe, _READ_SIZE)
        except BlockingIOError:
            return True
        self._tail = (self._tail + part)[-_TAIL:]
        return bool(part)

    def _end(self, status: int, _timed_out: bool) -> None:
        self._take()
        self._close()
        self.ended.set_result(status)

    def _fail(self, error: Exception) -> None:
        self._output.close()
        self._close()
        self.ended.set_exception(error)
        self.ended.exception()  # No defect, even if no caller waits any more.

    def _close(self) -> None:
        self._again.cancel()
        self._loop.remove_reader(self._pipe)
        os.close(self._pipe)


def command_of_unit(unit: str) -> tuple[str, ...]:
    """Return the command that prints the state of a unit; its exit status is 0 if it is active."""
    return ("systemctl", "is-active", "--", unit)


def obstacle(script: Path, user: str | None) -> str | None:
    """Return why a program cannot be a check, or None if it can.  Blocks."""
    try:
        account = account_of(user) if user is not None else None
    except KeyError:
        return f"there is no user {user}"
    return _fault(script, account)


def _fault(script: Path, account: Account | None) -> str | None:
    if why := refusal(script):
        return why
    if account is None and (owner := script.stat().st_uid) not in {0, os.geteuid()}:
        return (
            f"user {owner} owns it, so it does not run as root: add user=, or chown root {script}"
        )
    return None
