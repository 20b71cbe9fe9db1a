"""Clears what runs of scripts/demo, test, bench and build-deb have left that were killed.

  scripts/sweep.py        what dead runs have left; a run that still lives is not touched
  scripts/sweep.py RUN    clear up after the run of this name, alive or not: its own last act

A run leaves processes, network namespaces, mounts, control groups and temporary directories.  All
carry its name (see runs.py), the processes in the variable UCARPD_LAB.
"""

import contextlib
import os
import re
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import runs
from lab.netns import NETNS, sweep_namespace
from lab.process import LabError, run, wait_for

DIRECTORY = "ucarpd-"
"""The beginning of the names of temporary directories, before the name of the run."""

KEPT = "-kept"
"""The end of the name of an empty namespace that marks a laboratory left up on purpose."""

Chosen = Callable[[str], bool]
"""Whether things with this prefix (see runs.prefix) are to go."""


def dead() -> list[str]:
    """Clear up after dead runs; return the names of the things found."""
    return sweep(lambda prefix: runs.is_dead(prefix, kept=(NETNS / f"{prefix}{KEPT}").exists()))


def of_run(name: str) -> list[str]:
    """Clear all that a run has, and all that its parts have."""
    return sweep(lambda prefix: prefix == name or prefix.startswith(f"{name}n"))


def sweep(chosen: Chosen) -> list[str]:
    """Clear all chosen things; return the prefixes of the things found."""
    found: set[str] = set()
    _kill(chosen)
    for namespace in _named(_listed(NETNS), chosen, found):
        sweep_namespace(namespace.name)
    # The processes of a machine have left the namespaces of the laboratory, but not its groups.
    for group in _named(_groups(), chosen, found):
        _remove_group(group)
    for point in _mounts(chosen):
        if run("umount", point, check=False).returncode:
            run("umount", "--lazy", point, check=False)
    for directory in _named(_directories(), chosen, found):
        _forget_machines(directory)
        shutil.rmtree(directory, ignore_errors=True)
    return sorted(found)


def _named(paths: Iterator[Path], chosen: Chosen, found: set[str]) -> list[Path]:
    """Return the paths with chosen names of ours; add their prefixes to `found`."""
    ours = [(path, runs.prefix(path.name.removeprefix(DIRECTORY))) for path in paths]
    picked = [(path, prefix) for path, prefix in ours if prefix and chosen(prefix)]
    found.update(prefix for _, prefix in picked)
    return [path for path, _ in picked]


def _listed(directory: Path) -> Iterator[Path]:
    with contextlib.suppress(FileNotFoundError):
        yield from directory.iterdir()


def _directories() -> Iterator[Path]:
    for place in {Path(tempfile.gettempdir()), Path("/tmp")}:  # noqa: S108 - only looked into
        yield from place.glob(f"{DIRECTORY}*")


def _groups() -> Iterator[Path]:
    """The control groups with names of ours, those within others first.

    A container may see the groups of its host.  The processes there have the id 0 for it, which
    kill(2) takes for its caller.
    """
    for top, names, _ in os.walk("/sys/fs/cgroup", topdown=False):
        groups = (Path(top, name) for name in names if runs.prefix(name))
        yield from (group for group in groups if 0 not in _pids_within(group))


def _pids_within(group: Path) -> list[int]:
    """The processes of a control group and of the groups within."""
    pids: list[int] = []
    for path, _, _ in os.walk(group):
        with contextlib.suppress(OSError):
            pids += map(int, Path(path, "cgroup.procs").read_text().split())
    return pids


def _mounts(chosen: Chosen) -> list[str]:
    """Mount points within our directories, the newest first."""
    points = [line.split()[1] for line in Path("/proc/mounts").read_text().splitlines()]
    parts = ((point, re.findall(rf"/{DIRECTORY}([^/]+)", point)) for point in points)
    return [point for point, names in parts if any(map(_is(chosen), names))][::-1]


def _is(chosen: Chosen) -> Chosen:
    return lambda name: bool(prefix := runs.prefix(name)) and chosen(prefix)


def _kill(chosen: Chosen) -> None:
    """End the processes that were started by a chosen run, save our own ancestors."""
    spared = _ancestors()

    def are_gone() -> bool:
        pids = [pid for pid in _processes(chosen) if pid not in spared]
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        return not pids

    with contextlib.suppress(LabError):
        wait_for("the processes of the run to end", are_gone, limit=10)


def _processes(chosen: Chosen) -> Iterator[int]:
    here = Path("/proc/self/ns/pid").readlink()
    for process in Path("/proc").glob("[0-9]*"):
        try:
            # In a container, a run names its processes by numbers that others have here.
            if (process / "ns/pid").readlink() != here:
                continue
            environment = (process / "environ").read_bytes()
        except OSError:
            continue
        found = re.search(rb"(?:^|\0)UCARPD_LAB=([^\0]*)", environment)
        if found and _is(chosen)(os.fsdecode(found[1])):
            yield int(process.name)


def _ancestors() -> set[int]:
    pid, found = os.getpid(), set[int]()
    while pid > 0:
        found.add(pid)
        status = Path(f"/proc/{pid}/stat").read_text(errors="replace")
        pid = int(status.rpartition(")")[2].split()[1])
    return found


def _remove_group(group: Path) -> None:
    """End the processes of a control group and of the groups within, and remove them."""

    def is_gone() -> bool:
        for pid in _pids_within(group):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        for path, _, _ in os.walk(group, topdown=False):
            with contextlib.suppress(OSError):
                Path(path).rmdir()
        return not group.exists()

    with contextlib.suppress(LabError):
        wait_for(f"the processes of {group} to end", is_gone, limit=10)


def _forget_machines(directory: Path) -> None:
    """Remove the directories that nspawn keeps for the machines of a laboratory."""
    for machine in directory.glob("machine-*"):
        pid = runs.owners(directory.name)[-1].pid
        for kind in ("propagate", "unix-export"):
            with contextlib.suppress(OSError):
                name = f"{machine.name.removeprefix('machine-')}{pid}"
                Path("/run/systemd/nspawn", kind, name).rmdir()


def tell(prefixes: list[str]) -> None:
    """Say which runs were cleared, if any were; their laboratories go without saying."""
    names = [name for name in prefixes if not any(name.startswith(f"{each}n") for each in prefixes)]
    if names:
        said = f"cleared after a run that was killed: {', '.join(names)}"
        print(said, file=sys.stderr, flush=True)


def main() -> int:
    if len(sys.argv) > 1:
        of_run(sys.argv[1])
    else:
        tell(dead())
    return 0


if __name__ == "__main__":
    sys.exit(main())
