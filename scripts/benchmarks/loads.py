"""Measures of many instances, of a busy machine, and of a flood of forged packets."""

import os
import random
import struct
import sys
import time
from itertools import pairwise
from pathlib import Path

from lab import Host, run

from benchmarks import forgery
from benchmarks.cluster import NUMBER, BenchmarkError, Cluster, Stage
from benchmarks.daemons import VHIDS, Daemon
from benchmarks.figures import percentile
from benchmarks.measure import Measure, Metric, Trial, Values, ms
from benchmarks.observer import wait

FLOOD = 10.0
AFTER_FLOOD = 5.0
"""Seconds after the flood, in which daemons work off their queues, or a late takeover shows."""

_KILO = 1000


def _storm(trial: Trial) -> Values:
    daemon, size, _ = trial
    with Stage(daemon) as stage:
        a, b = stage.hosts
        numbers = range(1, size + 1)
        stage.start(a, stage.instances(a, numbers))
        _wait_for_all(stage, a, size)
        stage.start(b, stage.instances(b, numbers))
        stage.wait_for_backups(b, size)
        held = stage.observer.holding
        # ucarp's backups may take over for a moment, until they hear the master.
        if not wait(lambda: len(held[a.name]) == size and not held[b.name], 60):
            raise BenchmarkError(f"b has {len(held[b.name])} addresses before a fails")
        time.sleep(random.uniform(3, 4))
        cut = stage.crash(a)
        wait(lambda: len(held[b.name]) == size, 30)
        time.sleep(0.2)
        taken = sorted((at - cut) * 1000 for at in list(held[b.name].values()))
        return {
            "first": taken[0] if taken else None,
            "half": percentile(taken, 0.5) if taken else None,
            "last": taken[-1] if len(taken) == size else None,
            "missing": size - len(taken),
        }


def _start(trial: Trial) -> Values:
    daemon, size, _ = trial
    with Stage(daemon, segments=_segments(size)) as stage:
        a = stage.hosts[0]
        instances = stage.instances(a, range(1, size + 1))
        began = time.time()
        stage.start(a, instances)
        stage.wait_for_backups(a, size)
        return {"backup": ms(time.time(), began)}


def _footprint(trial: Trial) -> Values:
    daemon, size, watch = trial
    with Stage(daemon, segments=_segments(size)) as stage:
        values: dict[str, float | None] = {}
        a, b = stage.hosts
        for host in (a, b):
            stage.start(host, stage.instances(host, range(1, size + 1)))
            if host is a:
                _wait_for_all(stage, a, size)
            else:
                stage.wait_for_backups(b, size)
        time.sleep(6 + size * 0.03)
        began = time.time()
        cpu = {name: running.cpu() for name, running in stage.running.items()}
        time.sleep(watch)
        minutes = (time.time() - began) / 60
        for host, role in ((a, "master"), (b, "backup")):
            running = stage.running[host.name]
            values[f"{role}_cpu"] = (running.cpu() - cpu[host.name]) / minutes
            values[f"{role}_pss"] = running.pss() / 1024
            values[f"{role}_alone"] = running.memory_alone() / 1024
        values["processes"] = len(stage.running[a.name].pids())
        values["changes"] = sum(
            stage.observer.count_changes(host.name, present=present, since=began)
            for host in stage.hosts
            for present in (True, False)
        )
        return values


def _segments(size: int) -> int:
    return (size - 1) // VHIDS + 1


def _wait_for_all(stage: Stage, host: Host, size: int) -> None:
    held = stage.observer.holding[host.name]
    if not wait(lambda: len(held) == size, 60 + size / 10):
        raise BenchmarkError(f"{host.name} has {len(held)} of {size} addresses")


def _jitter(trial: Trial) -> Values:
    daemon, loops, watch = trial
    with Cluster(daemon, probe_interval=0.05) as cluster:
        a, b = cluster.hosts
        for _ in range(loops):
            cluster.client.start(sys.executable, "-c", "while True: pass")
        time.sleep(2)
        began = time.time()
        time.sleep(watch)
        times = cluster.observer.advert_times(a.name, began, time.time())
        nominal = cluster.interval(a)
        pairs = pairwise(times)
        deviations = sorted(abs(later - earlier - nominal) * 1000 for earlier, later in pairs)
        if not deviations:
            raise BenchmarkError(f"{len(times)} advertisements in {watch:g} s")
        return {
            "p50": percentile(deviations, 0.5),
            "p99": percentile(deviations, 0.99),
            "max": deviations[-1],
            "takeovers": cluster.observer.count_changes(b.name, present=True, since=began),
        }


def _peerflood(trial: Trial) -> Values:
    return _flood(trial, in_masters_name=True)


def _flood(trial: Trial, *, in_masters_name: bool = False) -> Values:
    daemon, rate, _ = trial
    with Cluster(daemon, probe_interval=0.02) as cluster:
        a, b = cluster.hosts
        attacker = cluster.lab.host("fl", f"{forgery.STRANGER}/16")
        source = a.address if in_masters_name else forgery.STRANGER
        frames = forgery.frames(daemon, cluster.instances(b, [NUMBER])[0], source)
        path = attacker.root / "frames"
        path.write_bytes(b"".join(struct.pack("=H", len(f)) + f for f in frames))
        program = _build_blaster(attacker.root)
        pair = [cluster.running[host.name] for host in (a, b)]
        before = [(each.cpu(), each.lines(), each.memory_alone()) for each in pair]
        began = time.time()
        blast = attacker.start(program, "eth0", str(path), str(rate), str(FLOOD))
        status = blast.popen.wait(FLOOD + 30)
        ended = time.time()
        if status:
            raise BenchmarkError(f"the flood ended with {status}: {blast.text()}")
        after = [(each.cpu(), each.memory_alone()) for each in pair]
        time.sleep(AFTER_FLOOD)
        sent, _failed, took = blast.text().split()
        times = cluster.observer.advert_times(a.name, began - 2, ended + 2)
        return {
            "sent": int(sent) / float(took) / _KILO,
            "takeovers": cluster.observer.count_changes(b.name, present=True, since=began),
            "gap": max(((y - x) * 1000 for x, y in pairwise(times)), default=None),
            "silence": cluster.prober.outage(began, ended).silence * 1000,
            "master_cpu": after[0][0] - before[0][0],
            "backup_cpu": after[1][0] - before[1][0],
            "lines": pair[1].lines() - before[1][1],
            "growth": max(0, after[1][1] - before[1][2]),
            "died": sum(not each.is_alive for each in pair),
        }


def _build_blaster(directory: Path) -> str:
    binary = str(directory / "blast")
    run("gcc", "-O2", "-o", binary, str(Path(__file__).with_name("blast.c")))
    return binary


def _fits(daemon: Daemon, size: int) -> bool:
    return size <= daemon.most_instances


_FLOOD_METRICS = {
    "sent": Metric("packets sent per second", "thousand"),
    "takeovers": Metric("false takeovers", ""),
    "gap": Metric("longest gap between advertisements"),
    "silence": Metric("longest silence of the client, asking each 20 ms"),
    "master_cpu": Metric("processor time of the master", "s"),
    "backup_cpu": Metric("processor time of the backup", "s"),
    "lines": Metric("log lines of the backup", ""),
    "growth": Metric("growth of the backup's memory", "KiB"),
    "died": Metric("daemons that died", ""),
}

MEASURES = (
    Measure(
        "storm",
        "The host that serves many addresses is killed and unplugged.",
        _storm,
        {
            "first": Metric("cut → first address taken"),
            "half": Metric("cut → half of them taken"),
            "last": Metric("cut → last address taken"),
            "missing": Metric("addresses that nobody took within 30 s", ""),
        },
        runs=5,
        cases=(VHIDS,),
        case_title="{} addresses",
    ),
    Measure(
        "jitter",
        "Deviation of the master's advertisements from their interval of 1 s.",
        _jitter,
        {
            "p50": Metric("deviation, median"),
            "p99": Metric("deviation, 99 %"),
            "max": Metric("deviation, largest"),
            "takeovers": Metric("takeovers by the backup", ""),
        },
        runs=1,
        cases=(0, os.cpu_count() or 1),
        case_title="busy loops on all processors",
        case_titles={0: "idle"},
    ),
    Measure(
        "start",
        "From the start of the process to BACKUP, for every file.",
        _start,
        {"backup": Metric("start → all are BACKUP")},
        runs=5,
        cases=(1, VHIDS),
        case_title="{} files",
        case_titles={1: "1 file"},
        suits=_fits,
    ),
    Measure(
        "footprint",
        "Memory and processor time; all masters on one host, all backups on another.",
        _footprint,
        {
            "processes": Metric("processes", ""),
            "master_pss": Metric("masters: PSS", "MiB"),
            "master_alone": Metric("masters: memory, as if alone on the machine", "MiB"),
            "master_cpu": Metric("masters: processor time per minute", "s"),
            "backup_pss": Metric("backups: PSS", "MiB"),
            "backup_alone": Metric("backups: memory, as if alone on the machine", "MiB"),
            "backup_cpu": Metric("backups: processor time per minute", "s"),
            "changes": Metric("addresses that came or went while watched", ""),
        },
        runs=1,
        cases=(1, 16, 64, VHIDS),
        case_title="{} addresses",
        case_titles={1: "1 address"},
        suits=_fits,
    ),
    Measure(
        "flood",
        "Ten seconds of forged packets with the right vhid and a wrong digest (VRRPv2: password).",
        _flood,
        _FLOOD_METRICS,
        runs=1,
        cases=(1 * _KILO, 10 * _KILO, 50 * _KILO),
        case_title="{} packets/s",
    ),
    Measure(
        "peerflood",
        "The same in the name of the master, which the backup knows and must go on hearing.",
        _peerflood,
        _FLOOD_METRICS,
        runs=1,
        cases=(50 * _KILO,),
        case_title="{} packets/s",
    ),
)
