"""The metrics: one table for what there is about a process, one for what there is about an instance.

An instance has the label `name`: Prometheus itself sets the label `instance`, to the host it asks.
The values of all labels are few: names and fixed words, never a text with figures in it.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import reduce
from typing import Any, NamedTuple

from ucarpd import __version__
from ucarpd.control.wire import Message
from ucarpd.ctl import times
from ucarpd.ctl.naming import instances
from ucarpd.ctl.processes import Answer

Labels = tuple[str, ...]
Sample = tuple[Labels, float]


class Family(NamedTuple):
    """A metric with its samples, by the values of its labels."""

    name: str
    help: str
    labels: Labels
    samples: dict[Labels, float]

    @property
    def kind(self) -> str:
        return "counter" if self.name.endswith("_total") else "gauge"


class Row(NamedTuple):
    """A metric, and how its samples come from a message; the labels do not name the message's owner."""

    name: str
    help: str
    samples: Callable[[Message], Iterable[Sample]]
    labels: Labels = ()


def families(answers: Sequence[Answer]) -> list[Family]:
    """Return all metrics that have a sample."""
    build = Family(
        "ucarpd_exporter_build_info",
        "Always 1; the version of the exporter.",
        ("version",),
        {(__version__,): 1},
    )
    up = Family(
        "ucarpd_process_up",
        "Whether the process answered; without it, nothing is known about its instances.",
        ("process",),
        {(str(answer.pid),): answer.reply is not None for answer in answers},
    )
    processes = [(str(each.pid), each.reply) for each in answers if each.reply is not None]
    running = [(each["name"], each) for each in instances(answers)]
    made = [build, up]
    made += [_family("process", row, processes) for row in OF_PROCESS]
    made += [_family("name", row, running) for row in OF_INSTANCE]
    return [family for family in made if family.samples]


def _family(owner: str, row: Row, messages: Iterable[tuple[str, Message]]) -> Family:
    samples = {
        (name, *labels): value
        for name, message in messages
        for labels, value in row.samples(message)
    }
    return Family(row.name, row.help, (owner, *row.labels), samples)


# -- what a message says ---------------------------------------------------------------------------


def _field(*path: str) -> Callable[[Message], Iterator[Sample]]:
    """Return a function for one number, which may be null."""

    def samples(message: Message) -> Iterator[Sample]:
        value = _at(message, path)
        if value is not None:
            yield (), float(value)

    return samples


def _moment(*path: str) -> Callable[[Message], Iterator[Sample]]:
    """Return a function for one time, in seconds since 1970."""

    def samples(message: Message) -> Iterator[Sample]:
        yield (), times.seconds(_at(message, path))

    return samples


def _at(message: Message, path: Labels) -> Any:
    return reduce(lambda inside, key: inside[key], path, message)


def _each(listed: str, label: str, key: str) -> Callable[[Message], Iterator[Sample]]:
    """Return a function for one number of each object in a list, which may be null."""

    def samples(message: Message) -> Iterator[Sample]:
        for each in message[listed]:
            if each[key] is not None:
                yield (each[label],), float(each[key])

    return samples


def _version(reply: Message) -> Iterator[Sample]:
    yield (reply["process"]["version"],), 1


def _refused(reply: Message) -> Iterator[Sample]:
    for each in reply["refused"]:
        yield (each["name"],), 1


def _states(instance: Message) -> Iterator[Sample]:
    for state in ("INIT", "BACKUP", "MASTER"):
        labels = (instance["interface"], str(instance["vhid"]), state)
        yield labels, instance["state"] == state


def _counted(counter: str) -> Callable[[Message], Iterator[Sample]]:
    """Return a function for a number of each word, or of each pair of words."""

    def samples(instance: Message) -> Iterator[Sample]:
        for outer, inside in instance["counters"][counter].items():
            if isinstance(inside, int):
                yield (outer,), inside
            else:
                yield from (((outer, inner), count) for inner, count in inside.items())

    return samples


def _demotion(instance: Message) -> Iterable[Sample]:
    amounts: Counter[Labels] = Counter()
    for each in instance["demotion"]:
        # `check web: refused the connection`: only the first part is a name.
        amounts[each["reason"].partition(":")[0], each["level"]] += each["amount"]
    return amounts.items()


def _maintenance(instance: Message) -> Iterator[Sample]:
    for each in instance["maintenance"]:
        yield (each["level"], each["scope"]), times.seconds(each["since"])


def _checks(instance: Message) -> Iterator[Sample]:
    # A process of a revision before has none.
    for each in instance.get("checks", ()):
        for state in ("unknown", "good", "failed"):
            yield (each["name"], state), each["state"] == state


def _findings(instance: Message) -> Iterable[Sample]:
    return Counter((each["finding"],) for each in instance["findings"]).items()


def _script_duration(instance: Message) -> Iterator[Sample]:
    script = instance["script"]
    if script and not script["running"]:
        yield (script["name"],), script["duration"]


def _script_running(instance: Message) -> Iterator[Sample]:
    script = instance["script"]
    if script:
        yield (script["name"],), script["running"]


def _peer_seen(instance: Message) -> Iterator[Sample]:
    for each in instance["peers"]:
        yield (each["address"],), times.seconds(each["last_seen"])


# -- the tables ------------------------------------------------------------------------------------

OF_PROCESS = (
    Row("ucarpd_build_info", "Always 1; the version of the process.", _version, ("version",)),
    Row(
        "ucarpd_process_start_time_seconds",
        "When the process started, in seconds since 1970.",
        _moment("process", "started"),
    ),
    Row(
        "ucarpd_worst_lateness_seconds",
        "The latest that a timer was since the process started.",
        _field("process", "worst_lateness"),
    ),
    Row(
        "ucarpd_recent_lateness_seconds",
        "The latest that a timer was in the last minute.",
        _field("process", "recent_lateness"),
    ),
    Row(
        "ucarpd_file_refused",
        "1 for a file NAME.conf that the process has read and does not run.",
        _refused,
        ("name",),
    ),
)

OF_INSTANCE = (
    Row(
        "ucarpd_state",
        "Whether the instance is in this state.",
        _states,
        ("interface", "vhid", "state"),
    ),
    Row(
        "ucarpd_state_start_time_seconds",
        "When the state began, in seconds since 1970.",
        _moment("since"),
    ),
    Row(
        "ucarpd_transitions_total",
        "Transitions to this state, by cause.",
        _counted("transitions"),
        ("state", "cause"),
    ),
    Row("ucarpd_advertisements_sent_total", "Advertisements sent.", _field("counters", "sent")),
    Row(
        "ucarpd_advertisements_accepted_total",
        "Advertisements of other hosts that were accepted.",
        _field("counters", "accepted"),
    ),
    Row(
        "ucarpd_advertisements_dropped_total",
        "Packets that were not accepted, by reason.",
        _counted("dropped"),
        ("reason",),
    ),
    Row(
        "ucarpd_advertisement_interval_seconds",
        "The time between two advertisements of this host, by its file.",
        _field("interval"),
    ),
    Row(
        "ucarpd_effective_advertisement_interval_seconds",
        "The same with every demotion.",
        _field("effective_interval"),
    ),
    Row(
        "ucarpd_master_down_interval_seconds",
        "The silence of a master after which this host takes over.",
        _field("master_down_interval"),
    ),
    Row(
        "ucarpd_worst_gap_ratio",
        "The longest silence of the master since the start, as a part of the master-down interval.",
        _field("worst_gap"),
    ),
    Row(
        "ucarpd_recent_gap_ratio",
        "The longest silence of the master in the last minute, as a part of the master-down interval.",
        _field("recent_gap"),
    ),
    Row(
        "ucarpd_unfitness",
        "0 healthy, 1 to 252 failing, 254 maintenance, 255 never serves.",
        _field("unfitness"),
    ),
    Row(
        "ucarpd_demotion",
        "The amount of each reason for a demotion.",
        _demotion,
        ("reason", "level"),
    ),
    Row(
        "ucarpd_check_state",
        "Whether the health check is in this state.",
        _checks,
        ("check", "state"),
    ),
    Row(
        "ucarpd_maintenance_start_time_seconds",
        "When the maintenance began, in seconds since 1970; nothing if there is none.",
        _maintenance,
        ("level", "scope"),
    ),
    Row(
        "ucarpd_address_present",
        "Whether the kernel of this host has the virtual address.",
        _each("addresses", "address", "present"),
        ("address",),
    ),
    Row(
        "ucarpd_address_served",
        "Whether this host is MASTER and serves the virtual address.",
        _each("addresses", "address", "served"),
        ("address",),
    ),
    Row(
        "ucarpd_findings",
        "Faults that last, by kind.",
        _findings,
        ("finding",),
    ),
    Row(
        "ucarpd_script_duration_seconds",
        "How long the latest run of a script took.",
        _script_duration,
        ("script",),
    ),
    Row(
        "ucarpd_script_running",
        "Whether the script that was started last still runs.",
        _script_running,
        ("script",),
    ),
    Row(
        "ucarpd_script_runs_total",
        "Runs of scripts that have ended, by result.",
        _counted("scripts"),
        ("script", "result"),
    ),
    Row(
        "ucarpd_peer_last_seen_timestamp_seconds",
        "When another host was last heard, in seconds since 1970.",
        _peer_seen,
        ("peer",),
    ),
    Row(
        "ucarpd_peer_interval_seconds",
        "The time between two advertisements that another host states.",
        _each("peers", "address", "interval"),
        ("peer",),
    ),
    Row(
        "ucarpd_peer_worst_gap_seconds",
        "The longest silence of another host while it was heard as master.",
        _each("peers", "address", "worst_gap"),
        ("peer",),
    ),
    Row(
        "ucarpd_peer_is_master",
        "Whether another host is heard as master now.",
        _each("peers", "address", "is_master"),
        ("peer",),
    ),
)
