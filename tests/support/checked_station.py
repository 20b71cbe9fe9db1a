"""A host on a segment with health checks, which run every `PERIOD` seconds from a phase of their own."""

from station import Station

from ucarpd.carp import events
from ucarpd.health.checks import HealthChecks, Terms

PERIOD = 1.0


class CheckedStation(Station):
    """`checks` has the phase in seconds and the cost of each; the checks in `failing` fail now."""

    def __init__(self, boot, source, checks, rise=2, fall=3):
        super().__init__(boot, source)
        self.failing = set()
        self.health = HealthChecks()
        self._checks = checks
        self._rise, self._fall = rise, fall
        self._told = (0, True)

    def start(self):
        now = self.segment.now
        for name, (phase, demote) in self._checks.items():
            self.health.add(name, Terms(self._rise, self._fall, demote, PERIOD), now)
            self.segment.later(phase, self._run(name))
        super().start()
        self._tell_demotion()

    def tell(self, event, now=None):
        was_master = self.is_master
        super().tell(event, now)
        if self.is_master != was_master:
            self.health.set_master(self.is_master, self.segment.now)
            self._tell_demotion()

    def _run(self, name):
        def run():
            self.health.note(name, name not in self.failing, "its last line", self.segment.now)
            self._tell_demotion()
            self.segment.later(PERIOD, run)

        return run

    def _tell_demotion(self):
        self.health.look(self.segment.now)
        stands = (self.health.demotion.unfitness(), self.health.is_tested)
        if stands != self._told and self.machine is not None:
            self._told = stands
            self.tell(events.DemotionChanged(stands[0], "checks", is_tested=stands[1]))
