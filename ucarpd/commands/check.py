"""`ucarpd check`: looks for faults in files, compares them with this host, and may start a reload."""

import argparse
import os
import signal
import sys
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from itertools import pairwise
from pathlib import Path

from ucarpd import config
from ucarpd.commands import unit_checks
from ucarpd.config import Problem, exposure
from ucarpd.config.exposure import Exposure
from ucarpd.config.problems import place
from ucarpd.exit_status import EXIT_CONFIG, EXIT_NOT_RELOADED
from ucarpd.interface import host_checks
from ucarpd.interface.host_checks import Difference
from ucarpd.linux.credentials import credentials_of
from ucarpd.linux.lock import held, holders
from ucarpd.linux.run_directory import run_directory
from ucarpd.log import process as log_process
from ucarpd.process import old_ucarp, refusals
from ucarpd.process.patience import Patience
from ucarpd.process.reading import run_elsewhere, script_errors, settled
from ucarpd.record import last_good
from ucarpd.record.edited import kept, reload_command
from ucarpd.record.elsewhere import virtual_addresses_elsewhere
from ucarpd.record.left_behind import LeftBehind, left_behind

_Holders = dict[str, tuple[int, Path]]

MANY_PROCESSES = 32
"""So many processes with one file each should be one process: every takeover wakes them all."""

_ERR = 3
_WARNING = 4
"""Priorities of the journal."""


def check(options: argparse.Namespace) -> int:
    paths, environ = options.paths, dict(os.environ)
    if options.reload:
        paths = [path.absolute() for path in paths]
        environ |= credentials_of(options.reload)
    patience = Patience()
    locks = patience.take(config.look_at(run_directory(), _look_around))
    if locks is None:
        _say(config.silence(run_directory()), _ERR)
        return EXIT_NOT_RELOADED if options.reload else EXIT_CONFIG
    holding, virtual_hosts, left = locks
    running = patience.take(config.look_at(run_directory(), partial(_running, holding, environ)))
    loaded, problems = config.load_all(paths, environ, take=patience.take)
    configs = [each.config for each in loaded]
    of_host: dict[Path, list[Problem]] = defaultdict(list)
    of_path = {each.config.path: each for each in loaded}
    for finding in _compared(configs, running or (), holding, virtual_hosts, options.reload):
        problem = of_path[finding.problem.path].in_its_line(finding.problem)
        (problems if finding.is_error else of_host[problem.path]).append(problem)
    _tell_refused(problems, of_path, patience)
    for one in loaded:
        path = one.config.path
        looked = patience.take(config.look_at(path, partial(_findings, one)))
        if looked is None:
            _say(config.silence(path), _ERR)
            problems.append(config.silence(path))
            continue
        problems += _tell(one, *looked, of_host[path])
    faulty = {problem.path for problem in problems}
    staying = [each for each in running or () if holding[each.name][0] == options.reload]
    for problem in settled(loaded, faulty, staying)[2]:
        _say(problem, _ERR)
        faulty.add(problem.path)
    for each in configs:
        if each.path not in faulty:
            text = f"{place(each.path)}: OK, virtual host {each.vhid} on {each.interface}"
            print(text if options.reload else text + _not_in_use(each, holding.get(each.name)))
    for gone in left:
        _say(f"{place(gone.path)}: {gone.text} (warning)", _WARNING)
    processes = {holding[each.name][0] for each in configs if each.name in holding}
    if len(processes) >= MANY_PROCESSES:
        text = f"{len(processes)} processes run these files, and every takeover wakes them all: let"
        _say(f"{text} ucarpd.service run them, in one; see UNITS in ucarpd(8) (warning)", _WARNING)
    if options.reload:
        return _reload(options.reload, faulty)
    if not configs and not problems:
        print(config.nothing_in(options.paths), file=sys.stderr)
        return EXIT_CONFIG
    return EXIT_CONFIG if problems else 0


def _compared(
    configs: Sequence[config.Config],
    at_work: Sequence[config.Config],
    holding: _Holders,
    virtual_hosts: _Holders,
    reloaded: int | None,
) -> Iterator[Difference]:
    """Compare the files with this host and its processes, of which `reloaded` takes them over.

    `at_work` are the configurations that they run with.
    """
    names = held([each.name for each in configs], run_directory())
    running = dict.fromkeys(names) | {each.name: each for each in at_work}
    yield from host_checks.find(configs, running, virtual_addresses_elsewhere())
    yield from unit_checks.shared(configs)
    with suppress(OSError):
        for each, text in old_ucarp.beside(configs):
            yield Difference(Problem(each.path, None, "UCARP_VHID", text), is_error=False)
        for each in configs:
            own = holding.get(each.name)
            # One file of the process may take over the virtual host of another.
            if text := run_elsewhere(each, virtual_hosts, {own and own[0], reloaded}):
                # A reload would end the running instance.
                is_error = each.name in holding
                yield Difference(Problem(each.path, None, "UCARP_VHID", text), is_error)


def _tell_refused(problems: Sequence[Problem], sound: Collection[Path], patience: Patience) -> None:
    """Write the problems, and what else is wrong with the files that do not load."""
    for problem in problems:
        _say(problem, _ERR)
    for path in dict.fromkeys(problem.path for problem in problems):
        told = {problem.line for problem in problems if problem.path == path}
        if path not in sound:
            look = config.look_at(path, partial(_of_faulty, path, told))
            errors, hints = patience.take(look) or ((), ())
            for error in errors:
                _say(error, _ERR)
            for hint in hints:
                _say(f"{hint} (warning)", _WARNING)


def _look_around() -> tuple[_Holders, _Holders, list[LeftBehind]]:
    holding = holders(run_directory())
    return holding, holders(run_directory(), ".vhid"), left_behind(holding, run_directory())


def _running(holding: _Holders, environ: Mapping[str, str]) -> list[config.Config]:
    """Return the configurations with which processes run; none if this user may not know."""
    kept = [each.loaded.config for each in last_good.read_all(run_directory(), environ)]
    return [each for each in kept if each.name in holding]


def _of_faulty(path: Path, told: set[int | None]) -> tuple[list[Problem], list[Problem]]:
    """Return the errors of the scripts, and hints, for a file that does not load."""
    errors = [each for each in script_errors(path) if each.line not in told]
    return errors, config.hints(path, told)


def _findings(loaded: config.Loaded) -> tuple[list[Problem], list[Exposure], list[Problem]]:
    """Return the errors of the scripts, the exposed files, and the warnings."""
    path = loaded.config.path
    warnings = [*config.warnings(path, loaded.lines), *config.script_warnings(path)]
    return script_errors(path), exposure.find(loaded.config), warnings


def _tell(
    loaded: config.Loaded,
    errors: list[Problem],
    exposed: list[Exposure],
    warnings: list[Problem],
    of_host: list[Problem],
) -> list[Problem]:
    """Write what was found about a file that can be read, and its units; return the errors.

    `of_host` are warnings about this host.
    """
    for error in errors:
        _say(error, _ERR)
    for found in unit_checks.find(loaded.config):
        problem = loaded.in_its_line(found.problem)
        priority = _ERR if found.is_error else _WARNING
        _say(problem if found.is_error else f"{problem} (warning)", priority)
        errors += [problem] * found.is_error
    # They are no reason to refuse the file: it works, and an upgrade must not stop it.
    for weak in exposed:
        if weak.is_error:
            _say(f"{weak.problem} (ERROR)", _ERR)
        else:
            _say(f"{weak.problem} (warning)", _WARNING)
    # If the operator must rewrite a line, other advice about it would mislead.
    told = {error.line for error in errors}
    of_file = [warning for warning in warnings if warning.line not in told]
    for warning in (*of_file, *of_host):
        _say(f"{warning} (warning)", _WARNING)
    return errors


def _not_in_use(new: config.Config, holder: tuple[int, Path] | None) -> str:
    """Return what makes the process that runs this file read its new content, if it has changed."""
    if holder is None or holder[1] != new.path.absolute():
        return ""
    old = kept(new.name)
    if all(old.get(path.absolute(), content) == content for path, content in new.contents.items()):
        return ""
    return f"; not in use yet: {reload_command(holder[0])}"


def _reload(pid: int, refused: Collection[Path]) -> int:
    """Let the process take over all other files; whether there were faults is the exit status."""
    try:
        if not _runs_files(pid):
            _say(f"process {pid} is not `ucarpd run`, so it is not asked to reload", _ERR)
            return EXIT_NOT_RELOADED
        refusals.leave(pid, refused, run_directory())
        os.kill(pid, signal.SIGHUP)
    except OSError as error:
        _say(f"process {pid} could not be asked to reload: {error.strerror or error}", _ERR)
        return EXIT_NOT_RELOADED
    return EXIT_CONFIG if refused else 0


def _runs_files(pid: int) -> bool:
    """Return whether it is `ucarpd run`: SIGHUP ends most others, also the command `ucarp`.

    Raises OSError.
    """
    try:
        words = Path("/proc", str(pid), "cmdline").read_bytes().split(b"\0")
    except FileNotFoundError:
        return True  # The caller finds out that there is no such process.
    return any(b"ucarpd" in word and then == b"run" for word, then in pairwise(words))


def _say(what: object, priority: int) -> None:
    """Write a line to standard error; to the journal (sd-daemon(3)) with its priority."""
    prefix = f"<{priority}>" if log_process.stderr_is_the_journal() else ""
    print(f"{prefix}{what}", file=sys.stderr)
