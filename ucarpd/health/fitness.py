"""The reasons why one virtual host is less fit than usual, and when each of them ends.

A backup sends nothing and puts no address in place, so it cannot see that a fault is over.  After a
pause it is taken for fit again, and may find out.
"""

import asyncio
import math
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence

from ucarpd.carp.params import Family
from ucarpd.carp.rank import DOWN_AMOUNT
from ucarpd.health.demotion import Demotion, Level
from ucarpd.linux.alarm import Alarm

SENDING_PAUSE = 300.0
"""Seconds after the last failure at which a host that could not send is taken for fit again."""

FIRST_ADDRESS_PAUSE = 60.0
LONGEST_ADDRESS_PAUSE = 3600.0
"""Seconds after which a host that could not put its addresses in place, and gave the role away, is taken
for fit again; each failure doubles the pause.
"""

FIRST_REMOVAL_PAUSE = 60.0
LONGEST_REMOVAL_PAUSE = 3600.0
"""Seconds for which a host whose addresses are removed too often is less fit; each time doubles
them, unless it has been fit again for the longest one.
"""

_SENDING = "sending fails"
_CRASHED = "ucarpd has crashed again and again"
_ADDRESS = "an address cannot be put in place"
_REMOVED = "an address is removed again and again"
_MAINTENANCE = "maintenance"


class Fitness:
    """Calls `changed` when `demotion` has changed."""

    def __init__(self, changed: Callable[[], None]) -> None:
        self.demotion = Demotion()
        self._changed = changed
        self._loop = asyncio.get_running_loop()
        self._ends: defaultdict[str, Alarm] = defaultdict(Alarm)
        """By reason: when this host is taken for fit again."""
        self._address_pause = FIRST_ADDRESS_PAUSE
        self._unserved: Sequence[Family] = ()
        """The families of the addresses that could not be put in place, of `_total`."""
        self._total = 1
        self._lost: Collection[Family] = ()
        self._kept_again_at = float("-inf")
        self._removal_pause = FIRST_REMOVAL_PAUSE

    @property
    def is_mute(self) -> bool:
        """Whether advertisements do not get out, as far as is known."""
        return _SENDING in self.demotion.reasons

    def set(self, reason: str, amount: int, level: Level = Level.FAILING) -> None:
        """Let `reason` hold with this amount, or no longer (0)."""
        if self.demotion.set(reason, amount, level):
            self._changed()

    def set_families(self, amounts: Mapping[str, int], lost: Collection[Family]) -> None:
        """Let each reason hold with its amount, or no longer (0), as one change.

        They keep this host from the families `lost`.
        """
        self._lost = lost
        amounts = {**amounts, _ADDRESS: self._share}
        changed = [self.demotion.set(reason, amount) for reason, amount in amounts.items()]
        if any(changed):
            self._changed()

    def maintain(self, level: Level | None) -> None:
        """An operator takes this host out of service, down to `level`; None: no longer."""
        if level is None:
            self.set(_MAINTENANCE, 0)
        else:
            self.set(_MAINTENANCE, level.value, level)

    def sending(self, is_failing: bool) -> None:
        """Advertisements do not get out, and the peers think this host dead; or they get out again."""
        if is_failing:
            self._hold(_SENDING, SENDING_PAUSE)
        else:
            self._end(_SENDING)

    def unserved(self, missing: Sequence[Family], total: int) -> None:
        """Of `total` virtual addresses this master cannot put those of these families in place.

        Each counts by its share: of two hosts, the host that serves more addresses is fitter.
        """
        self._unserved, self._total = missing, total
        if not missing:
            self._address_pause = FIRST_ADDRESS_PAUSE
        self.set(_ADDRESS, self._share)

    @property
    def _share(self) -> int:
        """The amount of the unserved addresses.

        An address of a lost family has the cause that makes this host less fit already; counted
        twice, it would move the role to a host with the same fault.
        """
        missing = sum(family not in self._lost for family in self._unserved)
        return math.ceil(DOWN_AMOUNT * missing / self._total)

    def removed_too_often(self) -> None:
        """Another program removes the addresses faster than it makes sense to put them back."""
        now = self._loop.time()
        is_again = now - self._kept_again_at <= LONGEST_REMOVAL_PAUSE
        doubled = min(2 * self._removal_pause, LONGEST_REMOVAL_PAUSE)
        self._removal_pause = doubled if is_again else FIRST_REMOVAL_PAUSE
        self._kept_again_at = now + self._removal_pause
        self._hold(_REMOVED, self._removal_pause)

    def crashed(self, probation: float) -> None:
        """It has died again and again; after `probation` seconds of life it is fit again."""
        self._hold(_CRASHED, probation)

    def can_serve(self) -> None:
        """This host without the role can put its addresses in place, or may try again."""
        self._unserved = ()
        self._end(_ADDRESS)

    def try_again(self, *, is_master: bool) -> None:
        """End the pauses after faults that an operator may have corrected.

        A master tries by itself.
        """
        if not is_master:
            self.sending(False)
        if self._ends[_ADDRESS].at is not None:
            self.can_serve()
        self._end(_REMOVED)

    def role_left(self) -> None:
        """Another host may serve what this one cannot; later this one tries again."""
        if self._unserved and self._ends[_ADDRESS].at is None:
            self._ends[_ADDRESS].set(self._address_pause, self.can_serve)
            self._address_pause = min(2 * self._address_pause, LONGEST_ADDRESS_PAUSE)

    def role_taken(self) -> None:
        """The attempts that follow show whether this host is fit."""
        self._ends[_ADDRESS].cancel()

    def close(self) -> None:
        for end in self._ends.values():
            end.cancel()

    def _hold(self, reason: str, seconds: float) -> None:
        """Let a fault hold for this time from now."""
        self._ends[reason].set(seconds, self._end, reason)
        self.set(reason, DOWN_AMOUNT)

    def _end(self, reason: str) -> None:
        self._ends[reason].cancel()
        self.set(reason, 0)
