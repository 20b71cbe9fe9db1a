"""The parts of an instance, put together."""

import asyncio
from collections.abc import Callable
from functools import partial

from ucarpd.addresses.arp_settings import ParentArp
from ucarpd.addresses.choice import owner_of
from ucarpd.carp.actions import State
from ucarpd.config import Config
from ucarpd.diagnosis.search import DigestSearch
from ucarpd.engine import Engine
from ucarpd.interface.interface import Interface
from ucarpd.linux.lock import InstanceLock
from ucarpd.linux.run_directory import run_directory
from ucarpd.log.messages import Journal
from ucarpd.process.checking import Checking
from ucarpd.process.exposure_watch import ExposureWatch
from ucarpd.process.faults import Faults
from ucarpd.process.followers import Followers
from ucarpd.process.host import Host
from ucarpd.process.removals import Removals
from ucarpd.process.standing import Standing
from ucarpd.process.suspects import Suspicion
from ucarpd.process.teller import Teller
from ucarpd.record.happening import Event
from ucarpd.record.keeper import Keeper
from ucarpd.scripts.runs import Runs


class Parts:
    """Everything that an instance consists of, and that its life and its status have to do with.

    `demotion_changed` is called when a reason why this virtual host is less fit begins or ends.
    """

    def __init__(
        self,
        config: Config,
        host: Host,
        interface: Interface,
        lock: InstanceLock,
        demotion_changed: Callable[[], None],
    ) -> None:
        self.config = config
        self.engine: Engine | None = None
        """None before the start, and while a new start is waited for after a defect of ours."""
        self.host = host
        self.interface = interface
        self.log = Journal(config.name, config.vhid, config.interface, config.facility)
        self.log.device = config.address_device
        self.teller = Teller(config.name, host.tell)
        self.log.tell_mistake = partial(self.teller.event, Event.FINDING)
        self.standing = Standing(
            host.demotion, interface.fault, self.log, self.teller, demotion_changed
        )
        self.fitness = self.standing.fitness
        self.checking = Checking(
            config,
            self.standing.checks,
            host.netlink,
            self.log,
            self.teller,
            state=lambda: self.state,
            source=lambda family: interface.own_address(self.config, family),
            ask=interface.ask,
            changed=demotion_changed,
            told=host.changed,
            gateways_silent=lambda at: self.engine.gateways_silent(at) if self.engine else None,
        )
        self.suspicion = Suspicion(config, host.others)
        self.log.inquiry = DigestSearch(self.suspicion.background, host.searches.do)
        self.exposure = ExposureWatch(self.log, host.changed, host.files)
        arp = ParentArp(config.interface, run_directory())
        self.keeper = Keeper(config.name, host.netlink, self.log, lock, arp)
        self.runs = Runs()
        self.addresses = owner_of(
            config, host.netlink, self.log, self.keeper.record, arp, self.runs
        )
        self.faults = Faults(asyncio.get_running_loop().time)
        self.followers = Followers(
            config,
            host.netlink,
            self.log,
            self.faults,
            self.teller,
            shared=host.routes,
            is_master=lambda: self.state is State.MASTER,
            changed=host.changed,
        )
        self.removals = Removals(
            config, host.netlink, host.files, host.old_ucarps, self.log, self.teller, self.fitness
        )

    @property
    def state(self) -> State:
        return self.engine.state if self.engine else State.INIT
