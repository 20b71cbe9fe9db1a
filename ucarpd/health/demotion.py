"""How unfit a host is: named reasons, and one order for what they come to.

    HEALTHY < failing, 1 to LARGEST_FAILING < MAINTENANCE < NEVER

A host that is failing or in maintenance still serves where nobody fitter does.  One that may NEVER
serve gives its addresses up at once, heard or not, and takes over from nobody.  What the peers are
told of it is the business of `standing`.
"""

from enum import Enum

HEALTHY = 0
LARGEST_FAILING = 252
"""However many reasons there are, a failing host is fitter than one in maintenance."""
MAINTENANCE = 254
NEVER = 255

SEND_ERRORS = 3
"""Failed advertisements after which a host is demoted, and good ones in a row that end it (BSDs)."""

DOWN_AMOUNT = 240
"""How unfit a fault makes a host: FreeBSD's ifdown and senderr demotion factors."""


class Level(Enum):
    """What a reason can amount to; the value is its place in the order."""

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
        """All but one reason."""
        others = Demotion()
        others.reasons = {name: each for name, each in self.reasons.items() if name != reason}
        return others

    def joined(self, other: "Demotion") -> "Demotion":
        """The reasons of both; a reason has one name, wherever it holds."""
        both = Demotion()
        both.reasons = self.reasons | other.reasons
        return both

    def unfitness(self, *, by_count: bool = False) -> int:
        """Where this host stands in the order; `by_count`: each failing reason counts as 1."""
        reasons = self.reasons.values()
        worst = max((level.value for level, _ in reasons), default=HEALTHY)
        if worst > LARGEST_FAILING:
            return worst
        return min(sum(1 if by_count else amount for _, amount in reasons), LARGEST_FAILING)

    def __str__(self) -> str:
        return ", ".join(self.reasons) or "none"


class SendErrors:
    """Whether sending fails: after three errors, until three in a row have succeeded.

    A success among errors does not reset their count, as in FreeBSD.
    """

    def __init__(self) -> None:
        self.is_failing = False
        self._errors = 0
        self._successes = 0

    @property
    def is_clean(self) -> bool:
        """No error, or three successes in a row since the last one."""
        return self._errors == 0

    def note(self, *, success: bool) -> None:
        """Take in one attempt."""
        if success:
            self._successes += 1
            if self._successes >= SEND_ERRORS:
                self._errors = 0
                self.is_failing = False
        else:
            self._successes = 0
            self._errors += 1
            self.is_failing = self.is_failing or self._errors >= SEND_ERRORS
