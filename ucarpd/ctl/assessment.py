"""The faults of an instance and their severity, for people and for monitoring plug-ins."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from ucarpd.control.wire import Message
from ucarpd.ctl import times
from ucarpd.ctl.not_running import FAILED, STOPPED, UNKNOWN

OK, DEGRADED, CRITICAL, NOT_KNOWN = range(4)
"""The exit statuses of `status`."""

_FROM_BEST_TO_WORST = (OK, DEGRADED, NOT_KNOWN, CRITICAL)
"""An unknown state may be critical."""

_NOT_ALONE = {"another_master", "advertisements_lost", "address_claimed"}
"""Findings of a master beside another host that serves: each client reaches one of the two."""


class Trouble(NamedTuple):
    """One fault and its severity."""

    level: int
    text: str


def worst(levels: Iterable[int]) -> int:
    """Return the worst of several exit statuses; OK if there is none."""
    return max(levels, key=_FROM_BEST_TO_WORST.index, default=OK)


def level(instance: Message) -> int:
    """Return the exit status for one instance."""
    return worst(trouble.level for trouble in troubles(instance, 0.0))


def troubles(instance: Message, now: float) -> list[Trouble]:
    """Return the troubles of an instance, the worst first; `now` is in seconds since 1970."""
    found = list(_troubles(instance, now))
    return sorted(found, key=lambda each: -_FROM_BEST_TO_WORST.index(each.level))


def missing(instance: Message) -> list[str]:
    """Return the addresses that this master should serve and does not."""
    if instance["state"] != "MASTER":
        return []
    addresses = instance.get("addresses", ())
    return [each["address"] for each in addresses if not each.get("served", each["present"])]


def _troubles(instance: Message, now: float) -> Iterator[Trouble]:
    state, reason = instance["state"], instance.get("reason", "")
    if state in {FAILED, "INIT"}:
        yield Trouble(CRITICAL, reason)
    elif state == UNKNOWN:
        yield Trouble(NOT_KNOWN, reason)
    elif state == STOPPED:
        yield Trouble(DEGRADED, reason)
    if absent := missing(instance):
        yield Trouble(CRITICAL, f"MASTER without {', '.join(absent)}")
    for finding in instance.get("findings", ()):
        if finding["text"] != reason:
            is_alone = finding["finding"] not in _NOT_ALONE
            yield Trouble(DEGRADED if is_alone else CRITICAL, finding["text"])
    for each in instance.get("maintenance", ()):
        yield Trouble(DEGRADED, f"in maintenance, {maintenance(each, now)}")
    for each in instance.get("demotion", ()):
        if each["level"] == "failing":
            yield Trouble(DEGRADED, f"demoted by {each['amount']}: {each['reason']}")
        elif each["level"] == "never":
            if not any(peer["is_master"] for peer in instance.get("peers", ())):
                yield Trouble(
                    CRITICAL, f"no master is heard, and this host may not serve: {each['reason']}"
                )
            # Of maintenance, the note says more.
            elif each["reason"] != "maintenance":
                yield Trouble(DEGRADED, f"this host does not serve: {each['reason']}")


def maintenance(note: Message, now: float) -> str:
    """Return the level of a maintenance note, its author, time and reason."""
    what = "never serves" if note["level"] == "never" else "last resort"
    whole = " (all of this host)" if note["scope"] == "host" else ""
    by = f" by {note['by']}" if note.get("by") else ""
    until = f"until {times.local(note['until'], now)}" if note.get("until") else "without an end"
    why = f": {note['reason']}" if note.get("reason") else ""
    return f"{what}{whole}, since {times.local(note['since'], now)}{by}, {until}{why}"
