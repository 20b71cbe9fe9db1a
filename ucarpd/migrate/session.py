"""One run of the `ucarp` command: its checks of this host, its configuration file, its event loop."""

import asyncio
import logging
import os
import re
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from ucarpd import config
from ucarpd.config import ConfigError, Looks
from ucarpd.linux.lock import AlreadyRunning, InstanceLock
from ucarpd.linux.netlink import Snapshot
from ucarpd.linux.run_directory import private_directory, private_path, replace_file, run_directory
from ucarpd.linux.timerfd_selector import event_loop
from ucarpd.log import lines
from ucarpd.log.output import Output
from ucarpd.migrate import placement
from ucarpd.migrate.background import Background
from ucarpd.migrate.running import Command
from ucarpd.migrate.ucarp_settings import EXIT_REFUSED, Refused, Settings, in_options
from ucarpd.process import old_ucarp
from ucarpd.process.patience import Patience

_PREFIX = "ucarp-"
"""Of the name of the instance, and of the directory with its file."""


class Session:
    """`background` is None in the foreground."""

    def __init__(
        self, settings: Settings, background: Background | None, outputs: Sequence[Output]
    ) -> None:
        self._settings = settings
        self._background = background
        self._outputs = outputs
        self._name = ""
        for output in outputs:
            output.addFilter(self._as_of_ucarp)

    def run(self) -> int:
        """Until a signal ends it; returns the exit status."""
        status = self._run()
        if self._background is not None:
            # At once: the last lines of the log may take longer than the caller waits.
            self._background.let_go(status)
        return status

    def _run(self) -> int:
        try:
            placement.place(self._settings, Snapshot())
            self._refuse_beside_old_ucarp()
            with self._file() as path:
                self._refuse_unusable(path)
                for remark in self._settings.remarks:
                    self._tell(logging.WARNING, remark)
                with asyncio.Runner(loop_factory=event_loop) as runner:
                    return EXIT_REFUSED if runner.run(self._serve(path)) else 0
        except Refused as refused:
            self._tell(logging.ERROR, str(refused))
            return refused.status

    @property
    def _vhid(self) -> int:
        return int(self._settings.keys["UCARP_VHID"])

    @property
    def _interface(self) -> str:
        return self._settings.keys["UCARP_INTERFACE"]

    def _refuse_beside_old_ucarp(self) -> None:
        for pid in old_ucarp.find(self._vhid, self._interface):
            raise Refused(old_ucarp.warning(pid, self._vhid, self._interface))

    def _await_run_directory(self) -> None:
        """Say so if the run directory hangs, and wait for it."""

        def look() -> Looks[None]:
            yield run_directory(), _remove_left_over

        def must_wait(directory: Path) -> bool:
            self._tell(logging.WARNING, f"waiting, {config.silence(directory)}")
            return True

        Patience().take(look(), must_wait)

    @contextmanager
    def _file(self) -> Iterator[Path]:
        """Yield the configuration file, in a directory of this process alone."""
        self._await_run_directory()
        self._name = f"{_PREFIX}{self._interface}-{self._vhid}"
        try:
            directory = private_directory(run_directory()) / f"{_PREFIX}{os.getpid()}"
            directory.mkdir(mode=0o700, exist_ok=True)
            path = directory / f"{self._name}.conf"
            replace_file(path, self._settings.text().encode(errors="surrogateescape"))
        except OSError as error:
            raise Refused(f"cannot write below {run_directory()}: {error.strerror}") from None
        try:
            yield path
        finally:
            shutil.rmtree(directory, ignore_errors=True)

    def _refuse_unusable(self, path: Path) -> None:
        """Report, before the start, faults that the supervisor could only log."""
        try:
            read = config.load(path)
        except ConfigError as error:
            texts = "; ".join(f"{each.key or ''}: {each.text}" for each in error.problems)
            raise Refused(in_options(texts)) from None
        try:
            InstanceLock(self._name, run_directory(), read.interface, read.vhid, path).release()
        except AlreadyRunning as running:
            # The name of the instance is ours, and says nothing to the operator.
            text = str(running).removeprefix(f"{self._name}: ")
            what = f"vhid {self._vhid} on {self._interface}"
            raise Refused(re.sub(f"^{re.escape(self._name)} ", f"{what} ", text)) from None

    async def _serve(self, path: Path) -> int:
        loop = asyncio.get_running_loop()
        for output in self._outputs:
            output.attend(loop)
        try:
            deadline = self._background.deadline if self._background else loop.time()
            command = Command(path, self._has_started, deadline)
            return await command.run()
        finally:
            for output in self._outputs:
                output.attend(None)

    def _has_started(self, waiting: str) -> None:
        if self._background is not None:
            if waiting:
                self._background.say(f"ucarp: {waiting}; it keeps trying in the background")
            self._background.let_go(0)

    def _tell(self, level: int, text: str) -> None:
        lines.write(level, text)
        if self._background is not None:
            self._background.say(f"ucarp: {text}")

    def _as_of_ucarp(self, record: logging.LogRecord) -> bool:
        """Leave out the name of the instance, and name an option instead of a line of our own file."""
        if isinstance(record.args, tuple) and record.args and self._name:
            text = str(record.args[0]).removeprefix(f"{self._name}: ")
            ours = rf"\S+/{re.escape(self._name)}\.conf:\d+: (\w+): "
            if record.levelno == logging.WARNING and (found := re.match(ours, text)):
                if found[1] in {"UCARP_UPSCRIPT", "UCARP_DOWNSCRIPT"}:
                    return False  # A remark says it.
                text = in_options(f"{found[1]}: {text[found.end() :]}")
            record.args = (text, *record.args[1:])
        return True


def _remove_left_over() -> None:
    """Remove the directories of processes that have died."""
    for directory in private_path(run_directory()).glob(f"{_PREFIX}*"):
        pid = directory.name.removeprefix(_PREFIX)
        if pid.isdecimal() and not Path("/proc", pid).exists():
            shutil.rmtree(directory, ignore_errors=True)
