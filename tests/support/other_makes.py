"""Peers of other makes, as far as masters and backups go.

See the protocol reference, sections 5 and 6.
"""

from types import SimpleNamespace

from ucarpd.carp import events
from ucarpd.carp.actions import (
    AcquireAddresses,
    Finish,
    ReleaseAddresses,
    SendAdvertisement,
    State,
    StateChanged,
)
from ucarpd.carp.params import DemoteStyle
from ucarpd.carp.timing import interval_units, master_down_units
from ucarpd.carp.why import Cause


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
                if self.takes_over_from(event.statement):
                    return [*self.become(State.MASTER, now), *self.advertisements()]
                self.due_at[event.statement.family] = now + self.down_interval
                return []
            case events.AdvertisementReceived() if self.state is State.MASTER:
                return self.hear_as_master(event.statement, now)
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
        return [StateChanged(old, state, type(self).__name__, Cause.READY), *work]

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
