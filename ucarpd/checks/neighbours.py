"""Checks of the network: the carrier of a link, and a neighbour that answers."""

import asyncio
from contextlib import suppress
from ipaddress import IPv4Address, IPv6Address

from ucarpd.checks.beside import in_thread
from ucarpd.checks.probe import Failed, Surroundings
from ucarpd.config import Check
from ucarpd.linux.neighbour_query import NeighbourQuery


class LinkUp:
    """An interface exists, is up, and has carrier, as the kernel last reported."""

    def __init__(self, check: Check, surroundings: Surroundings) -> None:
        assert isinstance(check.where, str)
        self.watches = check.where
        self._link = surroundings.link

    async def run(self) -> str:
        link = self._link(self.watches)
        if link is None:
            raise Failed(f"{self.watches} does not exist")
        if not link.is_up:
            raise Failed(f"{self.watches} is down")
        if not link.has_carrier:
            raise Failed(f"{self.watches} has no carrier")
        return f"{self.watches} is up"

    def close(self) -> None:
        pass


class Neighbour:
    """A neighbour answers on the interface of the virtual host: ARP, or neighbour discovery.

    The question comes from the host's own address, never from a virtual one.
    """

    watches = None

    def __init__(self, check: Check, surroundings: Surroundings) -> None:
        assert isinstance(check.where, IPv4Address | IPv6Address)
        self._target = check.where
        self._surroundings = surroundings
        self._query: NeighbourQuery | None = None

    async def run(self) -> str:
        family = self._target.version
        source = next((s for s in self._surroundings.sources() if s.version == family), None)
        if source is None:
            raise Failed(f"this host has no IPv{family} address to ask from")
        link = self._surroundings.link(self._surroundings.interface)
        if link is None:
            raise Failed(f"{self._surroundings.interface} does not exist")
        loop = asyncio.get_running_loop()
        answered: asyncio.Future[None] = loop.create_future()
        if self._query is not None and self._query.source != source:
            self.close()
        try:
            if self._query is None:
                self._query = NeighbourQuery(link.name, self._target, source)
            query = self._query
            query.forget()
            query.ask(link.mac)
        except OSError as error:
            self.close()
            raise Failed((error.strerror or str(error)).lower()) from None

        def look() -> None:
            with suppress(OSError):  # The link went down, and the run times out.
                if query.is_answered() and not answered.done():
                    answered.set_result(None)

        loop.add_reader(query.fileno(), look)
        try:
            await answered
        finally:
            loop.remove_reader(query.fileno())
        return f"{self._target} answers"

    def close(self) -> None:
        """Close the socket in another thread, as that takes some milliseconds."""
        query, self._query = self._query, None
        if query is not None:
            in_thread(query.close)
