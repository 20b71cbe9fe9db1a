"""Measures ucarpd, ucarp and keepalived side by side, in network namespaces.

scripts/bench                      everything, all daemons in turn (under two hours)
scripts/bench --quick              a first look, in two minutes
scripts/bench --measure failover   this measure (may be repeated)
scripts/bench report FILE...       the tables again, of what --json wrote
scripts/bench plot FILE --svg OUT  the client's outages as a picture
scripts/bench code                 packets and the state machine alone, by pytest-benchmark
"""

import argparse
import os
import shlex
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import sweep

from benchmarks import asking, failures, loads, plot, records, report
from benchmarks.cluster import FAILURES
from benchmarks.daemons import DAEMONS, Daemon, Ucarpd
from benchmarks.measure import Measure, Trial
from benchmarks.records import Record, Results

MEASURES: tuple[Measure, ...] = (*failures.MEASURES, *loads.MEASURES, *asking.MEASURES)
NAMES = [measure.name for measure in MEASURES]

QUICK = {"start": (1,), "failover": (0,), "handover": (0,)}
"""Measures of --quick, with their cases; each runs once."""

EXIT_NO_PERMISSION = 77


class Step(NamedTuple):
    """One planned run."""

    measure: Measure
    case: int
    daemon: Daemon
    round: int


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Read the command line; `action` is run, report or plot."""
    parser = argparse.ArgumentParser(
        prog="scripts/bench",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    if arguments[:1] == ["report"]:
        parser.add_argument("action")
        parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
    elif arguments[:1] == ["plot"]:
        parser.add_argument("action")
        parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
        parser.add_argument("--svg", required=True, type=Path, metavar="OUT")
    else:
        parser.set_defaults(action="run")
        _add_options(parser)
    return parser.parse_args(arguments)


def _add_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    names = ", ".join(NAMES)
    add("--quick", action="store_true", help="fewer measures, one run of each: two minutes")
    add("--measure", action="append", choices=NAMES, metavar="NAME", help=names)
    daemons = [daemon.name for daemon in DAEMONS]
    add("--daemon", action="append", choices=daemons, metavar="NAME", help="; ".join(daemons))
    add("--runs", type=_positive, metavar="N", help="of each measure, for each daemon")
    add(
        "--case",
        action="append",
        type=int,
        metavar="N",
        help="addresses or packets/s, instead of the usual",
    )
    add(
        "--watch",
        type=_positive,
        default=60,
        metavar="S",
        help="seconds of jitter, footprint and asking (60)",
    )
    add("--json", type=Path, metavar="FILE", help="keep every run; written after each")
    add("--ucarpd", metavar="COMMAND", help="run this instead of this checkout")


def _positive(text: str) -> int:
    if (value := int(text)) < 1:
        raise ValueError(text)
    return value


def plan(options: argparse.Namespace) -> Iterator[Step]:
    """Return the runs in order; the daemons take turns, so noise of the machine hits all alike."""
    names = options.measure or (list(QUICK) if options.quick else NAMES)
    daemons = [d for d in DAEMONS if not options.daemon or d.name in options.daemon]
    for measure in (each for each in MEASURES if each.name in names):
        cases = measure.cases
        if options.quick:
            cases = QUICK.get(measure.name, cases[:1])
        if options.case and measure.case_title:
            cases = tuple(options.case)
        for case in cases:
            for number in range(options.runs or (1 if options.quick else measure.runs)):
                for daemon in daemons:
                    if measure.suits(daemon, case):
                        yield Step(measure, case, daemon, number + 1)


def run(options: argparse.Namespace) -> int:
    if os.geteuid() != 0:
        print("scripts/bench: must run as root: it makes network namespaces", file=sys.stderr)
        return EXIT_NO_PERMISSION
    sweep.tell(sweep.dead())
    if options.ucarpd:
        Ucarpd.command = shlex.split(options.ucarpd)
    results = Results(records.facts(DAEMONS))
    steps = list(plan(options))
    status = 0
    try:
        for number, step in enumerate(steps, 1):
            record = _run_once(step, options.watch)
            results.records.append(record)
            _tell(f"{number}/{len(steps)}", step, record)
            if options.json:
                results.save(options.json)
    except KeyboardInterrupt:
        status = 130
    print(report.markdown(results, MEASURES))
    return status or any(record.error for record in results.records)


def _run_once(step: Step, watch: float) -> Record:
    began, load = time.time(), os.getloadavg()[0]
    values, error = {}, ""
    try:
        values = dict(step.measure.run(Trial(step.daemon, step.case, watch)))
    except FAILURES as failure:
        error = f"{type(failure).__name__}: {failure}"
    return Record(
        measure=step.measure.name,
        case=step.case,
        daemon=step.daemon.name,
        at=round(began, 3),
        took=round(time.time() - began, 1),
        load=round(load, 2),
        values={key: None if v is None else round(v, 4) for key, v in values.items()},
        error=error,
    )


def _tell(progress: str, step: Step, record: Record) -> None:
    known = {key: "never" if v is None else report.number(v) for key, v in record.values.items()}
    words = record.error or ", ".join(f"{key} {value}" for key, value in known.items())
    title = f"{step.measure.title(step.case)} #{step.round}"
    clock = time.strftime("%H:%M:%S")
    said = f"{clock} {progress} {title}, {step.daemon.name} ({record.took:.0f} s): {words}"
    print(said, file=sys.stderr, flush=True)


def _interrupt(number: int, _frame: object) -> None:
    raise KeyboardInterrupt(signal.Signals(number).name)


def main(arguments: Sequence[str]) -> int:
    options = parse(arguments)
    if options.action == "run":
        # The observer's time stamps must not wait for other work of this process.
        sys.setswitchinterval(0.0005)
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, _interrupt)
        return run(options)
    results = report.merge(options.files)
    if options.action == "report":
        print(report.markdown(results, MEASURES))
    else:
        options.svg.write_text(plot.svg(results), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
