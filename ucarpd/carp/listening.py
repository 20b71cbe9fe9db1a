"""What a virtual host has heard, and how long it has not: for each family apart.

The kernels run one master-down timer for IPv4 and one for IPv6.  An advertisement re-arms the timer
of its own family, and either expiry makes the host MASTER; hence a virtual host that has addresses
of both families advertises in both.
"""

from ucarpd.carp.events import AdvertisementReceived
from ucarpd.carp.params import Family, Params
from ucarpd.carp.timing import in_words, master_down_interval


class Listening:
    """The ears of one virtual host.  Times are monotonic seconds, intervals seconds."""

    def __init__(self, params: Params) -> None:
        self.params = params
        self._families = params.families
        self._last: dict[Family, AdvertisementReceived] = {}
        self._peer_is_better: dict[Family, bool] = {}
        self._heard_at: dict[Family, float] = {}
        self._silent_since: dict[Family, float] = {}
        self._down_at: dict[Family, float] = {}

    # -- what was heard --------------------------------------------------------------------------------

    def hear(
        self, heard: AdvertisementReceived, now: float, *, peer_is_better: bool = False
    ) -> None:
        """`peer_is_better`: its rank is better than ours in an election."""
        self._peer_is_better[heard.family] = peer_is_better
        self._last[heard.family] = heard
        self._heard_at[heard.family] = now

    def forget(self) -> None:
        """What was heard before says nothing about who serves now."""
        self._last.clear()

    def last(self, family: Family) -> AdvertisementReceived | None:
        """The last advertisement accepted, whoever sent it."""
        return self._last.get(family)

    def decides_ties(self, family: Family, now: float) -> bool:
        """Whether it is in this family that a tie is decided.

        The source addresses of two hosts may be ordered one way in IPv4 and the other way in IPv6;
        with both families deciding, both hosts would yield.  So IPv4 decides while it is heard.
        """
        first = self._families[0]
        return family == first or now - self._heard_at.get(first, float("-inf")) > self.patience

    def follow(self, families: tuple[Family, ...], now: float, not_before: float) -> None:
        """Listen in these families from now on; an armed timer of another family is dropped."""
        was_armed = bool(self._down_at)
        self._down_at = {f: at for f, at in self._down_at.items() if f in families}
        added = [family for family in families if family not in self._families]
        self._families = families
        for family in added if was_armed else ():
            self.arm(family, now, max(now + self.down_interval(family), not_before))

    def hears(self, family: Family) -> bool:
        """Whether this host has a source address to advertise from in the family."""
        return family in self._families

    # -- the master-down timers ------------------------------------------------------------------------

    def down_interval(self, family: Family) -> float:
        """How long a silence of this family ends in taking over."""
        last = self._last.get(family)
        peer_units = 0 if last is None or last.is_bow_out else last.units
        params = self.params
        return master_down_interval(
            params.advbase,
            params.advskew,
            params.deadratio,
            peer_units,
            peer_is_better=self._peer_is_better.get(family, False),
        )

    @property
    def patience(self) -> float:
        """The longest of the master-down intervals."""
        return max(self.down_interval(family) for family in self._families)

    @property
    def deadline(self) -> float | None:
        """When the first timer expires; None when none is armed."""
        return min(self._down_at.values(), default=None)

    def arm_all(self, now: float, at: float) -> None:
        for family in self._families:
            self.arm(family, now, at)

    def arm(self, family: Family, now: float, at: float) -> None:
        """Silence counts from `now`, and ends at `at`."""
        self._silent_since[family] = now
        self._down_at[family] = at

    def configure(self, params: Params, tie_patience: float, not_before: float) -> None:
        """The silence counts on, but what it ends in is reckoned anew."""
        self.params = params
        for family in self._down_at:
            patience = tie_patience or self.down_interval(family)
            self._down_at[family] = max(self._silent_since[family] + patience, not_before)

    def disarm(self) -> None:
        self._down_at.clear()

    def expired(self, now: float) -> Family | None:
        """The family whose timer has expired, if one has."""
        return next((family for family, at in self._down_at.items() if now >= at), None)

    def silence(self, family: Family, now: float, hold_down_until: float) -> str:
        """For the operator: what has not been heard."""
        last, since = self._last.get(family), self._silent_since[family]
        if not self._last and hold_down_until > since:
            return f"no other host has taken over within {in_words(now - since)}"
        kind = f"IPv{family} advertisement" if len(self._families) > 1 else "advertisement"
        who = f"from {last.source}" if last else "heard"
        return f"no {kind} {who} for {in_words(now - since)}"
