"""The other masters that a master hears and does not yield to: answered, and reported if they stay.

Two masters settle the matter with the next advertisement; a third one, from a host that has
lost in the meantime, shows that it does not hear us, or decides ties by another rule.
"""

from ucarpd.carp.actions import Action, Finding, Report
from ucarpd.carp.contender import Contender
from ucarpd.carp.params import IPAddress
from ucarpd.carp.timing import UNITS_PER_SECOND

TELL_AT = 3
"""The number of the advertisement at which a rival is reported."""

TURN = 3
"""Intervals after which the lowest of several equal masters yields; the next waits for as many
more.
"""

FORGOTTEN_AFTER = 3
"""Intervals of silence after which a rival is no longer MASTER."""

YIELDED_AFTER = 2.5
"""Intervals of silence after which a rival has not stayed MASTER all the time: this may be its parting
advertisement, which a script has delayed.  One lost advertisement is no such silence.
"""

RIVALS = 16
"""How many are answered and reported; sources are not signed, so a forger may invent any number."""

TOLD_WITHIN = 60.0
"""Seconds in which no more than RIVALS are reported, although silent ones make room for others."""


class Rival:
    """One source; times are monotonic seconds."""

    def __init__(self, contender: Contender, since: float) -> None:
        self.contender = contender
        self.since = since
        self.counted_at = self.heard_at = self.answered_at = float("-inf")
        self.advertisements = 0
        self.is_told = False
        self.is_apart = False
        """We have no source address in its family, so it does not hear our answer."""

    @property
    def interval(self) -> float:
        """Seconds between two of its advertisements, as far as is known."""
        return self.contender.units / UNITS_PER_SECOND if not self.contender.is_unfit else 1.0

    def is_forgotten(self, now: float, interval: float) -> bool:
        """Return whether it has been silent for so long that it is no longer MASTER."""
        return now - self.heard_at > FORGOTTEN_AFTER * max(interval, self.interval)


class Rivals:
    """The rivals of one term as MASTER.  `interval` is always our own, in seconds."""

    def __init__(self) -> None:
        self._rivals: dict[IPAddress, Rival] = {}
        self._told_at: tuple[float, ...] = ()

    @property
    def are_known(self) -> bool:
        return bool(self._rivals)

    def hear(
        self, own: Contender | None, peer: Contender, now: float, interval: float
    ) -> list[Action]:
        """Take in an advertisement of a host that we stay MASTER beside.

        `own` is our side in the family of the peer; None: we have no source address there.
        """
        rival = self._rivals.get(peer.source)
        if rival is None:
            if len(self._rivals) >= RIVALS:
                return []
            rival = self._rivals[peer.source] = Rival(peer, now)
        is_back = now - rival.heard_at > YIELDED_AFTER * max(interval, rival.interval)
        if is_back or rival.contender.rank != peer.rank:
            rival.since, rival.advertisements = now, 0
        rival.contender, rival.heard_at, rival.is_apart = peer, now, own is None
        # A duplicate, or a frame that was under way, says nothing about the effect of our answer.
        if now - rival.counted_at < min(interval, rival.interval) / 2:
            return []
        rival.counted_at = now
        rival.advertisements += 1
        if rival.advertisements < TELL_AT or rival.is_told:
            return []
        if len(self._told_at) == RIVALS and now - self._told_at[0] < TOLD_WITHIN:
            return []
        rival.is_told = True
        self._told_at = (*self._told_at, now)[-RIVALS:]
        if own is None:
            return [Report(Finding.RIVAL_APART, peer.source, peer.source.version)]
        is_tie = peer.rank == own.rank
        return [Report(Finding.RIVAL_STAYS_TIED if is_tie else Finding.RIVAL_STAYS, peer.source)]

    def is_to_be_answered(self, source: IPAddress, now: float, interval: float) -> bool:
        """Return whether to answer it with an advertisement: at most once in an interval."""
        rival = self._rivals.get(source)
        if rival is None or now - rival.answered_at < interval:
            return False
        rival.answered_at = now
        return True

    def are_heard(self, now: float, interval: float) -> bool:
        """Return whether another master has been heard lately that hears our answers."""
        return any(
            not (rival.is_apart or rival.is_forgotten(now, interval))
            for rival in self._rivals.values()
        )

    def has_outstayed(self, own: Contender, peer: Contender, now: float, interval: float) -> bool:
        """Return whether this equal rival has stayed MASTER so long that it is our turn to yield."""
        rival = self._rivals.get(peer.source)
        if rival is None:
            return False
        turn = 1 + sum(
            each.contender.rank == own.rank
            and each.contender.source.version == own.source.version
            and each.contender.source.packed < own.source.packed
            for each in self._rivals.values()
        )
        return now - rival.since >= turn * TURN * interval

    def gone(self, now: float, interval: float) -> list[Action]:
        """Forget silent rivals, and report the end of each that was reported."""
        if not self._rivals:
            return []
        gone = [
            source for source, rival in self._rivals.items() if rival.is_forgotten(now, interval)
        ]
        told = [source for source in gone if self._rivals.pop(source).is_told]
        return [Report(Finding.RIVAL_GONE, source) for source in told]
