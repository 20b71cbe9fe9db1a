"""Why a host is unfit: named reasons, each with a level and an amount, and their sum.

The sum is a place in the order of `ucarpd.carp.rank`, which says how it is advertised.  Every
reason is in such a list, whoever adds it, so a second one never adds to the cost of the first.
"""

from enum import Enum

from ucarpd.carp.rank import HEALTHY, LARGEST_FAILING, MAINTENANCE, NEVER


class Level(Enum):
    """The weight of a reason; the value is its place in the order."""

    FAILING = LARGEST_FAILING
    MAINTENANCE = MAINTENANCE
    NEVER = NEVER


class Demotion:
    """The reasons that hold at the moment, each with its level and amount."""

    def __init__(self) -> None:
        self.reasons: dict[str, tuple[Level, int]] = {}

    def set(self, reason: str, amount: int, level: Level = Level.FAILING) -> bool:
        """Let `reason` hold with this amount, or no longer (0); whether that changed anything.

        Amounts add up among the failing; at the other levels any amount will do.
        """
        before = self.reasons.get(reason)
        if amount:
            self.reasons[reason] = (level, amount)
        else:
            self.reasons.pop(reason, None)
        return self.reasons.get(reason) != before

    def without(self, reason: str) -> "Demotion":
        """Return all but one reason."""
        others = Demotion()
        others.reasons = {name: each for name, each in self.reasons.items() if name != reason}
        return others

    def joined(self, other: "Demotion") -> "Demotion":
        """Return the reasons of both; a reason has one name, wherever it holds."""
        both = Demotion()
        both.reasons = self.reasons | other.reasons
        return both

    def unfitness(self, *, by_count: bool = False) -> int:
        """Return the place of this host in the order; `by_count`: each failing reason counts as 1."""
        reasons = self.reasons.values()
        worst = max((level.value for level, _ in reasons), default=HEALTHY)
        if worst > LARGEST_FAILING:
            return worst
        return min(sum(1 if by_count else amount for _, amount in reasons), LARGEST_FAILING)

    def __str__(self) -> str:
        return ", ".join(self.reasons) or "none"
