"""What follows the role of one virtual host, beside its addresses: routes and systemd units."""

import asyncio
from collections.abc import Callable
from functools import partial

from ucarpd.addresses.routes import RoleRoutes, SharedRoutes
from ucarpd.config import Config
from ucarpd.linux.alarm import Alarm
from ucarpd.linux.netlink import Netlink
from ucarpd.log.messages import Journal
from ucarpd.process.faults import Faults
from ucarpd.process.teller import Teller
from ucarpd.record.happening import Event
from ucarpd.scripts.units import Units

RESUME_AFTER = 5.0
"""Seconds after which the units start again, if no other host has taken the role that was offered."""


class Followers:
    """The routes are set, and the units started, when the addresses are in place.

    The routes are removed right before the addresses.  The units stop before the role is given away; if
    it is lost, the addresses go at once, and the units stop meanwhile.  `is_master` returns whether
    this host has the role; `changed` is called when `faults` have changed.
    """

    def __init__(
        self,
        config: Config,
        netlink: Netlink,
        log: Journal,
        faults: Faults,
        teller: Teller,
        *,
        shared: SharedRoutes,
        is_master: Callable[[], bool],
        changed: Callable[[], None],
    ) -> None:
        self._faults = faults
        self._teller = teller
        self._is_master = is_master
        self._changed = changed
        self._is_leaving = False
        self._leaves: list[Callable[[], None]] = []
        """To be called when the units have stopped, or when the role is lost before that."""
        self._is_over = False
        self._resumption = Alarm()
        self._routes = RoleRoutes(
            config, netlink, log, shared, partial(self._note, "routes_failed")
        )
        self._units: Units | None = None
        if config.units:
            self._units = Units(
                config.units,
                log,
                environment=config.script_environment,
                timeout=config.script_timeout,
                told=partial(self._note, "units_failed"),
            )

    def reconfigure(self, new: Config) -> None:
        """Take over a time-out that a reload has changed; units and routes need a restart."""
        if self._units is not None:
            self._units.timeout = new.script_timeout

    def served(self) -> None:
        """Set the routes, and start the units: addresses are in place."""
        if not self._is_over:
            self._routes.put()
        if self._units is not None and not (self._is_leaving or self._is_over):
            self._units.start()

    def role_left(self) -> None:
        """Remove the routes, and stop the units: this host is not MASTER, or not yet."""
        self._routes.take_off()
        # Later, in another term, it would give away a role that has just come back.
        self._leave()
        self._end_offer()
        if self._units is not None:
            self._units.stop()

    def before_leaving(self, leave: Callable[[], None]) -> None:
        """Stop the units of a MASTER, and then call `leave`, which offers the role to other hosts.

        If the role is lost meanwhile, `leave` is called at once.
        """
        if self._units is None or not self._is_master():
            leave()
            return
        self._end_offer()  # The new one has a time of its own.
        self._is_leaving = True
        self._leaves.append(leave)
        self._faults.set(
            "units_stopping", "its units are being stopped, and then it offers the role"
        )
        self._changed()
        self._units.stop(self._leave)

    async def stop(self) -> None:
        """Stop the units for good; a MASTER must call this while it still is one."""
        self._is_over = True
        if self._units is not None:
            stopped = asyncio.Event()
            self._units.stop(stopped.set)
            await stopped.wait()

    def close(self) -> None:
        """Leave routes and units as they are."""
        self._is_over = True
        self._routes.close()
        if self._units is not None:
            self._units.close()

    def _leave(self) -> None:
        if not self._leaves:
            return
        leaves, self._leaves = self._leaves, []
        self._faults.set("units_stopping", "")
        self._changed()
        for leave in leaves:
            leave()
        self._resumption.set(RESUME_AFTER, self._resume)

    def _resume(self) -> None:
        self._end_offer()
        self.served()

    def _end_offer(self) -> None:
        self._is_leaving = False
        self._resumption.cancel()

    def _note(self, finding: str, fault: str) -> None:
        self._faults.set(finding, fault)
        if fault:
            self._teller.event(Event.FINDING, fault)
        self._changed()
