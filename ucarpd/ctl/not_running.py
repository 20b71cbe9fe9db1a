"""Instances that no process answers for, each with the reason.

They look like the instances of a reply, but have only `name` (null if it is not known), `path`,
`state` (`failed`, `stopped` or `unknown`), `reason` and sometimes `since`.
"""

import os
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from ucarpd import configuration_directory
from ucarpd.control.wire import Message
from ucarpd.ctl import units
from ucarpd.ctl.naming import instances, names
from ucarpd.ctl.processes import Answer
from ucarpd.linux.lock import holders
from ucarpd.linux.run_directory import private_path, run_directory

DIRECTORY = configuration_directory.DIRECTORY

FAILED, STOPPED, UNKNOWN = "failed", "stopped", "unknown"

NEEDS_ROOT = "needs root"


def find(answers: Sequence[Answer], loaded: Mapping[str, units.Unit]) -> list[Message]:
    """Return the instances that do not run, or whose process does not answer.

    `loaded` has the units that systemd knows.
    """
    told = names(answers)
    locks = holders(run_directory())
    found = [*_of_silent(answers, locks), *_of_refused(answers, told)]
    found += _left_behind(told | locks.keys())
    told |= {each["name"] for each in found}
    paths = {path.name.removesuffix(".conf"): path for path in _files(told)}
    # The processes that have no control socket.
    asked = {answer.pid for answer in answers}
    held = {name: holder for name, holder in locks.items() if holder[0] not in asked}
    for name in sorted(paths.keys() | _failed(loaded) | held.keys()):
        if name not in told:
            path = paths.get(name, held.get(name, (0, DIRECTORY / f"{name}.conf"))[1])
            state, reason, since = _why(name, path, loaded, held, answers)
            found.append(_row(name, path, state, reason, since))
    return found


def cannot_look() -> bool:
    """Return whether the files of this host cannot be listed by this user."""
    return DIRECTORY.is_dir() and not os.access(DIRECTORY, os.R_OK, effective_ids=True)


def _row(
    name: str | None, path: Path | None, state: str, reason: str, since: float | None = None
) -> Message:
    row = {"name": name, "path": str(path) if path else None, "state": state, "reason": reason}
    if since:
        from ucarpd.record.happening import rfc3339

        row["since"] = rfc3339(since)
    return row


def _of_silent(
    answers: Iterable[Answer], locks: Mapping[str, tuple[int, Path]]
) -> Iterator[Message]:
    """Yield the instances of processes that did not answer: by their locks, or else by their command."""
    for answer in answers:
        if not answer.fault:
            continue
        reason = f"process {answer.pid} {answer.fault}"
        paths = sorted(path for pid, path in locks.values() if pid == answer.pid)
        paths = paths or _on_command_line(answer.pid)
        for path in paths:
            yield _row(path.name.removesuffix(".conf"), path, UNKNOWN, reason)
        if not paths:
            yield _row(None, None, UNKNOWN, reason)


def _on_command_line(pid: int) -> list[Path]:
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return []
    return [Path(os.fsdecode(word)) for word in words if word.endswith(b".conf")]


def _of_refused(answers: Iterable[Answer], running: set[str]) -> Iterator[Message]:
    for answer in answers:
        for each in (answer.reply or {}).get("refused", ()):
            if each["name"] not in running:
                yield _row(each["name"], Path(each["path"]), FAILED, first(each["problems"]))


def _left_behind(running: Collection[str]) -> Iterator[Message]:
    """Yield the dead instances whose addresses are still on this host, as far as this user may look."""
    with suppress(OSError):
        names = os.listdir(private_path(run_directory()))  # noqa: PTH208 - only names are needed
        if any(name.endswith(".record") and name[:-7] not in running for name in names):
            from ucarpd.record.left_behind import left_behind

            for each in left_behind(running, run_directory()):
                yield _row(each.name, each.path, FAILED, each.text)


def first(problems: Sequence[object]) -> str:
    """Return the first of the problems of a file, and how many more there are."""
    more = len(problems) - 1
    return f"{problems[0]}" + (f" (and {more} more: ucarpd check)" if more else "")


def names_of_files() -> set[str]:
    """Return the names of the instances that have a file; none if it may not look."""
    try:
        there = os.listdir(DIRECTORY)  # noqa: PTH208 - only names are needed
    except OSError:
        return set()
    return {name.removesuffix(".conf") for name in there if name.endswith(".conf")}


def gone(paths: Iterable[str]) -> set[str]:
    """Return the paths in the directory that have no file; none if there is no directory to look at."""
    here = {path for path in paths if Path(path).parent == DIRECTORY}
    if not here or not DIRECTORY.is_dir() or cannot_look():
        return set()
    return here - {f"{DIRECTORY}/{name}" for name in os.listdir(DIRECTORY)}  # noqa: PTH208


def _files(told: set[str]) -> list[Path]:
    if names_of_files() <= told:
        return []  # As usual; the room `config` takes a while to load.
    from ucarpd.config import find_files

    return find_files(DIRECTORY)


def _failed(loaded: Mapping[str, units.Unit]) -> set[str]:
    """Return the instances whose own unit has failed, whether their file is there or not."""
    return {
        unit.name.partition("@")[2].removesuffix(".service")
        for unit in loaded.values()
        if unit.is_failed and unit.name != units.ALL
    }


def _why(
    name: str,
    path: Path,
    loaded: Mapping[str, units.Unit],
    held: Mapping[str, tuple[int, Path]],
    answers: Iterable[Answer],
) -> tuple[str, str, float | None]:
    """Return the state of an instance that no process answers for, the reason, and since when."""
    of_all = loaded.get(units.ALL)
    own = loaded.get(units.of_instance(name))
    unit = own or of_all
    if name in held:
        reason = (
            f"process {held[name][0]} has no control socket: it is starting, or is an older ucarpd"
        )
        return UNKNOWN, reason, None
    if own and own.active == "active":
        return UNKNOWN, f"{own.name} runs an older ucarpd, or has no control socket", own.since
    for each in filter(None, (own, of_all)):
        if each.active not in {"active", "failed", "inactive"} and not each.is_failed:
            return UNKNOWN, f"{each.name} is {each.active}, and does not answer yet", each.since
    problem = _problem(path)
    if unit and unit.is_failed:
        known = problem if problem != NEEDS_ROOT else None
        if own and known and not _may_exist(path):
            known += f"; to forget it, type: systemctl reset-failed {own.name}"
        return FAILED, known or unit.why, unit.since
    if problem == NEEDS_ROOT:
        return UNKNOWN, NEEDS_ROOT, None
    if problem:
        return FAILED, problem, None
    if of_all and of_all.active == "active":
        return STOPPED, "ucarpd has not read its file yet: systemctl reload ucarpd", None
    if taken := _taken(path, answers):
        return STOPPED, f"{taken}: stop it before you start ucarpd@{name}", None
    # What runs it at boot also runs it now: another unit would take it out of that one's process.
    enabled = [unit.name for unit in (own, of_all) if unit and unit.is_enabled]
    what = f"start {enabled[0]}" if enabled else f"enable --now ucarpd@{name}"
    return STOPPED, f"no process runs it: systemctl {what}", None


def _taken(path: Path, answers: Iterable[Answer]) -> str | None:
    """Return which instance runs the virtual host of this file: a start script may read it for `ucarp`."""
    from ucarpd import config

    for known in (each.config for each in config.load_all([path])[0]):
        for each in instances(answers):
            if (each["interface"], each["vhid"]) == (known.interface, known.vhid):
                return f"{each['name']} already runs vhid {known.vhid} on {known.interface}"
    return None


def _problem(path: Path) -> str | None:
    """Return the problems of the file, in one line."""
    if not os.access(path, os.R_OK, effective_ids=True) and _may_exist(path):
        return NEEDS_ROOT
    from ucarpd import config

    _, problems = config.load_all([path])
    return first(problems) if problems else None


def _may_exist(path: Path) -> bool:
    """Return whether the file exists, or this user may not search its directory."""
    try:
        path.stat()
    except OSError as error:
        return isinstance(error, PermissionError)
    return True
