"""Names of instances, and the failure for an unknown name."""

from collections.abc import Collection, Iterable, Iterator

from ucarpd.control.wire import Message
from ucarpd.ctl.failure import Failure
from ucarpd.ctl.processes import Answer


def instances(answers: Iterable[Answer]) -> Iterator[Message]:
    """Yield the instances of all processes that answered."""
    for answer in answers:
        yield from (answer.reply or {}).get("instances", ())


def names(answers: Iterable[Answer]) -> set[str]:
    """Return the names of the instances that run."""
    return {each["name"] for each in instances(answers)}


def by_name(answers: Iterable[Answer]) -> dict[str, Message]:
    """Return the instances that run, by their names."""
    return {each["name"]: each for each in instances(answers)}


def is_stopping_units(instance: Message) -> bool:
    """Return whether a master stops its units before it offers the role: until then, no host takes it."""
    return any(each["finding"] == "units_stopping" for each in instance["findings"])


def no_such_instance(name: str, known: Collection[str]) -> Failure:
    """Return a failure with the known names, and the name that was probably meant."""
    if not known:
        return Failure(f"there is no instance {name}: no instance runs on this host")
    from ucarpd.usage import did_you_mean

    hint = did_you_mean(name.removesuffix(".conf"), known)
    return Failure(f"there is no instance {name} (this host has {', '.join(sorted(known))}){hint}")
