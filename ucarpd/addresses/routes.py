"""Routes that are set after the virtual addresses, and gone before them."""

import errno
import os
from collections.abc import Callable, Iterable, Mapping
from functools import partial

from ucarpd.config import Config
from ucarpd.config.routes import Route
from ucarpd.linux.alarm import Alarm
from ucarpd.linux.netlink import Netlink
from ucarpd.log.messages import Journal

LOOK_AFTER = 5.0
"""Seconds between two looks whether another program has removed a route: the kernel reports the
changes of all routes together, which may be many thousands.
"""


class SharedRoutes:
    """Which virtual hosts of this process want a route now: several files may list the same one."""

    def __init__(self) -> None:
        self._users: dict[Route, set[RoleRoutes]] = {}
        self.placed: set[Route] = set()
        """The routes that one of them, or another process, has set, and none has removed."""

    def claim(self, routes: Iterable[Route], user: "RoleRoutes") -> None:
        for each in routes:
            self._users.setdefault(each, set()).add(user)

    def release(self, routes: Iterable[Route], user: "RoleRoutes") -> None:
        for each in routes:
            self._users.get(each, set()).discard(user)

    def of_no_other(
        self, routes: Iterable[Route], user: "RoleRoutes | None" = None
    ) -> tuple[Route, ...]:
        """Return the routes that no virtual host other than `user` wants."""
        return tuple(each for each in routes if not self._users.get(each, set()) - {user})


class RoleRoutes:
    """The routes of one virtual host; `told` gets the present fault, or an empty text."""

    def __init__(
        self,
        config: Config,
        netlink: Netlink,
        log: Journal,
        shared: SharedRoutes,
        told: Callable[[str], None],
    ) -> None:
        self._routes = config.routes
        self._netlink = netlink
        self._log = log
        self._shared = shared
        self._told = told
        self._is_wanted = False
        self._faults: dict[Route, str] = {}
        self._look = Alarm()

    def put(self) -> None:
        """Set the routes that are missing, and keep them there until `take_off`."""
        if not self._routes:
            return
        if not self._is_wanted:
            self._is_wanted = True
            self._shared.claim(self._routes, self)
            # An earlier run may have left some; a route of anybody else stays.
            self._remove()
        self._look.set(LOOK_AFTER, self.put)
        self._netlink.put_routes(self._routes, self._put)

    def take_off(self) -> None:
        """Remove the routes, before the next request to the kernel."""
        self.close()
        self._note({})
        self._remove()

    def close(self) -> None:
        """Stop watching the routes."""
        self._is_wanted = False
        self._shared.release(self._routes, self)
        self._look.cancel()

    def _put(self, codes: Mapping[Route, int]) -> None:
        # The kernel's answers come in the order of the requests of all virtual hosts.
        faults, placed = {}, self._shared.placed
        for route, code in codes.items():
            if code == 0 and route in placed:
                self._log.route_put_back(route)
            if code in {0, errno.EBUSY}:
                placed.add(route)
            elif code not in {errno.EALREADY, errno.EEXIST}:
                placed.discard(route)
                faults[route] = f"cannot set the route {route}: {os.strerror(code)}"
            elif code == errno.EEXIST or route not in placed:
                placed.discard(route)
                faults[route] = (
                    f"the route {route} is not set: this host has one to the same destination;"
                    " remove that one, or give this one another metric"
                )
        if self._is_wanted:
            self._note(faults)

    def _remove(self) -> None:
        if routes := self._shared.of_no_other(self._routes, self):
            self._netlink.remove_routes(routes, partial(self._removed, routes))

    def _note(self, faults: dict[Route, str]) -> None:
        if faults == self._faults:
            return
        for route, text in faults.items():
            if self._faults.get(route) != text:
                self._log.warning(text)
        self._faults = faults
        self._told("; ".join(faults.values()))

    def _removed(self, routes: Iterable[Route], error: OSError | None) -> None:
        if error is None:
            self._shared.placed.difference_update(routes)
        else:
            self._log.route_not_removed(error)
