"""What a measure is: something that is done once to one daemon, and the figures that come of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from benchmarks.daemons import Daemon

Values = Mapping[str, float | None]
"""The figures of one run by the names of their metrics; None: it never happened."""


class Trial(NamedTuple):
    """What is measured once.  `case` tells runs of one measure apart: a number of addresses, or of
    packets per second; `watch` is how many seconds to watch, where a measure does."""

    daemon: Daemon
    case: int
    watch: float


class Metric(NamedTuple):
    """One figure; times are in ms unless the unit says otherwise."""

    title: str
    unit: str = "ms"


@dataclass(frozen=True)
class Measure:
    """`runs` is how often it is done to each daemon, in each case."""

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
