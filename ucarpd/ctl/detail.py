"""Everything about one instance, for a person who has to act."""

from collections.abc import Iterator

from ucarpd.control.wire import Message
from ucarpd.ctl import assessment, times
from ucarpd.ctl.overview import headroom_style
from ucarpd.ctl.screen import BAD, BOLD, DIM, GOOD, PLAIN, WARN, Cell, Screen, bar

_STATES = {
    assessment.OK: GOOD,
    assessment.DEGRADED: WARN,
    assessment.CRITICAL: BAD,
    assessment.NOT_KNOWN: WARN,
}


def text(instance: Message, process: Message, screen: Screen, now: float) -> str:
    """Return the lines about an instance of a process; `now` is in seconds since 1970."""
    lines = list(_headline(instance, screen, now))
    for label, cells in _sections(instance, process, now):
        if cells:
            lines += screen.labelled(label, cells)
    return "\n".join(lines)


def _headline(instance: Message, screen: Screen, now: float) -> Iterator[str]:
    said = f"{instance['name'] or '?'}: {instance['state']}"
    if "since" in instance:
        since = instance["since"]
        said += f" since {times.local(since, now)} ({times.duration(now - times.seconds(since))})"
    style = _STATES[assessment.level(instance)]
    yield from screen.paragraph(Cell(f"{said}, {instance['reason']}", style), 4, first=0)


def _sections(instance: Message, process: Message, now: float) -> Iterator[tuple[str, list[Cell]]]:
    """Yield the label and the texts of each section, the most urgent first."""
    yield (
        "findings",
        [
            Cell(f"{each['text']} (since {times.local(each['since'], now)})", BAD)
            for each in instance.get("findings", ())
        ],
    )
    yield "maintenance", [_maintenance(each, now) for each in instance.get("maintenance", ())]
    yield "demotion", [_demotion(each) for each in instance.get("demotion", ())]
    yield "file", [Cell(instance["path"] or "not known")]
    if "vhid" not in instance:
        return
    where = f"{instance['interface']}, vhid {instance['vhid']}"
    yield "where", [Cell(f"{where}, process {process['pid']} (ucarpd {process['version']})")]
    yield "addresses", list(_addresses(instance))
    yield "intervals", list(_intervals(instance))
    yield "peers", [_peer(each, now) for each in instance["peers"]] or [_no_peer(instance)]
    yield "headroom", list(_headroom(instance))
    yield "next", list(_next(instance, now))
    yield "script", list(_script(instance, now))
    yield "last change", list(_last_transition(instance, now))
    yield "packets", list(_counters(instance))
    yield (
        "timers",
        [
            Cell(
                f"up to {1000 * process['worst_lateness']:.1f} ms late since the start, "
                f"{1000 * process['recent_lateness']:.1f} ms in the last minute"
            )
        ],
    )


def _maintenance(note: Message, now: float) -> Cell:
    until = f"until {times.local(note['until'], now)}" if note["until"] else "without an end"
    by = f" by {note['by']}" if note["by"] else ""
    said = assessment.maintenance(note).removeprefix("in maintenance, ")
    return Cell(f"{said} (since {times.local(note['since'], now)}{by}, {until})", WARN)


def _demotion(reason: Message) -> Cell:
    amount = f"by {reason['amount']}" if reason["level"] == "failing" else reason["level"]
    return Cell(f"{amount}: {reason['reason']}", WARN)


def _addresses(instance: Message) -> Iterator[Cell]:
    missing = assessment.missing(instance)
    is_master = instance["state"] == "MASTER"
    longest = max((len(each["address"]) for each in instance["addresses"]), default=0)
    for each in instance["addresses"]:
        style = PLAIN
        if each["present"]:
            said = "on this host" if is_master else "on this host, which is not MASTER"
            style = PLAIN if is_master else WARN
        elif each["address"] in missing:
            said, style = "MISSING: the kernel does not have it", BAD
        elif is_master:
            said = "not on this interface: the up-script may have put it elsewhere"
        else:
            said = "not on this host"
        yield Cell(f"{each['address']:{longest}}  {said}", style)


def _intervals(instance: Message) -> Iterator[Cell]:
    own = f"advertises every {_length(instance['effective_interval'])}"
    if instance["unfitness"]:
        own += f", states a demotion of {instance['unfitness']}"
    base = f"advbase {instance['advbase']}, advskew {instance['advskew']}"
    if instance["effective_interval"] != instance["interval"]:
        base += f": {_length(instance['interval'])} when healthy"
    preempt = ", preempts" if instance["preempt"] else ""
    yield Cell(f"{own} ({base}{preempt})")
    yield Cell(f"waits {_length(instance['master_down_interval'])} for a silent master")


def _peer(peer: Message, now: float) -> Cell:
    said = f"{peer['address']}  {'MASTER, ' if peer['is_master'] else ''}every {_length(peer['interval'])}"
    if peer["demotion"]:
        said += f", demoted by {peer['demotion']}"
    said += f", last heard {times.ago(peer['last_seen'], now)}"
    if peer["worst_gap"] is not None:
        said += f", longest silence {_length(peer['worst_gap'])}"
    return Cell(said)


def _no_peer(instance: Message) -> Cell:
    silent = " (backups are silent)" if instance["state"] == "MASTER" else ""
    return Cell(f"none heard{silent}", DIM)


def _headroom(instance: Message) -> Iterator[Cell]:
    worst, recent = instance["worst_gap"], instance["recent_gap"]
    whole = _length(instance["master_down_interval"])
    for gap, when in ((recent, "in the last minute"), (worst, "since the start")):
        if gap is not None:
            silence = _length(gap * instance["master_down_interval"])
            said = f"{bar(gap)}  silence of {silence} of {whole} {when}"
            yield Cell(said, headroom_style(gap))


def _next(instance: Message, now: float) -> Iterator[Cell]:
    if instance["next_deadline"] is None:
        return
    what = (
        "takeover, if the master stays silent,"
        if instance["state"] == "BACKUP"
        else "advertisement"
    )
    yield Cell(f"{what} in {times.duration(times.seconds(instance['next_deadline']) - now)}")


def _script(instance: Message, now: float) -> Iterator[Cell]:
    script = instance["script"]
    if script is None:
        return
    started = times.local(script["started"], now)
    length = times.duration(script["duration"])
    if script["running"]:
        yield Cell(f"{script['name']}-script has been running for {length}, since {started}", BOLD)
        return
    is_good = script["result"] == "ok"
    said = f"{script['name']}-script: {script['result']}, after {length} (started {started})"
    yield Cell(said, PLAIN if is_good else BAD)


def _last_transition(instance: Message, now: float) -> Iterator[Cell]:
    last = instance["last_transition"]
    if last is None:
        return
    at, lasted = times.local(last["at"], now), times.duration(last["lasted"])
    yield Cell(f"{last['from']} to {last['to']} at {at}, after {lasted} as {last['from']}")
    yield Cell(last["reason"])


def _counters(instance: Message) -> Iterator[Cell]:
    counters = instance["counters"]
    yield Cell(f"{counters['sent']} sent, {counters['accepted']} accepted")
    dropped = {why: count for why, count in counters["dropped"].items() if count}
    if dropped:
        parts = ", ".join(f"{count} {why}" for why, count in sorted(dropped.items()))
        yield Cell(f"{sum(dropped.values())} dropped: {parts}", WARN)


def _length(seconds: float) -> str:
    """Return an interval, which short ones need in milliseconds."""
    return f"{seconds:.3f} s" if seconds < 1 else f"{seconds:.2f} s"
