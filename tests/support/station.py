"""A host with its network interface, as a segment has it.  For its virtual host it does the work of the
engine in the daemon.

It has a source address of one family or of both; a packet filter of its own may lose the
advertisements of one family, in both directions.  It may be frozen, as a virtual machine is: it then
hears nothing, and its deadlines come late.  Its clock may go too fast, or too slowly: all that its
virtual host waits for is in seconds of that clock.
"""

from dataclasses import replace

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
from ucarpd.carp.timing import interval_units

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
        """A crash: the addresses stay in place, and no peer hears of it."""
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
