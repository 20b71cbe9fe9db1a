"""The state of this process and its virtual hosts, as GetStatus of org.ucarpd.varlink returns it.

It comes from the memory of the process, which does not ask the kernel.
"""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from ucarpd import __version__
from ucarpd.addresses.scripts import UP, UP_AGAIN
from ucarpd.carp.actions import State
from ucarpd.carp.machine import VirtualHost
from ucarpd.carp.peers import Peer
from ucarpd.carp.rank import Rank
from ucarpd.carp.timing import UNITS_PER_SECOND, advertisement_interval
from ucarpd.config import Check
from ucarpd.control.wire import REVISION
from ucarpd.health.checks import HealthChecks
from ucarpd.health.lateness import Lateness
from ucarpd.process.faults import Lasting
from ucarpd.process.moments import Moments
from ucarpd.process.parts import Parts
from ucarpd.process.reading import Reading
from ucarpd.process.teller import Course
from ucarpd.scripts.runner import GOES_ON_AFTER
from ucarpd.scripts.runs import OK, Runs

RESTARTING = "to be started again after an internal error"
"""The reason of an instance without an engine."""

_DIGITS = 4
"""Decimal places of durations: tenths of a millisecond."""


def of_process(
    lateness: Lateness, began: float, reading: Reading, moments: Moments
) -> dict[str, Any]:
    """Return the process, which began at monotonic second `began`, and the files that it refuses."""
    return {
        "revision": REVISION,
        "process": {
            "pid": os.getpid(),
            "version": __version__,
            "started": moments.at(began),
            "worst_lateness": round(lateness.latest, 6),
            "recent_lateness": round(lateness.recent(moments.now), 6),
        },
        "refused": _refused(reading),
    }


def _refused(reading: Reading) -> list[dict[str, Any]]:
    problems: dict[Path, list[str]] = {}
    for each in reading.problems:
        problems.setdefault(each.path, []).append(str(each))
    return [
        {
            "name": path.name.removesuffix(".conf"),
            "path": str(path),
            "problems": problems.get(path) or ["type `ucarpd check` for the reason"],
        }
        for path in sorted(reading.refused)
    ]


def of_instance(parts: Parts, moments: Moments) -> dict[str, Any]:
    """Return one virtual host; while it waits for its start after a defect it has no engine."""
    config, engine, standing = parts.config, parts.engine, parts.standing
    course, health = parts.teller.course, parts.standing.checks
    machine = engine.machine if engine else None
    rank = machine.rank if machine else Rank(config.params(), standing.unfitness)
    worst = machine.silences.worst if machine else None
    recent = machine.silences.recent(moments.now) if machine else None
    return {
        "name": config.name,
        "path": str(config.path),
        "state": parts.state.value,
        "since": moments.at(course.changed_at),
        "reason": engine.reason if engine else RESTARTING,
        "interface": config.interface,
        "vhid": config.vhid,
        "addresses": _addresses(parts, machine),
        "advbase": config.advbase,
        "advskew": config.advskew,
        "interval": round(advertisement_interval(config.advbase, config.advskew), _DIGITS),
        "effective_interval": round(rank.interval, _DIGITS),
        "master_down_interval": round(
            machine.wait if machine else rank.master_down_interval, _DIGITS
        ),
        "preempt": config.preempt,
        "unfitness": rank.unfitness,
        "demotion": [
            {"reason": name, "amount": amount, "level": level.name.lower()}
            for name, (level, amount) in standing.demotion.reasons.items()
        ],
        "maintenance": [each.to_status() for each in standing.maintenance],
        "peers": [_peer(each, moments) for each in machine.peers] if machine else [],
        "worst_gap": None if worst is None else round(worst, _DIGITS),
        "recent_gap": None if recent is None else round(recent, _DIGITS),
        "next_deadline": _at(machine.role_deadline if machine else None, moments),
        "script": _script(parts.runs, moments),
        "last_transition": _transition(course, moments),
        "findings": [
            {"finding": word, "since": moments.at(since), "text": text}
            for word, since, text in _findings(parts, moments)
        ],
        "counters": _counters(parts),
        "checks": [_check(check, at, health, moments) for check, at in parts.checking.listed()],
        "preempt_at": _at(machine.preempts_at(moments.now) if machine else None, moments),
        "holding": machine is not None and machine.is_holding,
    }


def _findings(parts: Parts, moments: Moments) -> Iterator[Lasting]:
    if parts.engine is None:
        since = parts.teller.course.changed_at
        yield Lasting("internal_error", since, "it will be started again")
    yield from parts.faults.lasting(
        is_master=parts.state is State.MASTER,
        is_scripted=parts.config.is_scripted,
        is_mute=parts.fitness.is_mute,
        families=[source.version for source in parts.engine.sources] if parts.engine else (),
    )
    yield from parts.removals.lasting()
    if wrong := parts.log.wrong_digest():
        seconds, text = wrong
        yield Lasting("wrong_digest", moments.now - seconds, text)
    yield from _of_script(parts, moments)
    for finding, seconds, text in parts.log.heard_now():
        yield Lasting(finding, moments.now - seconds, text)
    if parts.exposure.trouble:
        yield Lasting("exposed", parts.exposure.since, parts.exposure.trouble)


def _of_script(parts: Parts, moments: Moments) -> Iterator[Lasting]:
    run, limit = parts.runs.latest, parts.config.script_timeout
    if run is None:
        return
    name = _script_name(run.target)
    if run.duration is None:
        if not limit and moments.now - run.started >= GOES_ON_AFTER:
            text = f"its {name}-script is still running, without a time limit"
            yield Lasting("script_goes_on", run.started, text)
    elif (
        name == UP
        and not (run.result == OK or run.has_succeeded)
        and parts.engine
        and parts.engine.machine.served
    ):
        # Part of its work may be missing, such as a route.  Once it is done, another run may fail for
        # that: `ip address add` does.
        text = f"its {name}-script has failed: {run.result}"
        yield Lasting("script_failed", run.started + run.duration, text)


def _counters(parts: Parts) -> dict[str, Any]:
    engine, transitions, scripts = parts.engine, parts.teller.course.counts, parts.runs.counts
    dropped = engine.receiver.dropped if engine else {}
    return {
        "sent": engine.sent if engine else 0,
        "accepted": engine.receiver.accepted if engine else 0,
        "dropped": {reason.value: count for reason, count in dropped.items()},
        "transitions": _nested((s.value, c.value, n) for (s, c), n in transitions.items()),
        "addresses_removed": parts.removals.total,
        "scripts": _nested((_script_name(t), w, n) for (t, w), n in scripts.items()),
    }


def _check(
    check: Check, run_at: float | None, health: HealthChecks, moments: Moments
) -> dict[str, Any]:
    history = health.histories[check.name]
    return {
        "name": check.name,
        "target": check.target,
        "state": history.state.value,
        "since": moments.at(history.since),
        "reason": history.reason,
        "demote": check.demote,
        "counts": health.counts(check.name),
        "next": _at(run_at, moments),
        "good_at": _at(history.good_at, moments),
    }


def _at(moment: float | None, moments: Moments) -> str | None:
    return None if moment is None else moments.at(moment)


def _addresses(parts: Parts, machine: VirtualHost | None) -> list[dict[str, Any]]:
    missing = parts.addresses.missing()
    served = machine.served if machine else frozenset()
    return [
        {
            "address": str(ip),
            "present": ip not in missing and parts.host.netlink.where(ip) is not None,
            "served": ip in served,
        }
        for ip in parts.config.params().addresses
    ]


def _peer(peer: Peer, moments: Moments) -> dict[str, Any]:
    newest = peer.newest
    return {
        "address": str(newest.source),
        "interval": round(newest.units / UNITS_PER_SECOND, _DIGITS),
        "demotion": newest.stated_demotion,
        "last_seen": moments.at(peer.heard_at),
        "worst_gap": round(peer.worst_gap, _DIGITS) or None,
        "is_master": peer.is_master(moments.now),
    }


def _script(runs: Runs, moments: Moments) -> dict[str, Any] | None:
    run = runs.latest
    if run is None:
        return None
    duration = moments.now - run.started if run.duration is None else run.duration
    return {
        "name": _script_name(run.target),
        "started": moments.at(run.started),
        "running": run.duration is None,
        "duration": round(duration, _DIGITS),
        "result": run.result,
    }


def _transition(course: Course, moments: Moments) -> dict[str, Any] | None:
    change = course.latest
    if change is None:
        return None
    return {
        "at": moments.at(course.changed_at),
        "from": change.old.value,
        "to": change.new.value,
        "reason": change.reason,
        "peer": str(change.peer) if change.peer else None,
        "lasted": round(course.lasted, 3),
    }


def _script_name(target: str) -> str:
    return UP if target == UP_AGAIN else target


def _nested(counts: Iterable[tuple[str, str, int]]) -> dict[str, dict[str, int]]:
    nested: dict[str, dict[str, int]] = {}
    for outer, inner, count in counts:
        inside = nested.setdefault(outer, {})
        inside[inner] = inside.get(inner, 0) + count
    return nested
