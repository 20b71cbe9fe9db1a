"""Clearing up, at a start, after dead processes whose files are gone: no other start would do it."""

import asyncio
import os
from collections.abc import Collection
from contextlib import closing
from pathlib import Path

from ucarpd.linux import systemd
from ucarpd.linux.hanging import hangs
from ucarpd.linux.netlink import Netlink
from ucarpd.linux.packet_out import PacketOut
from ucarpd.linux.run_directory import run_directory
from ucarpd.record.clearing import Cleared, clear
from ucarpd.record.leftovers import clear_one
from ucarpd.record.record import read_all

PATIENCE = 3.0
"""Seconds for which virtual hosts wait for the down-script of one that another file has now."""


class Abandoned:
    """The instances that dead processes have left, and that no file names any longer."""

    def __init__(self, netlink: Netlink) -> None:
        self._netlink = netlink
        self._cleared: list[Cleared] = []
        self._work: list[asyncio.Task[bool]] = []
        """What follows their addresses: log lines, down-scripts and devices."""

    async def clear(self, wanted: Collection[tuple[str, int]], ending: asyncio.Event) -> None:
        """Take their addresses off, and wait for the rest, at most until `ending`.

        It waits for long only if all `wanted` virtual hosts, by interface and vhid, were theirs.  It must
        be called before this process serves anything, whose locks it would drop; see Served.
        """
        loop = asyncio.get_running_loop()
        done = loop.create_future()
        # An error is that of the records, which each instance reports for its own.
        self._netlink.beside(self._take_off, done.set_result)
        await done
        self._work = [loop.create_task(clear_one(each, self._netlink)) for each in self._cleared]
        if self._work:
            theirs = {(each.content.interface, each.content.vhid) for each in self._cleared}
            patience = None if wanted and theirs.issuperset(wanted) else PATIENCE
            ways = [loop.create_task(each) for each in (asyncio.wait(self._work), ending.wait())]
            first = asyncio.wait(ways, timeout=patience, return_when=asyncio.FIRST_COMPLETED)
            await systemd.patiently(first)

    def _take_off(self) -> None:
        """Runs in the worker of netlink."""
        if paths := _paths():
            with closing(PacketOut()) as packet_out:
                self._cleared = clear(paths, packet_out).cleared


def _paths() -> list[str]:
    """Return the files that are gone; a process of `--env` has none."""
    left_over = [Path(each.content.path) for each in read_all(run_directory()) if each.is_left_over]
    silent = {each for each in {path.parent for path in left_over} if hangs(each)}
    return [
        str(path)
        for path in left_over
        if path.is_absolute() and path.parent not in silent and not os.path.lexists(path)
    ]
