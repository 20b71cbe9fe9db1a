"""A kernel's table of addresses, and the requests that change it, in the event loop's next turn."""

import asyncio
import errno
import os
from collections import deque
from contextlib import nullcontext
from functools import partial

from storyteller import Storyteller

from ucarpd.linux.netlink import InterfaceAddress, LeftInPlace, Link, Placed

MAC = bytes.fromhex("020000000001")


class FakeNetlink(Storyteller):
    """`refuses` holds what cannot be made: addresses, and devices by name.

    `keeps` holds addresses that cannot be removed, `others` those that another process serves, with its
    number, `unusable` those that must be added again, `down` the links that are not up.  `routes` are
    those of ours, `route_errors` what the kernel answers about others.  `story` is what was asked, in
    order; `guards` holds what to call when each guard has begun.
    """

    def __init__(self) -> None:
        super().__init__({"end_guard": "end guard", "follow": "follow {}"})
        self.guards: list = []
        self.table: dict[str, dict] = {}
        self._seen: dict[str, dict] = {}
        self._watched: dict[tuple, dict] = {}
        self.indexes: dict[str, int] = {"eth0": 2}
        self.parents: dict[str, int] = {}
        self.macs: dict[str, bytes] = {}
        self.down: set[str] = set()
        self.refuses: set = set()
        self.keeps: set = set()
        self.others: dict = {}
        self.served: set = set()
        self.unusable: set = set()
        self.in_front: set = set()
        """Our addresses that are before the host's own until they are added again."""
        self.routes: list[str] = []
        self.route_errors: dict[str, int] = {}
        self.pause = 0.0
        self._loop = asyncio.get_running_loop()
        self._requests = deque()

    def put(self, interface, ip, prefixlen=24, label=None):
        placed = Placed(InterfaceAddress(ip, prefixlen), label)
        self.table.setdefault(interface, {})[ip] = placed
        self._watched.get((interface, ip), {})[ip] = placed

    def take(self, interface, ip):
        self.in_front.discard(ip)
        self.table.get(interface, {}).pop(ip, None)

    def rename(self, interface, name):
        self.indexes[name] = self.indexes.pop(interface)
        self.table[name] = self.table.pop(interface, {})

    # queries
    @property
    def version(self):
        """The same object until the addresses are others."""
        now = {name: dict(there) for name, there in self.table.items()}
        if now != self._seen:
            self._seen = now
        return self._seen

    def link(self, interface):
        index = self.indexes.get(interface)
        if index is None:
            return None
        is_up = interface not in self.down
        parent = self.parents.get(interface)
        kind = None if parent is None else "macvlan"
        mac = self.macs.get(interface, MAC)
        return Link(index, interface, mac, is_up, is_up, is_ethernet=True, parent=parent, kind=kind)

    def links(self, mentioning=""):
        return [self.link(name) for name in self.indexes if mentioning in name]

    def addresses(self, interface):
        return [each.address for each in self.table.get(interface, {}).values()]

    def link_of_index(self, index):
        return next((self.link(name) for name, each in self.indexes.items() if each == index), None)

    def watch(self, interface, ips, came):
        self._watched.update({(interface, ip): came for ip in ips})

    def has(self, interface, ip):
        return ip in self.table.get(interface, {}) and ip not in self.unusable

    def where(self, ip):
        return next((name for name, there in self.table.items() if ip in there), None)

    def duplicates(self, interface):
        return []

    def placed(self, interface, ip):
        return self.table.get(interface, {}).get(ip)

    def before(self, interface, own, ours):
        return [self.placed(interface, ip) for ip in ours if ip in self.in_front]

    def catch_up(self):
        pass

    # requests
    def _later(self, function, *arguments):
        # Timers of one moment have no order; the requests of the worker have.
        self._requests.append(partial(function, *arguments))
        self._loop.call_later(self.pause, self._carry_out_next)

    def _carry_out_next(self):
        self._requests.popleft()()

    def add(self, interface, addresses, label, done, there=lambda added: None, metric=0):
        addresses = list(addresses)
        self.story.append("add " + " ".join(str(a.ip) for a in addresses))
        self._later(self._add, interface, addresses, label, done, there)

    def _add(self, interface, addresses, label, done, there):
        refused = {}
        for each in addresses:
            if each.ip in self.refuses:
                refused[each] = OSError(errno.EACCES, f"{each.ip}: no")
            else:
                self.put(interface, each.ip, each.prefixlen, label)
                self.unusable.discard(each.ip)
        if added := tuple(each.ip for each in addresses if each not in refused):
            there(added)
        self.catch_up()
        done(refused)

    def remove(self, interface, addresses, done):
        addresses = list(addresses)
        self.story.append("remove " + " ".join(str(a.ip) for a in addresses))
        self._later(self._remove, interface, addresses, done)

    def _remove(self, interface, addresses, done):
        left = {each.ip: self.others[each.ip] for each in addresses if each.ip in self.others}
        error = LeftInPlace(left) if left else None
        for each in addresses:
            if each.ip in left:
                continue
            if each.ip in self.keeps:
                error = OSError(errno.EPERM, f"{each.ip}: no")
            else:
                self.take(interface, each.ip)
        done(error)

    def guard_secondaries(self, interface, ips, begun):
        self.story.append("guard")
        self.guards.append(begun)

    def prepare(self, interface, addresses, label, metric=0):
        pass

    def serve(self, interface, ips):
        self.served.update(ips)

    def let_go(self, interface, ips):
        self.served.difference_update(ips)

    def renew_served(self):
        self.story.append("renew served")

    def unserved_elsewhere(self, interface, ips, done):
        self._later(lambda: done(tuple(ip for ip in ips if ip not in self.others)))

    def put_routes(self, routes, done):
        def put():
            codes = {}
            for route in routes:
                there = str(route) in self.routes
                codes[route] = self.route_errors.get(str(route), errno.EALREADY if there else 0)
                if codes[route] == 0:
                    self.routes.append(str(route))
            done(codes)

        self._later(put)

    def remove_routes(self, routes, done):
        self.story.append(f"remove routes {'; '.join(map(str, routes))}")

        def remove():
            gone = set(map(str, routes))
            self.routes = [each for each in self.routes if each not in gone]

        self.beside(remove, done)

    def add_macvlan(self, parent, name, mac, done, prepare, up):
        def make():
            self._add_macvlan(parent, name, mac)
            prepare()
            self._set_link(name, up)

        self.story.append(f"add {name} on {parent} with {mac.hex(':')}")
        self.story.append(f"set {name} {'up' if up else 'down'}")
        self.beside(make, done)

    def _add_macvlan(self, parent, name, mac):
        if name in self.refuses:
            raise OSError(errno.EBUSY, os.strerror(errno.EBUSY))
        self.indexes.setdefault(name, max(self.indexes.values()) + 1)
        self.parents[name] = self.indexes[parent]
        self.macs[name] = mac
        self.down.add(name)

    def set_link(self, name, up, done):
        self.story.append(f"set {name} {'up' if up else 'down'}")
        self.beside(lambda: self._set_link(name, up), done)

    def _set_link(self, name, up):
        if name not in self.indexes:
            if up:
                raise OSError(errno.ENODEV, os.strerror(errno.ENODEV))
        elif up:
            self.down.discard(name)
        else:
            self.down.add(name)

    def remove_link(self, name, done):
        self.story.append(f"remove {name}")
        self.beside(lambda: self.lose_link(name), done)

    def lose_link(self, name):
        self.indexes.pop(name, None)
        self.parents.pop(name, None)
        self.table.pop(name, None)

    def beside(self, function, done):
        self._later(self._call, function, done)

    def attempt(self, function, failed):
        self.beside(function, lambda error: failed(error) if error else None)

    def held(self):
        return nullcontext()

    def _call(self, function, done):
        try:
            function()
        except OSError as error:
            done(error)
        else:
            done(None)

    async def open(self):
        self.story.append("open")

    async def close(self):
        self.story.append("close")


class FakeLog:
    """Any line: its name, and the addresses that it is about."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def __getattr__(self, name):
        def write(*what, **_how):
            self.lines.append(" ".join([name, *map(_words, what)]))

        return write

    def told(self):
        lines, self.lines = self.lines, []
        return lines


def _words(what):
    if type(what) in (tuple, list, dict):
        return " ".join(map(str, what))
    return str(what)


class Ledger:
    placed = False
