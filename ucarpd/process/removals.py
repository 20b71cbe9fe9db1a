"""Virtual addresses that another program takes off a master, again and again."""

import asyncio
from collections.abc import Iterator

from ucarpd.carp.params import IPAddress
from ucarpd.config import Config
from ucarpd.health.fitness import Fitness
from ucarpd.linux import link_managers, sysctl
from ucarpd.linux.file_worker import FileWorker
from ucarpd.linux.link_managers import LinkManager
from ucarpd.linux.netlink import Lookups
from ucarpd.log.messages import Journal
from ucarpd.process.faults import Lasting
from ucarpd.process.old_ucarp import RecentLook
from ucarpd.process.teller import Teller
from ucarpd.record.elsewhere import sharers
from ucarpd.record.happening import Event

TOO_OFTEN = 5
WITHIN = 60.0
"""Removals, and the seconds within which so many of them make this host less fit."""

TOGETHER = 0.5
"""Seconds within which removals count as one: a program that removes one address removes all."""


class Removals:
    """The removals of one instance; it reports once in each term who may have done it, or that IPv6 is gone.

    `files` looks at the programs of the host, by `old_ucarps` among others.
    """

    def __init__(
        self,
        config: Config,
        links: Lookups,
        files: FileWorker,
        old_ucarps: RecentLook,
        log: Journal,
        teller: Teller,
        fitness: Fitness,
    ) -> None:
        self.reconfigure(config)
        self._links = links
        self._files = files
        self._old_ucarps = old_ucarps
        self._log = log
        self._teller = teller
        self._fitness = fitness
        self._loop = asyncio.get_running_loop()
        self._recent: list[float] = []
        self._at = float("-inf")
        self._since: float | None = None
        """When the first removal of this term was noted."""
        self._in_term = 0
        self._explained: set[bool] = set()
        """Whether IPv6 was gone, of the removals of this term that have an explanation."""
        self._text = ""
        self.total = 0
        """Removed addresses since the start."""

    def reconfigure(self, config: Config) -> None:
        self._config = config
        self._device = config.address_device
        self._ips = [each.ip for each in config.served]

    def note(self, ip: IPAddress) -> None:
        """Note that an address of this master was removed, and will be put back."""
        now = self._loop.time()
        is_off = ip.version == 6 and sysctl.has_ipv6_off(self._device)
        is_without = is_off or (ip.version == 6 and sysctl.lacks_ipv6(self._device))
        if not is_without:
            self._log.address_taken_away(ip)
        self.total += 1
        self._in_term += 1
        if self._since is None:
            self._since = now
        if is_without not in self._explained:
            self._explained.add(is_without)
            if is_without:
                self._tell(self._log.ipv6_gone(is_off=is_off))
            else:
                # First the address must be put back.
                self._loop.call_soon(self._find_out, self._since)
        if now - self._at >= TOGETHER:
            self._at = now
            self._recent = [*self._recent, now][-TOO_OFTEN:]
            if len(self._recent) == TOO_OFTEN and now - self._recent[0] <= WITHIN:
                self._recent.clear()
                self._fitness.removed_too_often()

    def forget(self) -> None:
        """A term has ended, or one begins, or the operator may have corrected the cause."""
        self._since, self._in_term, self._text = None, 0, ""
        self._explained.clear()
        self._log.removals_forgotten()

    def lasting(self) -> Iterator[Lasting]:
        """Yield the removals of this term, if there are any."""
        if self._since is not None:
            text = f"another program has removed addresses ({self._in_term}): {self._text}"
            yield Lasting("address_removed", self._since, text.rstrip(": "))

    def _find_out(self, since: float) -> None:
        """Look beside the event loop who may have done it; `since` is of this term."""
        link = self._links.link(self._device)
        index = link.index if link else 0

        def look() -> tuple[list[str], list[LinkManager]]:
            others = sharers(self._ips) + self._old_ucarps.beside(self._config)
            return others, link_managers.find(self._device, index)

        def tell(found: tuple[list[str], list[LinkManager]]) -> None:
            if self._since == since:
                self._tell(self._log.removers(*found))

        self._files.do(look, tell, lambda _error: None, lambda: None)

    def _tell(self, text: str) -> None:
        self._text = text
        self._teller.event(Event.FINDING, f"an address was removed: {text}")
