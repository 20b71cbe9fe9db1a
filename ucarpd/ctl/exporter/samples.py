"""How the samples of a metric come from a message: the status of a process, or of an instance.

A sample is a number, with the values of its labels.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from functools import reduce
from typing import Any

from ucarpd.control.wire import Message
from ucarpd.ctl import times

Labels = tuple[str, ...]
Sample = tuple[Labels, float]
Samples = Callable[[Message], Iterable[Sample]]


def field(*path: str) -> Callable[[Message], Iterator[Sample]]:
    """Return a function for one number, which may be null."""

    def samples(message: Message) -> Iterator[Sample]:
        value = _at(message, path)
        if value is not None:
            yield (), float(value)

    return samples


def moment(*path: str) -> Callable[[Message], Iterator[Sample]]:
    """Return a function for one time, in seconds since 1970."""

    def samples(message: Message) -> Iterator[Sample]:
        yield (), times.seconds(_at(message, path))

    return samples


def _at(message: Message, path: Labels) -> Any:
    return reduce(lambda inside, key: inside[key], path, message)


def of_each_address(listed: str, key: str) -> Callable[[Message], Iterator[Sample]]:
    """Return a function for one number of each object with an address in a list; null for none."""

    def samples(message: Message) -> Iterator[Sample]:
        for each in message[listed]:
            if each[key] is not None:
                yield (each["address"],), float(each[key])

    return samples


def version(reply: Message) -> Iterator[Sample]:
    yield (reply["process"]["version"],), 1


def refused(reply: Message) -> Iterator[Sample]:
    for each in reply["refused"]:
        # A file's name may have bytes that are no text.
        name = each["name"].encode(errors="surrogateescape")
        yield (name.decode(errors="backslashreplace"),), 1


def states(instance: Message) -> Iterator[Sample]:
    for state in ("INIT", "BACKUP", "MASTER"):
        labels = (instance["interface"], str(instance["vhid"]), state)
        yield labels, instance["state"] == state


def counted(counter: str) -> Callable[[Message], Iterator[Sample]]:
    """Return a function for a number of each word, or of each pair of words."""

    def samples(instance: Message) -> Iterator[Sample]:
        for outer, inside in instance["counters"][counter].items():
            if isinstance(inside, int):
                yield (outer,), inside
            else:
                yield from (((outer, inner), count) for inner, count in inside.items())

    return samples


def demotion(instance: Message) -> Iterable[Sample]:
    amounts: Counter[Labels] = Counter()
    for each in instance["demotion"]:
        # `check web: refused the connection`: only the first part is a name.
        amounts[each["reason"].partition(":")[0], each["level"]] += each["amount"]
    return amounts.items()


def maintenance(instance: Message) -> Iterator[Sample]:
    for each in instance["maintenance"]:
        yield (each["level"], each["scope"]), times.seconds(each["since"])


def checks(instance: Message) -> Iterator[Sample]:
    # A process of a revision before has none.
    for each in instance.get("checks", ()):
        for state in ("unknown", "good", "failed"):
            yield (each["name"], state), each["state"] == state


def findings(instance: Message) -> Iterable[Sample]:
    return Counter((each["finding"],) for each in instance["findings"]).items()


def script_duration(instance: Message) -> Iterator[Sample]:
    script = instance["script"]
    if script and not script["running"]:
        yield (script["name"],), script["duration"]


def script_running(instance: Message) -> Iterator[Sample]:
    script = instance["script"]
    if script:
        yield (script["name"],), script["running"]


def peer_seen(instance: Message) -> Iterator[Sample]:
    for each in instance["peers"]:
        yield (each["address"],), times.seconds(each["last_seen"])
