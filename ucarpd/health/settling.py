"""Which of the failing checks count: one fault must move the role only once.

When something fails that two hosts share, they notice it at different times, and one check after
the other.  If each failure counted at once, the role would go to the host that has noticed less so
far, and back when that one has noticed more.  Hence:

* The first failing check counts at once: a healthy host must relieve this one.
* When no check fails any more, that counts at once.
* In between, a change that lets this host keep its present part counts at once: a master that gets
  better, a backup that gets worse.  Any other change waits until the other hosts have had the time
  to notice the same.

So a master that gets worse still goes by its first failure until the others have noticed theirs.  A
check that bars the host from serving counts at once in any case.
"""

from collections.abc import Mapping, Set


class Settling:
    """Times are monotonic seconds."""

    def __init__(self) -> None:
        self.counted: frozenset[str] = frozenset()
        """The failing checks that count."""
        self.deadline: float | None = None
        """When `look` may have a new result."""
        self._differs_since: dict[str, float] = {}

    def look(
        self,
        failing: Set[str],
        barring: Set[str],
        patience: Mapping[str, float],
        *,
        is_master: bool,
        now: float,
    ) -> None:
        """Decide which of the `failing` checks count.

        `barring` are the checks that bar this host from serving.  `patience` has for each check the
        seconds until another host has noticed the same; a check without an entry is gone.
        """
        self.counted &= patience.keys()
        if not failing or not self.counted:
            self.counted = frozenset(failing)
        differs = self.counted ^ failing
        self._differs_since = {name: self._differs_since.get(name, now) for name in differs}
        waiting = []
        for name, since in self._differs_since.items():
            is_worse, end = name in failing, since + patience[name]
            if name in barring or is_worse != is_master or now >= end:
                self.counted ^= {name}
            else:
                waiting.append(end)
        self.deadline = min(waiting, default=None)
