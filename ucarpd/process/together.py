"""Waiting for several ends at once."""

import asyncio
import logging
from collections.abc import Awaitable

from ucarpd.log import lines


async def together(*work: Awaitable[None]) -> None:
    """Wait for all; one that fails does not keep the others from their end."""
    for result in await asyncio.gather(*work, return_exceptions=True):
        if isinstance(result, Exception):
            lines.write(logging.CRITICAL, f"internal error: {result!r}", error=result)
