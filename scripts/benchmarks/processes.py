"""The processes of one daemon on one host: ending them, and their cost."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from lab import inside


class Running:
    """A daemon that was started: one process with its children, or several of the kind."""

    def __init__(self, roots: Sequence[subprocess.Popen[bytes]], log: Path) -> None:
        self._roots = roots
        self._log = log

    @classmethod
    def start(
        cls,
        namespace: str,
        commands: Sequence[Sequence[str]],
        log: Path,
        environment: Mapping[str, str],
    ) -> "Running":
        """Start the commands in the network of a namespace; all of them write to one file."""
        whole = {**os.environ, **environment}
        with log.open("ab") as file, inside(namespace):
            started = [
                subprocess.Popen(
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=file,
                    stderr=subprocess.STDOUT,
                    env=whole,
                    start_new_session=True,
                )
                for command in commands
            ]
        return cls(started, log)

    @property
    def is_alive(self) -> bool:
        return all(root.poll() is None for root in self._roots)

    def pids(self) -> list[int]:
        """The processes that live, children included."""
        return [pid for root in self._roots if root.poll() is None for pid in _tree(root.pid)]

    def text(self) -> str:
        return self._log.read_text(errors="replace")

    def lines(self) -> int:
        """How many lines it has written."""
        with self._log.open("rb") as file:
            return sum(part.count(b"\n") for part in iter(lambda: file.read(1 << 20), b""))

    # -- ending it ---------------------------------------------------------------------------------

    def terminate(self) -> None:
        for root in self._roots:
            root.terminate()

    def kill(self, pids: Iterable[int] | None = None) -> None:
        """Kill all processes, as a crash does.  For exact timing, pass the pids."""
        for pid in self.pids() if pids is None else pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def wait(self, limit: float) -> bool:
        """Wait for all to end; False if one has not within `limit` seconds."""
        give_up_at = time.monotonic() + limit
        with contextlib.suppress(subprocess.TimeoutExpired):
            for root in self._roots:
                root.wait(max(0.01, give_up_at - time.monotonic()))
            return True
        return False

    # -- its cost ----------------------------------------------------------------------------------

    def cpu(self) -> float:
        """Seconds of processor time that the living processes have used."""
        return sum(map(_cpu, self.pids()))

    def pss(self) -> int:
        """KiB; a page that several processes share is split among them."""
        return sum(map(_pss, self.pids()))

    def memory_alone(self) -> int:
        """KiB that the processes would occupy with nothing else on the machine.

        PSS splits the pages of a library with every process that maps it: the other hosts, and the
        benchmark itself.  Here a page of a file counts once and in full, and the rest by its PSS.
        """
        files: dict[tuple[str, ...], int] = {}
        others = 0
        for pid in self.pids():
            for mapping, sizes in _mappings(pid):
                rest = sizes.get("Pss", 0)
                if mapping:
                    rest = min(rest, sizes.get("Anonymous", 0))
                    shared = sizes.get("Rss", 0) - sizes.get("Anonymous", 0)
                    files[mapping] = max(files.get(mapping, 0), shared)
                others += rest
        return sum(files.values()) + others


def _read(path: Path | str) -> str:
    """A file of /proc; empty once the process is gone."""
    try:
        return Path(path).read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""


def _tasks(pid: int) -> list[Path]:
    try:
        return list(Path(f"/proc/{pid}/task").iterdir())
    except FileNotFoundError:
        return []


def _tree(pid: int) -> list[int]:
    """A process and all that descend from it, parents first."""
    found = [pid]
    for member in found:
        for task in _tasks(member):
            found += map(int, _read(task / "children").split())
    return found


def _cpu(pid: int) -> float:
    times = (_read(task / "schedstat").split() for task in _tasks(pid))
    return sum(int(fields[0]) for fields in times if fields) / 1e9


def _pss(pid: int) -> int:
    for line in _read(f"/proc/{pid}/smaps_rollup").splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1])
    return 0


def _mappings(pid: int) -> Iterator[tuple[tuple[str, ...] | None, dict[str, int]]]:
    """Each mapping: the part of a file that it shows (None: no file), and its sizes in KiB."""
    mapping: tuple[str, ...] | None = None
    sizes: dict[str, int] = {}
    for line in _read(f"/proc/{pid}/smaps").splitlines():
        name, _, rest = line.partition(":")
        if rest.endswith(" kB"):
            sizes[name] = int(rest.split()[0])
        elif "-" in line.split()[0]:
            yield mapping, sizes
            columns = line.split()
            is_file = len(columns) > 5 and columns[4] != "0" and columns[5].startswith("/")
            mapping, sizes = (columns[3], columns[4], columns[2]) if is_file else None, {}
    yield mapping, sizes
