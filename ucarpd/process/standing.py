"""How fit this host is for one virtual host, and why."""

from collections.abc import Callable

from ucarpd.carp.rank import HEALTHY
from ucarpd.health.checks import HealthChecks
from ucarpd.health.demotion import Demotion, Level
from ucarpd.health.fitness import Fitness
from ucarpd.log.messages import Journal
from ucarpd.process.teller import Teller
from ucarpd.record.happening import Event
from ucarpd.record.maintenance import HOST, INSTANCE, Note


class Standing:
    """The sum of the host's reasons (`of_host`) and of the virtual host's own ones (`fitness`, `checks`).

    `own_fault` is a reason of the host that is left out: a fault of the virtual host's own interface
    already ends the role, and has its own reason.  `changed` is called when a reason of its own begins
    or ends.
    """

    def __init__(
        self,
        of_host: Demotion,
        own_fault: str,
        log: Journal,
        teller: Teller,
        changed: Callable[[], None],
    ) -> None:
        self.fitness = Fitness(changed)
        self.checks = HealthChecks()
        self.is_tested = True
        """Whether each health check has had a result, as the engine was told."""
        self.demotion = Demotion()
        """All reasons that hold."""
        self.unfitness = HEALTHY
        """Its place in the order of `ucarpd.carp.rank`, as it is stated."""
        self.maintenance: tuple[Note, ...] = ()
        """The notes that hold: the host's, and its own."""
        self.is_planned = False
        """Whether the operator causes the present change, which can wait for the units to stop."""
        self._of_host = of_host
        self._own_fault = own_fault
        self._log = log
        self._teller = teller

    def begin(self) -> None:
        """Forget the reasons that the engine was told: a new engine knows none."""
        self.demotion, self.unfitness, self.is_tested = Demotion(), HEALTHY, True
        self._teller.unfitness = HEALTHY

    def look(self, *, by_count: bool) -> str | None:
        """Add up the reasons; return why the unfitness has changed, or None if nothing has."""
        own = self.fitness.demotion.joined(self.checks.demotion)
        reasons = self._of_host.without(self._own_fault).joined(own)
        unfitness = reasons.unfitness(by_count=by_count)
        was_tested, self.is_tested = self.is_tested, self.checks.is_tested
        if reasons.reasons == self.demotion.reasons and unfitness == self.unfitness:
            return None if was_tested == self.is_tested else "its health checks"
        self.demotion = reasons
        self.unfitness = self._teller.unfitness = unfitness
        text = f"demoted by {unfitness}: {reasons}"
        self._log.demoted(unfitness, str(reasons))
        self._teller.event(Event.DEMOTION, text if unfitness else "no longer demoted")
        return text

    def maintain(self, notes: tuple[Note, ...], *, is_running: bool) -> None:
        """Let these notes hold; if it is not running yet, they are no news for the history."""
        before = {note.scope: note for note in self.maintenance}
        now = {note.scope: note for note in notes}
        self.maintenance = notes
        for scope in (HOST, INSTANCE):
            if now.get(scope) != before.get(scope):
                text = self._log.maintenance(scope, now.get(scope))
                if is_running:
                    self._teller.event(Event.MAINTENANCE, text)
        levels = (Level[note.level.upper()] for note in notes)
        self.is_planned = True
        self.fitness.maintain(max(levels, key=lambda level: level.value, default=None))
        self.is_planned = False
