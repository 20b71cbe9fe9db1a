"""An event of an instance, for the history and all other listeners."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

LONGEST_TEXT = 500
"""Characters of the longest reason that is kept."""


class Event(StrEnum):
    """The kinds of events; readers must expect more of them."""

    START = "start"
    STOP = "stop"
    TRANSITION = "transition"
    DEMOTION = "demotion"
    MAINTENANCE = "maintenance"
    FINDING = "finding"
    CHECK = "check"
    CONTESTED = "contested"


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """One event of one instance.

    `at` is in seconds of the epoch.  `state` is the state afterwards and `previous` the one before;
    they differ in a transition only.  `lasted` is for how many seconds it had been in `previous`.
    `unfitness` is its place in the order of unfitness, 0 to 255.  `peer` is the host that caused
    it, or empty.
    """

    at: float
    instance: str
    event: str
    state: str
    previous: str
    lasted: float
    unfitness: int
    reason: str
    peer: str = ""

    def to_json(self) -> str:
        """Return a JSON object in one line; its time is RFC 3339 in UTC with milliseconds."""
        said = {name: getattr(self, name) for name in self.__slots__}
        said |= {"at": rfc3339(self.at), "lasted": round(self.lasted, 3)}
        return json.dumps(said | {"reason": self.reason[:LONGEST_TEXT]})

    @classmethod
    def from_json(cls, line: bytes | str) -> "Happening":
        """Return what `to_json` has written.  Raises ValueError if the line is something else."""
        try:
            said: Mapping[str, Any] = json.loads(line)
            return cls(
                at=datetime.fromisoformat(said["at"]).timestamp(),
                lasted=float(said["lasted"]),
                unfitness=int(said["unfitness"]),
                **{key: str(said[key]) for key in _TEXTS},
            )
        except (TypeError, KeyError, AttributeError, OverflowError, RecursionError) as error:
            raise ValueError(f"not an event: {error!r}") from None


_TEXTS = ("instance", "event", "state", "previous", "reason", "peer")


def rfc3339(at: float) -> str:
    """Return a second of the epoch as RFC 3339 in UTC, with milliseconds."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
