"""Routes that are set after the virtual addresses, and gone before them."""

import asyncio
import errno
import os
from collections.abc import Callable, Mapping
from functools import partial

from ucarpd.config import Config
from ucarpd.config.routes import Route
from ucarpd.linux.netlink import Netlink
from ucarpd.log.messages import Journal

LOOK_AFTER = 5.0
"""Seconds between two looks whether another program has removed a route: the kernel reports the
changes of all routes together, which may be many thousands.
"""


class RoleRoutes:
    """The routes of one virtual host; `told` gets the present fault, or an empty text."""

    def __init__(
        self, config: Config, netlink: Netlink, log: Journal, told: Callable[[str], None]
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._routes = config.routes
        self._netlink = netlink
        self._log = log
        self._told = told
        self._is_wanted = False
        self._there: set[Route] = set()
        """The routes that this master has set; a new set with each term."""
        self._faults: dict[Route, str] = {}
        self._look: asyncio.TimerHandle | None = None

    def put(self) -> None:
        """Set the routes that are missing, and keep them there until `take_off`."""
        if not self._routes:
            return
        if not self._is_wanted:
            self._is_wanted = True
            # An earlier run may have left some; a route of anybody else stays.
            self._netlink.remove_routes(self._routes, self._removed)
        if self._look is not None:
            self._look.cancel()
        self._look = self._loop.call_later(LOOK_AFTER, self.put)
        self._netlink.put_routes(self._routes, partial(self._put, self._there))

    def take_off(self) -> None:
        """Remove the routes, before the next request to the kernel."""
        if not self._routes:
            return
        self.close()
        self._there = set()
        self._note({})
        self._netlink.remove_routes(self._routes, self._removed)

    def close(self) -> None:
        """Look no more after the routes."""
        self._is_wanted = False
        if self._look is not None:
            self._look.cancel()
            self._look = None

    def _put(self, there: set[Route], codes: Mapping[Route, int]) -> None:
        if there is not self._there or not self._is_wanted:
            return  # They are being removed, or were, and a new term has begun.
        faults = {}
        for route, code in codes.items():
            if code == 0 and route in there:
                self._log.route_put_back(route)
            if code == 0:
                there.add(route)
            elif code != errno.EEXIST:
                there.discard(route)
                faults[route] = f"cannot set the route {route}: {os.strerror(code)}"
            elif route not in there:
                faults[route] = (
                    f"the route {route} is not set: this host has one to the same destination;"
                    " remove that one, or give this one another metric"
                )
        self._note(faults)

    def _note(self, faults: dict[Route, str]) -> None:
        if faults == self._faults:
            return
        for route, text in faults.items():
            if self._faults.get(route) != text:
                self._log.warning(text)
        self._faults = faults
        self._told("; ".join(faults.values()))

    def _removed(self, error: OSError | None) -> None:
        if error is not None:
            self._log.route_not_removed(error)
