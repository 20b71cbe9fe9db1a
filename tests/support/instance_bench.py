"""One virtual host on a fake kernel and a fake interface, for the tests of `instance`."""

import asyncio
from ipaddress import ip_address

from fake_kernel import MAC, FakeNetlink
from fake_worker import FakeWorker
from two_addresses import ONE, config_of

from ucarpd.addresses.routes import SharedRoutes
from ucarpd.carp.actions import State
from ucarpd.carp.frame import parse
from ucarpd.carp.packet import decode
from ucarpd.carp.timing import ALONE
from ucarpd.diagnosis.digest import Suspect
from ucarpd.engine import Timer
from ucarpd.health.demotion import Demotion
from ucarpd.health.lateness import Lateness
from ucarpd.linux.file_worker import FileWorker
from ucarpd.linux.lock import InstanceLock
from ucarpd.process.host import Host
from ucarpd.process.instance import Instance
from ucarpd.process.old_ucarp import RecentLook

SOURCE = ip_address("10.0.0.1")
TAKES_OVER = 5.0
"""Seconds after which a host that hears no peer is MASTER."""


class FakeInterface:
    """A usable interface.  If `error` is set, sending raises it."""

    fault = "eth0 cannot be used"
    is_router = False
    mac = MAC

    def __init__(self):
        self.story = []
        self.sent = []
        self.engine = None
        self.error = None
        self.neighbours_answer = False

    def attach(self, config, engine, log, demote):
        self.story.append("attach")
        self.engine, self.demote = engine, demote
        engine.interface_ready((SOURCE,))

    def read_until(self, at):
        return True

    def expect_answers(self, addresses, answered):
        self.answered = answered

    def own_address(self, config, family):
        return SOURCE

    def ask(self, address, source, answered):
        self.story.append(f"ask for {address}")
        if self.neighbours_answer:
            answered(address, MAC)

    def role_changed(self):
        pass

    def replace(self, config):
        self.story.append(f"replace by advskew {config.advskew}")

    def detach(self, config):
        self.story.append("detach")
        self.engine = None

    def tell_faults(self):
        self.story.append("tell faults")

    def send(self, frame):
        if self.error is not None:
            raise self.error
        self.sent.append(frame)

    def advertised(self):
        """The advskew of each advertisement since the last call; 255 is a bow-out."""
        sent, self.sent = self.sent, []
        return [decode(parse(each).payload).advskew for each in sent if each[12:14] == b"\x08\x00"]


class Bench:
    def __init__(self, tmp_path, directory, more=""):
        self.directory = directory
        self.config = config_of(tmp_path, more)
        self.interface, self.netlink = FakeInterface(), FakeNetlink()
        self.host_demotion = Demotion()
        self.changes = []
        self.changes_told = 0
        self.happenings = []
        self.breaks_as = None
        """A defect of ours shows when this state is taken."""
        self.lateness = Lateness()
        self.files = FakeWorker()
        self.others = (Suspect(name="mail", vhid=2, key=b"other", hashed=(ONE,)),)
        self.instance = Instance(
            self.config,
            host=Host(
                netlink=self.netlink,
                demotion=self.host_demotion,
                lateness=self.lateness,
                timer=Timer(),
                routes=SharedRoutes(),
                in_use=lambda _device: None,
                others=lambda name: self.others if name == "web" else (),
                changed=self.changed,
                tell=self.happenings.append,
                files=FileWorker(lambda: self.files),
                old_ucarps=RecentLook(),
                searches=FakeWorker(),
            ),
            interface=self.interface,
            lock=self.lock(),
            phase=ALONE,
        )

    def changed(self):
        self.changes_told += 1
        if self.changes[-1:] == [self.instance.state]:
            return
        self.changes.append(self.instance.state)
        if self.instance.state is self.breaks_as:
            raise ZeroDivisionError("a defect")

    def lock(self):
        config = self.config
        return InstanceLock(config.name, self.directory, config.interface, config.vhid, config.path)

    async def serve(self):
        self.instance.start()
        await asyncio.sleep(TAKES_OVER)
        assert self.instance.state is State.MASTER
        self.interface.advertised()
        self.interface.story.clear()
        self.changes.clear()

    def addresses(self):
        return set(self.netlink.table.get("eth0", {}))


class Maker:
    """Makes virtual hosts from further lines of their files; at the end of the test they are stopped."""

    def __init__(self, make):
        self._make = make
        self._made = []

    def __call__(self, more=""):
        self._made.append(self._make(more))
        return self._made[-1]

    async def __aenter__(self):
        pass

    async def __aexit__(self, failure, *_details):
        for bench in self._made if failure is None else ():
            await bench.instance.stop("stopping")
