"""The definition of a measure: an experiment with one daemon, and its figures."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from benchmarks.daemons import Daemon

Values = Mapping[str, float | None]
"""The figures of one run by the names of their metrics; None: it never happened."""


class Trial(NamedTuple):
    """One experiment.  `case` tells runs of one measure apart: a number of addresses, or of packets
    per second; `watch` is the time to watch in seconds, for measures that do."""

    daemon: Daemon
    case: int
    watch: float


class Metric(NamedTuple):
    """One figure; times are in ms unless the unit says otherwise."""

    title: str
    unit: str = "ms"


@dataclass(frozen=True)
class Measure:
    """A measure; `runs` is the number of runs for each daemon and case."""

    name: str
    about: str
    run: Callable[[Trial], Values]
    metrics: Mapping[str, Metric]
    runs: int
    cases: tuple[int, ...] = (0,)
    case_title: str = ""
    """With {} for the case; `case_titles` are exceptions."""
    case_titles: Mapping[int, str] = field(default_factory=dict)
    suits: Callable[[Daemon, int], bool] = lambda _daemon, _case: True

    def title(self, case: int) -> str:
        words = self.case_titles.get(case) or self.case_title.format(case)
        return f"{self.name}, {words}" if words else self.name


def ms(later: float | None, earlier: float | None) -> float | None:
    """The time between two moments, if both have come."""
    return None if later is None or earlier is None else (later - earlier) * 1000
