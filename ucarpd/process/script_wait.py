"""Waiting until the scripts of a virtual host can be run: a late mount may still bring them."""

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

from ucarpd.linux.file_worker import FileWorker
from ucarpd.scripts.executable import refusal

SCRIPT_LOOK = 1.0
"""Seconds between two looks at a script that cannot be run."""


class _Wanted(NamedTuple):
    scripts: Sequence[Path]
    are_there: Callable[[], None]
    told: Callable[[str], None]


class ScriptWait:
    """The wait of one virtual host; `files` looks at its scripts."""

    def __init__(self, files: FileWorker) -> None:
        self._loop = asyncio.get_running_loop()
        self._files = files
        self._wanted: _Wanted | None = None

    def begin(
        self,
        scripts: Sequence[Path],
        are_there: Callable[[], None],
        told: Callable[[str], None],
    ) -> None:
        """Call `are_there` when all of them can be run, and `told` with the reason to wait until then."""
        if scripts:
            self._wanted = _Wanted(scripts, are_there, told)
            self._look(self._wanted)
        else:
            are_there()

    def end(self) -> None:
        """End the wait: neither of the functions is called from now on."""
        self._wanted = None

    def _look(self, wanted: _Wanted) -> None:
        looked = partial(self._looked, wanted)
        self._files.do(
            partial(_fault, wanted.scripts),
            looked,
            lambda error: looked(f"cannot look at {_listed(wanted)}: {error.strerror}"),
            partial(self._hangs, wanted),
        )

    def _looked(self, wanted: _Wanted, fault: str) -> None:
        if wanted is not self._wanted:
            return
        if fault:
            self._loop.call_later(SCRIPT_LOOK, self._look, wanted)
            wanted.told(fault)
        else:
            self.end()
            wanted.are_there()

    def _hangs(self, wanted: _Wanted) -> None:
        if wanted is self._wanted:
            wanted.told(f"the file system of {_listed(wanted)} does not answer")


def _fault(scripts: Sequence[Path]) -> str:
    """Runs in a thread."""
    faults = (f"{each} cannot be run: {why}" for each in scripts if (why := refusal(each)))
    return next(faults, "")


def _listed(wanted: _Wanted) -> str:
    return " or ".join(map(str, wanted.scripts))
