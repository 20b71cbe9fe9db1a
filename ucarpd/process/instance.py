"""One configuration file at work: its lock, its log, its addresses, and the engine between them.

An engine that fails through a defect of ours is started again after a pause that grows.
"""

import asyncio
import secrets
from collections.abc import Sequence, Set
from functools import partial

from ucarpd import __version__
from ucarpd.addresses.arp_settings import ParentArp
from ucarpd.addresses.choice import owner_of
from ucarpd.carp.actions import State, StateChanged
from ucarpd.carp.params import DemoteStyle
from ucarpd.carp.timing import Phase
from ucarpd.carp.why import Cause
from ucarpd.config import Config
from ucarpd.diagnosis.search import DigestSearch
from ucarpd.engine import Engine
from ucarpd.health.crashes import Crashes, probation
from ucarpd.interface.interface import Interface
from ucarpd.linux.lock import InstanceLock
from ucarpd.linux.run_directory import run_directory
from ucarpd.log.messages import Journal
from ucarpd.process.checking import Checking
from ucarpd.process.exposure_watch import ExposureWatch
from ucarpd.process.followers import Followers
from ucarpd.process.host import Host
from ucarpd.process.notes import Notes
from ucarpd.process.removals import Removals
from ucarpd.process.restart_pause import RestartPause
from ucarpd.process.script_wait import ScriptWait
from ucarpd.process.standing import Standing
from ucarpd.process.suspects import Suspicion
from ucarpd.process.teller import Teller
from ucarpd.process.told import ToldInstance
from ucarpd.record.happening import Event
from ucarpd.record.keeper import Keeper
from ucarpd.record.maintenance import Note
from ucarpd.scripts.runs import Runs


class Instance(ToldInstance):
    """Runs on `interface`, and holds `lock` until `stop` returns.  `phase` as in VirtualHost."""

    def __init__(
        self,
        config: Config,
        *,
        host: Host,
        interface: Interface,
        lock: InstanceLock,
        phase: Phase,
    ) -> None:
        self.config = config
        self._loop = asyncio.get_running_loop()
        self._host = host
        self._teller = Teller(config.name, host.tell)
        self._lock = lock
        self._interface = interface
        self._log = Journal(config.name, config.vhid, config.interface, config.facility)
        self.standing = Standing(
            host.demotion, interface.fault, self._log, self._teller, self.demotion_changed
        )
        self._fitness = self.standing.fitness
        self.checking = Checking(
            self.standing.checks,
            host.netlink,
            self._log,
            self._teller,
            state=lambda: self.state,
            sources=lambda: self._engine.sources if self._engine else (),
            ask=interface.ask,
            changed=self.demotion_changed,
            told=host.changed,
            gateways_silent=lambda at: self._engine.gateways_silent(at) if self._engine else None,
        )
        self._phase = phase
        self._suspicion = Suspicion(config, host.others)
        self._log.inquiry = DigestSearch(self._suspicion.background)
        self.exposure = ExposureWatch(self._log, host.changed, host.files)
        self._scripts = ScriptWait(host.files)
        self._crashes = Crashes(config.name, run_directory())
        arp = ParentArp(config.interface, run_directory())
        self._keeper = Keeper(config.name, host.netlink, self._log, lock, arp)
        self._runs = Runs()
        self._addresses = owner_of(config, host.netlink, self._log, self._keeper, arp, self._runs)
        self._notes = Notes(self._loop.time)
        self._followers = Followers(
            config,
            host.netlink,
            self._log,
            self._notes,
            self._teller,
            shared=host.routes,
            is_master=lambda: self.state is State.MASTER,
            changed=host.changed,
        )
        self._engine: Engine | None = None
        self._started_at = 0.0
        self._pause = RestartPause()
        self._restart: asyncio.TimerHandle | None = None
        self._stopping = asyncio.Lock()
        self._stopped: asyncio.Event | None = None
        """Set when the engine has stopped for good; None: it has not been asked to."""
        self._is_over = False
        self._removals = Removals(
            config.address_device, host.netlink, self._log, self._teller, self._fitness
        )

    def keep_configuration(self) -> None:
        """Keep the configuration, which comes from sound files, for the start after a crash."""
        self._keeper.keep_configuration(self.config)

    def start(self) -> None:
        config = self.config
        self._restart = None
        self._started_at = self._loop.time()
        self._engine = Engine(
            config.params(),
            secrets.randbits(64),
            wire=self._interface,
            addresses=self._addresses,
            log=self._log,
            owner=self,
            timer=self._host.timer,
            phase=self._phase,
            late=self._host.lateness.note,
        )
        self._teller.event(Event.START, f"ucarpd {__version__}")
        self.standing.begin()
        if seconds := probation(self._crashes.begin(self._started_at)):
            self._fitness.crashed(seconds)
        self.checking.configure(config)
        self._keeper.earlier_run.take_off(config.address_device, self._host.routes)
        self._followers.role_left()  # A crash may have left units running.
        self._scripts.begin(
            [each for each in (config.up_script, config.down_script) if each is not None],
            self._attach,
            partial(self._engine.interface_lost, can_send=False),
        )

    def _attach(self) -> None:
        """Begin, since the scripts are there: without them this host could not serve."""
        assert self._engine is not None
        self.exposure.look(self.config)
        self._interface.attach(self.config, self._engine, self._log, self.demote)

    async def stop(self, reason: str) -> None:
        """Give up the addresses and the role, tell the peers, let go of the lock.

        If it is being stopped already, wait until that is done.
        """
        async with self._stopping:
            if not self._is_over:
                await self._stop(reason)
                self._is_over = True

    async def _stop(self, reason: str) -> None:
        if self._stopped is None:
            self._stopped = asyncio.Event()
        self._fitness.close()
        self.checking.close()
        if self._restart is not None:
            self._restart.cancel()
        self._scripts.end()
        if self.config.shutdown:
            await self._followers.stop()
        if self._engine is not None:
            self._engine.stop(reason)
            await self._stopped.wait()
            self._interface.detach(self.config)
        self._followers.close()
        if self.config.shutdown:
            await self._addresses.dispose()
        await self._keeper.forget_configuration()
        await self._keeper.close()
        self._crashes.end()
        self._lock.release()
        self._teller.event(Event.STOP, reason)

    def reconfigure(self, new: Config) -> None:
        """Take over a configuration that differs only in what may change while running."""
        self.config = new
        self._suspicion.reconfigure(new)
        self._log.facility = new.facility
        self._addresses.reconfigure(new)
        self._keeper.keep_configuration(new)
        if self._engine is not None:
            self._interface.replace(new)
            self._engine.change_params(new.params())
            self.checking.configure(new)
        self._log.reconfigured(restarted=False)

    def announce_restart(self) -> None:
        """Say that the new configuration needs a new start."""
        self._log.reconfigured(restarted=True)

    def warn_of_flag_day(self) -> None:
        """Log that the digests of this host and of the others now differ."""
        self._log.flag_day()

    def files_present(self, names: Set[str]) -> None:
        """The private directory has files of these names."""
        self._keeper.files_present(names)

    def left_running(self, processes: Sequence[object]) -> None:
        """The instance has stopped, and these processes of its scripts still run."""
        self._log.left_running(processes)

    def demote(self, reason: str, amount: int) -> None:
        """Something makes this virtual host alone less fit, or no longer (0)."""
        self._fitness.set(reason, amount)

    def demotion_changed(self) -> None:
        """The host, or this virtual host alone, is less fit or fitter than before."""
        if self._engine is not None:
            by_count = self.config.demote_style is DemoteStyle.OPENBSD
            before, is_planned = self.standing.unfitness, self.standing.is_planned
            if reason := self.standing.look(by_count=by_count):
                demote = partial(self._demote_engine, reason, is_planned)
                if is_planned and self.standing.unfitness > before:
                    self._followers.before_leaving(demote)
                else:
                    demote()

    def _demote_engine(self, reason: str, is_planned: bool) -> None:
        if self._engine is not None:
            standing = self.standing
            self._engine.demote(
                standing.unfitness, reason, is_tested=standing.is_tested, is_planned=is_planned
            )

    def maintain(self, notes: tuple[Note, ...]) -> None:
        """Apply the current maintenance notes, of the host and of this instance."""
        if notes != self.standing.maintenance:
            self.standing.maintain(notes, is_running=self._engine is not None)
            self._host.changed()

    def step_down(self, reason: str) -> None:
        self._followers.before_leaving(partial(self._offer, reason))

    def _offer(self, reason: str) -> None:
        if self._engine is not None:
            self._engine.step_down(reason)

    # -- from the engine -----------------------------------------------------------------------------

    def changed(self, change: StateChanged) -> None:
        self._teller.transition(change)
        self._notes.state_changed()
        self._removals.state_changed()
        self._interface.role_changed()
        self._loop.call_soon(self.checking.state_changed, change.new)
        if change.new is State.MASTER:
            self._fitness.role_taken()
        else:
            self._fitness.role_left()
            if self.config.shutdown or self._stopped is None:
                self._followers.role_left()
        self._host.changed()

    def finished(self) -> None:
        """The engine has stopped as it was asked to."""
        assert self._stopped is not None
        self._stopped.set()

    def failed(self) -> None:
        """The engine has met a defect of ours and left the role."""
        if self._stopped is not None:
            self._stopped.set()
            return
        self._scripts.end()
        self._interface.detach(self.config)
        self._engine = None
        pause = self._pause.after(self._loop.time() - self._started_at)
        self._log.restarting(pause)
        self._restart = self._loop.call_later(pause, self.start)
        text = f"internal error, starting again in {pause:g} s"
        self.changed(StateChanged(self._teller.state, State.INIT, text, Cause.FAULT))
