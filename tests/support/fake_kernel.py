"""A kernel's table of addresses, and the requests that change it, in the event loop's next turn."""

import asyncio
import errno
from types import SimpleNamespace

from ucarpd.linux.netlink import InterfaceAddress, Placed


class FakeNetlink:
    """`refuses` holds addresses that cannot be added; `story` is what was asked, in order."""

    def __init__(self) -> None:
        self.table: dict[str, dict] = {}
        self.indexes: dict[str, int] = {"eth0": 2}
        self.refuses: set = set()
        self.keeps: set = set()
        self.story: list[str] = []
        self.pause = 0.0
        self._loop = asyncio.get_running_loop()

    def put(self, interface, ip, prefixlen=24, label=None):
        self.table.setdefault(interface, {})[ip] = Placed(InterfaceAddress(ip, prefixlen), label)

    def take(self, interface, ip):
        self.table.get(interface, {}).pop(ip, None)

    def rename(self, interface, name):
        self.indexes[name] = self.indexes.pop(interface)
        self.table[name] = self.table.pop(interface, {})

    # what it can be asked
    def link(self, interface):
        index = self.indexes.get(interface)
        return index and SimpleNamespace(name=interface, index=index)

    def link_of_index(self, index):
        return next((self.link(name) for name, each in self.indexes.items() if each == index), None)

    def has(self, interface, ip):
        return ip in self.table.get(interface, {})

    def where(self, ip):
        return next((name for name, there in self.table.items() if ip in there), None)

    def placed(self, interface, ip):
        return self.table.get(interface, {}).get(ip)

    def catch_up(self):
        pass

    # what it can be told
    def add(self, interface, addresses, label, done, there=lambda added: None):
        addresses = list(addresses)
        self.story.append("add " + " ".join(str(a.ip) for a in addresses))
        self._loop.call_later(self.pause, self._add, interface, addresses, label, done, there)

    def _add(self, interface, addresses, label, done, there):
        refused = {}
        for each in addresses:
            if each.ip in self.refuses:
                refused[each] = OSError(errno.EACCES, f"{each.ip}: no")
            else:
                self.put(interface, each.ip, each.prefixlen, label)
        if added := tuple(each.ip for each in addresses if each not in refused):
            there(added)
        done(refused)

    def remove(self, interface, addresses, done):
        addresses = list(addresses)
        self.story.append("remove " + " ".join(str(a.ip) for a in addresses))
        self._loop.call_later(self.pause, self._remove, interface, addresses, done)

    def _remove(self, interface, addresses, done):
        error = None
        for each in addresses:
            if each.ip in self.keeps:
                error = OSError(errno.EPERM, f"{each.ip}: no")
            else:
                self.take(interface, each.ip)
        done(error)

    def prepare(self, interface, addresses, label):
        pass

    def guard_secondaries(self, interface, ips):
        self.story.append("guard")

    def end_guard(self, interface):
        self.story.append("end guard")

    def told(self):
        story, self.story = self.story, []
        return story


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
    if isinstance(what, (tuple, list, dict)):
        return " ".join(map(str, what))
    return str(what)


class Ledger:
    placed = False
