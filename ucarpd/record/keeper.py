"""Keeping the files of a running virtual host in the private directory current, outside the loop."""

import asyncio
import errno
import mmap
from collections.abc import Callable, Set
from functools import partial
from pathlib import Path

from ucarpd.addresses.arp_settings import ParentArp
from ucarpd.config import Config
from ucarpd.linux.lock import AlreadyRunning, InstanceLock
from ucarpd.linux.netlink import Netlink
from ucarpd.linux.run_directory import run_directory
from ucarpd.log.messages import Journal
from ucarpd.record.earlier_run import EarlierRun
from ucarpd.record.last_good import LastGood
from ucarpd.record.record import Content, Record


class Keeper:
    """Keeper of the record and of the copy of the configuration of one instance.

    If one is removed while the instance runs, or cannot be written, the keeper makes it again.  It
    renews the lock first: a record without a lock means that the instance has died.
    """

    def __init__(
        self, name: str, netlink: Netlink, log: Journal, lock: InstanceLock, arp: ParentArp
    ) -> None:
        self._netlink = netlink
        self._log = log
        self._lock = lock
        self._arp = arp
        self._content: Content | None = None
        self._config: Config | None = None
        self._is_outdated = False
        """Whether a file could not be written, as on a full file system."""
        self._loop = asyncio.get_running_loop()
        self._renewal: asyncio.Task[None] | None = None
        self._is_closed = False
        directory = run_directory()
        self._last_good = LastGood(name, directory)
        self.earlier_run = EarlierRun(name, directory, netlink, log)
        self.record = Record(name, directory)
        self.lost_locks = lock.lost
        if self.record.fault is not None:
            log.record_fault(self.record.fault)

    def write(self, content: Content) -> None:
        """Replace the content of the record, before the next request to the kernel."""
        self._content = content
        self._netlink.attempt(partial(self.record.write, content), self._not_written)

    def _not_written(self, error: OSError) -> None:
        if error.errno == errno.ENOENT:
            self._renew()  # The directory was removed.
        else:
            self._is_outdated = True
            self._log.record_fault(error)

    # -- removed files -----------------------------------------------------------------------------

    def files_present(self, names: Set[str]) -> None:
        """Make missing and outdated files; `names` are the files in the private directory."""
        ours = self._lock.files | self.record.files | self._arp.files
        if self._config is not None:
            ours |= self._last_good.files
        if self._content is not None and (self._is_outdated or not names >= ours):
            self._renew()

    def _renew(self) -> None:
        if self._renewal is None and not self._is_closed:
            self._is_outdated = False
            self._renewal = self._loop.create_task(self._make_again())

    async def _make_again(self) -> None:
        told = self._log.record_fault
        made: list[tuple[mmap.mmap, Path]] = []
        try:
            await self._beside(partial(self._make_files, made))
            assert self._content is not None
            self.record.use_live(*made[0])
            await self._beside(partial(self.record.write, self._content))
            if self._config is not None:
                told = self._log.configuration_not_kept
                await self._beside(partial(self._last_good.keep, self._config))
            self._log.record_renewed()
        except OSError as error:
            self._is_outdated = True
            told(error)
        finally:
            self._renewal = None

    def _make_files(self, made: list[tuple[mmap.mmap, Path]]) -> None:
        """Runs in the worker."""
        try:
            self._lock.renew()
        except AlreadyRunning as error:
            raise OSError(errno.EBUSY, f"{error}: stop one of them") from error
        self._arp.renew()
        self._netlink.renew_served()
        made.append(self.record.make_live())

    async def _beside(self, work: Callable[[], None]) -> None:
        """Do it after all requests to the kernel so far.  Raises OSError."""
        done = self._loop.create_future()
        self._netlink.beside(work, done.set_result)
        if error := await done:
            raise error

    def keeps(self, config: Config) -> bool:
        """Whether the copy has these contents: not only the same meaning."""
        return self._config is not None and self._config.contents == config.contents

    def keep_configuration(self, config: Config) -> None:
        """Keep a copy of the configuration, for the start after a crash.

        The environment is the same then, unless an operator has changed it, and the
        password in it is in no file.
        """
        if config.is_of_environment:
            return
        self._config = config
        self._netlink.attempt(partial(self._last_good.keep, config), self._not_kept)

    def _not_kept(self, error: OSError) -> None:
        self._is_outdated = True
        self._log.configuration_not_kept(error)

    async def forget_configuration(self) -> None:
        """Remove the copy of the configuration, after all requests under way."""
        self._config = None
        try:
            await self._beside(self._last_good.forget)
        except OSError as error:
            self._log.configuration_not_kept(error)

    async def close(self) -> None:
        """Remove the record, unless an address of it is still in place."""
        self._is_closed = True
        if self._renewal is not None:
            await self._renewal
        if self.record.placed:
            self.record.close()
            return
        try:
            self.record.remove()
        except OSError as error:
            self._log.record_not_removed(error)
