"""Finding a C ucarp on this host that also serves a virtual host of this process.

The two would both be MASTER, and each would take the other's advertisements for its own host's.
"""

import logging
import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Protocol

from ucarpd import ucarp_options
from ucarpd.config import Config
from ucarpd.linux.alarm import Alarm
from ucarpd.linux.namespace import network_namespace
from ucarpd.linux.process_user import user_of
from ucarpd.linux.worker import Worker
from ucarpd.log import lines

LOOK_AFTER = 30.0
"""Seconds between two looks at the new processes of the host; an old ucarp may be started at any time."""

RECENT = 1.0
"""Seconds for which a look may be shared."""

LOOKS_AT_ALL = 20
"""Every so many looks all processes are looked at: an old shell may have become a ucarp by exec.

A look at all is slow, and each process of ucarpd takes one.
"""

_PROC = Path("/proc")


class Instance(Protocol):
    """A virtual host of this process."""

    @property
    def config(self) -> Config: ...
    def served_beside(self, text: str) -> None: ...


class OldUcarpWatch:
    """A watch that logs and notes each old ucarp; the thread of `disk` looks at the processes.

    The worker of netlink has addresses to add, which would wait for a look at all processes.
    """

    def __init__(self, disk: Worker, instances: Callable[[], Iterable[Instance]]) -> None:
        self._disk = disk
        self._instances = instances
        self._is_looking = False
        self._told: dict[str, str] = {}
        self._looks = 0
        self._seen: set[str] = set()
        """The processes of the last look that were not a ucarp."""
        self._known: set[str] = set()
        """The ones among them that were none in the look before, either: a new shell may soon call exec."""
        self._alarm = Alarm()
        self._alarm.set(0, self._look)
        self.stop = self._alarm.cancel

    def _look(self) -> None:
        self._alarm.set(LOOK_AFTER, self._look)
        if not self._is_looking:  # A hung disk gets no second job.
            self._is_looking = True
            ours = [each.config for each in self._instances()]
            self._disk.do(lambda: self._find(ours), self._tell, self._failed)

    def _find(self, ours: list[Config]) -> dict[str, str]:
        """Return what to say about each virtual host that an old ucarp serves, by its name."""
        present = _processes()
        skipped = self._known if self._looks % LOOKS_AT_ALL else set()
        running = list(_old_ucarps(present - skipped))
        others = present - {str(pid) for pid, _ in running}
        self._seen, self._known = others, others & self._seen
        self._looks += 1
        return {each.name: text for each, text in _beside(ours, running)}

    def _tell(self, found: dict[str, str]) -> None:
        self._is_looking = False
        for text in found.values():
            if text not in self._told.values():
                lines.write(logging.ERROR, text)
        for each in self._instances():
            if each.config.name in found.keys() | self._told.keys():
                each.served_beside(found.get(each.config.name, ""))
        self._told = found

    def _failed(self, _error: OSError) -> None:
        self._is_looking = False


def find(vhid: int, interface: str) -> list[int]:
    """Return the processes, of this network namespace.  Blocks: it looks at all of the host."""
    running = _old_ucarps(_processes())
    return [pid for pid, words in running if _serves(words, vhid, interface)]


def beside(ours: Iterable[Config]) -> list[tuple[Config, str]]:
    """Return each virtual host that an old ucarp serves, and what to say.  Blocks, as `find` does.

    Raises OSError if there is no /proc.
    """
    return list(_beside(ours, list(_old_ucarps(_processes()))))


class RecentLook:
    """A look that many virtual hosts share, since addresses are often removed from all of them at once."""

    def __init__(self) -> None:
        self._at = float("-inf")
        self._running: list[tuple[int, list[str]]] = []

    def beside(self, our: Config) -> list[str]:
        """Return what to say about each old ucarp that serves this virtual host.

        Blocks, and raises OSError, as `beside` does.
        """
        if time.monotonic() - self._at > RECENT:
            self._running = list(_old_ucarps(_processes()))
            self._at = time.monotonic()
        return [text for _, text in _beside([our], self._running)]


def warning(pid: int, vhid: int, interface: str) -> str:
    """Say what to do about such a process."""
    return (
        f"process {pid} is the old ucarp, which also serves vhid {vhid} on {interface}: "
        f"end it (type: kill {pid}) and remove it from the script or unit that starts it"
    )


def _beside(
    ours: Iterable[Config], running: Sequence[tuple[int, list[str]]]
) -> Iterator[tuple[Config, str]]:
    for each in ours:
        for pid, words in running:
            if _serves(words, each.vhid, each.interface):
                yield each, warning(pid, each.vhid, each.interface)


def _processes() -> set[str]:
    return {name for name in os.listdir(_PROC) if name.isdecimal()}  # noqa: PTH208 - names will do


def _old_ucarps(processes: Iterable[str]) -> Iterator[tuple[int, list[str]]]:
    """Yield each C ucarp among these in this network namespace, with its command line."""
    for name in processes:
        if (words := _words_of_ucarp(_PROC / name)) is not None:
            yield int(name), words


def _words_of_ucarp(process: Path) -> list[str] | None:
    try:
        # Our own command also has this name, but its program is the Python interpreter.
        if (process / "comm").read_bytes() != b"ucarp\n":
            return None
        if not (process / "exe").readlink().name.startswith("ucarp"):
            return None
        if (process / "ns/net").stat().st_ino != network_namespace():
            return None
        # Any user can name a program so, but only root can send advertisements.
        if user_of(process) != 0:
            return None
        return os.fsdecode((process / "cmdline").read_bytes()).split("\0")[1:-1]
    except OSError:
        return None  # It has ended, or is not ours to look at.


def _serves(words: list[str], vhid: int, interface: str) -> bool:
    given = {
        each.option.long: each.value or ""
        for each in ucarp_options.split(words)
        if each.option is not None
    }
    try:
        same = ucarp_options.number(given.get("vhid", ""))[0] == vhid
    except ValueError:
        return False
    # Without an interface it has taken the first one, which may be this one.
    return same and given.get("interface", interface).partition(":")[0] == interface
