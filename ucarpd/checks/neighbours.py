"""Checks of the network: the carrier of a link, and a neighbour that answers."""

import asyncio
from ipaddress import IPv4Address, IPv6Address

from ucarpd.carp.params import IPAddress
from ucarpd.checks.probe import Failed, Surroundings
from ucarpd.config import Check


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


class Neighbour:
    """A neighbour answers on the interface of the virtual host: ARP, or neighbour discovery.

    The question comes from the host's own address, never from a virtual one.
    """

    watches = None

    def __init__(self, check: Check, surroundings: Surroundings) -> None:
        assert isinstance(check.where, IPv4Address | IPv6Address)
        self._target = check.where
        self._surroundings = surroundings
        self._answer: asyncio.Future[None] | None = None

    async def run(self) -> str:
        family = self._target.version
        source = self._surroundings.source(family)
        if source is None:
            raise Failed(f"this host has no IPv{family} address to ask from")
        self._answer = answer = asyncio.get_running_loop().create_future()
        try:
            # The same function in each run: a silent neighbour may be asked for years.
            self._surroundings.ask(self._target, source, self._answered)
        except OSError as error:
            raise Failed((error.strerror or str(error)).lower()) from None
        await answer
        return f"{self._target} answers"

    def _answered(self, _address: IPAddress, _mac: bytes) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(None)
