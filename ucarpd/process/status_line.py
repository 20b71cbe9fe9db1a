"""The line that `systemctl status` shows: the state, and every reason to look closer."""

import time
from collections import Counter
from collections.abc import Collection, Sequence
from itertools import islice

from ucarpd.carp.actions import State
from ucarpd.control.wording import REFUSED
from ucarpd.process.instance import Instance

_MOST_NOTES = 3
"""Most virtual hosts whose reasons the line names."""


def status_line(instances: Sequence[Instance], refused: Collection[str]) -> str:
    """Return the line; `refused` names the virtual hosts whose files are unusable now."""
    line = _of_one(instances[0]) if len(instances) == 1 else _of_many(instances)
    others = set(refused)
    if len(instances) == 1 and (only := instances[0].config.name) in others:
        line = f"{line}; {REFUSED}"
        others.remove(only)
    if not others:
        return line
    return f"{line}; refused: {', '.join(sorted(others))} (`ucarpd check` says why)"


def _of_one(only: Instance) -> str:
    since = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(time.time() - only.shown.duration))
    where = f"{only.config.interface}, vhid {only.config.vhid}, since {since}"
    return (
        f"{only.state.value}{only.shown.note} ({where})"
        if only.shown.note
        else f"{only.state.value} on {where}"
    )


def _of_many(instances: Sequence[Instance]) -> str:
    states = Counter(instance.state for instance in instances)
    counts = ", ".join(f"{states[state]} {state.value}" for state in reversed(State))
    noted = (
        f"{each.config.name}: {each.state.value}{note}"
        for each in instances
        if (note := each.shown.note)
    )
    notes = list(islice(noted, _MOST_NOTES + 1))
    if len(notes) > _MOST_NOTES:
        notes[_MOST_NOTES:] = ["…"]
    return "; ".join([f"{len(instances)} virtual hosts: {counts}", *notes])
