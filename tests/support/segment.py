"""A segment with several hosts on it, in virtual time.

    segment = Segment(seed=1, delay=(0.0001, 0.002))
    one = segment.add(Station(ours("10.0.0.1")))
    segment.run(until=3.0)

A `Station` is a host with its network interface: it does for its virtual host what the engine does
in the daemon.  It has one source address, or one of each family; a packet filter of its own may lose
the advertisements of one family, both those that come and those that go.  It may be frozen, as a
virtual machine is: it hears nothing then, and its deadlines come late.  Its clock may go too fast, or
too slowly: all that its virtual host waits for is in seconds of that clock.

The segment carries advertisements: late, twice, or not at all; `cut` loses them one way.  It lets
time jump from one event to the next.  Nothing else is random than what becomes of an advertisement,
which comes from `seed`.

After every step the segment checks what must hold at any moment (see `_check_dual_masters`), and
`Cost` adds up what a fault costs the clients.
"""

import heapq
import random
from dataclasses import replace
from itertools import combinations, count
from types import SimpleNamespace

from playbook import VIRTUAL, VIRTUAL6, params

from ucarpd.carp import events
from ucarpd.carp.actions import (
    AcquireAddresses,
    Finish,
    ReleaseAddresses,
    Report,
    SendAdvertisement,
    State,
    StateChanged,
)
from ucarpd.carp.machine import VirtualHost
from ucarpd.carp.params import DemoteStyle
from ucarpd.carp.timing import interval_units, master_down_units

DUAL = (VIRTUAL, VIRTUAL6)
"""Virtual addresses for stations with sources of both families."""


def ours(**changes):
    """What makes a new virtual host of ours, with a random first counter, at each start."""
    configured = params(**changes)
    return lambda counter: VirtualHost(configured, counter)


class Station:
    """A host on the segment.  `boot` makes its protocol machine."""

    def __init__(self, boot, *sources, acquire_delay=0.01, release_delay=0.01):
        self.boot = boot
        self.sources = sources
        self.source = sources[0]
        self.filtered = set()
        self.demotion = 0
        self.acquire_delay = acquire_delay
        self.release_delay = release_delay
        self.clock_rate = 1.0
        self.machine = None
        self.has_link = True
        self.is_frozen = False
        self.holds_addresses = False
        self.segment = None
        self._jobs = 0

    @property
    def is_master(self):
        return self.machine is not None and self.machine.state is State.MASTER

    @property
    def interval(self):
        """Seconds between two of its advertisements, at most, by the clock of the segment."""
        params = self.machine.params
        advskew = getattr(
            self.machine, "advskew", params.advskew
        )  # a foreign one's demotion is in it
        return interval_units(params.advbase, advskew) / 256 / self.clock_rate

    @property
    def deadline(self):
        """When its machine wants to be woken, by the clock of the segment."""
        at = self.machine and self.machine.next_deadline()
        return None if at is None else at / self.clock_rate

    @property
    def families(self):
        return {source.version for source in self.sources}

    # -- deeds -------------------------------------------------------------------------------------

    def start(self):
        if self.machine is None:
            self.machine = self.boot(self.segment.random.getrandbits(64))
            if self.demotion:
                self.tell(events.DemotionChanged(self.demotion, "demoted"))
            if self.has_link:
                self.tell(events.InterfaceReady(self.sources))

    def kill(self):
        """A crash: the addresses stay in place, and no peer is told."""
        self.machine = None
        self._jobs += 1
        self.segment.note_holders()

    def stop(self):
        if self.machine is not None:
            self.tell(events.StopRequested("stop"))

    def step_down(self):
        if self.machine is not None:
            self.tell(events.StepDownRequested("step down"))

    def demote(self, demotion):
        self.demotion = demotion
        if self.machine is not None:
            self.tell(events.DemotionChanged(demotion, "demoted"))

    def reload(self, changes):
        if isinstance(self.machine, VirtualHost):
            self.tell(events.ParamsChanged(replace(self.machine.params, **changes)))

    def freeze(self):
        self.is_frozen = True
        self.segment.note_holders()

    def wake(self):
        self.is_frozen = False
        self.segment.note_holders()

    def filter(self, families):
        """Lose all frames of these families, in both directions, and of no other family."""
        self.filtered = set(families)

    def lose_link(self):
        if self.has_link:
            self.has_link = False
            self._lost(can_send=False)

    def get_link(self):
        if not self.has_link:
            self.has_link = True
            self._ready()

    def lose_source(self):
        """Its source address is removed and put back at once; frames still get out."""
        if self.has_link:
            self._lost(can_send=True)
            self._ready()

    def _lost(self, *, can_send):
        if self.machine is not None:
            self.tell(events.InterfaceLost("lost", can_send=can_send))

    def _ready(self):
        if self.machine is not None:
            self.tell(events.InterfaceReady(self.sources))

    # -- the part of the engine --------------------------------------------------------------------

    def wake_up(self):
        # Never before the deadline by the machine's own clock, whatever a division has lost.
        at = max(self.machine.next_deadline(), self.segment.now * self.clock_rate)
        self.tell(events.DeadlineReached(), at)

    def tell(self, event, now=None):
        now = self.segment.now * self.clock_rate if now is None else now
        for action in self.machine.handle(event, now):
            match action:
                case StateChanged(old, new, reason):
                    self.segment.note(f"{self.source} {old.value} -> {new.value} ({reason})")
                case SendAdvertisement():
                    self.segment.carry(self, action)
                case Report(finding):
                    self.segment.note(f"{self.source} reports {finding.name}")
                case AcquireAddresses():
                    self._begin(self.acquire_delay, True, events.AddressesAcquired())
                case ReleaseAddresses():
                    self._begin(self.release_delay, False, events.AddressesReleased())
                case Finish():
                    self.kill()

    def _begin(self, delay, holds, outcome):
        """One job at a time; the newest one wins, and a superseded job reports no result."""
        self._jobs += 1
        job = self._jobs

        def end():
            if job == self._jobs:
                self.holds_addresses = holds
                self.segment.note_holders()
                self.tell(outcome)

        self.segment.later(delay, end)


LATEST = 5.0
"""Seconds by which an advertisement that is late is late at most."""


class Cost:
    """The cost for the clients since its construction: seconds, and the longest stretch."""

    def __init__(self, segment):
        self._segment = segment
        self._since = segment.now
        self.two_holders = 0.0
        self.no_holder = 0.0
        self.transitions = 0
        self._holders = self._count()

    def _count(self):
        """A dead or frozen host answers no client, whatever addresses it holds."""
        return sum(
            station.holds_addresses and station.machine is not None and not station.is_frozen
            for station in self._segment.stations
        )

    def look(self, now):
        """The holders may have changed at `now`."""
        lasted, holders = now - self._since, self._count()
        if self._holders > 1:
            self.two_holders = max(self.two_holders, lasted)
        if self._holders == 0:
            self.no_holder = max(self.no_holder, lasted)
        if (holders > 1) != (self._holders > 1) or (holders == 0) != (self._holders == 0):
            self._since = now
        self._holders = holders


class Segment:
    def __init__(self, seed=0, delay=(0.0001, 0.002)):
        self.random = random.Random(seed)
        self.delay = delay
        self.loss = 0.0
        self.keeps_order = False
        """Whether no frame overtakes another on its way from host to host, as on a real wire."""
        self._latest_arrival = {}
        self.duplication = 0.0
        self.lateness = 0.0
        """What part of the advertisements is up to `LATEST` seconds late."""
        self.now = 0.0
        self.stations = []
        self.log = []
        self.changed_at = 0.0
        self.first_heard_at = None
        self._group_of = {}
        self._cut = set()
        self._queue = []
        self._serial = count()
        self._dual_since = {}
        self._nobody_since = None
        self.longest_gap = 0.0
        self.cost = Cost(self)

    def add(self, station):
        station.segment = self
        self.stations.append(station)
        self._group_of[station] = 0
        return station

    # -- the network -------------------------------------------------------------------------------

    def divide(self, groups):
        """Put each station into the part of the network that `groups` names for it."""
        self._group_of = dict(zip(self.stations, groups, strict=True))

    def cut(self, sender, receiver):
        """Lose all frames from the one host to the other."""
        self._cut.add((sender, receiver))

    def heal(self):
        self.divide([0] * len(self.stations))
        self._cut.clear()
        for station in self.stations:
            station.filter(())
        self.loss = self.duplication = self.lateness = 0.0
        self.first_heard_at = None

    def connected(self, one, other):
        """The families in which the two hear each other."""
        if (
            one.machine is not None
            and other.machine is not None
            and one.has_link
            and other.has_link
            and self._group_of[one] == self._group_of[other]
        ):
            return (one.families & other.families) - one.filtered - other.filtered
        return set()

    def carry(self, sender, action):
        heard = events.AdvertisementReceived(
            action.source,
            action.advbase,
            action.advskew,
            action.counter,
            action.demotion,
            from_virtual_mac=getattr(sender.machine, "is_kernel", False),
        )
        demoted = f" D{action.demotion}" if action.demotion else ""
        self.note(
            f"{sender.source} advertises {action.advbase}/{action.advskew}{demoted}"
            f" in IPv{action.family}"
        )
        for station in self.stations:
            if station is sender or action.family not in self.connected(sender, station):
                continue
            if (sender, station) in self._cut or self.random.random() < self.loss:
                continue
            for _ in range(1 + (self.random.random() < self.duplication)):
                delay = self.random.uniform(*self.delay)
                if self.random.random() < self.lateness:
                    delay += self.random.uniform(0.0, LATEST)
                elif self.keeps_order:
                    delay = self._behind(sender, station, delay)
                self.later(delay, self._arrival(station, heard))

    def _behind(self, sender, receiver, delay):
        """The delay of a frame that overtakes none of those before it."""
        at = max(self.now + delay, self._latest_arrival.get((sender, receiver), 0.0))
        self._latest_arrival[sender, receiver] = at
        return at - self.now

    def _arrival(self, station, heard):
        incarnation = station.machine

        def arrive():
            if (
                station.machine is incarnation
                and station.has_link
                and not station.is_frozen
                and heard.family not in station.filtered
            ):
                self.first_heard_at = self.first_heard_at or self.now
                station.tell(heard)

        return arrive

    # -- time --------------------------------------------------------------------------------------

    def later(self, delay, do):
        heapq.heappush(self._queue, (self.now + delay, next(self._serial), do))

    def run(self, until):
        """Do what happens up to `until`, in order."""
        self._look()
        while True:
            station, due_at = self._first_deadline()
            queued_at = self._queue[0][0] if self._queue else float("inf")
            if min(due_at, queued_at) > until:
                break
            if queued_at <= due_at:
                self._pass_time(queued_at)
                _, _, do = heapq.heappop(self._queue)
                do()
            else:
                self._pass_time(max(due_at, self.now))
                self._reach_deadline(station)
            self._look()
        self._pass_time(until)

    def _first_deadline(self):
        first, first_at = None, float("inf")
        for station in self.stations:
            at = station.deadline
            if at is not None and at < first_at and not station.is_frozen:
                first, first_at = station, at
        return first, first_at

    def _reach_deadline(self, station):
        due = station.deadline
        station.wake_up()
        assert station.deadline is None or station.deadline > due, f"{station.source} spins"

    # -- checks ------------------------------------------------------------------------------------

    def note(self, text):
        self.log.append(f"{self.now:.6f} {text}")
        if "->" in text:
            self.changed_at = self.now
            self.cost.transitions += 1

    def note_holders(self):
        """A host has got the addresses, or has given them up."""
        self.cost.look(self.now)

    def masters(self):
        return [station for station in self.stations if station.is_master]

    def _pass_time(self, now):
        self.now = now
        self._check_dual_masters()

    def _look(self):
        """Which pairs of masters are there now, and is there any master at all?

        A pair that hears each other in its second family alone is not looked at: while it hears
        a third host in the first one, it does not decide ties in the second.
        """
        pairs = {
            (one, other)
            for one, other in combinations(self.masters(), 2)
            if self.loss == self.lateness == 0
            and not self._cut
            and not (one.is_frozen or other.is_frozen)
            and min(one.families | other.families) in self.connected(one, other)
        }
        self._dual_since = {pair: self._dual_since.get(pair, self.now) for pair in pairs}
        if self.masters():
            if self._nobody_since is not None:
                self.longest_gap = max(self.longest_gap, self.now - self._nobody_since)
            self._nobody_since = None
        elif self._nobody_since is None:
            self._nobody_since = self.now

    def _check_dual_masters(self):
        """Two masters that hear each other end it within the interval of the slower one."""
        for (one, other), since in self._dual_since.items():
            limit = max(one.interval, other.interval) + self.delay[1] + 1e-6
            assert self.now - since <= limit, (
                f"{one.source} and {other.source} both MASTER since {since}, now {self.now}"
            )


# -- peers of other makes, as far as masters and backups go (protocol reference, sections 5 and 6) -


class ForeignPeer:
    """Their common part, with the interface of VirtualHost."""

    is_kernel = True
    """It speaks from the virtual MAC address, and yields on every tie."""

    def __init__(self, counter, advbase=1, advskew=0, demote_style=DemoteStyle.SKEW):
        self.params = SimpleNamespace(advbase=advbase, advskew=advskew, demote_style=demote_style)
        self.down_interval = master_down_units(advbase, advskew, 3) / 256
        self.state = State.INIT
        self.counter = counter
        self.sources = ()
        self.demotion = 0
        self.due_at = {}

    @property
    def advskew(self):
        return self.params.advskew

    @property
    def header_demotion(self):
        return 0

    @property
    def units(self):
        return interval_units(self.params.advbase, self.advskew)

    def next_deadline(self):
        return min(self.due_at.values(), default=None)

    def handle(self, event, now):
        match event:
            case events.InterfaceReady(sources):
                self.sources = sources
                return self.become(State.BACKUP, now)
            case events.InterfaceLost():
                return self.become(State.INIT, now) if self.state is not State.INIT else []
            case events.StopRequested():
                return [*self.become(State.INIT, now), Finish()]
            case events.DemotionChanged(demotion):
                self.demotion = demotion
                return self.advertisements() if self.state is State.MASTER else []
            case events.DeadlineReached() if self.state is State.BACKUP:
                return [*self.become(State.MASTER, now), *self.advertisements()]
            case events.DeadlineReached() if self.state is State.MASTER:
                self.due_at = {4: now + self.units / 256}
                return self.advertisements()
            case events.AdvertisementReceived() if self.state is State.BACKUP:
                if self.takes_over_from(event):
                    return [*self.become(State.MASTER, now), *self.advertisements()]
                self.due_at[event.family] = now + self.down_interval
                return []
            case events.AdvertisementReceived() if self.state is State.MASTER:
                return self.hear_as_master(event, now)
        return []

    def become(self, state, now):
        """One master-down timer for each family; addresses come with the role and go with it."""
        old, self.state = self.state, state
        match state:
            case State.INIT:
                self.due_at = {}
            case State.BACKUP:
                self.due_at = {s.version: now + self.down_interval for s in self.sources}
            case State.MASTER:
                self.due_at = {4: now + self.units / 256}
        work = {State.MASTER: [AcquireAddresses()]}.get(state, [ReleaseAddresses()])
        return [StateChanged(old, state, type(self).__name__), *work]

    def takes_over_from(self, heard):
        return self.down_interval * 256 < heard.units

    def advertisements(self):
        sent = []
        for source in self.sources:
            self.counter = (self.counter + 1) % 2**64
            sent.append(
                SendAdvertisement(
                    source, self.params.advbase, self.advskew, self.counter, self.header_demotion
                )
            )
        return sent


class BsdPeer(ForeignPeer):
    """FreeBSD: it also yields to an equal interval, whatever the addresses."""

    @property
    def advskew(self):
        return min(self.params.advskew + self.demotion, 240)

    def hear_as_master(self, heard, now):
        return self.become(State.BACKUP, now) if heard.units <= self.units else []


class OpenBsdPeer(ForeignPeer):
    """It compares the demotions first, and takes over from a peer that is demoted more."""

    def __init__(self, counter, advbase=1, advskew=0):
        super().__init__(counter, advbase, advskew, DemoteStyle.OPENBSD)

    @property
    def header_demotion(self):
        return min(self.demotion, 255)

    def takes_over_from(self, heard):
        return heard.demote > self.header_demotion or super().takes_over_from(heard)

    def hear_as_master(self, heard, now):
        own = self.header_demotion
        is_worse = heard.units <= self.units and heard.demote <= own
        return self.become(State.BACKUP, now) if is_worse or heard.demote < own else []


class UcarpPeer(ForeignPeer):
    """It yields with one more advertisement; of equals the one with the lower reversed address wins."""

    is_kernel = False
    yields_ties_silently = False

    def __init__(self, counter, advbase=1, advskew=0, *, preempt=False):
        super().__init__(counter, advbase, advskew)
        self.preempt = preempt

    def takes_over_from(self, heard):
        return (self.preempt and self.units < heard.units) or super().takes_over_from(heard)

    def hear_as_master(self, heard, now):
        (source,) = self.sources
        is_tie = heard.units == self.units
        if heard.units > self.units or (is_tie and heard.source.packed[::-1] > source.packed[::-1]):
            return []
        is_silent = is_tie and self.yields_ties_silently
        return [*([] if is_silent else self.advertisements()), *self.become(State.BACKUP, now)]


class FirstRelease(UcarpPeer):
    """ucarpd 0.1.0, as long as it is healthy: it decides as ucarp does, and loses a tie silently."""

    yields_ties_silently = True
