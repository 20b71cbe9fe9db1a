"""The master-down timers: when a silence is so long that a backup has to take over.

There is one master-down timer for each family, as in the kernels; an advertisement re-arms the one
of its own family.  Unlike the kernels, a backup takes over when all of them have expired: a master
that is heard in IPv4 serves, also when a switch loses its IPv6 advertisements.  Waiting longer than
a peer would is always safe.

When one advertisement, such as a bow-out, makes several backups take over, they go in turns
(rule T1): each leaves a moment to every host that is preferred to it.  A backup is silent, so the
others know of it only if they have heard it yield.
"""

from typing import NamedTuple

from ucarpd.carp.contender import Contender
from ucarpd.carp.election import turns_before_ours
from ucarpd.carp.params import Family
from ucarpd.carp.peak import Peak
from ucarpd.carp.peers import Peers
from ucarpd.carp.rank import Rank
from ucarpd.carp.statement import Statement
from ucarpd.carp.timing import NEVER, UNITS_PER_SECOND, earlier, in_words, later
from ucarpd.carp.why import Cause, Why

TURN = 1 / 32
"""The part of an interval, and of a second, that is left to each host that is preferred."""

PROBE_LEAD = 1 / 3
"""The late master is probed when this part of the wait is left, at most: an advertisement of it is
already missing.
"""

HEAD_START = 1 / 8
"""The part of its advskew by which a backup waits longer for a slower master: of several backups with
one advbase, the preferred one wakes up first, as it does by their own intervals.
"""


class Turn(NamedTuple):
    """When a backup takes over if no other host does, and why."""

    at: float
    why: Why


class MasterDown:
    """The silence timers of one virtual host.  Times are monotonic seconds, intervals seconds."""

    def __init__(self, rank: Rank, peers: Peers) -> None:
        self._families = rank.params.families
        self._rank = rank
        self._peers = peers
        self._last: dict[Family, Statement] = {}
        self._heard_at: dict[Family, float] = {}
        self._silent_since: dict[Family, float] = {}
        self._wait: dict[Family, float] = {}
        self._given: set[Family] = set()
        """Families whose wait was given, and does not change with our rank."""
        self.deadline: float | None = None
        """When our turn comes, or the last timer expires; None when none is armed."""
        self.next_at: float | None = None
        """When to probe the late master, or else to take over."""
        self._lead = 0.0
        """Seconds between them, or 0."""
        self.not_before = -NEVER
        """No silence ends earlier: this host has stepped down, to let another one serve."""
        self._begun_in: Family | None = None
        """The family of the advertisement that has begun the present silence."""
        self.silences = Peak()
        """How long masters were silent, as parts of the wait for them; 1 is a takeover."""
        self._told_silent: set[Family] = set()
        self._turn: Turn | None = None
        self._is_probed = False
        """The master of the present silence has been probed."""
        self.gateways_silent_since: float | None = None
        """The first question that no gateway answered in this silence, if none answers (rule S5)."""
        self._held_until: float | None = None

    # -- hearing -----------------------------------------------------------------------------------

    def hear(self, heard: Statement, now: float) -> None:
        """Note an advertisement; `arm` measures the silence after it.

        If every timer has expired, this host has slept, or may not serve: no family was silent alone.
        """
        if self.deadline is not None and now >= self.deadline and self._turn is None:
            self.arm_all(now)
        self.note_silence(now)
        self._last[heard.family] = heard
        self._heard_at[heard.family] = now

    def note_silence(self, now: float) -> None:
        """Note how near a silence is to its end, if an advertisement has begun it.

        The time before the first advertisement is no silence of a master.
        """
        if self._begun_in is not None:
            since, wait = self._silent_since[self._begun_in], self._wait[self._begun_in]
            part, silences = (now - since) / wait, self.silences
            if part > silences.current or now >= silences.ends:
                silences.note(part, now)

    def forget(self) -> None:
        """Forget the last advertisements; they say nothing about the master of today."""
        self._last.clear()

    def decides_ties(self, family: Family, now: float) -> bool:
        """Return whether a tie is decided in this family.

        The source addresses of two hosts may be ordered one way in IPv4 and the other way in IPv6;
        with both families deciding, both hosts would yield.  So IPv4 decides while it is heard.
        """
        first = self._families[0]
        return family == first or now - self._heard_at.get(first, -NEVER) > self.patience

    def follow(self, families: tuple[Family, ...], now: float) -> None:
        """Listen in these families only; drop the armed timer of another family."""
        added = [family for family in families if family not in self._families]
        was_armed = bool(self._silent_since)
        self._families = families
        self._silent_since = {f: at for f, at in self._silent_since.items() if f in families}
        if self._begun_in not in families:
            self._begun_in = None
        if was_armed:
            self._silent_since |= dict.fromkeys(added, now)
        self._set_waits()

    # -- how long to wait --------------------------------------------------------------------------

    def patience_with(self, heard: Statement | None) -> float:
        """Return the seconds of silence after this advertisement that are no reason to take over.

        A backup waits for `deadratio` intervals of a slower master: by its own interval alone, with
        advbase 1 and advskew 0, it would drop a healthy master at advskew 254 after a single lost
        packet.  A master that it would take over from anyway is not waited for.
        """
        rank = self._rank
        own_units = rank.master_down_units
        units: float = own_units
        ratio = rank.params.deadratio
        # A master that is fast enough cannot make the wait longer than our own interval does.
        if (
            heard is not None
            and ratio * heard.units > own_units
            and rank.waits_for(rank.rival(heard))
        ):
            interval = self._peers.interval_units(heard, own_units)
            units = max(own_units, ratio * interval + HEAD_START * rank.params.advskew)
        return units / UNITS_PER_SECOND + rank.reluctance

    @property
    def patience(self) -> float:
        """The longest of its master-down intervals."""
        return max(self.patience_with(self._last.get(family)) for family in self._families)

    def pause(self, own: Contender, heard: Statement) -> float:
        """Return the seconds to leave the role of its sender to the hosts preferred to us."""
        rank = self._rank
        backups = map(rank.rival, self._peers.ready(heard))
        turns = turns_before_ours(own, backups, rank.params.tiebreak)
        return turns * TURN * min(rank.interval, 1.0)

    # -- the master-down timers --------------------------------------------------------------------

    @property
    def is_holding(self) -> bool:
        """Whether it waits once more by rule S5."""
        return self._held_until is not None and self._turn is None

    @property
    def is_cut_off(self) -> bool:
        """Whether the gateways fell silent with the master (rule S5), and it does not hold yet."""
        if self._turn is not None or self._begun_in is None or self.is_holding:
            return False
        silent_since = self.gateways_silent_since
        return silent_since is not None and silent_since >= max(self._silent_since.values())

    def hold(self, now: float) -> None:
        """Wait once more."""
        self._held_until = now + max(self._wait.values())
        self._plan()

    @property
    def probe_at(self) -> float | None:
        """When to probe the late master; None: not in this silence, or no longer."""
        return None if self.next_at == self.deadline else self.next_at

    def take_probe(self, now: float) -> Statement | None:
        """Return the latest advertisement of the late master, if it must be probed now."""
        at, family = self.probe_at, self._begun_in
        if at is None or family is None or now < at:
            return None
        self._is_probed = True
        self._plan()
        return self._last.get(family)

    def stay_away(self, until: float) -> None:
        """Set `not_before`."""
        self.not_before = until
        self._plan()

    @property
    def is_held_down(self) -> bool:
        """Whether a time was set before which this host stays away."""
        return self.not_before > -NEVER

    def arm_all(self, now: float, wait: float | None = None) -> None:
        """Measure the silence from `now`; it may last `wait` seconds, or as our rank says."""
        self._begin(None)
        for family in self._families:
            self._silent_since[family] = now
            if wait is not None:
                self._wait[family] = wait
                self._given.add(family)
        self._set_waits()

    def begun_by(self, heard: Statement) -> None:
        """Note that the present silence has begun with this advertisement."""
        self._begin(heard.family)
        self._plan()

    def arm(self, family: Family, now: float) -> float:
        """Measure the silence of this family from `now`; return the seconds that it may last."""
        self._begin(family)
        self._silent_since[family] = now
        self._given.clear()
        self._set_waits()
        return self._wait[family]

    def arm_again(self, now: float) -> float | None:
        """Do what `hear` and `arm` did for the latest advertisement, for another one like it.

        Return the new deadline; None, without any change, if the timer has expired.
        """
        family, deadline = self._begun_in, self.deadline
        assert family is not None, "`arm` comes first"
        assert deadline is not None
        if now >= deadline:
            return None
        self.note_silence(now)
        self._silent_since[family] = self._heard_at[family] = now
        self.deadline = deadline = now + self._wait[family]
        self.next_at = deadline - self._lead
        return deadline

    def _begin(self, family: Family | None) -> None:
        """Begin a silence, after an advertisement in this family or none."""
        self._turn = self._held_until = self.gateways_silent_since = None
        self._begun_in = family
        self._is_probed = False

    def await_turn(self, turn: Turn) -> None:
        """Take over at this turn, unless another host does; keep a turn that was given before."""
        self._turn = self._turn or turn
        self._plan()

    def disarm(self) -> None:
        self._begin(None)
        self._silent_since.clear()
        self._wait.clear()
        self._given.clear()
        self._told_silent.clear()
        self._plan()

    def set_rank(self, rank: Rank) -> None:
        """Take over a changed rank; the silence continues, but its limit may have changed."""
        self._rank = rank
        self._set_waits()

    def _set_waits(self) -> None:
        for family in self._silent_since:
            if family not in self._given:
                self._wait[family] = self.patience_with(self._last.get(family))
        self._plan()

    def _plan(self) -> None:
        """Work out `deadline` and `next_at` after a change of what they depend on."""
        if self._turn is not None:
            self.deadline = self.next_at = self._turn.at
            return
        if not self._silent_since:
            self.deadline = self.next_at = None
            return
        # A hold begins after a hold-down has ended.
        at = self._held_until or self.not_before
        for family, since in self._silent_since.items():
            at = later(at, since + self._wait[family])
        self._lead = 0.0
        if self._begun_in is not None and not self._is_probed:
            # An advertisement is already missing.
            self._lead = earlier(self._rank.interval, PROBE_LEAD * self._wait[self._begun_in])
        self.deadline, self.next_at = at, at - self._lead

    # -- for the operator --------------------------------------------------------------------------

    def reason(self, now: float) -> Why:
        """Return why it takes over at its deadline."""
        if self._turn is not None:
            return self._turn.why
        family = max(self._silent_since, key=self._silent_since.__getitem__)
        last, since = self._last.get(family), self._silent_since[family]
        who = f"from {last.source}" if last else "heard"
        text = f"no advertisement {who} for {in_words(now - since)}"
        return Why(Cause.SILENCE, text, last.source if last else None)

    def newly_silent(self, now: float) -> Family | None:
        """Return a family whose timer has expired while another is heard; each family only once."""
        for family in self._families:
            since = self._silent_since.get(family)
            if since is None or family in self._told_silent or now < since + self._wait[family]:
                continue
            self._told_silent.add(family)
            return family
        return None

    def newly_heard(self, family: Family) -> bool:
        """Return whether this family was reported silent, and is heard again."""
        was_silent = family in self._told_silent
        self._told_silent.discard(family)
        return was_silent
