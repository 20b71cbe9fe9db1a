"""Tracking the virtual addresses: requesting them, checking them, and reporting to the machine.

Each request is a job with a number.  A superseded job says nothing about the current addresses,
but its success shows that this host can serve.
The kernel's table decides the result of the newest job, and every later check.
"""

import asyncio
from collections.abc import Callable, Iterable
from functools import partial

from ucarpd.carp import events
from ucarpd.carp.actions import AnnounceAddresses, State
from ucarpd.carp.machine import VirtualHost
from ucarpd.carp.params import IPAddress
from ucarpd.engine.outgoing import Outgoing
from ucarpd.engine.ports import Addresses, Log, Outcome, Owner, Transition

FIRST_RELEASE_PAUSE = 0.2
LONGEST_RELEASE_PAUSE = 60.0
"""Seconds before another attempt to remove an address; each failure doubles the pause."""

CONTESTED = "contested"
"""UCARP_REASON of an up-script that runs again because two hosts were master."""


class Custody:
    """The virtual addresses of one host, from the machine's view.

    `dispatch` passes an event to the machine; `settled` is called when the addresses are in place.
    """

    def __init__(
        self,
        machine: VirtualHost,
        addresses: Addresses,
        outgoing: Outgoing,
        log: Log,
        owner: Owner,
        dispatch: Callable[[events.Event], None],
        settled: Callable[[], None],
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._machine = machine
        self._addresses = addresses
        self._outgoing = outgoing
        self._log = log
        self._owner = owner
        self._dispatch = dispatch
        self._settled = settled
        self._job = 0
        self._announced_ahead: tuple[int, frozenset[IPAddress]] = (0, frozenset())
        """The job whose announcement was sent before the machine asked, with its addresses."""
        self._refused: tuple[IPAddress, ...] = ()
        """The addresses that the last attempt could not put in place."""
        self._told_removed: set[IPAddress] = set()
        """Removed addresses that the owner knows of, until they are put back."""
        self._unserved: tuple[IPAddress, ...] = ()
        """The unserved addresses last reported to the owner; another host may serve them now."""
        self._release_pause = FIRST_RELEASE_PAUSE
        self._is_closed = False

    @property
    def _is_master(self) -> bool:
        return self._machine.state is State.MASTER

    def close(self) -> None:
        self._is_closed = True
        self._job += 1  # Results of jobs under way no longer count: after a defect nothing serves.

    # -- actions of the machine --------------------------------------------------------------------

    def acquire(self, transition: Transition) -> None:
        self._job += 1
        self._told_removed.clear()
        there = partial(self._announce_ahead, self._job)
        self._addresses.acquire(transition, there, partial(self._acquired, self._job))

    def reassert(self, transition: Transition) -> None:
        """Run the up-script again, if scripts own the addresses, and tell the owner why."""
        self._owner.contested()
        if self._addresses.are_scripted:
            self._job += 1
            again = transition._replace(previous=State.MASTER, reason=CONTESTED)
            self._addresses.reassert(again, partial(self._acquired, self._job))

    def release(self, transition: Transition, at_start: bool) -> None:
        self._job += 1
        self._addresses.release(transition, at_start, partial(self._released, self._job))
        self._loop.call_soon(self._check_whether_off)

    def announce(self, action: AnnounceAddresses) -> None:
        (job, ahead), self._announced_ahead = self._announced_ahead, (0, frozenset())
        if job != self._job or ahead != frozenset(action.addresses):
            self._outgoing.announce(action)

    def report_unserved(self, addresses: tuple[IPAddress, ...]) -> None:
        # Each term reports its failures: since the last one, the owner may have taken us for fit.
        if addresses or self._unserved:
            self._unserved = addresses
            # At once: the owner must know it before the end of the term.
            self._owner.unserved(addresses)

    # -- events of the kernel ----------------------------------------------------------------------

    def added(self, ip: IPAddress) -> None:
        """Handle the kernel's report of a new virtual address."""
        self._told_removed.discard(ip)
        if self._is_master:
            # If ucarpd itself added the address, it already knows about it.
            if self._addresses.are_scripted:
                self._addresses.appeared()
                is_early = self._addresses.is_up_script_running
                self._dispatch(events.AddressesAcquired((ip,), is_early))
        elif self._machine.is_releasing:
            self._addresses.appeared()
        elif not self._addresses.is_busy:
            self._take_off((ip,))

    def clear_backup(self) -> None:
        """Remove addresses that appeared on a backup while it had no source address."""
        is_backup = self._machine.state is State.BACKUP
        if is_backup and not self._machine.is_releasing and not self._addresses.is_busy:
            self._take_off(self._addresses.present())

    def _take_off(self, addresses: tuple[IPAddress, ...]) -> None:
        if addresses:
            self._addresses.unserved_elsewhere(addresses, self._take_off_ours)

    def _take_off_ours(self, addresses: tuple[IPAddress, ...]) -> None:
        if (
            self._is_closed
            or self._is_master
            or self._machine.is_releasing
            or self._addresses.is_busy
        ):
            return  # It has the role by now, or is about to remove all.
        for ip in addresses:
            if self._machine.state is State.INIT and self._addresses.is_hosts_own(ip):
                # The operator gave the host this address, and it has no other one.
                self._log.address_left_alone(ip)
            else:
                self._log.address_out_of_place(ip, self._machine.state)
                self._dispatch(events.AddressesAcquired((ip,)))

    def owner_removes(self, addresses: Iterable[IPAddress]) -> None:
        """Put these back without telling the owner, which removes them itself."""
        self._told_removed.update(addresses)

    def removed(self, ip: IPAddress) -> None:
        """Handle the kernel's report of a removed virtual address."""
        if self._is_closed:
            return  # After a defect the machine is still MASTER, and ucarpd removes the addresses.
        if self._machine.is_releasing:
            self._check_whether_off()
        # While a job runs, only its result counts: a script may remove an address for a moment.
        elif not self._addresses.is_busy and ip not in self._refused:
            # It may be noticed several times before it is put back.
            if self._is_master and ip not in self._told_removed:
                self._told_removed.add(ip)
                self._owner.address_removed(ip)
            self._dispatch(events.AddressRemoved(ip))

    def look_again(self) -> None:
        """Check whether a master has all its addresses, because an event may have been lost."""
        if self._addresses.is_busy:
            self._addresses.mend()
            return
        missing = self._addresses.missing()
        for ip in missing:
            self._loop.call_soon(self.removed, ip)
        if not missing:
            failed = partial(self._acquired, self._job)
            self._addresses.step_behind(self._machine.sources, failed)

    # -- results of jobs ---------------------------------------------------------------------------

    def _announce_ahead(self, job: int, addresses: tuple[IPAddress, ...]) -> None:
        """Announce the addresses from the thread that added them.

        The way back to the event loop would take as long as adding them.
        """
        if job != self._job:
            return
        try:
            self._outgoing.announce_quietly(AnnounceAddresses(addresses))
        except OSError:
            return  # The event loop tries again, and reports an error.
        self._announced_ahead = (job, frozenset(addresses))

    def _acquired(self, job: int, outcome: Outcome) -> None:
        if job != self._job:
            # A master has made another attempt since then.
            if not (outcome.refused or self._is_master or self._is_closed):
                self._owner.can_serve()
            return
        self._refused = outcome.refused
        if outcome.here:
            self._dispatch(events.AddressesAcquired(outcome.here))
            if not self._is_closed:  # As after a defect in this event.
                self._owner.served()
        if outcome.refused:
            self._dispatch(events.AcquireFailed(outcome.refused, outcome.has_hung))
        gone = set(self._machine.params.addresses).difference(outcome.here)
        for ip in sorted(gone, key=str):
            self.removed(ip)
        if not gone:
            self.report_unserved(())
        self._settled()

    def _check_whether_off(self) -> None:
        """Hand over as soon as the addresses are gone, even if the down-script is still running."""
        scripted = self._addresses.are_scripted
        if scripted and self._machine.is_releasing and not self._addresses.present():
            self._dispatch(events.AddressesOff())

    def _released(self, job: int) -> None:
        if job != self._job:
            return
        self._dispatch(events.AddressesReleased())
        if not self._addresses.present():
            self._release_pause = FIRST_RELEASE_PAUSE
        else:
            self._loop.call_later(self._release_pause, self._release_again)
            self._release_pause = min(2 * self._release_pause, LONGEST_RELEASE_PAUSE)

    def _release_again(self) -> None:
        """Try again to remove addresses from a host that must not answer for them."""
        present = self._addresses.present()
        if present and not self._is_master:
            self._dispatch(events.AddressesAcquired(present))
