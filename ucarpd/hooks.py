"""Runs the up- and down-scripts of one virtual host, beside the protocol and never in its way.

One script at a time, in order.  The newest target wins: a run that the role has overtaken is
terminated, and its completion is not reported.  A run that takes too long is terminated as well.
Scripts are executed directly, never through a shell.
"""

import asyncio
import contextlib
import os
import signal
import stat
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

KILL_AFTER = 2.0
"""Seconds between SIGTERM and SIGKILL for a script that is to end."""

CANNOT_EXECUTE = 126
NOT_FOUND = 127
"""Exit status reported for a script that could not be run, as a shell would report it."""

SCRIPT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
"""The PATH of scripts, the same at boot and by hand; a key PATH in the file overrides it."""

_WITHHELD = {"CREDENTIALS_DIRECTORY", "INVOCATION_ID", "JOURNAL_STREAM", "LISTEN_FDS", "LISTEN_PID"}
_WITHHELD |= {"NOTIFY_SOCKET", "WATCHDOG_PID", "WATCHDOG_USEC"}


@dataclass(frozen=True, slots=True)
class Hook:
    """One run: `target` is what it brings about; two runs with one target are the same to us.

    Without a script there is nothing to do, which succeeds.
    """

    target: str
    script: Path | None
    arguments: tuple[str, ...]
    environment: Mapping[str, str]
    timeout: float

    def __str__(self) -> str:
        return " ".join((str(self.script), *self.arguments))


class Log(Protocol):
    """What is worth a line."""

    def spawning(self, hook: str) -> None: ...
    def script_ended(self, hook: str, status: int, seconds: float) -> None: ...
    def script_not_run(self, hook: str, status: int, why: str) -> None: ...
    def script_overtaken(self, hook: str) -> None: ...
    def script_timed_out(self, hook: str, timeout: float) -> None: ...


Done = Callable[[int], None]


class HookRunner:
    """The scripts of one virtual host; exit status as in a shell, 128 + N for a signal N."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._loop = asyncio.get_running_loop()
        self._wanted: tuple[Hook, Done] | None = None
        self._running: tuple[Hook, Done] | None = None
        self._overtaken = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    @property
    def is_busy(self) -> bool:
        return self._task is not None

    def request(self, hook: Hook, done: Done) -> None:
        """Run `hook` as soon as possible; `done` gets its exit status unless it is overtaken."""
        if (
            self._running is not None
            and self._running[0].target == hook.target
            and not self._overtaken.is_set()
        ):
            self._running = (self._running[0], done)
            return
        self._wanted = (hook, done)
        if self._task is None:
            self._task = self._loop.create_task(self._work())
        elif self._running is not None:
            self._overtaken.set()

    async def _work(self) -> None:
        while self._wanted is not None:
            self._running, self._wanted = self._wanted, None
            self._overtaken.clear()
            hook = self._running[0]
            status = await self._run(hook)
            done = self._running[1]
            self._running = None
            if self._wanted is None:
                self._task = None
                done(status)
                return
            self._log.script_overtaken(str(hook))

    async def _run(self, hook: Hook) -> int:
        if hook.script is None:
            return 0
        refusal = _refusal(hook.script)
        if refusal is not None:
            self._log.script_not_run(str(hook), *refusal)
            return refusal[0]
        self._log.spawning(str(hook))
        started = self._loop.time()
        try:
            process = await asyncio.create_subprocess_exec(
                hook.script,
                *hook.arguments,
                env=_environment(hook.environment),
                stdin=asyncio.subprocess.DEVNULL,
                cwd="/",
                start_new_session=True,
                preexec_fn=_be_ordinary if _is_realtime() else None,
            )
        except OSError as error:
            self._log.script_not_run(str(hook), CANNOT_EXECUTE, _why_not_executed(error))
            return CANNOT_EXECUTE
        await self._wait(process, hook)
        assert process.returncode is not None
        status = process.returncode if process.returncode >= 0 else 128 - process.returncode
        self._log.script_ended(str(hook), status, self._loop.time() - started)
        return status

    async def _wait(self, process: asyncio.subprocess.Process, hook: Hook) -> None:
        """Until the script has ended, if need be by our hand."""
        ended = self._loop.create_task(process.wait())
        overtaken = self._loop.create_task(self._overtaken.wait())
        await asyncio.wait(
            {ended, overtaken}, timeout=hook.timeout, return_when=asyncio.FIRST_COMPLETED
        )
        if not ended.done():
            if not overtaken.done():
                self._log.script_timed_out(str(hook), hook.timeout)
            _signal_group(process.pid, signal.SIGTERM)
            await asyncio.wait({ended}, timeout=KILL_AFTER)
            # Also when the script itself has gone: what it started may have stayed.
            _signal_group(process.pid, signal.SIGKILL)
        overtaken.cancel()
        await ended


def _is_realtime() -> bool:
    return os.sched_getscheduler(0) in {os.SCHED_FIFO, os.SCHED_RR}


def _be_ordinary() -> None:
    """A script that loops must not keep the processor from everything else."""
    os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))


def _signal_group(pid: int, number: signal.Signals) -> None:
    # A script is the leader of its own session, so its pid is that of its process group.
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, number)


def _refusal(script: Path) -> tuple[int, str] | None:
    """Why this script is not run, with the exit status to report; None where it may run."""
    try:
        status = script.stat()
    except FileNotFoundError:
        return NOT_FOUND, "it does not exist"
    except OSError as error:
        return CANNOT_EXECUTE, error.strerror or str(error)
    if not stat.S_ISREG(status.st_mode):
        return CANNOT_EXECUTE, "it is not a file"
    if status.st_mode & stat.S_IWOTH:
        return CANNOT_EXECUTE, f"it is writable by others (chmod o-w {script})"
    if not status.st_mode & 0o111:
        return CANNOT_EXECUTE, f"it is not executable (chmod +x {script})"
    return None


def _why_not_executed(error: OSError) -> str:
    if isinstance(error, FileNotFoundError):
        return "the interpreter named in its first line does not exist"
    return f"{error.strerror} (does its first line name an interpreter, such as #!/bin/sh?)"


def _environment(extra: Mapping[str, str]) -> dict[str, str]:
    # Our own keys come from the file alone; an exported UCARP_PASS must not reach a script.
    inherited = {
        name: value
        for name, value in os.environ.items()
        if name not in _WITHHELD and not name.startswith("UCARP_")
    }
    return {**inherited, "PATH": SCRIPT_PATH, **extra}
