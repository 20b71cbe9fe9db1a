"""Virtual addresses that the operator's scripts add to the interface and remove.

A script always runs to its end, because it may have effects that ucarpd cannot see.  The exit
status of the up-script decides whether this host serves, not the place of the address: a script may
call a cloud's API, or add the address to another interface.
"""

import asyncio
import threading
from collections.abc import Callable, Collection
from functools import partial
from pathlib import Path

from ucarpd.addresses.hold_up import HoldUp
from ucarpd.addresses.netlink import Ledger, NetlinkAddresses, Refused
from ucarpd.carp.params import IPAddress
from ucarpd.config import Config, harm
from ucarpd.engine import Outcome, Transition
from ucarpd.linux.alarm import Alarm
from ucarpd.linux.netlink import Placed
from ucarpd.log.messages import Journal
from ucarpd.scripts.runner import HANGS_AFTER, Hook, HookRunner, Result

MEND_AFTER = 0.1
"""Seconds for which an address may be missing while the up-script runs: the script may move it."""

LONGEST_WAIT = 0.1
"""Seconds that a down-script may wait for the previous script before ucarpd acts itself."""

GUARD_WITHIN = 2.0
"""Seconds that a down-script waits for the guard, as one job of a busy worker; that may also hang."""

UP, UP_AGAIN, DOWN = "up", "up again", "down"
"""Targets of the runs.  After a contest the up-script runs again, even while one is running."""


class ScriptedAddresses:
    """Virtual addresses that the up-script adds and the down-script removes.

    If the down-script leaves addresses or has to wait, ucarpd removes them over netlink: a host
    that has given up the role must not keep answering for them.
    """

    are_scripted = True
    are_settled = False

    def __init__(
        self,
        config: Config,
        netlink: NetlinkAddresses,
        hooks: HookRunner,
        log: Journal,
        ledger: Ledger,
    ) -> None:
        self._netlink = netlink
        self._hooks = hooks
        self._log = log
        self._ledger = ledger
        self._loop = asyncio.get_running_loop()
        self._placed: dict[IPAddress, Placed] = {}
        """The addresses that scripts have added since this process started, with their labels."""
        self._added: dict[IPAddress, Placed] = {}
        """The addresses that the up-script has added in this term, even if each went at once.

        The kernel may remove one together with another address of its network.
        """
        self._is_master = False
        self._has_come_up = False
        """Whether the up-script has served since the role was taken."""
        self._attempt: object = None
        """The newest one to take the role."""
        self._guard: threading.Event | None = None
        """Set when the guard has begun; None: there is none."""
        self._hold_up = HoldUp(netlink, hooks, log)
        self._patience = Alarm()
        self._is_kept_off = False
        self.all = netlink.all
        self.present = netlink.present
        self.is_hosts_own = netlink.is_hosts_own
        self.unserved_elsewhere = netlink.unserved_elsewhere
        self.reconfigure(config)

    def reconfigure(self, config: Config) -> None:
        self._config = config
        self._netlink.reconfigure(config)
        self._netlink.watch(self._added)

    @property
    def is_busy(self) -> bool:
        return self._hooks.is_busy or self._netlink.is_busy

    @property
    def is_up_script_running(self) -> bool:
        running = self._hooks.running
        return running is not None and running.target != DOWN

    def missing(self) -> tuple[IPAddress, ...]:
        """Return the missing addresses that a script once added to the interface."""
        return tuple(ip for ip in self._netlink.missing() if ip in self._placed)

    # -- taking the role ---------------------------------------------------------------------------

    def acquire(
        self,
        transition: Transition,
        there: Callable[[tuple[IPAddress, ...]], None],
        done: Callable[[Outcome], None],
    ) -> None:
        del there  # The announcement from the thread would save no time: scripts take far longer.
        self._acquire(UP, transition, done)

    def reassert(self, transition: Transition, done: Callable[[Outcome], None]) -> None:
        self._acquire(UP_AGAIN, transition, done)

    def _acquire(
        self, target: str, transition: Transition, done: Callable[[Outcome], None]
    ) -> None:
        if not self._is_master and not self.is_up_script_running:
            # A script may have much to prepare before it adds the addresses.
            self._added.clear()
        if not self._is_master:
            self._hold_up.role_taken()
        self._is_master = True
        self._hold_up.watch(done)
        self._stop_keeping_off()
        if self._hooks.running is None or self.is_up_script_running:
            self._end_guard()  # A down-script that runs still needs it.
        self._ledger.placed = True
        self._netlink.serve()

        def run(_refused: Refused = ()) -> None:
            if not self._is_master or self._attempt is not run:
                return  # The role was lost while the addresses were being put back.
            self._hooks.request(self._hook(target, transition), partial(self._came_up, done))

        self._attempt = run
        # In a second run, many scripts only report that the address is already configured.
        lost = self._lost() if self._has_come_up else []
        if lost:
            self._netlink.put_back(lost, run)
        else:
            run()

    def _came_up(self, done: Callable[[Outcome], None], result: Result) -> None:
        """Decide whether this host serves: first by the exit status, then by the addresses."""
        here = self._netlink.present_now()
        self._note_placed()
        self._hold_up.up_script_ended()
        if not self._is_master:
            self._patience.cancel()
            if self._hooks.is_busy:
                self._wait()
            # The down-script runs next, and finds the addresses in place.
            if result.status == 0:
                done(Outcome(self.all()))
            return
        self._has_come_up = True
        every, missing = self.all(), self._netlink.missing()
        if result.status == 0:
            if lost := self._lost():

                def put_back(refused: Refused) -> None:
                    done(Outcome(self._netlink.present_now(), refused))

                self._put_back(lost, put_back)
                return
            if missing:
                self._log.served_elsewhere(missing)
            done(Outcome(every))
        elif not missing or (not here and self._netlink.elsewhere()):
            self._log.script_failed_but_serves(every)
            done(Outcome(every))
        else:
            self._has_come_up = False
            for ip in self._added.keys() - here:
                del self._added[ip]
            done(Outcome(here, missing, has_hung=result.timed_out))

    def mend(self) -> None:
        if self.is_up_script_running and self._is_master and (missed := self._taken_away()):
            self._loop.call_later(MEND_AFTER, self._mend, missed)

    def _mend(self, missed: list[Placed]) -> None:
        lost = [each for each in missed if each.address.ip in self._netlink.missing()]
        if lost and self.is_up_script_running and self._is_master:
            self._put_back(lost, lambda _refused: None)

    def _put_back(self, lost: list[Placed], done: Callable[[Refused], None]) -> None:
        """Say why each of these addresses cannot be used, and add it again."""
        there = {each.address.ip for each in self._netlink.placed()}
        for ip in (each.address.ip for each in lost):
            if ip in there:
                self._log.address_without_nodad(ip)
            else:
                self._log.address_taken_away(ip)
        self._netlink.put_back(lost, done)

    def step_behind(self, own: Collection[IPAddress], failed: Callable[[Outcome], None]) -> None:
        """Do nothing: an up-script may have set routes from an address, which would go with it."""

    def _taken_away(self) -> list[Placed]:
        return [self._added[ip] for ip in self._netlink.missing() if ip in self._added]

    def _lost(self) -> list[Placed]:
        return [self._placed[ip] for ip in self.missing()]

    def _note_placed(self) -> None:
        self._added.update((each.address.ip, each) for each in self._netlink.placed())
        self._placed |= self._added

    # -- giving up the role ------------------------------------------------------------------------

    def release(self, transition: Transition, at_start: bool, done: Callable[[], None]) -> None:
        self._is_master = self._has_come_up = False
        self._hold_up.role_lost()
        self._netlink.let_go()
        guard = self._begin_guard()
        # Half of the script's time limit remains; 0: it has none.
        longest = min(GUARD_WITHIN, self._config.script_timeout / 2) or GUARD_WITHIN
        run = self._hook(DOWN, transition)._replace(wait=partial(guard.wait, longest))
        if at_start and self._config.neutral:
            run = run._replace(script=None)
        self._hooks.request(run, partial(self._came_down, at_start, done))
        self._wait(at_start)

    def _wait(self, at_start: bool = False) -> None:
        """Let the down-script wait, and take time to start, only for so long."""
        if self._patience.at is None and not self._is_kept_off:
            longest = LONGEST_WAIT if self.is_up_script_running else HANGS_AFTER
            self._patience.set(longest, self._begin_keeping_off, at_start)

    def appeared(self) -> None:
        """Note the addresses that a script has added; if the down-script must wait, remove them."""
        self._note_placed()
        if self._is_kept_off:
            self._netlink.remove(lambda: None)

    def _begin_keeping_off(self, at_start: bool) -> None:
        is_up = self.is_up_script_running
        if not is_up and self._hooks.pid is not None:
            return  # The down-script is at work.
        self._is_kept_off = True
        if present := self._netlink.present_now():
            self._log.address_taken_off_early(present, is_up)
            if is_up:
                self._note_placed()
            self._netlink.remove(lambda: None, self._netlink.tell_found if at_start else None)

    def _stop_keeping_off(self) -> None:
        self._is_kept_off = False
        self._patience.cancel()

    def _came_down(self, at_start: bool, done: Callable[[], None], _result: Result) -> None:
        if self._is_master or not self._hooks.is_busy:  # not if the down-script runs once more
            self._end_guard()
        if self._is_master:
            return  # The up-script runs next.
        self._stop_keeping_off()
        if self._netlink.present_now():
            report = (
                self._netlink.tell_found if at_start else self._log.address_not_removed_by_script
            )
            self._netlink.remove(partial(self._released, done), report)
        else:
            self._released(done)

    def _released(self, done: Callable[[], None]) -> None:
        self._ledger.placed = self._is_master or bool(self.present())
        done()
        self._hold_up.down_script_ended()

    def _begin_guard(self) -> threading.Event:
        """Protect other addresses that the kernel would remove together with ours."""
        if self._guard is None:
            self._guard = threading.Event()
            self._netlink.guard(self._guard.set)
        return self._guard

    def _end_guard(self) -> None:
        if self._guard is not None:
            self._guard = None
            self._netlink.end_guard()

    def close(self) -> None:
        """Let no timer act on the addresses any more."""
        self._is_master = False
        self._hold_up.role_lost()
        self._patience.cancel()
        self._netlink.let_go()

    async def dispose(self) -> None:
        """Do nothing: only the scripts could have left anything."""

    # -- the scripts -------------------------------------------------------------------------------

    def _hook(self, target: str, transition: Transition) -> Hook:
        run = hook(self._config, target, transition)
        if target == DOWN:
            # Many down-scripts fail if there is no address to remove, as at the first start.
            run = run._replace(is_excused=lambda: not self._netlink.present_now())
            if run.script is not None and any(ip.version == 6 for ip in self.all()):
                run = run._replace(objection=partial(harm, run.script))
        return run


def hook(config: Config, target: str, transition: Transition) -> Hook:
    """Return the run of the up- or down-script for this transition."""
    script: Path | None = config.down_script if target == DOWN else config.up_script
    arguments = [config.script_interface or config.address_device, str(config.addresses[0].ip)]
    if config.xparam is not None:
        arguments.append(config.xparam)
    environment = {
        **config.script_environment,
        "UCARP_STATE": transition.state.value,
        "UCARP_PREVIOUS_STATE": transition.previous.value,
        "UCARP_REASON": transition.reason,
    }
    return Hook(target, script, tuple(arguments), environment, config.script_timeout)
