"""`ucarpctl history`: the past events of the instances, from the files in the state directory."""

import argparse
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from heapq import merge

from ucarpd.ctl import not_running, times, typed_times
from ucarpd.ctl.failure import DENIED, Failure
from ucarpd.ctl.naming import no_such_instance
from ucarpd.ctl.screen import BAD, BOLD, DIM, PLAIN, WARN, Cell, Screen, of_standard_output
from ucarpd.linux.state_directory import state_directory
from ucarpd.record import history
from ucarpd.record.happening import Event, Happening
from ucarpd.record.history import Tail

LOOK = 0.3
"""Seconds between two looks at the files."""

FEW = 10
"""Past events that --follow begins with, unless --since is given."""

_WIDTHS = (19, 0, 14, 11)
"""Columns of time, name (its own), event, and how long the state before had lasted."""

WIDE = 100
"""Columns that have room for all of these."""

_STYLES = {"MASTER": BOLD, "INIT": BAD, Event.DEMOTION: WARN, Event.MAINTENANCE: WARN}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME", nargs="?", help="an instance; default: all")
    parser.add_argument(
        "--since",
        metavar="WHEN",
        help="only newer events: 10m, 2h, 3d, today, yesterday, 2026-11-25, or RFC 3339",
    )
    parser.add_argument(
        "--follow", action="store_true", help="then print new events as they happen"
    )
    parser.add_argument("--json", action="store_true", help="print a JSON object for each event")


def run(options: argparse.Namespace) -> int:
    since = typed_times.since(options.since, time.time()) if options.since else None
    try:
        reader = _Reader(options.name)
        events = [each for each in reader.first() if since is None or each.at >= since]
        if options.follow and since is None:
            events = events[-FEW:]
        printer = _Printer(of_standard_output(), as_json=options.json, names=reader.names)
        printer.print(events)
        if not events and not options.follow and not options.json:
            print("no events")
        while options.follow:
            time.sleep(LOOK)
            printer.print(reader.next())
    except PermissionError:
        raise Failure(DENIED) from None
    return 0


class _Reader:
    """Reads the files of one instance, or of all, those included that come later."""

    def __init__(self, name: str | None) -> None:
        self._directory = state_directory()
        self._name = name
        self._tails: dict[str, Tail] = {}
        known = history.names(self._directory)
        if name is not None and name not in known:
            files = not_running.names_of_files()
            if name not in files:
                raise no_such_instance(name, {*known, *files})

    @property
    def names(self) -> Sequence[str]:
        return [self._name] if self._name else history.names(self._directory)

    def first(self) -> list[Happening]:
        """Return all events up to now, in the order of their times."""
        names = self.names
        older = {name: history.read_older(self._directory, name) for name in names}
        return _merged([*older.get(name, []), *events] for name, events in self._new())

    def next(self) -> list[Happening]:
        """Return the events since the last call."""
        return _merged(events for _, events in self._new())

    def _new(self) -> Iterator[tuple[str, list[Happening]]]:
        for name in self.names:
            if name not in self._tails:
                self._tails[name] = Tail(self._directory, name)
            yield name, self._tails[name].new()


def _merged(by_instance: Iterable[list[Happening]]) -> list[Happening]:
    """Return the events of all instances by their times; each instance keeps its order.

    The clock may have been set: the last event of a file is the newest one.
    """
    return list(merge(*by_instance, key=lambda each: each.at))


class _Printer:
    """A table, or lines of JSON; `names` are the instances that the first column is made for."""

    def __init__(self, screen: Screen, *, as_json: bool, names: Iterable[str]) -> None:
        self._screen = screen
        self._as_json = as_json
        width = max([len("NAME"), *map(len, names)])
        self._is_wide = screen.width is None or screen.width >= WIDE
        self._widths = [each or width for each in _WIDTHS[: 4 if self._is_wide else 3]]
        self._has_header = False

    def print(self, events: Sequence[Happening]) -> None:
        for each in events:
            if self._as_json:
                print(each.to_json())
            else:
                self._print_row(each)
        if events:
            sys.stdout.flush()

    def _print_row(self, event: Happening) -> None:
        if not self._has_header:
            self._has_header = True
            self._line([Cell(each, DIM) for each in _HEADER], Cell("REASON", DIM))
        is_transition = event.event == Event.TRANSITION
        what = f"{event.previous}->{event.state}" if is_transition else event.event
        lasted = times.duration(event.lasted) if is_transition else ""
        at = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(event.at))
        style = _STYLES.get(event.state if is_transition else event.event, PLAIN)
        cells = [Cell(at), Cell(event.instance), Cell(what, style), Cell(lasted)]
        after = f" (after {lasted})" if lasted and not self._is_wide else ""
        self._line(cells, Cell(event.reason + after))

    def _line(self, cells: Sequence[Cell], reason: Cell) -> None:
        texts = [
            self._screen.padded(cell, width)
            for cell, width in zip(cells, self._widths, strict=False)
        ]
        head = "  ".join(texts)
        indent = sum(self._widths) + 2 * len(self._widths)
        first, *others = self._screen.paragraph(reason, indent, first=2)
        print("\n".join(line.rstrip() for line in (head + first, *others)))


_HEADER = ("TIME", "NAME", "EVENT", "AFTER")
