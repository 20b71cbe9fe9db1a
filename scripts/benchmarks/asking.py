"""A measure of a daemon whose control socket is asked by many clients that behave badly."""

import sys
import time
from collections import defaultdict
from itertools import pairwise
from pathlib import Path

from benchmarks.cluster import BenchmarkError, Stage
from benchmarks.daemons import VHIDS, Daemon
from benchmarks.figures import percentile
from benchmarks.measure import Measure, Metric, Trial, Values
from benchmarks.observer import wait

NOBODY, CROWD = 0, 1


def _asking(trial: Trial) -> Values:
    daemon, case, watch = trial
    with Stage(daemon, hosts=1) as stage:
        (host,) = stage.hosts
        stage.start(host, stage.instances(host, range(1, VHIDS + 1)))
        held = stage.observer.holding[host.name]
        if not wait(lambda: len(held) == VHIDS, 60):
            raise BenchmarkError(f"{len(held)} of {VHIDS} addresses; {stage.log_tails()}")
        time.sleep(5)
        running = stage.running[host.name]
        (socket,) = (host.root / "run/ctl").glob("*.sock")
        cpu, memory = running.cpu(), running.memory_alone()
        values: dict[str, float | None] = {}
        began = time.time()
        if case == CROWD:
            program = str(Path(__file__).with_name("askers.py"))
            askers = host.start(sys.executable, program, str(socket), str(watch))
            if askers.popen.wait(watch + 60):
                raise BenchmarkError(f"the clients failed: {askers.text()}")
            asked, answered, slowest = map(float, askers.text().split())
            values = {"unanswered": asked - answered, "asked": asked, "slowest": slowest}
        else:
            time.sleep(watch)
        times = defaultdict(list)
        for advert in list(stage.observer.adverts):
            if advert.at >= began:
                times[advert.vhid].append(advert.at)
        nominal = stage.interval(host)
        gaps = (pair for each in times.values() for pair in pairwise(each))
        moved = sorted(abs(later - earlier - nominal) * 1000 for earlier, later in gaps)
        if len(times) < VHIDS:
            raise BenchmarkError(f"advertisements of {len(times)} virtual hosts")
        return values | {
            "p50": percentile(moved, 0.5),
            "p99": percentile(moved, 0.99),
            "max": moved[-1],
            "cpu": (running.cpu() - cpu) / (time.time() - began) * 60,
            "growth": running.memory_alone() - memory,
        }


def _answers(daemon: Daemon, _case: int) -> bool:
    return daemon.name == "ucarpd"


MEASURES = (
    Measure(
        "asking",
        f"How far the advertisements of {VHIDS} masters move while clients of the control socket never"
        " read, send garbage, and 200 ask at once.",
        _asking,
        {
            "p50": Metric("deviation from the interval of 1 s, median"),
            "p99": Metric("deviation, 99 %"),
            "max": Metric("deviation, largest"),
            "cpu": Metric("processor time per minute", "s"),
            "growth": Metric("growth of the memory", "KiB"),
            "asked": Metric("clients that asked and would read", ""),
            "unanswered": Metric("of these, not answered", ""),
            "slowest": Metric("slowest answer to them"),
        },
        runs=1,
        cases=(NOBODY, CROWD),
        case_title="{}",
        case_titles={NOBODY: "nobody asks", CROWD: "many ask"},
        suits=_answers,
    ),
)
