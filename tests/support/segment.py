"""A segment with several hosts on it, in virtual time.

    segment = Segment(seed=1, delay=(0.0001, 0.002))
    one = segment.add(Station(ours("10.0.0.1")))
    segment.run(until=3.0)

The segment carries advertisements: late, twice, or not at all; `cut` loses them one way.  It lets
time jump from one event to the next.  Nothing else is random than what becomes of an advertisement,
which comes from `seed`.

After every step the segment checks what must hold at any moment (see `_check_dual_masters`), and
`Cost` adds up the cost of a fault for the clients.
"""

import heapq
import random
from itertools import combinations, count

from playbook import statement

from ucarpd.carp import events

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
        is_kernel = getattr(sender.machine, "is_kernel", False)
        said = statement(action.source, action.advbase, action.advskew, action.demotion, is_kernel)
        heard = events.AdvertisementReceived(said, action.counter)
        demoted = f" D{action.demotion}" if action.demotion else ""
        self.note(
            f"{sender.source} advertises {action.advbase}/{action.advskew}{demoted}"
            f" in IPv{action.source.version}"
        )
        for station in self.stations:
            if station is sender or action.source.version not in self.connected(sender, station):
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
                and heard.statement.family not in station.filtered
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
