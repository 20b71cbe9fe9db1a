"""How often an instance has died lately: an instance in a crash loop must not take the role each time.

A file in the private directory has the monotonic second of each start; a clean stop removes it.  So
the starts in it, but for the present one, have ended in a death.
"""

import os
from contextlib import suppress
from pathlib import Path

from ucarpd.linux.run_directory import private_directory

WINDOW = 60.0
"""Seconds within which deaths count together."""

PROBATION = (0.0, 0.0, 10.0, 300.0)
"""Seconds for which a host is less fit after so many deaths within the window; the last one is for more.

With the third it has to show that it lives.  After the second it waits a little: a host that
preempts must not move the role to and fro with each death.
"""


def probation(deaths: int) -> float:
    """Return for how many seconds a host that has died so often is less fit."""
    return PROBATION[min(deaths, len(PROBATION) - 1)]


class Crashes:
    """The file of one instance.  Without a private directory nothing is known, and nothing kept."""

    def __init__(self, name: str, directory: Path) -> None:
        self._name = name
        self._directory = directory
        self.has_died = False
        """Whether the run before the present one ended without a stop."""

    def begin(self, now: float) -> int:
        """Note a start at monotonic second `now`; return how many deaths there were lately."""
        try:
            descriptor = os.open(self._file(), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                starts = _times(os.read(descriptor, 8192))
                self.has_died = bool(starts)
                deaths = [at for at in starts if 0 <= now - at < WINDOW]
                os.ftruncate(descriptor, 0)
                os.pwrite(descriptor, " ".join(map(str, [*deaths, now])).encode(), 0)
            finally:
                os.close(descriptor)
        except OSError:
            return 0
        return len(deaths)

    def end(self) -> None:
        """Note a clean stop."""
        with suppress(OSError):
            Path(self._file()).unlink()

    def _file(self) -> str:
        return f"{private_directory(self._directory)}/{self._name}.starts"


def _times(content: bytes) -> list[float]:
    try:
        return [float(word) for word in content.split()]
    except ValueError:
        return []
