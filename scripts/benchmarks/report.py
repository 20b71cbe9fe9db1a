"""Results as Markdown: one table for each measure and case."""

import math
from collections.abc import Iterable, Sequence
from pathlib import Path

from benchmarks.figures import Summary, ratio, summarize
from benchmarks.measure import Measure, Metric
from benchmarks.records import Record, Results, load

HEADER = ("", "daemon", "median", "p95", "min .. max", "ratio", "runs")


def merge(paths: Iterable[Path]) -> Results:
    """Several files as one; facts in which they differ are all told."""
    merged = Results({})
    for path in paths:
        results = load(path)
        merged.records += results.records
        for name, words in results.facts.items():
            known = merged.facts.get(name, words)
            merged.facts[name] = known if words in known.split("; ") else f"{known}; {words}"
    return merged


def markdown(results: Results, measures: Sequence[Measure]) -> str:
    """All tables.  The ratio is to the median of the daemon that comes first."""
    parts = [table(("", ""), results.facts.items()), _LEGEND]
    for measure in measures:
        ours = [record for record in results.records if record.measure == measure.name]
        for case in dict.fromkeys(record.case for record in ours):
            parts.append(f"### {measure.title(case)}")
            parts.append(measure.about)
            parts.append(_one_case(measure, [record for record in ours if record.case == case]))
    return "\n\n".join(parts) + "\n"


_LEGEND = """\
Times are in ms unless the unit is given.  The ratio compares with ucarpd's median, by netlink where it
was measured.  All daemons ran in turn, run by run."""


def _one_case(measure: Measure, records: Sequence[Record]) -> str:
    daemons = list(dict.fromkeys(record.daemon for record in records))
    rows = []
    for key, metric in measure.metrics.items():
        summaries = {
            daemon: summarize(
                r.values.get(key) for r in records if r.daemon == daemon and not r.error
            )
            for daemon in daemons
        }
        reference = next(iter(summaries.values())).median if daemons else math.nan
        # A slow up-script has no table row of "ucarpd" itself.
        is_compared = daemons[0].startswith("ucarpd")
        for position, (daemon, summary) in enumerate(summaries.items()):
            times = ratio(summary.median, reference) if is_compared else None
            title = _titled(metric) if position == 0 else ""
            rows.append((title, daemon, *_cells(summary, times)))
    text = table(HEADER, rows)
    errors = [f"* {record.daemon}: {record.error}" for record in records if record.error]
    return text + ("\n\nRuns that failed:\n\n" + "\n".join(errors) if errors else "")


def _titled(metric: Metric) -> str:
    return metric.title if metric.unit in {"", "ms"} else f"{metric.title}, {metric.unit}"


def _cells(summary: Summary, times: float | None) -> tuple[str, ...]:
    runs = str(summary.runs)
    if summary.missing:
        runs += f", and {summary.missing} never"
    if not summary.runs:
        return ("never", "", "", "", runs)
    span = f"{number(summary.least)} .. {number(summary.most)}"
    compared = "" if times is None else f"{times:.2g}" if times < 10 else f"{times:.0f}"
    return (number(summary.median), number(summary.p95), span, compared, runs)


def number(value: float) -> str:
    """With as many decimals as matter: three digits, and never more than three decimals."""
    if value == int(value):
        return f"{value:.0f}"
    digits = 3 if abs(value) < 1 else 2 if abs(value) < 10 else 1 if abs(value) < 100 else 0
    return f"{value:.{digits}f}"


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
