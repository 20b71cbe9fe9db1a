"""The parts of a virtual host, the rules between them, and what others may look at.

It consists of five machines, and each has a module of its own:

    role       INIT, BACKUP, MASTER                    `machine`; `master_down`, `advertise_at`
    addresses  off, wanted, held, being released       `held_addresses` as MASTER, then `leaving`
    final      none, waiting for the release, sending  `bow_out`, kept by `leaving`
    hold-down  off, or until a time                    `master_down.not_before`
    stop       not wanted, or wanted                   `machine`; the end is `Finish`

The role drives the others.  A host that becomes MASTER cancels the release, the final
advertisements and the hold-down.  A host that ceases to be MASTER begins a release, which the final
advertisements follow; both end by themselves, as BACKUP or in INIT.  A stop waits for both.

A MASTER has two more clocks: an `outage` of its link or source that it outlasts, and its offer to
step down.  `hearing`, with `peers`, and `rank` have no states: they remember the statements of
other hosts, and of this one.  `rivals` remembers the other masters for as long as this host is
MASTER.  `answers` has what hosts say by ARP: that they have an address (`claims`), or that a silent
master is not gone (`probe`).

These rules hold between the machines, and are checked after each event:

    1. MASTER <=> the next advertisement has a time.
    2. BACKUP <=> a master-down timer is armed, or our turn has come.
    3. MASTER <=> the addresses are wanted here.
    4. A MASTER releases nothing, and has no final advertisement to send.
    5. A MASTER has no hold-down.
    6. A MASTER may serve.
    7. Only a MASTER outlasts an outage, or offers to step down; it states the offer while it lasts.
    8. A host that is not in INIT has cleared what an earlier run left, and has a source address.
    9. A stop is wanted only in INIT.
"""

from collections.abc import Collection, Sequence

from ucarpd.carp.actions import BACKUP, INIT, MASTER, Action, State
from ucarpd.carp.answers import Answers
from ucarpd.carp.hearing import Hearing
from ucarpd.carp.held_addresses import HeldAddresses
from ucarpd.carp.leaving import Leaving
from ucarpd.carp.outage import Outage
from ucarpd.carp.own_counter import OwnCounter
from ucarpd.carp.params import IPAddress, Params
from ucarpd.carp.peak import Peak
from ucarpd.carp.peers import Peer
from ucarpd.carp.rank import Rank
from ucarpd.carp.rivals import Rivals
from ucarpd.carp.timing import ALONE, NEVER, Phase


class Parts:
    """The parts of one virtual host.  `counter` and `phase` are as in VirtualHost."""

    def __init__(self, params: Params, counter: int, phase: Phase = ALONE) -> None:
        self._actions: list[Action] = []
        self._counter = OwnCounter(counter)
        self._phase = phase
        # What this host and the others state.
        self._rank = Rank(params)
        self._hearing = Hearing(self._rank)
        # The role; hold-down is a part of its timers.
        self.state: State = INIT
        self._started = False
        self._stopping = False
        self._master_down = self._hearing.master_down
        self.advertise_at: float | None = None
        self._others_due_at = NEVER
        """When a MASTER has something else to do than to advertise."""
        self._quiet_until = -NEVER
        """Until when each deadline of a MASTER is for nothing but an advertisement."""
        self._advertised_at = 0.0
        self._advertised_as: Rank | None = None
        """The rank then; None after a final advertisement."""
        self._offered_at = 0.0
        """When this MASTER became one, or last offered the role as a host that is less fit."""
        # The addresses, and the final advertisements after them.
        self._held: HeldAddresses | None = None
        self._leaving = Leaving()
        # What lasts as long as this host is MASTER.
        self._rivals = Rivals()
        self._outage = Outage()
        self._step_down_until: float | None = None
        # What lasts as long as the state.
        self._answers = Answers()

    def _check_rules(self) -> None:
        is_out = self.state is INIT
        if self.state is MASTER:
            assert self.advertise_at is not None, "rule 1"
            assert self._held is not None, "rule 3"
            assert self._leaving.is_over, "rule 4"
            assert not self._master_down.is_held_down, "rule 5"
            assert self._rank.may_serve, "rule 6"
        else:
            assert self.advertise_at is None, "rule 1"
            assert self._held is None, "rule 3"
            assert self._outage.until is None, "rule 7"
            assert self._step_down_until is None, "rule 7"
        assert (self._master_down.deadline is not None) == (self.state is BACKUP), "rule 2"
        assert self._rank.is_stepping_down == (self._step_down_until is not None), "rule 7"
        assert (self._started and self._hearing.sources) or is_out, "rule 8"
        assert is_out or not self._stopping, "rule 9"

    # -- to be looked at ---------------------------------------------------------------------------

    @property
    def params(self) -> Params:
        return self._rank.params

    @property
    def rank(self) -> Rank:
        """What its advertisements state, and how often it sends them."""
        return self._rank

    @property
    def peers(self) -> Collection[Peer]:
        """The other hosts that were heard, the latest one last."""
        return self._hearing.peers.heard

    @property
    def silences(self) -> Peak:
        """How long masters were silent for this BACKUP, as parts of the wait for them."""
        return self._master_down.silences

    @property
    def wait(self) -> float:
        """Seconds that this host waits for a silent master, or would wait as BACKUP."""
        is_backup = self.state is BACKUP
        return self._master_down.patience if is_backup else self._rank.master_down_interval

    @property
    def role_deadline(self) -> float | None:
        """When a MASTER advertises next, or a BACKUP takes over if it hears nothing more."""
        takes_over_at = self.master_down_at if self._rank.may_serve else None
        return self.advertise_at if self.state is MASTER else takes_over_at

    def preempts_at(self, now: float) -> float | None:
        """When a BACKUP may take the role from a healthy master; None: now, or never (rule B11)."""
        return self._hearing.preempts_at(now) if self.state is BACKUP else None

    @property
    def served(self) -> frozenset[IPAddress]:
        """The addresses that this MASTER serves; others have none."""
        return self._held.here if self._held else frozenset()

    @property
    def sources(self) -> tuple[IPAddress, ...]:
        """The addresses that it advertises from, one for each family."""
        return self._hearing.sources

    @property
    def is_releasing(self) -> bool:
        """Whether the addresses are on their way off."""
        return self._leaving.is_releasing

    @property
    def sent_counters(self) -> Sequence[int]:
        """The counters of our latest advertisements."""
        return self._counter.sent

    @property
    def next_counter(self) -> int:
        """The counter of the next advertisement."""
        return self._counter.next

    @property
    def master_down_at(self) -> float | None:
        """When a backup takes over, if it hears nothing more, and may serve."""
        return self._master_down.deadline

    @property
    def is_holding(self) -> bool:
        """Whether a backup waits once more by rule S5."""
        return self._master_down.is_holding

    @property
    def probe_at(self) -> float | None:
        """When a backup probes the late master, if it hears nothing more."""
        return self._master_down.probe_at if self._rank.may_serve else None
