"""The metrics of all processes and instances of this host, with their samples.

An instance has the label `name`: Prometheus itself sets the label `instance`, to the host it asks.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from ucarpd import __version__
from ucarpd.control.wire import Message
from ucarpd.ctl.exporter.rows import OF_INSTANCE, OF_PROCESS, Row
from ucarpd.ctl.exporter.samples import Labels
from ucarpd.ctl.naming import instances
from ucarpd.ctl.processes import Answer


class Family(NamedTuple):
    """A metric with its samples, by the values of its labels."""

    name: str
    help: str
    labels: Labels
    samples: dict[Labels, float]

    @property
    def kind(self) -> str:
        return "counter" if self.name.endswith("_total") else "gauge"


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
        "Whether the process answered; if it did not, nothing is known about its instances.",
        ("process",),
        {(answer.label,): answer.reply is not None for answer in answers},
    )
    processes = [(each.label, each.reply) for each in answers if each.reply is not None]
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
