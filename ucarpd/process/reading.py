"""Reading the configuration files at a start and at a reload, and noting refused files.

At a start after a crash, the last good configuration replaces a refused file.  A reload needs no
replacement: the virtual host of a refused file keeps running unchanged.
"""

import os
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence, Set
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import NamedTuple

from ucarpd import config
from ucarpd.checks.probes import obstacle
from ucarpd.config import Config, Loaded, Looks, Problem
from ucarpd.config.problems import place
from ucarpd.interface import host_checks
from ucarpd.linux.lock import holders, virtual_host
from ucarpd.linux.run_directory import run_directory
from ucarpd.process import refusals
from ucarpd.process.patience import Patience
from ucarpd.record import last_good
from ucarpd.record.elsewhere import virtual_addresses_elsewhere
from ucarpd.record.last_good import Kept
from ucarpd.scripts.executable import refusal

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
            f"{time.strftime('%Y-%m-%d %H:%M:%S', since)}, keeps running"
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

    def look() -> tuple[set[Path], Mapping[str, tuple[int, Path]]]:
        directory = run_directory()
        return refusals.take(os.getpid(), directory), holders(directory, ".vhid")

    looked = patience.take(config.look_at(run_directory(), look))
    if looked is None:
        problem = config.silence(run_directory())
        of_all = tuple(Problem(path, None, None, str(problem)) for path in paths)
        return Reading((), (_refusal(problem, stays=True),), frozenset(paths), problems=of_all)
    refused_by_check, virtual_hosts = looked
    loaded, problems = config.load_all(paths, take=patience.take)
    names = {each.name for each in running}
    with suppress(OSError):  # Without locks it serves all.
        problems += [
            each.in_its_line(Problem(each.config.path, None, "UCARP_VHID", text))
            for each in loaded
            if each.config.name in names
            and (text := run_elsewhere(each.config, virtual_hosts, {os.getpid()}))
        ]
    problems += _impossible_here(loaded, running, patience)
    refused = refused_by_check | {problem.path for problem in problems}
    files = {each.config.path for each in loaded} | refused
    gone = [each for each in running if files.isdisjoint({each.path, each.path.parent})]
    new = refused - {each.path for each in running}
    problems += [each for old in gone for each in _renamed(old, new, patience)]
    taken, staying, collided = settled(loaded, refused | {each.path for each in problems}, running)
    problems += collided
    refused |= {problem.path for problem in problems}

    at_work = {path for each in staying for path in (each.path, each.path.parent)}
    return Reading(
        tuple(each.config for each in taken),
        tuple(
            _refusal(each, stays=each.path in at_work)
            for each in problems
            if each.path not in refused_by_check
        ),
        frozenset(refused),
        _warnings(taken),
        tuple(problems),
    )


def run_elsewhere(
    each: Config, virtual_hosts: Mapping[str, tuple[int, Path]], allowed: Collection[int | None]
) -> str:
    """Say which process runs this virtual host, unless it is one of the allowed; empty if none does.

    `virtual_hosts` are as `holders` returns them.  Raises OSError.
    """
    holder = virtual_hosts.get(virtual_host(each.interface, each.vhid))
    if holder is None or holder[0] in allowed:
        return ""
    where = f"vhid {each.vhid} on {each.interface}"
    return f"{where} is already run by process {holder[0]} ({place(holder[1])})"


def script_errors(path: Path) -> list[Problem]:
    """Return the errors of the scripts and programs that a file names, by line.  Blocks."""
    # At a start ucarpd waits for a script that is not there: a late mount may bring it.
    return config.script_errors(path, refusal, obstacle)


def _impossible_here(
    loaded: Sequence[Loaded], running: Collection[Config], patience: Patience
) -> list[Problem]:
    """Return why changed files cannot work on this host, as `ucarpd check` finds it.

    With such a file a virtual host would no longer serve, and might take the host's own address.
    """
    old = {each.name: each for each in running}
    changed = {
        each.config.path: each
        for each in loaded
        if each.config != old.get(each.config.name, each.config)
    }
    if not changed:
        return []
    ours = {address.ip for each in running for address in each.served}
    configs = [each.config for each in loaded]
    differences = host_checks.find(configs, old, virtual_addresses_elsewhere() | ours)
    found = [each.problem for each in differences if each.is_error]
    for path in changed:
        errors = patience.take(config.look_at(path, partial(script_errors, path)))
        found += [config.silence(path)] if errors is None else errors
    return [changed[each.path].in_its_line(each) for each in found if each.path in changed]


def settled(
    loaded: Sequence[Loaded], refused: Set[Path], running: Iterable[Config]
) -> tuple[list[Loaded], list[Config], list[Problem]]:
    """Return which files a reload takes, which running configurations stay, and why others are refused.

    The running configuration of a refused file stays, so a file that collides with it is refused too.
    """
    problems: list[Problem] = []
    while True:
        refused = refused | {problem.path for problem in problems}
        taken = [each for each in loaded if each.config.path not in refused]
        replaced = {each.config.path for each in taken}
        staying = [
            each
            for each in running
            if each.path not in replaced and not refused.isdisjoint({each.path, each.path.parent})
        ]
        if not (staying and (found := config.collisions(taken, staying))):
            return taken, staying, problems
        problems += found


def _renamed(old: Config, new: Iterable[Path], patience: Patience) -> list[Problem]:
    """Return a problem of the missing file `old` if one of the refused files is like it.

    An operator may rename a file and make a mistake in it, and must not lose the virtual host by that.
    """
    return [
        Problem(old.path, None, None, f"is gone, and {place(path)}, which resembles it, is refused")
        for path in sorted(new)
        if patience.take(config.look_at(path, partial(config.resembles, path, old)))
    ][:1]


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
