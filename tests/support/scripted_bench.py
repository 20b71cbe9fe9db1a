"""Addresses that scripts put on an interface; kernel and scripts only write down their calls."""

import asyncio

from fake_kernel import FakeLog, FakeNetlink, Ledger
from two_addresses import LEFT, ONE, TAKEN, TWO, config_of

from ucarpd.addresses.netlink import NetlinkAddresses
from ucarpd.addresses.scripts import ScriptedAddresses
from ucarpd.carp.actions import State
from ucarpd.engine import Transition
from ucarpd.scripts.runner import Result

SCRIPTS = "UCARP_UPSCRIPT=/up.sh\nUCARP_DOWNSCRIPT=/down.sh\n"
CONTESTED = Transition(State.MASTER, State.MASTER, "contested")


class FakeHooks:
    """One script at a time; of the waiting ones only the newest is kept."""

    def __init__(self):
        self.running = self.waiting = None
        self.hangs = False
        self.begun = []

    @property
    def is_busy(self):
        return bool(self.running or self.waiting)

    @property
    def pid(self):
        return 77 if self.running and not self.hangs else None

    @property
    def running_for(self):
        return asyncio.get_running_loop().time() - self._began

    def request(self, hook, done):
        if self.running and not self.waiting and self.running.target == hook.target:
            self._done = done
        elif self.running:
            self.waiting = (hook, done)
        else:
            self._begin(hook, done)

    def _begin(self, hook, done):
        self.running, self._done = hook, done
        self._began = asyncio.get_running_loop().time()
        self.begun.append(hook.target)

    def end(self, status=0, **how):
        done, self.running = self._done, None
        done(Result(status, **how))
        if self.waiting and not self.running:
            waiting, self.waiting = self.waiting, None
            self._begin(*waiting)


class Bench:
    def __init__(self, tmp_path, more=""):
        self.netlink, self.log, self.ledger = FakeNetlink(), FakeLog(), Ledger()
        self.hooks = FakeHooks()
        config = config_of(tmp_path, SCRIPTS + more)
        over_netlink = NetlinkAddresses(config, self.netlink, self.log, Ledger())
        self.addresses = ScriptedAddresses(config, over_netlink, self.hooks, self.log, self.ledger)
        self.outcomes = []
        self.released = 0

    def acquire(self):
        self.addresses.acquire(TAKEN, None, self.outcomes.append)

    def release(self, at_start=False):
        self.addresses.release(LEFT, at_start, self._done)

    def _done(self):
        self.released += 1

    def put(self, *ips, on="eth0"):
        for ip in ips:
            self.netlink.put(on, ip, 16, "eth0:0")

    def up(self, status=0, *ips, on="eth0"):
        """The up-script puts these addresses there, and ends."""
        self.put(*ips, on=on)
        self.hooks.end(status)

    def serve(self):
        """Take both addresses by an up-script that succeeds."""
        self.acquire()
        self.up(0, ONE, TWO)
