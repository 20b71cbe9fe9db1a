"""One configuration file at work: its lock, its log, its addresses, and the engine between them.

An engine that fails through a defect of ours is started again after a pause that grows.
"""

import asyncio
import secrets
from collections.abc import Collection, Mapping
from functools import partial

from ucarpd import __version__
from ucarpd.addresses.scripts import DOWN, hook
from ucarpd.carp.actions import Report, State, StateChanged
from ucarpd.carp.params import DemoteStyle, Family, IPAddress
from ucarpd.carp.timing import Phase
from ucarpd.carp.why import Cause
from ucarpd.config import Config
from ucarpd.engine import Engine, Transition
from ucarpd.health.crashes import Crashes, probation
from ucarpd.interface.interface import Interface
from ucarpd.linux.alarm import Alarm
from ucarpd.linux.lock import InstanceLock
from ucarpd.linux.run_directory import run_directory
from ucarpd.log.role_messages import finding_text
from ucarpd.process.faults import OWN_OUTAGES
from ucarpd.process.host import Host
from ucarpd.process.parts import Parts
from ucarpd.process.restart_pause import RestartPause
from ucarpd.process.script_wait import ScriptWait
from ucarpd.process.shown import Shown
from ucarpd.record.content import content_of
from ucarpd.record.happening import Event
from ucarpd.record.maintenance import Note


class Instance:
    """The life of an instance, and what its engine reports; `parts` are what it consists of.

    It runs on `interface`, and holds `lock` until `stop` returns.  `phase` as in VirtualHost.
    """

    def __init__(
        self, config: Config, *, host: Host, interface: Interface, lock: InstanceLock, phase: Phase
    ) -> None:
        self.parts = Parts(config, host, interface, lock, self.demotion_changed)
        self.shown = Shown(self.parts)
        self._loop = asyncio.get_running_loop()
        self._lock = lock
        self._phase = phase
        self._scripts = ScriptWait(host.files)
        self._crashes = Crashes(config.name, run_directory())
        self._started_at = 0.0
        self._pause = RestartPause()
        self._restart = Alarm()
        self._stopping = asyncio.Lock()
        self._stopped: asyncio.Event | None = None
        """Set when the engine has stopped for good; None: it has not been asked to."""
        self._is_over = False
        # Reports of the engine that concern one part alone.
        self.served = self.parts.followers.served
        self.advertised = self.parts.keeper.record.advertised
        self.can_serve = self.parts.fitness.can_serve
        self.probing = self.parts.checking.ask_gateways
        self.loss_counts = interface.tell_faults

    @property
    def config(self) -> Config:
        return self.parts.config

    @property
    def name(self) -> str:
        return self.config.name

    @property
    def state(self) -> State:
        return self.parts.state

    def start(self) -> None:
        parts = self.parts
        config = parts.config
        self._started_at = self._loop.time()
        parts.engine = Engine(
            config.params(),
            secrets.randbits(64),
            wire=parts.interface,
            addresses=parts.addresses,
            log=parts.log,
            owner=self,
            timer=parts.host.timer,
            phase=self._phase,
            late=parts.host.lateness.note,
        )
        deaths = self._crashes.begin(self._started_at)
        cause = ", after a run that ended without a stop" if self._crashes.has_died else ""
        parts.teller.event(Event.START, f"ucarpd {__version__}{cause}")
        parts.standing.begin()
        if seconds := probation(deaths):
            parts.fitness.crashed(seconds)
        parts.checking.configure(config)
        host = parts.host
        parts.keeper.earlier_run.take_off(config.address_device, host.routes, host.in_use)
        parts.followers.role_left()  # A crash may have left units running.
        self._scripts.begin(
            [each for each in (config.up_script, config.down_script) if each is not None],
            self._attach,
            partial(parts.engine.interface_lost, can_send=False),
        )

    def _attach(self) -> None:
        """Begin, since the scripts are there: without them this host could not serve."""
        parts = self.parts
        assert parts.engine is not None
        parts.exposure.look(parts.config)
        parts.interface.attach(parts.config, parts.engine, parts.log, self.demote)

    async def stop(self, reason: str) -> None:
        """Give up the addresses and the role, tell the peers, let go of the lock.

        If it is being stopped already, wait until that is done.
        """
        async with self._stopping:
            if not self._is_over:
                await self._stop(reason)
                self._is_over = True

    async def _stop(self, reason: str) -> None:
        parts = self.parts
        if self._stopped is None:
            self._stopped = asyncio.Event()
        parts.fitness.close()
        parts.checking.close()
        self._restart.cancel()
        self._scripts.end()
        if parts.config.shutdown:
            await parts.followers.stop()
        if parts.engine is not None:
            parts.engine.stop(reason)
            await self._stopped.wait()
            parts.interface.detach(parts.config)
        parts.followers.close()
        parts.addresses.close()
        if parts.config.shutdown:
            await parts.addresses.dispose()
        await parts.keeper.forget_configuration()
        await parts.keeper.close()
        self._crashes.end()
        self._lock.release()
        parts.teller.event(Event.STOP, reason)

    def reconfigure(self, new: Config) -> None:
        """Take over a configuration that differs only in what may change while running.

        The caller has passed it to `addresses` already: those of all virtual hosts come first.
        """
        parts = self.parts
        gone = {each.ip for each in set(parts.config.served).difference(new.served)}
        parts.config = new
        parts.suspicion.reconfigure(new)
        parts.log.facility = new.facility
        parts.followers.reconfigure(new)
        parts.removals.reconfigure(new)
        parts.keeper.keep_configuration(new)
        if parts.engine is not None:
            parts.interface.replace(new)
            parts.engine.change_params(new.params(), gone)
            parts.checking.configure(new)
        parts.log.reconfigured(restarted=False)

    def demote(self, reasons: Mapping[str, int], lost: Collection[Family] = ()) -> None:
        """Let these reasons make this virtual host alone less fit, or no longer (0).

        `lost` are the families that they keep it from.
        """
        self.parts.fitness.set_families(reasons, lost)

    def demotion_changed(self) -> None:
        """The host, or this virtual host alone, is less fit or fitter than before."""
        parts = self.parts
        if parts.engine is not None and not self._is_over:
            by_count = parts.config.demote_style is DemoteStyle.OPENBSD
            before, is_planned = parts.standing.unfitness, parts.standing.is_planned
            if reason := parts.standing.look(by_count=by_count):
                demote = partial(self._demote_engine, reason, is_planned)
                if is_planned and parts.standing.unfitness > before:
                    parts.followers.before_leaving(demote)
                else:
                    demote()

    def _demote_engine(self, reason: str, is_planned: bool) -> None:
        parts = self.parts
        if parts.engine is not None:
            standing = parts.standing
            parts.engine.demote(
                standing.unfitness, reason, is_tested=standing.is_tested, is_planned=is_planned
            )

    def maintain(self, notes: tuple[Note, ...]) -> None:
        """Apply the current maintenance notes, of the host and of this instance."""
        parts = self.parts
        if notes != parts.standing.maintenance:
            parts.standing.maintain(notes, is_running=parts.engine is not None)
            parts.host.changed()

    def step_down(self, reason: str) -> None:
        self.parts.followers.before_leaving(partial(self._offer, reason))

    def _offer(self, reason: str) -> None:
        if self.parts.engine is not None:
            self.parts.engine.step_down(reason)

    # -- from the engine -----------------------------------------------------------------------------

    def changed(self, change: StateChanged) -> None:
        parts = self.parts
        parts.teller.transition(change)
        parts.faults.state_changed()
        parts.removals.forget()
        parts.interface.role_changed()
        self._loop.call_soon(parts.checking.state_changed, change.new)
        if change.new is State.MASTER:
            parts.fitness.role_taken()
        else:
            parts.fitness.role_left()
            if parts.config.shutdown or self._stopped is None:
                parts.followers.role_left()
        parts.host.changed()

    def identity_changed(self) -> None:
        """Renew the record for the time after a crash, because a part of it has changed."""
        parts = self.parts
        if parts.engine is None or not parts.engine.sources:
            return
        died = Transition(State.INIT, State.MASTER, "the daemon has died")
        down = hook(parts.config, DOWN, died) if parts.config.is_scripted else None
        counter = parts.engine.next_counter
        sources, mac = parts.engine.sources, parts.interface.mac
        parts.keeper.write(content_of(parts.config, sources, mac, counter, down))

    def sending(self, is_failing: bool) -> None:
        self.parts.faults.sending(is_failing)
        self.parts.fitness.sending(is_failing)

    def unserved(self, addresses: tuple[IPAddress, ...]) -> None:
        parts = self.parts
        parts.faults.unserved(addresses, parts.log.refusal)
        parts.teller.event(Event.FINDING, parts.log.unserved(addresses))
        parts.host.changed()
        families = [ip.version for ip in addresses]
        parts.fitness.unserved(families, len(parts.config.params().addresses))

    def contested(self) -> None:
        self.parts.teller.event(Event.CONTESTED, "another host was also master, and has given way")

    def found(self, report: Report) -> None:
        parts = self.parts
        parts.faults.found(report)
        # An event would make the notify script, which may be the cause, do the same again.
        if report.finding not in OWN_OUTAGES:
            parts.teller.event(Event.FINDING, finding_text(report), report.peer)
        parts.host.changed()

    def served_beside(self, text: str) -> None:
        """Note another daemon of this host for the same virtual host; empty: there is none."""
        self.parts.faults.set("another_daemon", text)
        self.parts.host.changed()

    def address_removed(self, ip: IPAddress) -> None:
        """Another program has removed a virtual address of this master."""
        self.parts.removals.note(ip)
        self.parts.host.changed()

    def finished(self) -> None:
        """The engine has stopped as it was asked to."""
        assert self._stopped is not None
        self._stopped.set()

    def failed(self) -> None:
        """The engine has met a defect of ours and left the role."""
        parts = self.parts
        if self._stopped is not None:
            self._stopped.set()
            return
        self._scripts.end()
        parts.interface.detach(parts.config)
        parts.engine = None
        # The next engine knows of no fault of this one, and reports no end.
        parts.faults.unserved(())
        parts.fitness.can_serve()
        self.sending(False)
        pause = self._pause.after(self._loop.time() - self._started_at)
        parts.log.restarting(pause)
        self._restart.set(pause, self.start)
        text = f"internal error, starting again in {pause:g} s"
        self.changed(StateChanged(parts.teller.state, State.INIT, text, Cause.FAULT))
