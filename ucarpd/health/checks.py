"""The health checks of one virtual host, and the reasons that follow from their results.

`check_state` has the state of each check, `settling` decides which failures count.  Results and
times go in; named reasons come out.
"""

from typing import NamedTuple

from ucarpd.health.check_state import CheckHistory, CheckState
from ucarpd.health.demotion import Demotion, Level
from ucarpd.health.settling import Settling


class Terms(NamedTuple):
    """How the results of a check count.

    It fails after `fall` failures in a row, and is good after `rise` successes.  `demote` is the
    amount of demotion while it fails; None: the host does not serve while it fails.  `period` is the
    longest time in seconds from one result to the next.
    """

    rise: int
    fall: int
    demote: int | None
    period: float

    @property
    def patience(self) -> float:
        """Seconds in which a host notices what another one has noticed."""
        return (max(self.rise, self.fall) + 1) * self.period


class HealthChecks:
    """Times are monotonic seconds."""

    def __init__(self) -> None:
        self.histories: dict[str, CheckHistory] = {}
        """By the name of the check."""
        self._terms: dict[str, Terms] = {}
        self._causes: dict[str, str] = {}
        """Why each failed check failed, in the words of that moment."""
        self._settling = Settling()
        self._is_master = False

    def add(self, name: str, terms: Terms, now: float) -> None:
        """Add a check that has no result yet; it replaces an old check with this name."""
        self.histories[name] = CheckHistory(terms.rise, terms.fall, now)
        self.keep(name, terms, now)

    def keep(self, name: str, terms: Terms, now: float) -> None:
        """Keep the results of a check with the same `rise` and `fall`."""
        self._terms[name] = terms
        self.histories[name].is_damped = terms.demote is not None
        self.look(now)

    def remove(self, name: str, now: float) -> None:
        del self._terms[name], self.histories[name]
        self._causes.pop(name, None)
        self.look(now)

    def note(self, name: str, is_good: bool, line: str, now: float) -> bool:
        """Take in a result with its last line; return whether the state of the check has changed."""
        history = self.histories[name]
        has_changed = history.note(is_good, line, now)
        if has_changed and not is_good:
            self._causes[name] = line
        self.look(now)
        return has_changed

    def set_master(self, is_master: bool, now: float) -> None:
        """This host has become MASTER, or is not any more."""
        self._is_master = is_master
        self.look(now)

    def look(self, now: float) -> None:
        """Time has passed."""
        self._settling.look(
            {name for name, each in self.histories.items() if each.state is CheckState.FAILED},
            {name for name, each in self._terms.items() if each.demote is None},
            {name: each.patience for name, each in self._terms.items()},
            is_master=self._is_master,
            now=now,
        )

    @property
    def deadline(self) -> float | None:
        """When `look` may have a new result, without a result of a check; None: never."""
        return self._settling.deadline

    @property
    def is_tested(self) -> bool:
        """Whether each check has had a verdict."""
        return all(each.state is not CheckState.UNKNOWN for each in self.histories.values())

    @property
    def demotion(self) -> Demotion:
        """The reasons that count now."""
        counted = Demotion()
        for name in self._terms:
            if name in self._settling.counted:
                amount = self._terms[name].demote
                reason = f"check {name}: {self._causes[name]}"
                if amount is None:
                    counted.set(reason, Level.NEVER.value, Level.NEVER)
                else:
                    counted.set(reason, amount)
        return counted

    def counts(self, name: str) -> bool:
        """Return whether the failure of this check counts now."""
        return name in self._settling.counted
