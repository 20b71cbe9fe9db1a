"""The health checks of one instance: the facts that they use, and the listeners to their results."""

from collections.abc import Callable, Mapping

from ucarpd.carp.actions import State
from ucarpd.carp.neighbours import Answered
from ucarpd.carp.params import Family, IPAddress
from ucarpd.checks.probe import Surroundings
from ucarpd.checks.runner import Checks
from ucarpd.config import Check, Config
from ucarpd.health.check_state import CheckState
from ucarpd.health.checks import HealthChecks
from ucarpd.linux.netlink import Netlink
from ucarpd.log.messages import Journal
from ucarpd.process.teller import Teller
from ucarpd.record.happening import Event


class Checking:
    """Runs the checks of an instance from `configure` to `close`.

    `state` returns the state of the instance; `source` and `ask` are as in Surroundings.  `changed` is
    called when the demotion by the checks may have changed, `told` when a check is in another state,
    `gateways_silent` as in GatewaysSilent.
    """

    def __init__(
        self,
        config: Config,
        health: HealthChecks,
        netlink: Netlink,
        log: Journal,
        teller: Teller,
        *,
        state: Callable[[], State],
        source: Callable[[Family], IPAddress | None],
        ask: Callable[[IPAddress, IPAddress, Answered], None],
        changed: Callable[[], None],
        told: Callable[[], None],
        gateways_silent: Callable[[float], None],
    ) -> None:
        self._config = config
        self.health = health
        self._netlink = netlink
        self._log = log
        self._teller = teller
        self._state = state
        self.demotion_changed = changed
        self.gateways_silent = gateways_silent
        self._told = told
        surroundings = Surroundings(
            interface=config.interface,
            link=netlink.link,
            source=source,
            ask=ask,
            environment=self._environment,
        )
        self._checks = Checks(health, surroundings, self)
        self.link_changed = self._checks.link_changed
        self.ask_gateways = self._checks.ask_gateways
        self.listed = self._checks.listed
        self.close = self._checks.close

    def configure(self, config: Config) -> None:
        """Run the checks of this configuration; the ones that have not changed keep their results."""
        self._config = config
        for each in config.checks:
            if each.kind == "link":
                self._netlink.follow(str(each.where))
        self._checks.configure(config.checks)

    def state_changed(self, state: State) -> None:
        self._checks.set_master(state is State.MASTER)

    def check_changed(self, check: Check) -> None:
        history = self.health.histories[check.name]
        if history.state is CheckState.FAILED:
            text = self._log.check_failed(check.name, history.reason, bars=check.demote is None)
        else:
            text = self._log.check_good(check.name, history.reason)
        self._teller.event(Event.CHECK, text)
        self._told()

    def _environment(self) -> Mapping[str, str]:
        return {**self._config.script_environment, "UCARP_STATE": self._state().value}
