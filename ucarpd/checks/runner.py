"""The checks of one virtual host at work: each runs when it is due, one run of it at a time.

Runs are spread evenly in time, however many checks the process has.
"""

import asyncio
from collections.abc import Callable, Iterable
from itertools import count
from typing import Protocol

from ucarpd.carp.held_addresses import GOLDEN_RATIO
from ucarpd.checks.probe import Failed, Surroundings
from ucarpd.checks.probes import PROBES
from ucarpd.config import Check
from ucarpd.health.checks import HealthChecks, Terms
from ucarpd.health.gateway import Gateway, silent_since
from ucarpd.linux.alarm import Alarm

FIRST_RUN_WITHIN = 1.0
"""Seconds within which each check runs for the first time: the host is soon tested."""

ANSWER_WITHIN = 0.25
"""Seconds in which a gateway that can hold up a takeover has to answer."""

STOPPED = 1.0
"""Seconds by which a time-out comes late if this host was stopped meanwhile, as for a snapshot."""

_places = count()


class Observer(Protocol):
    def check_changed(self, check: Check) -> None:
        """The check has another state than before."""

    def demotion_changed(self) -> None:
        """The demotion by the checks, or whether they are tested, may have changed."""

    def gateways_silent(self, since: float) -> None:
        """Handle that no gateway answers, since monotonic second `since`."""


class Checks:
    """Runs the checks, and passes their results to `health`."""

    def __init__(
        self, health: HealthChecks, surroundings: Surroundings, observer: Observer
    ) -> None:
        self.health = health
        self._surroundings = surroundings
        self._observer = observer
        self._loop = asyncio.get_running_loop()
        self._running: dict[str, _Repeated] = {}
        self._deadline = Alarm()
        self._asking = Alarm()

    def configure(self, checks: Iterable[Check]) -> None:
        """Run these checks instead; unchanged checks keep their results."""
        wanted = {each.name: each for each in checks}
        now = self._loop.time()
        for name in self._running.keys() - wanted.keys():
            self._running.pop(name).close()
            self.health.remove(name, now)
        for name, check in wanted.items():
            old = self._running.get(name)
            terms = Terms(check.rise, check.fall, check.demote, max(check.interval, check.timeout))
            if old is not None and _is_same(old.check, check):
                old.check = check
                self.health.keep(name, terms, now)
                continue
            if old is not None:
                old.close()
            self.health.add(name, terms, now)
            self._running[name] = _Repeated(check, self._surroundings, self._note)
        self._look()

    def set_master(self, is_master: bool) -> None:
        """This host has become MASTER, or is not any more."""
        self.health.set_master(is_master, self._loop.time())
        if self._running:
            self._look()

    def link_changed(self, interface: str) -> None:
        """The kernel reports a change of the interface."""
        for each in self._running.values():
            if each.watches == interface:
                each.run()

    def ask_gateways(self) -> None:
        """Ask the gateways that can hold up a takeover, and report soon if none answers."""
        gateways = [each for each in self._running.values() if each.check.hold]
        for each in gateways:
            each.run()
        if gateways:
            self._asking.set(ANSWER_WITHIN, self._judge_gateways)

    def listed(self) -> list[tuple[Check, float | None]]:
        """Return each check, and the monotonic second of its next run, if one is planned."""
        return [(each.check, each.next_run) for each in self._running.values()]

    def close(self) -> None:
        """End all runs at once."""
        for each in self._running.values():
            each.close()
        self._running.clear()
        self._asking.cancel()
        self._deadline.cancel()

    def _note(self, check: Check, is_good: bool, line: str) -> None:
        if self.health.note(check.name, is_good, line, self._loop.time()):
            self._observer.check_changed(check)
        # A link reports a change once, so its check runs again when its pause is over.
        repeated, good_at = self._running[check.name], self.health.histories[check.name].good_at
        if repeated.watches is not None and good_at is not None:
            repeated.run_at(good_at)
        self._look()

    def _judge_gateways(self) -> None:
        gateways = (each.gateway for each in self._running.values() if each.check.hold)
        if (since := silent_since(gateways)) is not None:
            self._observer.gateways_silent(since)

    def _look(self) -> None:
        self._observer.demotion_changed()
        self._deadline.cancel()
        if (deadline := self.health.deadline) is not None:
            self._deadline.set_at(deadline, self._on_deadline)

    def _on_deadline(self) -> None:
        self.health.look(self._loop.time())
        self._look()


class _Repeated:
    """One check, run again and again; each end of a run calls `note`."""

    def __init__(
        self,
        check: Check,
        surroundings: Surroundings,
        note: Callable[[Check, bool, str], None],
    ) -> None:
        self.check = check
        self.gateway = Gateway()
        """Of interest if the check may hold up a takeover."""
        self._note = note
        self._loop = asyncio.get_running_loop()
        self._probe = PROBES[check.kind](check, surroundings)
        self._task: asyncio.Task[None] | None = None
        self._is_wanted_again = False
        self._was_stopped = False
        """Whether the last run timed out while this host was stopped, or too slow."""
        phase = next(_places) * GOLDEN_RATIO % 1
        self._due = self._loop.time() + phase * min(check.interval, FIRST_RUN_WITHIN)
        self._next = Alarm()
        self.run_at(self._due)

    @property
    def watches(self) -> str | None:
        return self._probe.watches

    @property
    def next_run(self) -> float | None:
        return self._next.at

    def run_at(self, at: float) -> None:
        """Run at this monotonic second, instead of at the time that was set before."""
        self._next.set_at(at, self.run)

    def run(self) -> None:
        """Run now; if a run is under way, after that one."""
        self._next.cancel()
        if self._task is not None:
            self._is_wanted_again = True
            return
        self._due = min(self._due, self._loop.time())
        self._task = self._loop.create_task(self._run())
        self._task.add_done_callback(self._ended)

    def close(self) -> None:
        self._next.cancel()
        if self._task is not None:
            self._task.cancel()
            self._task = None

    async def _run(self) -> None:
        timeout = self.check.timeout
        began = self._loop.time()
        was_stopped, self._was_stopped = self._was_stopped, False
        self.gateway.asked(began)
        try:
            async with asyncio.timeout(timeout):
                line = await self._probe.run()
        except TimeoutError:
            # A host that was stopped could not hear the answer.  If that goes on, it is too slow.
            self._was_stopped = self._loop.time() - began > timeout + STOPPED
            if was_stopped or not self._was_stopped:
                self._note(self.check, False, f"timed out after {timeout:g} s")
        except Failed as failed:
            self._note(self.check, False, str(failed))
        else:
            self.gateway.answered(self._loop.time())
            self._note(self.check, True, line)

    def _ended(self, task: asyncio.Task[None]) -> None:
        if task is not self._task:
            return  # It was closed meanwhile.
        self._task = None
        if not task.cancelled() and (error := task.exception()) is not None:
            # A defect of ours: the check has no result, and runs again.
            what = {"message": f"check {self.check.name}", "exception": error}
            self._loop.call_exception_handler(what)
        if self._is_wanted_again:
            self._is_wanted_again = False
            self.run()
        elif self.watches is None:
            self._due = max(self._due + self.check.interval, self._loop.time())
            self.run_at(self._due)


def _is_same(old: Check, new: Check) -> bool:
    """Return whether the results of the old check say the same about the new one."""
    return old._replace(demote=new.demote, hold=new.hold, text=new.text) == new
