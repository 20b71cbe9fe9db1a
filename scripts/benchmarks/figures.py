"""Order statistics."""

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple


class Summary(NamedTuple):
    """The statistics of one metric; `missing` counts the runs without a value."""

    runs: int
    missing: int
    median: float
    p95: float
    least: float
    most: float


def percentile(ordered: Sequence[float], fraction: float) -> float:
    """The nearest-rank percentile of values in ascending order."""
    return ordered[max(0, math.ceil(fraction * len(ordered)) - 1)]


def summarize(values: Iterable[float | None]) -> Summary:
    """Without any value, the figures are NaN."""
    everything = list(values)
    known = sorted(value for value in everything if value is not None)
    missing = len(everything) - len(known)
    if not known:
        return Summary(0, missing, *[math.nan] * 4)
    median = (known[(len(known) - 1) // 2] + known[len(known) // 2]) / 2
    return Summary(len(known), missing, median, percentile(known, 0.95), known[0], known[-1])


def ratio(value: float, reference: float) -> float | None:
    """Return the ratio to the reference, or None if that is meaningless."""
    if math.isnan(value) or math.isnan(reference) or reference <= 0 or value < 0:
        return None
    return value / reference
