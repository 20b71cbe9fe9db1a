"""Measures from the client's view: a host or its link fails, is stopped, or comes back.

The first host, a, is preferred, and master when a run begins; b, and c if it exists, are its
backups.  Every run begins at a random phase of the advertisement interval.
"""

import random
import time
from collections.abc import Callable

from benchmarks.cluster import Cluster
from benchmarks.daemons import FASTEST, NETLINK, NORMAL, Pace, ups_of
from benchmarks.measure import Measure, Metric, Trial, Values, ms

WATCHED_AFTER = 0.3
"""Seconds for which a run continues after its event, to see the consequences."""

SLOW_SCRIPT = 5.0
"""Seconds."""


def _failover(pace: Pace) -> Callable[[Trial], Values]:
    def run(trial: Trial) -> Values:
        with Cluster(trial.daemon, pace=pace) as cluster:
            a, b = cluster.hosts
            cut = cluster.crash(a)
            reply = cluster.first_reply([b], cut)
            time.sleep(WATCHED_AFTER)
            last = cluster.observer.last_advert(a.name, cut)
            waited = ms(reply, last)
            outage = cluster.prober.outage(cut - 0.1, time.time() - 0.1)
            return {
                "beyond": None if waited is None else waited - 1000 * cluster.dead_interval(b),
                "reply": ms(reply, cut),
                "address": ms(cluster.observer.first_change(b.name, present=True, since=cut), cut),
                "lost": outage.lost,
            }

    return run


_FAILOVER_METRICS = {
    "beyond": Metric("last advertisement → client answered, less the nominal master-down interval"),
    "reply": Metric("cut → client answered"),
    "address": Metric("cut → address on the backup"),
    "lost": Metric("probes lost, of one each 2 ms", ""),
}


def _handover(trial: Trial) -> Values:
    with Cluster(trial.daemon) as cluster:
        a, b = cluster.hosts
        leaving = cluster.running[a.name]
        told = time.time()
        leaving.terminate()
        reply = cluster.first_reply([b], told)
        has_ended = leaving.wait(10)
        leaving.kill()
        cluster.settle(b)
        gone = cluster.prober.outage(told - 0.1, time.time() - 0.1)
        cluster.random_phase()
        started = time.time()
        cluster.boot(a)
        back = cluster.first_reply([a], started, 40)
        settled = cluster.settle(a)
        return {
            "reply": ms(reply, told),
            "silence": gone.silence * 1000,
            "lost": gone.lost,
            "back": ms(back, started),
            "both": cluster.observer.overlap(started, settled) * 1000,
            "lost_back": cluster.prober.outage(started, settled).lost,
            "stuck": float(not has_ended),
        }


def _carrier(trial: Trial) -> Values:
    with Cluster(trial.daemon) as cluster:
        a, b = cluster.hosts
        cut = time.time()
        a.cable(False)
        taken = cluster.first_reply([b], cut)
        # ucarp looks at the link each ten seconds.
        time.sleep(max(0.0, cut + random.uniform(5, 15) - time.time()))
        plugged = time.time()
        a.cable(True)
        back = cluster.first_reply([a], plugged, 40)
        settled = cluster.settle(a)
        outage = cluster.prober.outage(plugged, settled)
        waited = ms(back, plugged)
        assert waited is not None
        return {
            "off": ms(cluster.observer.first_change(a.name, present=False, since=cut), cut),
            "taken": ms(taken, cut),
            "back": waited,
            "beyond": waited - 1000 * cluster.dead_interval(a),
            "both": cluster.observer.overlap(plugged, settled) * 1000,
            "lost": outage.lost,
        }


def _partition(trial: Trial) -> Values:
    with Cluster(trial.daemon) as cluster:
        a, b = cluster.hosts
        broken = time.time()
        a.path(False)
        cluster.first_reply([b], broken)
        time.sleep(random.uniform(1, 3))
        healed = time.time()
        a.path(True)
        cluster.first_reply([a], healed, 40)
        settled = cluster.settle(a)
        last = [r.received for r in cluster.prober.poll() if r.host == b.name][-1]
        single = cluster.observer.first_change(b.name, present=False, since=healed)
        outage = cluster.prober.outage(healed, settled)
        return {
            "single": ms(single, healed),
            "last": max(0.0, (last - healed) * 1000),
            "silence": outage.silence * 1000,
            "lost": outage.lost,
        }


def _slowscript(trial: Trial) -> Values:
    with Cluster(trial.daemon, hosts=3, delay=SLOW_SCRIPT) as cluster:
        a, b, c = cluster.hosts
        noted = {host.name: len(_ups(cluster, host.name)) for host in (b, c)}
        cut = cluster.crash(a)
        reply = cluster.first_reply([b, c], cut, 30)
        time.sleep(max(0.0, cut + SLOW_SCRIPT + 6 - time.time()))
        ups = {host.name: _ups(cluster, host.name)[noted[host.name] :] for host in (b, c)}
        start = ups[b.name][0] if ups[b.name] else None
        adverts = missed = None
        if start:
            # The master's line comes before the script, or just after its start.
            window = (start + 0.1, start + SLOW_SCRIPT)
            adverts = len(cluster.observer.advert_times(b.name, *window))
            due = int((window[1] - window[0]) / cluster.interval(b))
            missed = max(0, due - adverts)
        return {
            "adverts": adverts,
            "missed": missed,
            "rivals": float(bool(ups[c.name])),
            "reply": ms(reply, cut),
            "both": cluster.observer.overlap(cut, time.time(), without=a.name) * 1000,
        }


def _ups(cluster: Cluster, name: str) -> list[float]:
    """When the up-script of a host started."""
    path = ups_of(next(host for host in cluster.hosts if host.name == name))
    return [float(line) for line in path.read_text().split()] if path.exists() else []


MEASURES = (
    Measure(
        "failover",
        "The master is killed and unplugged; a backup takes over (master-down interval 3.39 s).",
        _failover(NORMAL),
        _FAILOVER_METRICS,
        runs=20,
    ),
    Measure(
        "fastest",
        "The same with advbase 0, advskew 1 (3.9 ms; VRRPv3: 10 ms) on both hosts.",
        _failover(FASTEST),
        _FAILOVER_METRICS,
        runs=20,
        suits=lambda daemon, _case: daemon.is_subsecond,
    ),
    Measure(
        "handover",
        "The master is told to stop (SIGTERM), and started again later.",
        _handover,
        {
            "reply": Metric("SIGTERM → client answered by the backup"),
            "silence": Metric("longest silence of the client"),
            "lost": Metric("probes lost, of one each 2 ms", ""),
            "back": Metric("started again → serves again"),
            "both": Metric("address on both hosts meanwhile"),
            "lost_back": Metric("probes lost on the way back", ""),
            "stuck": Metric("not ended after 10 s (1: yes)", ""),
        },
        runs=15,
    ),
    Measure(
        "carrier",
        "The master's cable is pulled for 5 to 15 s, and plugged in again.",
        _carrier,
        {
            "off": Metric("carrier lost → address off"),
            "taken": Metric("carrier lost → client answered by the backup"),
            "back": Metric("carrier back → serves again"),
            "beyond": Metric("the same, less the nominal master-down interval of 3 s"),
            "both": Metric("address on both hosts meanwhile"),
            "lost": Metric("probes lost on the way back", ""),
        },
        runs=10,
    ),
    Measure(
        "partition",
        "The path between the hosts breaks behind their carrier; both are master; it heals.",
        _partition,
        {
            "single": Metric("healed → address on one host"),
            "last": Metric("healed → last answer of the other host"),
            "silence": Metric("longest silence of the client"),
            "lost": Metric("probes lost, of one each 2 ms", ""),
        },
        runs=10,
    ),
    Measure(
        "slowscript",
        "Three hosts, up-scripts of 5 s; the master is killed and unplugged.",
        _slowscript,
        {
            "adverts": Metric("advertisements of the new master during its script", ""),
            "missed": Metric("advertisements left out", ""),
            "rivals": Metric("a second backup becomes master (1: yes)", ""),
            "reply": Metric("cut → client answered"),
            "both": Metric("address on two hosts"),
        },
        runs=5,
        suits=lambda daemon, _case: daemon is not NETLINK,
    ),
)
