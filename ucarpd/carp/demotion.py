"""Why a host is less fit than usual, in named reasons, and what they add up to.

FreeBSD adds such amounts to advskew (net.inet.carp.demotion), OpenBSD counts them in header byte 4.
"""

SEND_ERRORS = 3
"""Failed advertisements after which a host is demoted, and good ones in a row that end it (BSDs)."""

DOWN_AMOUNT = 240
"""What a fault adds to advskew: FreeBSD's ifdown and senderr demotion factors."""


class Demotion:
    """The reasons that hold at the moment, each with its amount."""

    def __init__(self) -> None:
        self._amounts: dict[str, int] = {}

    def set(self, reason: str, amount: int) -> bool:
        """Let `reason` hold with this amount, or no longer (0); whether that changed anything."""
        changed = self._amounts.get(reason, 0) != amount
        if amount:
            self._amounts[reason] = amount
        else:
            self._amounts.pop(reason, None)
        return changed

    def without(self, reason: str) -> "Demotion":
        """All but one reason."""
        others = Demotion()
        others._amounts = {name: n for name, n in self._amounts.items() if name != reason}
        return others

    @property
    def amount(self) -> int:
        """In units of advskew."""
        return sum(self._amounts.values())

    @property
    def count(self) -> int:
        """How many reasons there are, as OpenBSD counts."""
        return len(self._amounts)

    def __str__(self) -> str:
        return ", ".join(self._amounts) or "none"


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
