"""The client's outages as an SVG: a bar for each daemon at each event, on a logarithmic scale."""

import math
from collections.abc import Callable, Iterator, Sequence
from html import escape
from typing import NamedTuple

from benchmarks.figures import Summary, summarize
from benchmarks.records import Record, Results

EVENTS = (
    # measure, metric, words
    ("failover", "reply", "The master dies"),
    ("fastest", "reply", "The master dies, shortest interval"),
    ("handover", "silence", "The master is stopped"),
    ("carrier", "taken", "The master's cable is pulled"),
    ("partition", "silence", "A split network heals"),
    ("storm", "last", "The master of 255 addresses dies"),
    ("slowscript", "reply", "The master dies, up-scripts take 5 s"),
)
"""Metrics in ms that say how long a client got no answer; of 255 addresses, the last one counts."""

COLOURS = {
    "ucarpd": "#1b6ca8",
    "ucarpd, scripts": "#6baed6",
    "ucarp": "#d95f02",
    "keepalived": "#7a7a7a",
}
OTHER_COLOUR = "#444444"

LEFT, WIDTH, RIGHT = 290, 520, 90
TOP, BAR, GAP = 56, 15, 14
"""Pixels."""

SHORTEST = 1.0
"""The beginning of the scale, in ms."""


class Group(NamedTuple):
    """The bars of one event."""

    title: str
    bars: list[tuple[str, Summary]]


def groups(records: Sequence[Record]) -> Iterator[Group]:
    """The measurements of the events, in their order; an event without any run is left out."""
    for measure, metric, title in EVENTS:
        found = [r for r in records if r.measure == measure and metric in r.values]
        bars = []
        for daemon in dict.fromkeys(record.daemon for record in found):
            values = [record.values[metric] for record in found if record.daemon == daemon]
            summary = summarize(values)
            if summary.runs:
                bars.append((daemon, summary))
        if bars:
            yield Group(title, bars)


def svg(results: Results) -> str:
    """The whole picture."""
    shown = list(groups(results.records))
    longest = max((bar.most for group in shown for _, bar in group.bars), default=10.0)
    decades = max(1, math.ceil(math.log10(max(longest, 10.0) / SHORTEST)))

    def x(value: float) -> float:
        return LEFT + WIDTH * math.log10(max(value, SHORTEST) / SHORTEST) / decades

    height = TOP + sum(len(group.bars) * BAR + GAP for group in shown) + 46
    bottom = height - 40
    parts = list(_axis(decades, bottom))
    y = float(TOP)
    for group in shown:
        middle = y + len(group.bars) * BAR / 2 + 4
        parts.append(_text(LEFT - 10, middle, group.title, anchor="end"))
        for daemon, bar in group.bars:
            parts.append(_bar(x, y, daemon, bar))
            y += BAR
        y += GAP
    drawn = {daemon for group in shown for daemon, _ in group.bars}
    parts += _legend(sorted(drawn, key=[*COLOURS, *drawn].index))
    words = "; ".join(f"{name} {fact}" for name, fact in results.facts.items() if name in _NAMED)
    parts.append(_text(8, height - 6, words, size=10, colour="#666666"))
    width = LEFT + WIDTH + RIGHT
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" font-family="sans-serif">\n'
        '<rect width="100%" height="100%" fill="white"/>\n' + "\n".join(parts) + "\n</svg>\n"
    )


_NAMED = {"date", "processor", "kernel"}


def _axis(decades: int, bottom: float) -> Iterator[str]:
    """Lines and labels at the powers of ten."""
    for decade in range(decades + 1):
        at = LEFT + WIDTH * decade / decades
        ms = SHORTEST * 10**decade
        yield f'<path d="M{at:.1f} {TOP - 8}V{bottom}" stroke="#dddddd"/>'
        label = f"{ms:g} ms" if ms < 1000 else f"{ms / 1000:g} s"
        yield _text(at, bottom + 16, label, anchor="middle", size=11)


def _bar(x: Callable[[float], float], y: float, daemon: str, bar: Summary) -> str:
    """A bar to the median, a line from the shortest to the longest, the median in figures."""
    middle = y + BAR / 2 - 1
    colour = COLOURS.get(daemon, OTHER_COLOUR)
    label = f"{bar.median:.0f} ms" if bar.median < 1000 else f"{bar.median / 1000:.2f} s"
    length = max(1.0, x(bar.median) - LEFT)
    return (
        f'<rect x="{LEFT}" y="{y:.1f}" width="{length:.1f}" height="{BAR - 2}" fill="{colour}"/>'
        f'<path d="M{x(bar.least):.1f} {middle:.1f}H{x(bar.most):.1f}" stroke="black"/>'
        + _text(x(bar.most) + 5, middle + 4, label, size=10)
    )


def _legend(daemons: Sequence[str]) -> Iterator[str]:
    yield _text(8, 18, "How long a client is not answered (median; line: min to max)", size=14)
    for index, daemon in enumerate(daemons):
        at = LEFT + index * 130
        colour = COLOURS.get(daemon, OTHER_COLOUR)
        yield f'<rect x="{at}" y="28" width="11" height="11" fill="{colour}"/>'
        yield _text(at + 16, 38, daemon, size=12)


def _text(
    x: float, y: float, words: str, *, anchor: str = "start", size: int = 12, colour: str = "black"
) -> str:
    where = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"'
    return f'<text {where} font-size="{size}" fill="{colour}">{escape(words)}</text>'
