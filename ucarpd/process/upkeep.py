"""Detecting that the run directory, or a file in it, was removed while ucarpd runs."""

import os
from collections.abc import Callable, Iterable
from functools import partial

from ucarpd.linux.alarm import Alarm
from ucarpd.linux.netlink import Netlink
from ucarpd.linux.run_directory import private_path, run_directory
from ucarpd.record.keeper import Keeper

LOOK_AFTER = 10.0
"""Seconds between two checks of the private directory."""


class Upkeep:
    """A look every few seconds: tells the keepers which files exist, and calls `look`.

    The worker of `netlink` reads the directory.
    """

    def __init__(
        self,
        netlink: Netlink,
        keepers: Callable[[], Iterable[Keeper]],
        look: Callable[[], None],
    ) -> None:
        self._netlink = netlink
        self._keepers = keepers
        self._look_elsewhere = look
        self._names: frozenset[str] = frozenset()
        self._alarm = Alarm()
        self._alarm.set(LOOK_AFTER, self._look)
        self.stop = self._alarm.cancel

    def _look(self) -> None:
        self._alarm.set(LOOK_AFTER, self._look)
        self._netlink.beside(partial(self._read, list(self._keepers())), self._tell)
        self._look_elsewhere()

    def _read(self, keepers: Iterable[Keeper]) -> None:
        try:
            names = frozenset(os.listdir(private_path(run_directory())))  # noqa: PTH208
        except FileNotFoundError:
            names = frozenset()
        # A second process of the instance has made files with the same names.
        self._names = names.difference(*(each.lost_locks() for each in keepers))

    def _tell(self, error: OSError | None) -> None:
        if error is None:
            for each in self._keepers():
                each.files_present(self._names)
