"""What the files say, at a start or at a reload, and which of them must not be used.

At a start after a crash, the last good configuration stands in for a file that is refused.  At a
reload nothing has to: what runs goes on.
"""

import os
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ucarpd import config, last_good, refusals
from ucarpd.config import Config, Problem
from ucarpd.private import run_directory


@dataclass(frozen=True)
class Reading:
    """`configs` are to be run, `refused` are files or directories, `lines` say what is wrong with them."""

    configs: tuple[Config, ...] = ()
    lines: tuple[str, ...] = ()
    refused: frozenset[Path] = frozenset()

    def is_refused(self, path: Path) -> bool:
        """Whether this file, or its directory, is refused."""
        return not self.refused.isdisjoint({path, path.parent})

    def refused_names(self, running: Iterable[Path]) -> list[str]:
        """Return the names of the virtual hosts whose files are refused, sorted.

        `running` are the files of those that run.  A directory that cannot be read is among the names
        only if none of its files is.
        """
        of_running = {path for path in running if self.is_refused(path)}
        directories = {path.parent for path in of_running}
        refused = of_running | self.refused - directories
        return sorted(path.name.removesuffix(".conf") for path in refused)


def at_start(paths: Sequence[Path]) -> Reading:
    """Read the files, and what a process that died has kept of those that are refused."""
    kept = {each.loaded.config.path: each for each in last_good.read_all(run_directory())}
    stand_ins = [each.loaded for each in kept.values()]
    configs, problems = config.load_all(paths, stand_ins=stand_ins)

    def consequence(problem: Problem) -> str:
        used = [c.path for c in configs if problem.path in {c.path, c.path.parent}]
        if not used:
            return ""
        since = time.localtime(min(kept[path].since for path in used))
        return (
            "; the last good configuration, in use since "
            f"{time.strftime('%Y-%m-%d %H:%M:%S', since)}, serves on"
        )

    return Reading(
        tuple(configs),
        tuple(f"{each}{consequence(each)}" for each in problems),
        frozenset(each.path for each in problems),
    )


def at_reload(paths: Sequence[Path]) -> Reading:
    """Read the files; those that `ucarpd check --reload` has refused are not in it."""
    refused_by_check = refusals.take(os.getpid(), run_directory())
    configs, problems = config.load_all(paths)
    refused = frozenset(refused_by_check | {problem.path for problem in problems})
    return Reading(
        tuple(each for each in configs if each.path not in refused),
        tuple(
            f"{each}; the running configuration stays"
            for each in problems
            if each.path not in refused_by_check
        ),
        refused,
    )
