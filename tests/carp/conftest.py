"""In these tests a machine that takes a short way also takes the long one, to the same end.

A BACKUP takes it when it hears the same again (`Hearing.hears_again`), a MASTER when nothing but an
advertisement is due (`VirtualHost.handle`).
"""

from copy import deepcopy
from enum import Enum
from itertools import count

import pytest

from ucarpd.carp.actions import State
from ucarpd.carp.events import AdvertisementReceived, DeadlineReached
from ucarpd.carp.machine import VirtualHost
from ucarpd.carp.timing import NEVER

EACH = {"segment": 20}
"""In these folders, where much happens, one of so many events goes both ways."""


def memory(of):
    """Return all that an object remembers."""
    if isinstance(of, dict):
        return [(memory(key), memory(value)) for key, value in of.items()]
    if isinstance(of, list | tuple):
        return [memory(each) for each in of]
    if isinstance(of, Enum) or not type(of).__module__.startswith("ucarpd.carp"):
        return of
    names = getattr(of, "__slots__", None) or vars(of)
    return type(of), [(name, memory(getattr(of, name))) for name in names]


def takes_the_long_way(machine):
    """Return a copy of the machine that does."""
    other = deepcopy(machine)
    other._hearing._settled = None
    if machine.state is State.MASTER:
        other._quiet_until = -NEVER
    return other


@pytest.fixture(autouse=True)
def both_ways(monkeypatch, request):
    handle, turns, each = VirtualHost.handle, count(), EACH.get(request.path.parent.name, 1)

    def handle_both(self, event, now):
        may_be_short = (
            (self.state is State.BACKUP and isinstance(event, AdvertisementReceived))
            and event.statement is self._hearing._settled
        ) or (
            isinstance(event, DeadlineReached)
            and now < self._quiet_until
            and self.state is State.MASTER
        )
        if not may_be_short or next(turns) % each:
            return handle(self, event, now)
        other = takes_the_long_way(self)
        actions = handle(self, event, now)
        assert handle(other, event, now) == actions
        assert memory(self) == memory(other)
        return actions

    monkeypatch.setattr(VirtualHost, "handle", handle_both)
