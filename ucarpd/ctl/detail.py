"""Everything about one instance, for a person who has to act."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from ucarpd.control.wire import Message
from ucarpd.ctl import assessment, times
from ucarpd.ctl.overview import STYLES, headroom_style
from ucarpd.ctl.screen import BAD, BOLD, DIM, GOOD, PLAIN, WARN, Cell, Screen, bar

_STATES = STYLES | {assessment.OK: GOOD}


class _View(NamedTuple):
    """The data of the sections; `now` is in seconds since 1970."""

    instance: Message
    process: Message
    now: float


def text(instance: Message, process: Message, screen: Screen, now: float) -> str:
    """Return the lines about an instance of a process; `now` is in seconds since 1970."""
    lines = list(_headline(instance, screen, now))
    for label, section in _SECTIONS:
        try:
            cells = list(section(_View(instance, process, now)))
        except KeyError:
            continue  # It does not run, or its process is older and does not report it.
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


def _findings(view: _View) -> Iterator[Cell]:
    for each in view.instance["findings"]:
        since = f" (since {times.local(each['since'], view.now)})" if "since" in each else ""
        yield Cell(each["text"] + since, BAD)


def _maintenance(view: _View) -> Iterator[Cell]:
    for note in view.instance["maintenance"]:
        yield Cell(assessment.maintenance(note, view.now), WARN)


def _demotion(view: _View) -> Iterator[Cell]:
    for each in view.instance["demotion"]:
        what, level = each["reason"], each["level"]
        if level == "failing":
            yield Cell(f"by {each['amount']}: {what}", WARN)
        else:
            yield Cell(what if what == level else f"{level}: {what}", WARN)


def _checks(view: _View) -> Iterator[Cell]:
    now = view.now
    for each in view.instance["checks"]:
        said = f"{each['name']} {each['state']} since {times.local(each['since'], now)}"
        said += f", {each['target']}: {each['reason']}"
        if each["state"] == "failed" and each.get("demote") is None:
            said += "; this host does not serve; if it fails on all hosts, no host serves"
        elif each["state"] == "failed" and not each["counts"]:
            said += "; this failure does not count yet"
        if each.get("good_at") is not None:
            wait = times.duration(times.seconds(each["good_at"]) - now)
            said += f"; it fails again and again, so it counts as good in {wait} at the earliest"
        styles = {"good": PLAIN, "unknown": WARN}
        yield Cell(said, styles.get(each["state"], BAD))


def _file(view: _View) -> Iterator[Cell]:
    yield Cell(view.instance["path"] or "not known")


def _where(view: _View) -> Iterator[Cell]:
    instance, process = view.instance, view.process
    where = f"{instance['interface']}, vhid {instance['vhid']}"
    yield Cell(f"{where}, process {process['pid']} (ucarpd {process['version']})")


def _addresses(view: _View) -> Iterator[Cell]:
    instance = view.instance
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


def _intervals(view: _View) -> Iterator[Cell]:
    instance = view.instance
    own = f"advertises every {_length(instance['effective_interval'])}"
    if instance["unfitness"]:
        own += f", states a demotion of {instance['unfitness']}"
    base = f"advbase {instance['advbase']}, advskew {instance['advskew']}"
    if instance["effective_interval"] != instance["interval"]:
        base += f": {_length(instance['interval'])} when healthy"
    preempt = ", preempts" if instance["preempt"] else ""
    if instance.get("preempt_at") is not None:
        preempt += f" in {times.duration(times.seconds(instance['preempt_at']) - view.now)}"
    yield Cell(f"{own} ({base}{preempt})")
    yield Cell(f"waits {_length(instance['master_down_interval'])} for a silent master")


def _peers(view: _View) -> Iterator[Cell]:
    peers = view.instance["peers"]
    if not peers:
        silent = " (backups are silent)" if view.instance["state"] == "MASTER" else ""
        yield Cell(f"none heard{silent}", DIM)
    for peer in peers:
        what = "MASTER, every" if peer["is_master"] else "every"
        said = f"{peer['address']}  {what} {_length(peer['interval'])}"
        if peer["demotion"]:
            said += f", demoted by {peer['demotion']}"
        said += f", last heard {times.ago(peer['last_seen'], view.now)}"
        if peer.get("worst_gap") is not None:
            said += f", longest silence {_length(peer['worst_gap'])}"
        yield Cell(said)


def _headroom(view: _View) -> Iterator[Cell]:
    instance = view.instance
    worst, recent = instance.get("worst_gap"), instance.get("recent_gap")
    whole = _length(instance["master_down_interval"])
    for gap, when in ((recent, "in the last minute"), (worst, "since the start")):
        if gap is not None:
            silence = _length(gap * instance["master_down_interval"])
            said = f"{bar(gap)}  silence of {silence} of {whole} {when}"
            yield Cell(said, headroom_style(gap))


def _next(view: _View) -> Iterator[Cell]:
    instance, now = view.instance, view.now
    if instance.get("next_deadline") is None:
        return
    what = "advertisement"
    if instance["state"] == "BACKUP":
        what = "takeover, if the master stays silent,"
        if instance.get("holding"):
            what = "holding, since the gateway fell silent with the master: takeover"
    yield Cell(f"{what} in {times.duration(times.seconds(instance['next_deadline']) - now)}")


def _script(view: _View) -> Iterator[Cell]:
    instance, now = view.instance, view.now
    script = instance.get("script")
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


def _last_transition(view: _View) -> Iterator[Cell]:
    instance, now = view.instance, view.now
    last = instance.get("last_transition")
    if last is None:
        return
    at, lasted = times.local(last["at"], now), times.duration(last["lasted"])
    yield Cell(f"{last['from']} to {last['to']} at {at}, after {lasted} as {last['from']}")
    yield Cell(last["reason"])


def _counters(view: _View) -> Iterator[Cell]:
    instance = view.instance
    counters = instance["counters"]
    yield Cell(f"{counters['sent']} sent, {counters['accepted']} accepted")
    dropped = {why: count for why, count in counters["dropped"].items() if count}
    if dropped:
        parts = ", ".join(f"{count} {why}" for why, count in sorted(dropped.items()))
        yield Cell(f"{sum(dropped.values())} dropped: {parts}", WARN)


def _timers(view: _View) -> Iterator[Cell]:
    worst, recent = view.process["worst_lateness"], view.process["recent_lateness"]
    since_start = f"up to {1000 * worst:.1f} ms late since the start"
    yield Cell(f"{since_start}, {1000 * recent:.1f} ms in the last minute")


def _length(seconds: float) -> str:
    """Return an interval, which short ones need in milliseconds."""
    return f"{seconds:.3f} s" if round(seconds, 3) < 1 else f"{seconds:.2f} s"


_SECTIONS: tuple[tuple[str, Callable[[_View], Iterator[Cell]]], ...] = (
    ("findings", _findings),
    ("maintenance", _maintenance),
    ("demotion", _demotion),
    ("checks", _checks),
    ("file", _file),
    ("where", _where),
    ("addresses", _addresses),
    ("intervals", _intervals),
    ("peers", _peers),
    ("headroom", _headroom),
    ("next", _next),
    ("script", _script),
    ("last change", _last_transition),
    ("packets", _counters),
    ("timers", _timers),
)
"""The label and the texts of each section, the most urgent first."""
