"""The interface, on tables, sockets and engines that only write down their calls."""

import asyncio
from ipaddress import IPv4Address, ip_address
from itertools import count

from fake_sockets import FakeNeighbours, FakeSockets, FakeWatch
from storyteller import Storyteller

from ucarpd.carp.actions import State
from ucarpd.carp.events import advertisement_received
from ucarpd.carp.frame import carp_over_ip, ethernet
from ucarpd.carp.receive import Dropped, DropReason
from ucarpd.config import load
from ucarpd.interface import interface
from ucarpd.interface.interface import Interface
from ucarpd.linux.netlink import InterfaceAddress, Link

MAC = bytes.fromhex("020000000001")
PEER_MAC = bytes.fromhex("020000000002")
PEER = IPv4Address("10.0.0.2")


class Kernel:
    """The tables; `listener` gets the changes, like the supervisor."""

    def __init__(self):
        self.by_name = {}
        self.on = {}
        self.listener = None

    @property
    def version(self):
        return object()

    def links(self, mentioning=""):
        return self.by_name.values()

    def link(self, name):
        return self.by_name.get(name)

    def link_of_index(self, index):
        return next((each for each in self.links() if each.index == index), None)

    def addresses(self, name):
        return [InterfaceAddress(ip_address(ip), 24) for ip in self.on.get(name, [])]

    def where(self, ip):
        return next((name for name, there in self.on.items() if str(ip) in there), None)

    def duplicates(self, interface):
        return []

    def set(self, name, index=2, **changes):
        before = self.by_name.get(name) or Link(
            index, name, MAC, is_up=True, has_carrier=True, is_ethernet=True
        )
        self.by_name[name] = before._replace(**changes)
        self._tell("link_changed", name)

    def add(self, name, ip):
        self.on.setdefault(name, []).append(ip)
        self._tell("address_added", name, ip_address(ip))

    def remove(self, name, ip):
        self.on[name].remove(ip)
        self._tell("address_removed", name, ip_address(ip))

    def _tell(self, what, *arguments):
        if self.listener is not None:
            getattr(self.listener, what)(*arguments)


_ENGINE = {
    "hardware_address_changed": "another MAC",
    "segment_heard": "segment heard",
    "address_added": "here: {}",
    "address_removed": "gone: {}",
}
_LOG = {
    "source_changed": "source {} to {}",
    "source_elsewhere": "source {} on {}",
    "warning": "warning: {}",
    "another_daemon": "another daemon",
    "same_mac": "our MAC at {}",
    "differs": "differs: {0.reason.name}",
}


class FakeEngine(Storyteller):
    is_loss_held = False
    state = State.BACKUP

    def __init__(self, bench):
        super().__init__(_ENGINE, bench)
        self.heard_from = PEER
        self.drop = Dropped(DropReason.BAD_DIGEST, PEER, "dropped")
        self.is_doubled = True

    def interface_ready(self, sources):
        self._bench.story.append(f"ready {' '.join(map(str, sources))}")

    def interface_lost(self, reason, can_send, may_return):
        hopes = [*["can send"] * can_send, *["may return"] * may_return]
        self._bench.story.append(f"lost {hopes}: {reason}" if hopes else f"lost: {reason}")

    def receive(self, frame, at):
        if self.heard_from is not None:
            return advertisement_received(self.heard_from, 1, 0, 1)
        return self.drop

    def sent_by_another(self, frame):
        return self.is_doubled


class Bench(Storyteller):
    """An interface eth0 with 10.0.0.1, and virtual hosts on it."""

    def __init__(self, tmp_path, monkeypatch):
        monkeypatch.setattr(interface, "Sockets", FakeSockets)
        monkeypatch.setattr(interface, "Neighbours", FakeNeighbours)
        monkeypatch.setattr(interface, "DoubleWatch", FakeWatch)
        monkeypatch.setattr(interface.sysctl, "lacks_ipv6", lambda _name: self.lacks_ipv6)
        self.lacks_ipv6 = False
        super().__init__()
        self._directory = tmp_path
        self.kernel = Kernel()
        self.kernel.set("eth0")
        self.kernel.add("eth0", "10.0.0.1")
        self.elsewhere = set()
        self.demotion = 0
        """Of the host, as it was told last."""
        self.reads = count()

    async def __aenter__(self):
        def elsewhere():
            next(self.reads)
            return {ip_address(ip) for ip in self.elsewhere}

        def demote(reason, amount):
            self.demotion = amount
            if amount:
                self.story.append(f"host demoted by {amount}: {reason}")

        self.interface = Interface("eth0", self.kernel, demote, elsewhere)
        self.sockets = self.interface._sockets
        self.neighbours = self.interface._neighbours
        self.watch = self.interface._double_watch
        self.kernel.listener = self.interface

    async def __aexit__(self, *_failure):
        pass

    def config(self, name="web", **keys):
        keys = {"INTERFACE": "eth0", "VHID": 1, "PASS": "x", "ADDR": "10.0.0.10", **keys}
        path = self._directory / f"{name}.conf"
        path.write_text("".join(f"UCARP_{key}={value}\n" for key, value in keys.items()))
        return load(path, {})

    def attach(self, name="web", **keys):
        def demote(reasons, _lost):
            each = (f"demoted by {amount}: {reason}" for reason, amount in reasons.items())
            self.story.append(", ".join(each))

        engine = FakeEngine(self)
        config = self.config(name, **keys)
        self.interface.attach(config, engine, Storyteller(_LOG, self), demote)
        return config, engine


async def later(seconds):
    await asyncio.sleep(seconds)


def frame(vhid=1, mac=PEER_MAC):
    payload = bytes([0x21, vhid]) + bytes(34)
    return ethernet(bytes(6), mac, carp_over_ip(PEER, IPv4Address("224.0.0.18"), payload))


def hear(bench, **what):
    return bench.sockets.deliver(frame(**what), asyncio.get_running_loop().time())
