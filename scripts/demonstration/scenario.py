"""The scenario, as data: the hosts, the steps, and the outcome that each must have."""

from dataclasses import dataclass
from enum import Enum, auto
from typing import NamedTuple

PREFERRED, OTHER, CLIENT = "web1", "web2", "client"
ADDRESSES = {PREFERRED: "172.16.0.11", OTHER: "172.16.0.12", CLIENT: "172.16.0.100"}
OTHERS_SKEW = "100"
DIFFERENCES = {PREFERRED: {"PREEMPT": "yes"}, OTHER: {"ADVSKEW": OTHERS_SKEW}}
"""The keys of the shipped configuration file in which the hosts differ, without UCARP_."""

ASK_EVERY = 0.05
GIVE_UP_AFTER = 0.5
"""Seconds between two requests of the client, and how long it waits for each answer."""

FEW = 10
"""Requests that a step may lose when the address changes hands in good order: half a second."""


class Act(Enum):
    """A kind of deed."""

    START = auto()
    """Start its ucarpd."""
    STOP = auto()
    """Tell its ucarpd to stop."""
    PULL = auto()
    """Pull its network cable."""
    PLUG = auto()
    """Plug the cable in again."""


class Deed(NamedTuple):
    act: Act
    host: str


@dataclass(frozen=True, slots=True)
class Step:
    """Deeds, and the outcome that they must have."""

    title: str
    sentence: str
    deeds: tuple[Deed, ...]
    expected: str
    """The host that must answer."""
    limit: float
    """Seconds within which it must."""
    most_lost: int | None = None
    """Requests that may be lost; None for any number."""
    settle: float = 1.5
    """Seconds that are watched after that."""
    counts: bool = True
    """Whether lost requests are counted."""


STEPS = (
    Step(
        "Both hosts start",
        f"ucarpd starts on both hosts. Each listens for three seconds, then {PREFERRED} takes the "
        "address.",
        (Deed(Act.START, PREFERRED), Deed(Act.START, OTHER)),
        PREFERRED,
        limit=10,
        settle=0.5,
        counts=False,
    ),
    Step(
        "Nothing is touched",
        "Nothing is touched for a while.",
        (),
        PREFERRED,
        limit=1,
        most_lost=2,
        settle=3,
    ),
    Step(
        f"{PREFERRED}'s cable is pulled",
        f"{PREFERRED}'s network cable is pulled. After three seconds without a sign of it {OTHER} "
        "takes over.",
        (Deed(Act.PULL, PREFERRED),),
        OTHER,
        limit=6,
    ),
    Step(
        f"{PREFERRED}'s cable is back",
        f"The cable is plugged in again. {PREFERRED} is preferred, so it takes the address back.",
        (Deed(Act.PLUG, PREFERRED),),
        PREFERRED,
        limit=6,
        most_lost=FEW,
    ),
    Step(
        f"{PREFERRED}'s ucarpd is stopped",
        f"ucarpd is stopped on {PREFERRED}, as for maintenance (SIGTERM). It hands the address to "
        f"{OTHER}.",
        (Deed(Act.STOP, PREFERRED),),
        OTHER,
        limit=2,
        most_lost=FEW,
    ),
    Step(
        f"{PREFERRED}'s ucarpd is started again",
        f"ucarpd is started again on {PREFERRED}. It takes the address back.",
        (Deed(Act.START, PREFERRED),),
        PREFERRED,
        limit=10,
        most_lost=FEW,
    ),
)
