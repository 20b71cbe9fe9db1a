"""Reading the configuration files at a start and at a reload, and noting refused files.

At a start after a crash, the last good configuration replaces a refused file.  A reload needs no
replacement: the virtual host of a refused file keeps running unchanged.
"""

import os
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

from ucarpd import config
from ucarpd.config import Config, Loaded, Looks, Problem
from ucarpd.linux.run_directory import run_directory
from ucarpd.process import refusals
from ucarpd.process.patience import Patience
from ucarpd.record import last_good
from ucarpd.record.last_good import Kept

_LEFT_OUT = "; left out: this process does not serve its addresses"


class Reading(NamedTuple):
    """The result: `configs` that must run, `refused` paths, and `lines` about their `problems`.

    `warnings` name lines of the other files that may not mean what their author expects.
    """

    configs: tuple[Config, ...] = ()
    lines: tuple[str, ...] = ()
    refused: frozenset[Path] = frozenset()
    warnings: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()

    def is_refused(self, path: Path) -> bool:
        """Return whether this file, or its directory, is refused."""
        return bool(self.refused) and not self.refused.isdisjoint({path, path.parent})

    def refused_names(self, running: Iterable[Path]) -> list[str]:
        """Return the names of the virtual hosts whose files are refused, sorted.

        `running` are the files of the running virtual hosts.  An unreadable directory is named only
        if none of its files is.
        """
        of_running = {path for path in running if self.is_refused(path)}
        directories = {path.parent for path in of_running}
        refused = of_running | self.refused - directories
        return sorted(path.name.removesuffix(".conf") for path in refused)


def at_start(paths: Sequence[Path], patience: Patience, waiting: Callable[[Path], None]) -> Reading:
    """Read the files; for a refused one, take the configuration that a dead process has kept.

    If a file hangs and none is kept, or the run directory hangs, call `waiting` with its path, and
    wait.
    """
    spared: set[Path] = set()

    def must_wait(path: Path) -> bool:
        if path not in spared:
            waiting(path)
        return path not in spared

    def look() -> Looks[list[Kept]]:
        found: list[Kept] = yield run_directory(), partial(last_good.read_all, run_directory())
        return found

    kept = {each.loaded.config.path: each for each in patience.take(look(), must_wait)}
    spared.update(each for path in kept for each in (path, path.parent))
    stand_ins = [each.loaded for each in kept.values()]
    take = partial(patience.take, must_wait=must_wait)
    loaded, problems = config.load_all(paths, stand_ins=stand_ins, take=take)
    configs = [each.config for each in loaded]

    def consequence(problem: Problem) -> str:
        used = [c.path for c in configs if problem.path in {c.path, c.path.parent}]
        if not used:
            # Without any file to run, the process ends.
            return _LEFT_OUT if configs else ""
        since = time.localtime(min(kept[path].since for path in used))
        return (
            "; the last good configuration, in use since "
            f"{time.strftime('%Y-%m-%d %H:%M:%S', since)}, serves on"
        )

    refused = frozenset(each.path for each in problems)
    return Reading(
        tuple(configs),
        tuple(f"{each}{consequence(each)}{_advice(each)}" for each in problems),
        refused,
        _warnings(each for each in loaded if each.config.path not in refused),
        tuple(problems),
    )


def at_reload(paths: Sequence[Path], patience: Patience, running: Collection[Config]) -> Reading:
    """Read the files, except for files that `ucarpd check --reload` has refused.

    The `running` configuration of a refused file stays, so a file that collides with it is refused
    too.  A file that hangs is refused too, and each file if the run directory hangs: a virtual host that
    starts needs its lock there.
    """

    def look() -> Looks[set[Path]]:
        found: set[Path] = yield (
            run_directory(),
            partial(refusals.take, os.getpid(), run_directory()),
        )
        return found

    try:
        refused_by_check = patience.take(look())
    except TimeoutError:
        problem = config.silence(run_directory())
        of_all = tuple(Problem(path, None, None, str(problem)) for path in paths)
        return Reading((), (_refusal(problem, stays=True),), frozenset(paths), problems=of_all)
    taken, found = config.load_all(paths, take=patience.take)
    problems: list[Problem] = []
    refused = frozenset(refused_by_check)
    while True:
        problems += found
        refused |= {problem.path for problem in found}
        taken = [each for each in taken if each.config.path not in refused]
        replaced = {each.config.path for each in taken}
        staying = [
            each
            for each in running
            if each.path not in replaced and not refused.isdisjoint({each.path, each.path.parent})
        ]
        if not (staying and (found := config.collisions(taken, staying))):
            break

    at_work = {path for each in staying for path in (each.path, each.path.parent)}
    return Reading(
        tuple(each.config for each in taken),
        tuple(
            _refusal(each, stays=each.path in at_work)
            for each in problems
            if each.path not in refused_by_check
        ),
        refused,
        _warnings(taken),
        tuple(problems),
    )


def _refusal(problem: Problem, *, stays: bool) -> str:
    consequence = "; the running configuration stays" if stays else _LEFT_OUT
    return f"{problem}{consequence}{_advice(problem)}"


def _advice(problem: Problem) -> str:
    is_silence = problem == config.silence(problem.path)
    return "; reload when it answers again" if is_silence else ""


def _warnings(loaded: Iterable[Loaded]) -> tuple[str, ...]:
    return tuple(
        str(warning) for each in loaded for warning in config.warnings(each.config.path, each.lines)
    )
